"""The header of a `.npy` array, checked before a byte of data is read.

Format: numpy.lib.format, versions 1.0 to 3.0. numpy's own loader advises unpickling a file with a wrong magic,
allocates what a header claims, and ignores trailing bytes.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.stored import check_shape

if TYPE_CHECKING:
    from lscli.io.stored import Bytes

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # numpy's own limit: a real header has about 118 bytes
# What numpy writes: byte order, letter, size. numpy reads more, such as a list of fields in a string.
_DESCR = r"[<>|=]?([biufcSUV][1-9][0-9]{0,8}|[mM]8(\[[0-9A-Za-z]{1,12}\])?)"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}
_AGAIN = "save the array again: np.save(path, array)"


class Header(NamedTuple):
    """The fields of a `.npy` header; `data_offset` is the number of bytes before the data."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    data_offset: int


def read_header(file: Bytes, name: str) -> Header:
    """Read the header at the start of `file`; `name` is its name in errors.

    Raises:
        InputError: it cannot be read safely and exactly.
    """
    return _Reader(file, name).read()


class _Reader:
    def __init__(self, file: Bytes, name: str) -> None:
        self._file = file
        self._name = name

    def _error(self, message: str, hint: str = "") -> InputError:
        return InputError(message, hint, where=self._name)

    def read(self) -> Header:
        length = self._file.size
        if length == 0:
            raise self._error("empty file", _AGAIN)
        start = self._file.read(12, 0)
        if not start.startswith(MAGIC[: len(start)]):
            raise self._error(*_foreign(start))
        if len(start) < 8:
            raise self._error("truncated header", "copy or save the file again")
        version = (start[6], start[7])
        if version not in _LENGTH_BYTES:
            raise self._error(f"unsupported .npy version {version[0]}.{version[1]}", _AGAIN)
        width = _LENGTH_BYTES[version]
        if len(start) < 8 + width:
            raise self._error("truncated header", "copy or save the file again")
        size = int.from_bytes(start[8 : 8 + width], "little")
        if size > length - 8 - width:
            raise self._error("truncated header: its length exceeds the file", "copy or save the file again")
        if size > MAX_HEADER:
            raise self._error(f"header too long ({size} bytes)", "save it as a plain array: np.save(path, array)")
        text = self._file.read(size, 8 + width)
        return self._parse(text, 8 + width + size)

    def _parse(self, raw: bytes, data_offset: int) -> Header:
        try:
            text = raw.decode("utf-8").lstrip(" \t")  # no more than numpy strips
            with warnings.catch_warnings():  # the parser warns of odd literals, such as invalid escapes
                warnings.simplefilter("error")
                node = ast.parse(text, mode="eval").body
            if not isinstance(node, ast.Dict) or any(key is None for key in node.keys):
                raise ValueError("not a dictionary")
            keys = [ast.literal_eval(key) for key in node.keys if key is not None]
            values = [ast.literal_eval(value) for value in node.values]
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, Warning) as error:
            raise self._error("malformed header", _AGAIN) from error
        fields = dict(zip(keys, values, strict=True)) if all(type(key) is str for key in keys) else {}
        # A sorted list, unlike a set, shows a key that is given twice.
        complete = fields and sorted(keys) == ["descr", "fortran_order", "shape"]
        if not complete or not isinstance(fields["fortran_order"], bool):
            raise self._error("malformed header", _AGAIN)
        shape, dtype = self._shape(fields["shape"]), self._dtype(fields["descr"])
        check_shape(shape, dtype.itemsize, self._name)
        return Header(shape, dtype, fields["fortran_order"], data_offset)

    def _shape(self, shape: object) -> tuple[int, ...]:
        if not isinstance(shape, tuple) or any(type(n) is not int for n in shape):
            raise self._error("malformed shape", _AGAIN)
        if any(n < 0 for n in shape):
            raise self._error("negative dimension in the shape", _AGAIN)
        return shape

    def _dtype(self, descr: object) -> np.dtype[Any]:
        if isinstance(descr, list):
            raise self._error("structured arrays are not logits or labels", "save the one field that holds them")
        if isinstance(descr, str) and (descr.lstrip("<>|=").startswith("O") or descr == "object"):
            hint = "save numbers: np.save(path, np.array(x, np.float32))"
            raise self._error("object arrays are refused: they hold pickles", hint)
        if not isinstance(descr, str) or not re.fullmatch(_DESCR, descr):
            raise self._error("unsupported dtype", "save it as float32 or int64")
        try:
            return np.dtype(descr)
        except TypeError as error:
            raise self._error(f"unsupported dtype {descr!r}", "save it as float32 or int64") from error


def _foreign(start: bytes) -> tuple[str, str]:
    if start[:1] == b"\x80" and len(start) > 1 and start[1] <= 5:
        return "a pickle, which is refused and never loaded", "save the array itself: np.save(path, array)"
    return "not a .npy file", "save the array with np.save(path, array)"
