"""The pass over top-k rows: the columns of its table, the order of errors, progress, and flat memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lscli.errors import InputError
from lscli.io.open import open_inputs
from lscli.options import ReadingOptions
from lscli.scan.scan import Scan, scan, scan_parts
from tests.measured import measured
from tests.topk import kept

N, K, TOP = 500, 20, 5
RANDOM = np.random.default_rng(4)
X = 2 * RANDOM.normal(size=(N, K))
Y = RANDOM.integers(0, K, N)
KEPT = kept(X, Y, TOP)


def passed(labels: Any = Y, *columns: str, **options: Any) -> Scan:
    given = ReadingOptions(topk_classes=KEPT.classes, classes=K, **options)
    logits, truth = open_inputs(KEPT.values, labels, given)
    return scan(logits, truth.checked(K, -100).label, columns, given)


def test_columns_that_are_not_exact_are_two() -> None:
    table = passed(Y, "entropy", "confidence", "loss_hard", "row", "pnorm_scores").table
    assert {"entropy@lower", "entropy@upper", "confidence", "loss_hard@lower", "loss_hard@upper", "row"} == {
        *table.columns
    }
    assert list(range(N)) == table["row"].tolist()
    assert table.lacks
    assert "loss_hard" in passed(Y, "loss_hard", label_log_probs=KEPT.own).table.columns


def test_ignored_rows_are_not_looked_at() -> None:
    labels = np.where(np.arange(N) % 3, Y, -100)
    found = passed(labels, "label", "row")
    assert np.flatnonzero(labels >= 0).tolist() == found.table["row"].tolist()
    assert labels[labels >= 0].tolist() == found.table["label"].tolist()


def test_the_tail_is_that_of_the_kept_samples() -> None:
    found = passed(Y, "label")
    assert found.tail is not None
    outside = (KEPT.classes != Y[:, None]).all(axis=1)
    assert (outside.sum(), outside.sum()) == (found.tail.outside, found.tail.unknown)
    assert found.tail.mass == pytest.approx(1 - np.exp(KEPT.values).sum() / N)
    own = passed(Y, "label", label_log_probs=KEPT.own).tail
    assert own is not None
    assert (outside.sum(), 0) == (own.outside, own.unknown)
    assert own.mass == pytest.approx(found.tail.mass)


def test_progress_and_parts_cover_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.scan.scan._PART_ROWS", 150)
    seen: list[tuple[int, int]] = []
    passed(Y, "label", chunk_rows=200, progress=lambda done, total: seen.append((done, total)))
    assert [(200, N), (400, N), (N, N)] == seen
    given = ReadingOptions(topk_classes=KEPT.classes, classes=K)
    logits, truth = open_inputs(KEPT.values, Y, given)
    parts = [part.table["row"] for part in scan_parts(logits, truth.checked(K, -100).label, ["row"], given)]
    assert 4 == len(parts)
    assert list(range(N)) == np.concatenate(parts).tolist()


@pytest.mark.parametrize("chunk_rows", [1, 3, N])
def test_the_first_bad_row_is_named(chunk_rows: int) -> None:
    values = KEPT.values.copy()
    values[[70, 80], 2] = 1.0
    given = ReadingOptions(topk_classes=KEPT.classes, classes=K, chunk_rows=chunk_rows)
    logits, truth = open_inputs(values, Y, given)
    with pytest.raises(InputError, match="row 70 has a log-probability of 1, above 0"):
        scan(logits, truth.checked(K, -100).label, ["label"], given)


def test_memory_grows_with_the_columns_alone(tmp_path: Path) -> None:
    def peak(k: int) -> int:
        rows = 60_000
        log_p = np.full((rows, k), -20.0, np.float32)
        log_p[:, 0] = -1e-6
        classes = np.broadcast_to(np.arange(k, dtype=np.int32), log_p.shape)
        np.savez(tmp_path / "x.npz", logits=log_p, ids=classes, labels=np.zeros(rows, np.int32))
        words = ["--topk-classes", "ids", "--classes", "100000", "-o", tmp_path / "out.csv"]
        run = measured(["eval", tmp_path / "x.npz", *words])
        assert (0, "") == (run.code, run.err)
        return run.memory

    assert peak(400) - peak(40) < 60 << 20  # 165 MiB more values
