"""The histogram of confidences against numpy."""

from __future__ import annotations

import numpy as np
import pytest

from tests.curves.samples import logits, only, probabilities


@pytest.mark.parametrize("weighted", [False, True])
def test_right_and_wrong_are_counted_apart(weighted: bool) -> None:
    x, y = logits(500, 4)
    p = probabilities(x)
    c, right = p.max(axis=1), p.argmax(axis=1) == y
    weights = np.random.default_rng(5).random(500) if weighted else None
    w = np.ones(500) if weights is None else weights
    found = only(x, y, chart="confidence", weights=weights)
    for kind, chosen in (("right", right), ("wrong", ~right)):
        expected, _ = np.histogram(c[chosen], 20, (0, 1), weights=w[chosen])
        np.testing.assert_allclose(expected, [getattr(point, kind) for point in found.points], atol=1e-12)
    assert found.facts["accuracy"] == pytest.approx(np.average(right, weights=w))
    assert found.facts["confidence_mean"] == pytest.approx(np.average(c, weights=w))


def test_the_number_of_bins_can_be_chosen() -> None:
    assert len(only(*logits(50, 3), chart="confidence", bins=4).points) == 4


def test_of_class_1_right_is_the_class() -> None:
    x, y = logits(300, 2)
    found = only(x, y, chart="confidence", positive_class=1)
    assert sum(point.right for point in found.points) == (y == 1).sum()
    assert found.facts["confidence_mean"] == pytest.approx(probabilities(x)[:, 1].mean())
