"""Notes on predictions and labels that are not written alike, or do not belong together."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.api.label_comparison import comparison_notes

SHUFFLED: list[object] = np.random.default_rng(0).permutation(np.arange(6000) % 5).tolist()


def notes(predicted: list[object], label: list[object]) -> list[str]:
    values = list(dict.fromkeys([*predicted, *label]))
    one, other = (np.array([values.index(value) for value in column]) for column in (predicted, label))
    return comparison_notes("t.csv", one, other, values, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("predicted", "label", "says"),
    [
        (
            ["cat", "dog"],
            ["cat", "Dog "],
            "1 of 2 predictions differ from their label only in spaces or capital letters",
        ),
        (
            ["cat", "dog"],
            ["emu", 3],
            "predictions and labels have no value in common: predictions such as 'cat', labels",
        ),
        ([0, 1], ["a", "b"], "predictions such as 0, labels such as 'a'"),
        ([0, 1, 2, 3] * 20, [1, 2, 3, 4] * 20, "do the labels count from 1? then say --labels-from 1"),
        (SHUFFLED[:3000], SHUFFLED[3000:], "is no better than chance"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_odd_is_said(predicted: list[object], label: list[object], says: str) -> None:
    (note,) = notes(predicted, label)
    assert note.startswith("t.csv: ")
    assert says in note


@pytest.mark.parametrize(
    ("predicted", "label"),
    [
        (["cat", "Cat"], ["cat", "Cat"]),
        (["a", "b"], ["b", "a"]),
        ([0, 1, 2] * 20, [0, 1, 2] * 20),
        ([-5, 7] * 30, [7, -5] * 30),
        ([0, 1 << 40] * 30, [1 << 40, 0] * 30),
    ],
    ids=str,
)
def test_what_is_plain_is_not(predicted: list[object], label: list[object]) -> None:
    assert [] == notes(predicted, label)
