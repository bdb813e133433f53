"""Independent readers of the files that lscli accepts: numpy, torch, the safetensors library, Python's csv."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import warnings
import zipfile
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from pyarrow import parquet
from safetensors import deserialize

_TENSOR_TYPES = {"BF16": "<u2", "BOOL": "|b1", "U8": "|u1", "I8": "|i1"} | {
    f"{letter}{8 * size}": f"<{letter.lower()}{size}" for letter in "FIU" for size in (2, 4, 8)
}


# The first allocation of pyarrow reserves a GiB of address space, which the limit of an input must not count.
pa.allocate_buffer(1)


def arrays(kind: str, data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of a file by their names; bfloat16 as float32."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # only the warnings of lscli matter
        return _READINGS[kind](data)


def saved_accuracies(data: bytes, name: str) -> list[bool | None]:
    """The accuracy of this name of each sample of lm-evaluation-harness, None for a sample without it."""
    text = data.decode("utf-8-sig")
    lines = [line for line in text.split("\n") if line.strip()]
    samples = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in lines]
    return [None if each.get(name) is None else str(each[name]) in _RIGHT for each in samples]


_RIGHT = ("True", "1", "1.0", "1e0")


def _npy(data: bytes) -> dict[str, NDArray[Any]]:
    return {"": np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)}


def _npz(data: bytes) -> dict[str, NDArray[Any]]:
    found = {}
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        for key in archive.files:
            try:
                found[key] = archive[key]
            except Exception as error:
                found[key] = _refused(error)
    return found


def bfloat16(values: NDArray[Any]) -> NDArray[np.float32]:
    """The numbers of the bits of bfloat16, by torch."""
    bits = torch.tensor(np.ascontiguousarray(values).view("<i2").astype(np.int16))
    return np.asarray(bits.view(torch.bfloat16).float().numpy().reshape(values.shape))


def _refused(error: Exception) -> NDArray[Any]:
    """A placeholder for an array that cannot be read; the file may hold another one that can."""
    return np.array(str(error), object)


def _safetensors(data: bytes) -> dict[str, NDArray[Any]]:
    found = {}
    for name, tensor in deserialize(data):  # type: ignore[no-untyped-call]
        try:
            values = np.frombuffer(tensor["data"], _TENSOR_TYPES[tensor["dtype"]]).reshape(tensor["shape"])
            found[name] = bfloat16(values) if tensor["dtype"] == "BF16" else values
        except (KeyError, ValueError) as error:  # a type that numpy has not, or a shape
            found[name] = _refused(error)
    return found


_FOLDER = 0x10


class UnreadError(Exception):
    """torch refuses a file that lscli reads: one with numpy's arrays beside the tensors, for example."""


def _pt(data: bytes) -> dict[str, NDArray[Any]]:
    import torch

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if any(member.external_attr & _FOLDER for member in archive.infolist()):
            raise UnreadError("torch takes a record that is marked as a folder for one of memory never written")
    try:
        value = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except Exception as error:
        raise UnreadError(str(error)) from error
    found: dict[str, NDArray[Any]] = {}
    _collect(value, "", found, 0)
    return found


def _collect(value: Any, path: str, found: dict[str, NDArray[Any]], depth: int) -> None:
    """All arrays in a value by their paths, with lists of batches as one array."""
    if depth > 20 or len(found) > 2000:
        return
    array = _joined(value)
    found[path] = np.array(None, object) if array is None else array
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    below = {key: part for key, part in inner if type(key) in (str, int)}
    parts = list(value) if isinstance(value, list | tuple) else []
    if parts and all(isinstance(part, dict) for part in parts):
        keys = [key for key in parts[0] if type(key) in (str, int) and all(key in part for part in parts)]
        columns = {key: [part[key] for part in parts] for key in keys}
        below |= {key: column for key, column in columns.items() if _joined(column) is not None}
    if parts and all(isinstance(part, list | tuple) and len(part) == len(parts[0]) for part in parts):
        columns = {place: list(column) for place, column in enumerate(zip(*parts, strict=True))}
        if any(_joined(column) is not None for column in columns.values()):
            below = columns
    for key, part in below.items():
        _collect(part, f"{path}/{key}" if depth else str(key), found, depth + 1)


def _joined(value: Any) -> NDArray[Any] | None:
    """A tensor, an array, a list of numbers or a list of these as one array; None for another value."""
    if isinstance(value, torch.Tensor):
        return _array(value)
    if not isinstance(value, list | tuple) or not value:
        return None
    if all(type(part) in (int, float, bool) for part in value):
        try:
            return np.array(
                value, None if {*map(type, value)} == {bool} else float if float in map(type, value) else int
            )
        except OverflowError:
            return np.array(None, object)
    rows = [part for part in value if isinstance(part, list | tuple)]
    if len(rows) == len(value) and len({len(row) for row in rows}) == 1:
        flat = [number for row in rows for number in row]
        if float in map(type, flat) and all(type(number) in (int, float, bool) for number in flat):
            return np.array(value, float)
    parts = [_joined(part) for part in value if not _nested(part)]
    arrays = [np.atleast_1d(part) for part in parts if part is not None and part.dtype != object]
    if len(arrays) < len(value) or len({(part.ndim, part.dtype.kind in "iu") for part in arrays}) > 1:
        return None
    if len({(part.shape[1:], part.dtype.newbyteorder("=")) for part in arrays}) > 1:
        return np.array(None, object)
    return np.concatenate(arrays)


def _nested(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        not isinstance(part, int | float | bool | list | tuple) for part in value
    )


def _array(value: Any) -> NDArray[Any]:
    """A tensor as an array, a bfloat16 one as float32."""
    import torch

    if not isinstance(value, torch.Tensor):
        return np.array(None, object)
    try:
        tensor = value.detach().resolve_neg()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        return _refused(error)


def _csv(data: bytes) -> dict[str, NDArray[Any]]:
    """The labels of a file of one column, or of the only one that is called so."""
    first, rows = _rows(data)
    column = 0 if len(first) == 1 else next(first.index(name) for name in ("labels", "label") if name in first)
    header = first[column].startswith("#") or not _is_number(first[column])
    cells = [row[column] for row in ([] if header else [first]) + rows]
    try:
        # Without underscores, which only Python reads.
        return {"": np.array([int(cell.replace("_", "x").encode("ascii")) for cell in cells], np.int64)}
    except (ValueError, OverflowError):  # strings; one that occurs again is no header
        text = first[column]
        label = (
            header and not text.startswith("#") and text not in ("labels", "label") and text.strip() and text in cells
        )
        return {"": np.array([text] * bool(label) + cells, np.str_)}


def columns(data: bytes) -> list[NDArray[np.float64]]:
    """All columns of numbers of a CSV file."""
    first, rows = _rows(data)
    while rows and not "".join(rows[-1]).strip(" ") and len(rows[-1]) < 2:
        rows.pop()
    if any(len(row) != len(first) for row in rows):
        raise ValueError("rows of other lengths")
    if not first[0].startswith("#") and all(map(_is_number, first)):
        rows = [first, *rows]
    texts = [[row[place] for row in rows] for place in range(len(first))]
    # numpy passes over more kinds of white space than Python does.
    stripped = ([cell.strip() for cell in text] for text in texts)
    return [np.array([float(cell) for cell in text]) for text in stripped if all(map(_is_number, text))]


def table(kind: str, data: bytes) -> dict[str, NDArray[Any]] | None:
    """The columns of a table that hold numbers or strings, lists as [n, width]; None if a column is damaged."""
    if kind == "jsonl":
        return _json_fields(data)
    found: dict[str, NDArray[Any]] = {}
    if kind == "parquet":
        names = parquet.read_schema(io.BytesIO(data)).names
        readings = {name: partial(_of_parquet, data, name) for name in names}
    else:
        new = pa.ipc.open_file if data.startswith(b"ARROW1") else pa.ipc.open_stream
        names = new(io.BytesIO(data)).schema.names
        readings = {name: partial(_of_arrow, new, data, place) for place, name in enumerate(names)}
    for name, read in readings.items():
        with contextlib.suppress(Exception):
            found[name] = read()
    if len(found) < len(names):
        return None
    return {name: column for name, column in found.items() if column.dtype.kind in "iufU"}


def _json_fields(data: bytes) -> dict[str, NDArray[Any]]:
    """The fields of JSON objects that are numbers, booleans, strings, or lists of numbers of one length."""
    text = data.decode("utf-8-sig")
    array = text.lstrip(" \t\r\n").startswith("[")
    read = partial(json.loads, parse_int=lambda digits: int(digits) if len(digits) < 400 else float(digits))
    objects = read(text) if array else [read(line) for line in text.split("\n") if line.strip(" \t\r")]
    found: dict[str, NDArray[Any]] = {}
    waiting: list[tuple[str, list[Any]]] = [("", objects)]
    while waiting:
        path, values = waiting.pop(0)
        if all(isinstance(value, dict) for value in values):
            waiting += [(f"{path}.{key}", [value[key] for value in values if key in value]) for key in values[0]]
        elif len(values) == len(objects):
            with contextlib.suppress(ValueError, OverflowError, TypeError):
                column = np.array(values)
                found[path] = column.astype(float) if column.dtype == object else column
    return {path: column for path, column in found.items() if column.dtype.kind in "iufUb"}


def _of_parquet(data: bytes, name: str) -> NDArray[Any]:
    return _numbers(parquet.read_table(io.BytesIO(data), columns=[name], use_threads=False).column(0))


def _of_arrow(new: Any, data: bytes, place: int) -> NDArray[Any]:
    reader = new(io.BytesIO(data), options=pa.ipc.IpcReadOptions(included_fields=[place], use_threads=False))
    return _numbers(reader.read_all().column(0))


def _numbers(column: Any) -> NDArray[Any]:
    column.validate(full=True)
    whole = column.combine_chunks()
    if pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.flatten().to_numpy(zero_copy_only=False)).reshape(len(whole), whole.type.list_size)
    if pa.types.is_list(whole.type) or pa.types.is_large_list(whole.type):
        if whole.null_count or len({len(each) for each in whole}) > 1:
            return np.array(None, object)
        return np.asarray(whole.flatten().to_numpy(zero_copy_only=False)).reshape(len(whole), -1)
    values = np.asarray(whole.to_numpy(zero_copy_only=False))
    texts = values.dtype == object and all(isinstance(value, str) for value in values)
    return values.astype(np.str_) if texts else values


def _rows(data: bytes) -> tuple[list[str], list[list[str]]]:
    """The first row, and all others but blank ones at the end."""
    limit = csv.field_size_limit(len(data) + 1)
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "surrogateescape"), newline="")))
    finally:
        csv.field_size_limit(limit)
    while rows and not rows[-1]:
        rows.pop()
    return rows[0] or [""], rows[1:]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


_READINGS = {"npy": _npy, "npz": _npz, "safetensors": _safetensors, "pt": _pt, "csv": _csv}
