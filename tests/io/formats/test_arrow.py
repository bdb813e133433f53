"""Uncompressed Arrow files are read in place; compressed ones batch by batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather

import lscli
from lscli.io.formats import arrow
from lscli.io.open import open_inputs
from tests.io.make import figures, some_labels, some_logits
from tests.io.table_files import LABELS, LAYOUTS, LOGITS, refused, save, table

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.arrow"


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["x.arrow", "x.stream.arrow"])
def test_uncompressed_batches_are_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, layout: str
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("a batch is decoded")

    monkeypatch.setattr(arrow._Batches, "__call__", decode)
    assert EXPECTED == figures(lscli.evaluate(save(tmp_path / kind, table(layout))))


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_what_feather_writes_is_read(tmp_path: Path, compression: str) -> None:
    feather.write_feather(table("lists"), str(tmp_path / "x.feather"), compression=compression, chunksize=11)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x.feather"))


def test_a_compressed_file_is_decoded_from_the_requested_batch_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, _ = open_inputs(save(tmp_path / "x.packed.arrow", table("lists"), 10))
    decoded: list[int] = []
    batches = arrow._batches

    def noted(reader: Any, start: int = 0) -> Any:
        decoded.append(start)
        return batches(reader, start)

    monkeypatch.setattr(arrow, "_batches", noted)
    for start in (30, 35, 12, 15):
        out = logits.read(start, start + 5, np.empty((5, 5), np.float32))
        assert LOGITS[start : start + 5].tolist() == out.tolist()
    logits.close()
    assert [3, 1] == decoded


def test_batches_of_no_rows_are_passed_over(path: Path) -> None:
    own = table("lists")
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, own.schema) as writer:
        for start, stop in ((0, 0), (0, 7), (7, 7), (7, 40), (40, 40)):
            writer.write_batch(
                pa.RecordBatch.from_arrays([c[start:stop].combine_chunks() for c in own], own.column_names)
            )
    assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=3))


def test_columns_of_other_types_stand_beside(path: Path) -> None:
    more = {
        "words": pa.array(["a", "b", None, "d"] * 10).dictionary_encode(),
        "views": pa.array(["a" * 20] * 40, pa.string_view()),
        "tree": [{"a": [1, 2], "b": None}] * 40,
        "bits": LABELS > 1,
        "label": LABELS,
    }
    assert EXPECTED == figures(lscli.evaluate(save(path, table("lists", **more))))


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_headers_tell_the_rows_of_batches(new: Any, compression: str | None) -> None:
    sink = pa.BufferOutputStream()
    settings = pa.ipc.IpcWriteOptions(compression=compression)
    own = table("columns", words=pa.array(["a", "b"] * 20).dictionary_encode())
    with new(sink, own.schema, options=settings) as writer:
        writer.write_table(own, max_chunksize=17)
    assert [17, 17, 6] == arrow._batch_rows(sink.getvalue())


def test_a_stream_without_its_end_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "x.stream.arrow", table("lists"))
    data = path.read_bytes()
    assert b"\xff\xff\xff\xff\0\0\0\0" == data[-8:]
    path.write_bytes(data[:-8])
    refused(path, "corrupt Arrow file: does not end as a stream does")


def test_feather_of_version_1_is_refused(path: Path) -> None:
    path.write_bytes(b"FEA1" + bytes(40) + b"FEA1")
    assert "write_feather" in refused(path, "a Feather file of version 1").hint


@pytest.mark.parametrize("length", [78, 1 << 40, (1 << 63) - 1, -1, -(1 << 63)])
@pytest.mark.parametrize("kind", ["x.arrow", "x.stream.arrow", "x.packed.arrow", "x.packed.stream.arrow"])
def test_a_length_that_is_not_that_of_the_values_is_refused(tmp_path: Path, kind: str, length: int) -> None:
    path = save(tmp_path / kind, table("columns", some_logits(77, 2), label=some_labels(77, 2)), 77)
    data, rows = path.read_bytes(), (77).to_bytes(8, "little")
    # All places that hold the number of rows: of the batch, and of its columns.
    place, refusals = data.index(rows), 0
    while place >= 0:
        path.write_bytes(data[:place] + length.to_bytes(8, "little", signed=True) + data[place + 8 :])
        refused(path, "corrupt|declares")
        refusals += 1
        place = data.find(rows, place + 8)
    assert refusals >= 4


def test_an_absurd_length_of_a_packed_column_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "x.packed.arrow", table("lists", some_logits(77, 5), label=some_labels(77, 5)), 77)
    data = path.read_bytes()
    size = (77 * 5 * 4).to_bytes(8, "little")
    assert 1 <= data.count(size)
    path.write_bytes(data.replace(size, (1 << 60).to_bytes(8, "little")))
    refused(path, "corrupt Arrow file")
