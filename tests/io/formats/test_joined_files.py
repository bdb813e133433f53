"""Bytes that belong to no array, such as those of another file that was joined, are refused in every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather
from pyarrow import parquet as pq
from safetensors.numpy import save as tensors

import lscli
from lscli.errors import InputError
from tests.io.make import figures, some_labels, some_logits
from tests.io.table_files import save, table

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
TABLES = ("x.parquet", "x.arrow", "x.stream.arrow", "x.packed.arrow", "x.packed.stream.arrow", "x.feather")
KINDS = (*TABLES, "x.safetensors")


def written(path: Path, rows: int = 40, layout: str = "lists", **options: Any) -> bytes:
    """A file of logits and labels."""
    if path.suffix == ".safetensors":
        return tensors({"logits": LOGITS[:rows], "labels": LABELS[:rows]})
    return save(path, table(layout, LOGITS[:rows], label=LABELS[:rows]), **options).read_bytes()


def refuses(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    for use in (lscli.evaluate, lscli.inspect):
        with pytest.raises(InputError, match=r"corrupt|belong to no column|bytes") as caught:
            use(path)
        assert caught.value.hint


@pytest.mark.parametrize("layout", ["lists", "columns"])
@pytest.mark.parametrize("kind", KINDS)
def test_two_files_that_were_joined_are_refused(tmp_path: Path, kind: str, layout: str) -> None:
    path = tmp_path / kind
    whole, short = written(path, layout=layout), written(path, 3, layout)
    for data in (whole + whole, short + whole, whole + short, whole + whole + whole):
        refuses(path, data)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_before_and_after_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    whole = written(path)
    for junk in (b"\0", bytes(8), bytes(64), b"PAR1", b"ARROW1\0\0", whole[:100]):
        refuses(path, junk + whole)
        refuses(path, whole + junk)


@pytest.mark.parametrize("kind", ["x.parquet", "x.arrow", "x.packed.arrow"])
def test_many_bytes_between_the_values_and_the_footer_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    whole = written(path)
    length = 4 if kind == "x.parquet" else 6
    footer = int.from_bytes(whole[-length - 4 : -length], "little") + length + 4
    refuses(path, whole[:-footer] + bytes(200) + whole[-footer:])


@pytest.mark.parametrize(
    "options",
    [
        {"write_page_index": True},
        {"write_page_index": True, "bloom_filter_options": {"label": True}},
        {"bloom_filter_options": {"label": {"ndv": 10_000}}},
        {"data_page_version": "2.0", "compression": "zstd"},
        {"use_dictionary": False, "write_statistics": False},
        {"use_dictionary": False, "use_byte_stream_split": ["logit_0"]},
        {"use_dictionary": False, "column_encoding": {"label": "DELTA_BINARY_PACKED"}},
        {"store_schema": False, "write_page_checksum": True},
        {"version": "1.0"},
    ],
)
@pytest.mark.parametrize("rows", [3, 40])
def test_whatever_a_writer_puts_beside_the_values_is_accepted(
    tmp_path: Path, rows: int, options: dict[str, Any]
) -> None:
    save(tmp_path / "x.parquet", table("columns", LOGITS, label=LABELS), rows, **options)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x.parquet"))


@pytest.mark.parametrize("metadata", [{}, {"a": "b" * 1000}])
def test_custom_metadata_of_a_footer_is_accepted(tmp_path: Path, metadata: dict[str, str]) -> None:
    own = table("lists", LOGITS, label=LABELS)
    with pa.OSFile(str(tmp_path / "x.arrow"), "wb") as sink, pa.ipc.new_file(sink, own.schema, metadata=metadata) as to:
        to.write_table(own, max_chunksize=7)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x.arrow"))
    pq.write_table(own.replace_schema_metadata(metadata), tmp_path / "x.parquet")
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x.parquet"))


def test_dictionaries_of_other_columns_are_accepted(tmp_path: Path) -> None:
    own = table("lists", LOGITS, label=LABELS, words=pa.array(["a", "b"] * 20).dictionary_encode())
    feather.write_feather(own, str(tmp_path / "x.feather"), chunksize=11)
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x.feather"))


def test_an_arrow_file_whose_batches_begin_further_on_is_read(tmp_path: Path) -> None:
    # Polars pads the magic to 64 bytes, and writes no schema that a reader of streams could read.
    path = tmp_path / "x.arrow"
    whole = written(path, rows=40)
    schema = int.from_bytes(whole[12:16], "little")
    path.write_bytes(whole[:8] + b"\x04\0\0\0\xf2\xff\xff\xff" + bytes(schema) + whole[16 + schema :])
    assert EXPECTED == figures(lscli.evaluate(path))


@pytest.mark.parametrize("layout", ["lists", "columns"])
@pytest.mark.parametrize("kind", TABLES)
def test_truth_values_are_read_as_soft_labels(tmp_path: Path, kind: str, layout: str) -> None:
    hot = np.arange(5) == LABELS[:, None]
    path = save(tmp_path / kind, table(layout, hot, other=np.zeros(40)))
    options: dict[str, Any] = {"soft_labels": True, "metrics": "loss_hard"}
    if layout == "columns":
        options["labels_key"] = "logit_*"
    expected = lscli.evaluate(LOGITS, hot, soft_labels=True, metrics="loss_hard")
    assert figures(expected) == figures(lscli.evaluate(LOGITS, path, **options))
