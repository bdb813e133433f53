"""With `--kind probs`, a confidence is the probability that is stored: forests have many on the edges of bins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import lscli

Array = NDArray[Any]
BINS = 10


def votes(classes: int, dtype: type[np.floating[Any]], rows: int = 500) -> tuple[Array, Array]:
    """The shares of ten trees, and labels that they predict well."""
    random = np.random.default_rng(classes)
    counts = random.multinomial(10, random.dirichlet(np.full(classes, 0.3)), rows)
    labels = np.array([random.choice(classes, p=row / row.sum()) for row in counts])
    return (counts / 10).astype(dtype), labels


def of_bins(p: Array, labels: Array) -> float:
    """The ece of the stored probabilities, bins (lo, hi] with the edges i / 10."""
    confidence, right = p.max(axis=1).astype(np.float64), p.argmax(axis=1) == labels
    bins = np.searchsorted(np.arange(1, BINS) / BINS, confidence, side="left")
    gaps = [abs(np.sum(confidence[bins == b] - right[bins == b])) for b in range(BINS)]
    return float(np.sum(gaps) / len(p))


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
@pytest.mark.parametrize("kind", ["array", "tensor", "file"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 3, 10, 150])
def test_confidences_are_those_that_are_stored(
    classes: int, dtype: type[np.floating[Any]], kind: str, tmp_path: Path
) -> None:
    p, labels = votes(classes, dtype)
    given: Any = p
    if kind == "tensor":
        given = torch.from_numpy(p)
    elif kind == "file":
        given = tmp_path / "p.npy"
        np.save(given, p)
    report = lscli.evaluate(given, labels, kind="probs", bins=BINS, chunk_rows=7, metrics="ece")
    assert of_bins(p, labels) == pytest.approx(report["ece"], abs=2e-7 if dtype is np.float32 else 1e-14)
    rows = list(lscli.per_sample(given, labels, kind="probs").rows)
    assert p.max(axis=1).astype(float).tolist() == [row.confidence for row in rows]
    bins = lscli.per_bin(given, labels, kind="probs", bins=BINS).rows
    counts = np.bincount(np.searchsorted(np.arange(1, BINS) / BINS, p.max(axis=1).astype(float)), minlength=BINS)
    assert counts.tolist() == [row.size for row in bins]


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
def test_rows_that_do_not_sum_to_1_are_divided_by_their_sum() -> None:
    p = np.array([[0.6, 0.2, 0.195], [0.1, 0.1, 0.8]])
    rows = list(lscli.per_sample(p, [0, 2], kind="probs").rows)
    assert [pytest.approx(0.6 / 0.995, rel=1e-14), 0.8] == [row.confidence for row in rows]


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
def test_a_lower_bound_scales_the_stored_confidence() -> None:
    p = np.array([[0.6, 0.4, 0.0], [0.1, 0.1, 0.8]])
    rows = list(lscli.per_sample(p, [0, 2], kind="probs", min_prob=0.01).rows)
    assert [pytest.approx(0.6 * 0.99, rel=1e-14), 0.8] == [row.confidence for row in rows]
