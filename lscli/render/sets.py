"""The sets of samples as a file: Parquet, CSV or JSON lines, piece by piece."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.extras import needed
from lscli.render.formats.csv import tidy
from lscli.render.renderers import Screen
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.decisions.conformal_sets import Sets

SUFFIXES = (".parquet", ".csv", ".jsonl")


def pieces(sets: Sets, suffix: str) -> Iterator[bytes]:
    """The file, with the columns row, label (if labels are known), size, classes and names (if these are known).

    In a CSV, classes have spaces between them, names `|`.

    Raises:
        UsageError: Parquet needs pyarrow, which is missing.
    """
    return {".parquet": _parquet, ".csv": _csv, ".jsonl": _lines}[suffix](sets)


def _entries(sets: Sets) -> Iterator[dict[str, Any]]:
    """Each sample under its columns."""
    names = [printable(str(name)) for name in sets.class_names]
    for each in sets:
        entry: dict[str, Any] = {"row": each.row}
        if sets.labelled:
            entry["label"] = each.label
        entry |= {"size": len(each.classes), "classes": list(each.classes)}
        if names:
            entry["names"] = [names[number] for number in each.classes]
        yield entry


def _lines(sets: Sets) -> Iterator[bytes]:
    for entry in _entries(sets):
        yield json.dumps(entry, ensure_ascii=False).encode("utf-8", errors="backslashreplace") + b"\n"


def _csv(sets: Sets) -> Iterator[bytes]:
    columns = ["row", *["label"] * sets.labelled, "size", "classes", *["names"] * bool(sets.class_names)]

    def rows() -> Iterator[list[object]]:
        for entry in _entries(sets):
            entry["classes"] = " ".join(map(str, entry["classes"]))
            if "names" in entry:
                entry["names"] = "|".join(entry["names"])
            yield [entry[name] for name in columns]

    for text in tidy(columns, rows(), Screen(0, False)):
        yield text.encode("utf-8", errors="backslashreplace")


def _parquet(sets: Sets) -> Iterator[bytes]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise needed("pyarrow", "Parquet", instead="write a .csv", where="sets") from error
    names = [printable(str(name)) for name in sets.class_names]
    fields = [("row", pa.int64()), ("size", pa.int32()), ("classes", pa.list_(pa.int32()))]
    if sets.labelled:
        fields.insert(1, ("label", pa.int64()))
    if names:
        fields.append(("names", pa.list_(pa.string())))
    sink = io.BytesIO()
    schema, every_name = pa.schema(fields), pa.array(names, pa.string())
    with parquet.ParquetWriter(sink, schema) as writer:
        for block in sets.blocks():
            sizes = block.inside.sum(axis=1)
            numbers = np.nonzero(block.inside)[1]
            ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int32())
            columns = {"row": pa.array(block.rows, pa.int64()), "size": pa.array(sizes, pa.int32())}
            columns["classes"] = pa.ListArray.from_arrays(ends, pa.array(numbers, pa.int32()))
            if sets.labelled:
                columns["label"] = pa.array(block.label, pa.int64())
            if names:
                columns["names"] = pa.ListArray.from_arrays(ends, every_name.take(pa.array(numbers)))
            writer.write_table(pa.table({name: columns[name] for name, _ in fields}, schema))
            yield sink.getvalue()
            sink.seek(0)
            sink.truncate()
    yield sink.getvalue()
