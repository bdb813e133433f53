"""Losses that no recipe gives are not explained by one that gives their few digits by chance."""

from __future__ import annotations

from tests.recipes.chance import counted


def test_few_foreign_losses_are_given_a_recipe() -> None:
    found = counted(4, (2, 3, 6))
    foreign = found["foreign", 2]
    assert 40 == foreign
    assert found["given by a candidate", 2] > foreign / 2
    assert 0 == found["named", 2]
    assert found["named", 3] <= 4
    assert 0 == found["named", 6]
    assert found["of a recipe", 6] == found["of a recipe and named", 6]
