"""The pass: ignored samples, consecutive parts, progress; `tests/laws` has that no bit depends on the chunks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS
from lscli.options import ReadingOptions
from lscli.scan.scan import Scan, scan_parts
from tests.scan.passes import columns, data


def test_ignored_samples_change_nothing() -> None:
    logits, labels = data(200, 10)
    kept = labels != -100
    logits[~kept] = np.nan  # never looked at
    alone, among = columns(logits[kept], labels[kept]), columns(logits, labels, chunk_rows=9)
    assert np.flatnonzero(kept).tolist() == np.frombuffer(among.pop("row"), np.int64).tolist()
    del alone["row"]
    assert alone == among


def parts(logits: Any, labels: Any, names: Any = (*COLUMNS, "row"), **options: Any) -> list[Scan]:
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(opened.shape[1], -100).label
    return list(scan_parts(opened, label, names, ReadingOptions(threads=2, **options)))


@pytest.mark.parametrize("classes", [5, 300])
@pytest.mark.parametrize("from_file", [True, False])
def test_the_parts_add_up_to_the_whole(
    classes: int, from_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lscli.scan.scan._CPU_PART", 8 * classes)  # parts of 16 rows
    logits, labels = data(203, classes, masked=True)
    labels[32:48] = -100
    logits[16:32] = np.nan
    np.save(tmp_path / "logits.npy", logits)
    given = tmp_path / "logits.npy" if from_file else logits
    told: list[tuple[int, int]] = []
    found = parts(given, labels, nonfinite="skip", progress=lambda done, total: told.append((done, total)))
    assert 12 == len(found)
    assert 1 == [len(part.table) for part in found].count(0)
    assert np.count_nonzero(labels[16:32] != -100) == sum(part.skipped for part in found)
    assert sorted(told) == told
    assert (203, 203) == told[-1]
    whole = columns(given, labels, nonfinite="skip")
    for name in (*COLUMNS, "row"):
        assert whole[name] == b"".join(part.table[name].tobytes() for part in found), name


def test_an_error_in_a_part_names_the_row_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.scan.scan._CPU_PART", 80)
    logits = np.zeros((200, 10), np.float32)
    logits[150, 2] = np.nan
    with pytest.raises(lscli.InputError, match="row 150 has nan"):
        parts(logits, np.zeros(200, int))
    with pytest.raises(lscli.InputError, match="no row is finite"):
        parts(logits * np.nan, np.zeros(200, int), nonfinite="skip")


def test_progress_ends_at_the_last_row() -> None:
    told: list[tuple[int, int]] = []
    lscli.evaluate(*data(100, 3), chunk_rows=10, progress=lambda done, total: told.append((done, total)))
    assert (100, 100) == told[-1]


def test_an_interrupt_in_the_progress_callback_stops_the_pass() -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lscli.evaluate(*data(2000, 300), chunk_rows=1, progress=interrupt)
