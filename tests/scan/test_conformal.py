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
from lscli.options import ReadingOptions
from lscli.scan.beside import over_host
from lscli.scan.conformal import LabelScores, SetSizes, pass_of_sets
from lscli.scan.scan import scan
from tests.scan.passes import data

METHODS = (Scoring("lac"), Scoring("aps"), Scoring("raps", 0.01, 2), Scoring("aps", randomized=True))


def found(logits: Logits, label: Any, how: Scoring, q: float = 0.8, **options: Any) -> tuple[Any, Any, Any]:
    scores = LabelScores(logits, label, how)
    sizes = SetSizes(logits, label, how, np.full(logits.shape[1], q))
    table = scan(logits, label, ["row"], ReadingOptions(**options), beside=[scores, sizes]).table
    of_kept = scores.scores, sizes.size, sizes.covered
    assert not sizes.covered[label < 0].any()
    of_label, size, covered = (each[table["row"]] for each in of_kept)
    assert (of_label <= q).tolist() == covered.tolist()  # by the very same operations
    return of_label, size, covered


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
    for chunk_rows, tile in ((1, 1), (7, 1 << 20), (100, 33 * classes)):
        monkeypatch.setattr("lscli.kernels.conformal._TILE", tile)
        assert as_bytes(expected) == as_bytes(found(opened, label, how, threads=2, chunk_rows=chunk_rows))
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
    answers = []
    for logits_of in (Logits(TensorArray(tensor, "logits")), Logits(MemoryArray(tensor.float().numpy(), "logits"))):
        scores = LabelScores(logits_of, label, METHODS[1])
        sizes = SetSizes(logits_of, label, METHODS[1], np.full(20, 0.8))
        over_host(logits_of, [scores, sizes])
        answers.append(as_bytes((scores.scores, sizes.size, sizes.covered)))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("how", METHODS)
def test_sets_are_handed_over_in_order_and_unknown_labels_are_not_covered(
    how: Scoring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lscli.scan.blocks._ELEMENTS", 12 * 70)
    logits, labels = data(500, 12)
    opened, _ = open_inputs(logits, labels)
    rows: list[Any] = []
    inside: list[Any] = []

    def take(block: Any, sets: Any) -> None:
        rows.append(block.rows)
        inside.append(sets)

    label, quantile = np.full(500, -1, np.int32), np.full(12, 0.9)
    pass_of_sets(opened, label, np.ones(500), how, quantile, take, threads=2)
    assert [*range(500)] == np.concatenate(rows).tolist()
    sizes = SetSizes(opened, label, how, quantile)
    scan(opened, np.zeros(500, np.int32), ["row"], beside=[sizes])
    assert np.concatenate(inside).sum(axis=1).tolist() == sizes.size.tolist()
    assert not sizes.covered.any()
