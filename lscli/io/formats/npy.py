"""`.npy` files, which hold one array each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.array_request import ArrayRequest, Entry
from lscli.io.formats.npy_header import Header, read_header
from lscli.io.memory import MemoryArray
from lscli.io.stored import RawArray
from lscli.text import sized

if TYPE_CHECKING:
    from lscli.io.files import RegularFile
    from lscli.io.stored import Bytes, StoredArray
    from lscli.options import Dtype

MAX_FORTRAN = 1 << 30


def open_npy(file: Bytes, name: str, *, allow_trailing: bool = False, dtype: Dtype | None = None) -> StoredArray:
    """Open the array in a `.npy` file or in a member of an archive.

    Args:
        file: closed with the array.
        name: its name in errors.
        allow_trailing: whether to ignore bytes after the data.
        dtype: the type of 2-byte elements that are stored without a type, or None.

    Raises:
        InputError: the bytes are not a `.npy` array that can be read safely and exactly.
        UsageError: `dtype` is given, but the elements have a type.
    """
    header = read_header(file, name)
    described, element = _typed(header.dtype, dtype, name)
    _check_size(file, name, header, allow_trailing)
    if header.fortran_order and len(header.shape) > 1:
        return _fortran(file, name, header._replace(dtype=described), element)
    return RawArray(file, name, header.data_offset, header.shape, described, element)


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the array of a `.npy` file."""
    return open_npy(file, file.name, allow_trailing=request.allow_trailing, dtype=request.dtype)


def contents(file: RegularFile) -> list[Entry]:
    """List the array of a `.npy` file, from its header."""
    header = read_header(file, file.name)
    return [Entry(None, header.shape, header.dtype.name)]


def _typed(stored: np.dtype[Any], dtype: Dtype | None, name: str) -> tuple[np.dtype[Any], str]:
    """The numpy type in which elements are read, and the name of their type if numpy lacks it, given `--dtype`."""
    if dtype is None or stored.kind in "iu":
        return stored, ""
    if stored.name != "void16":
        raise UsageError(f"the elements are {stored.name} already", "leave out --dtype", where=name)
    return np.dtype("<u2"), dtype


def _check_size(file: Bytes, name: str, header: Header, allow_trailing: bool) -> None:
    data = math.prod(header.shape) * header.dtype.itemsize
    length, expected, hint = file.size, header.data_offset + data, "copy or save the file again"
    if data and length == header.data_offset:
        raise InputError(f"declares {sized(data)} of data, the file has 0 bytes of it", hint, where=name)
    if length < expected:
        raise InputError(f"truncated: expected {expected} bytes, found {length}", hint, where=name)
    if length > expected and not allow_trailing:
        hint = "save the array again, or ignore them with --allow-trailing"
        raise InputError(f"trailing bytes: expected {expected} bytes, found {length}", hint, where=name)


def _fortran(file: Bytes, name: str, header: Header, element: str) -> MemoryArray:
    """Read all of an array in Fortran order, whose rows are not contiguous, and close the file."""
    count = math.prod(header.shape)
    if count * header.dtype.itemsize > MAX_FORTRAN:
        hint = "save it in C order: np.save(path, np.ascontiguousarray(array))"
        raise InputError("Fortran order, and larger than 1 GiB", hint, where=name)
    flat = np.empty(count, header.dtype)
    file.read_into(flat.view(np.uint8), header.data_offset)
    file.check_unchanged()
    file.verify()
    file.close()
    return MemoryArray(flat.reshape(header.shape[::-1]).T, name, bfloat16=element == "bfloat16")
