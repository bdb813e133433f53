"""Passes over rows for conformal sets: the same bytes for any threads and blocks, and every type of logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.open import open_inputs
from lscli.kernels.conformal import Scoring
from lscli.scan.conformal import label_scores, set_sizes
from tests.scan.passes import data

METHODS = (Scoring("lac"), Scoring("aps"), Scoring("raps", 0.01, 2), Scoring("aps", randomized=True))


def found(logits: Logits, label: Any, how: Scoring, q: float = 0.8, threads: int = 1) -> tuple[Any, Any, Any]:
    kept = (label >= 0).astype(np.float64)
    scores = label_scores(logits, label, kept, how, threads)
    sizes = set_sizes(logits, label, kept, how, np.full(logits.shape[1], q), threads)
    assert (scores <= q).tolist() == sizes.covered.tolist()  # by the very same operations
    return scores, sizes.size, sizes.covered


def as_bytes(arrays: tuple[Any, ...]) -> list[bytes]:
    return [np.ascontiguousarray(each).tobytes() for each in arrays]


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize(("rows", "classes"), [(999, 3), (400, 150)])
def test_no_option_about_speed_changes_a_bit(
    rows: int, classes: int, how: Scoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, labels = data(rows, classes, masked=True)
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(classes, -100).label
    expected = found(opened, label, how)
    for block, tile in ((1, 1), (7 * classes, 1 << 20), (100 * classes, 33 * classes)):
        monkeypatch.setattr("lscli.scan.blocks._ELEMENTS", block)
        monkeypatch.setattr("lscli.kernels.conformal._TILE", tile)
        assert as_bytes(expected) == as_bytes(found(opened, label, how, threads=2))
    order = np.random.default_rng(0).permutation(rows)
    permuted, truth = open_inputs(logits[order], labels[order])
    moved = found(permuted, truth.checked(classes, -100).label, how)
    kept = np.flatnonzero(labels[order] >= 0)
    place = np.cumsum(labels >= 0) - 1
    assert as_bytes(tuple(each[place[order[kept]]] for each in expected)) == as_bytes(moved)


@pytest.mark.parametrize("how", METHODS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_narrow_logits_are_widened(dtype: str, how: Scoring) -> None:
    logits, labels = data(200, 20, dtype)
    opened, truth = open_inputs(logits, labels)
    wide, _ = open_inputs(logits.astype(np.float64), labels)
    label = truth.checked(20, -100).label
    assert as_bytes(found(wide, label, how)) == as_bytes(found(opened, label, how))


@pytest.mark.parametrize("kind", ["float32", "bfloat16"])
def test_a_tensor_on_a_device_gives_the_same_as_an_array(kind: str) -> None:
    logits, labels = data(300, 20)
    tensor = torch.from_numpy(logits).to(getattr(torch, kind))
    label = np.maximum(labels, -1).astype(np.int32)
    held = found(Logits(TensorArray(tensor, "logits")), label, METHODS[1])
    assert as_bytes(found(Logits(MemoryArray(tensor.float().numpy(), "logits")), label, METHODS[1])) == as_bytes(held)


@pytest.mark.parametrize("how", METHODS)
def test_sets_are_handed_over_in_order_and_unknown_labels_are_not_covered(how: Scoring) -> None:
    logits, labels = data(500, 12)
    opened, _ = open_inputs(logits, labels)
    rows: list[Any] = []
    inside: list[Any] = []

    def keep(block: Any, sets: Any) -> None:
        rows.append(block.rows)
        inside.append(sets)

    label = np.full(500, -1, np.int32)
    sizes = set_sizes(opened, label, np.ones(500), how, np.full(12, 0.9), keep=keep)
    assert [*range(500)] == np.concatenate(rows).tolist()
    assert np.concatenate(inside).sum(axis=1).tolist() == sizes.size.tolist()
    assert not sizes.covered.any()
