"""Keys of the bins of a row, and sums over the rows that share them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lscli.kernels.tuples import Probabilities, TupleSums, keys_of

TENTHS = np.arange(1, 10) / 10


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("edges", [TENTHS, np.arange(1, 3) / 3, np.empty(0)])
@pytest.mark.parametrize("classes", [2, 5, 300])
def test_keys_are_equal_where_all_bins_are(classes: int, edges: Any, side: Any) -> None:
    rng = np.random.default_rng(classes)
    p = rng.dirichlet(np.full(classes, 0.1), 1000)
    p[::3] = np.round(p[::3], 1)  # on edges, too
    bins = np.searchsorted(edges, p, side)
    _, expected = np.unique(bins, axis=0, return_inverse=True)
    _, found = np.unique(keys_of(p, edges, side), axis=0, return_inverse=True)
    pairs = {*zip(expected.tolist(), found.tolist(), strict=True)}
    assert len(pairs) == len({*expected.tolist()}) == len({*found.tolist()})
    sums = TupleSums(keys_of(p, edges, side), np.zeros(1000, np.int32), np.ones(1000))
    assert len(pairs) == sums.groups


def test_permuted_bins_have_other_keys() -> None:
    rows = np.eye(200)
    assert 200 == len(np.unique(keys_of(rows, TENTHS, "left"), axis=0))
    assert 200 == len(np.unique(keys_of(rows, TENTHS, "left")[:, 0]))
    assert 200 == len(np.unique(keys_of(rows, TENTHS, "left")[:, 1]))


def test_a_confident_row_keeps_its_digits() -> None:
    x = np.array([[0.0, 50.0, 1.0], [0.0, 50.0, 1.0]])
    probabilities = Probabilities.of_logits(x)
    sums = TupleSums(keys_of(probabilities.p, TENTHS, "left"), np.array([1, 1]), np.ones(2))
    sums.add(0, probabilities)
    assert 2 * (np.exp(-50.0) + np.exp(-49.0)) == pytest.approx(sums.distance, rel=1e-12, abs=0)


def test_samples_of_weight_0_and_no_samples() -> None:
    p = Probabilities.of_logits(np.zeros((3, 2)))
    keys = keys_of(p.p, TENTHS, "left")
    sums = TupleSums(keys, np.array([0, 0, 1]), np.array([2.0, 0.0, 1.0]))
    sums.add(0, p)
    assert (0.5, 3.0, 1) == (sums.distance, sums.total, sums.groups)
    nothing = TupleSums(keys, np.zeros(3, np.int32), np.zeros(3))
    nothing.add(0, p)
    assert (0.0, 0.0, 0) == (nothing.distance, nothing.total, nothing.groups)
