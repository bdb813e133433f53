"""Lists of one length whose type says none, as most writers write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import lscli
from tests.io.make import figures
from tests.io.table_files import KINDS, LABELS, LOGITS, outcomes, refused, save

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
FLOATS = pa.list_(pa.float32())


@pytest.fixture(params=KINDS)
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / f"x{request.param}"


def lists(values: Any = LOGITS, kind: Any = FLOATS) -> pa.Table:
    return pa.table({"logits": pa.array([*values], kind), "label": LABELS})


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
@pytest.mark.parametrize("element", ["float16", "float32", "float64"])
def test_lists_of_every_kind_are_read(path: Path, kind: Any, element: str) -> None:
    logits = LOGITS.astype(element)
    report = lscli.evaluate(save(path, lists(logits, kind(pa.from_numpy_dtype(element)))))
    assert figures(lscli.evaluate(logits, LABELS)) == figures(report)
    assert (element, [40, 5]) == (report.inputs[0]["dtype"], report.inputs[0]["shape"])


def test_parts_and_slices_of_a_table_are_read(path: Path) -> None:
    whole = lists()
    parts = pa.concat_tables([whole.slice(0, 0), whole.slice(0, 3), whole.slice(3, 0), whole.slice(3)])
    assert EXPECTED == figures(lscli.evaluate(save(path, parts)))
    expected = figures(lscli.evaluate(LOGITS[7:], LABELS[7:]))
    assert expected == figures(lscli.evaluate(save(path, whole.slice(7))))


def test_a_column_of_arrays_of_a_data_frame_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"logits": [*LOGITS], "label": LABELS})
    for name in ("x.parquet", "x.feather"):
        (frame.to_parquet if name == "x.parquet" else frame.to_feather)(tmp_path / name)
        assert EXPECTED == figures(lscli.evaluate(tmp_path / name))


def test_the_row_of_a_list_of_another_length_is_named(path: Path) -> None:
    for row, length in ((1, 4), (13, 6), (39, 0)):
        values = [*LOGITS.tolist()]
        values[row] = (values[row] * 2)[:length]
        says = rf"column 'logits' has lists of different lengths: {length} at row {row}, 5 at row 0"
        assert "leave such rows out" in refused(save(path, lists(values)), says, chunk_rows=5).hint
    values[0], values[3] = [], None
    refused(save(path, lists(values)), "column 'logits' has an empty list at row 0")


def test_one_more_and_one_less_are_not_taken_for_rows(path: Path) -> None:
    values = [*LOGITS.tolist()]
    values[20], values[21] = values[20] + values[21][:1], values[21][1:]
    refused(save(path, lists(values)), "lists of different lengths: 6 at row 20, 5 at row 0")


def test_a_null_is_named_before_lengths_are_known(path: Path) -> None:
    values: list[Any] = [None, *LOGITS.tolist()[1:]]
    refused(save(path, lists(values)), "column 'logits' has a null at row 0")
    values = [*LOGITS.tolist()]
    values[30] = [None] * 5
    refused(save(path, lists(values)), "column 'logits' has a null at row 30")


def test_lists_of_whole_numbers_are_no_logits(path: Path) -> None:
    save(path, lists((LOGITS * 4).astype(int).tolist(), pa.list_(pa.int64())))
    refused(path, "column 'logits' is int64: integer logits are refused")


def test_another_column_of_lists_does_not_matter(path: Path) -> None:
    tokens = pa.array([[1] * (k % 3) for k in range(40)], pa.list_(pa.int32()))
    save(path, lists().append_column("input_ids", tokens))
    assert EXPECTED == figures(lscli.evaluate(path))
    rows = {row.key: row for row in lscli.inspect(path).rows}
    assert ("40x5", "logits") == (rows["logits"].shape, rows["logits"].taken_for)
    assert rows["input_ids"].taken_for.startswith("neither: column 'input_ids' ")
    assert {f"lscli eval {path}"} == {row.command for row in rows.values() if row.command}


def test_labels_and_weights_are_no_lists(path: Path) -> None:
    save(path, pa.table({"logits": [*LOGITS], "label": [[label] for label in LABELS]}))
    refused(path, "column 'label' is list<.*>, not one number per row")


def test_soft_labels_are_such_lists_too(path: Path) -> None:
    soft = np.abs(LOGITS) / np.abs(LOGITS).sum(1, keepdims=True)
    save(path, pa.table({"logits": [*LOGITS], "labels": [*soft]}))
    expected = figures(lscli.evaluate(LOGITS, soft, soft_labels=True, metrics="loss_hard"))
    assert expected == figures(lscli.evaluate(path, soft_labels=True, metrics="loss_hard"))


def test_a_damaged_file_is_refused_or_read_and_nothing_else(path: Path) -> None:
    data = save(path, lists()).read_bytes()
    assert outcomes(path, data, 150) <= {"read", "InputError", "ReadWriteError"}


def test_lists_that_expand_far_beyond_their_file_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.io.tables.arrow_table._RATIO_FROM", 1 << 20)
    monkeypatch.setattr("lscli.io.formats.parquet.first_width", lambda *_: pytest.fail("a list was read"))
    zeros = pa.ListArray.from_arrays([0, 2, 4_000_002], np.zeros(4_000_002, np.float32))
    parquet.write_table(pa.table({"logits": zeros, "label": [0, 1]}), tmp_path / "x.parquet")
    refused(tmp_path / "x.parquet", r"declares 15\.\d* MiB, \d+ times the file")
