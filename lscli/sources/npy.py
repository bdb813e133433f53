"""A strict reader of `.npy`: the header is proved before a byte of data is read.

Format: numpy.lib.format, versions 1.0 to 3.0. numpy's own loader answers a wrong magic with the
advice to unpickle, allocates what a header claims, and takes trailing bytes in silence.
"""

from __future__ import annotations

import ast
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.sources.files import RegularFile

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # numpy's own limit: a real header has about 118 bytes
MAX_FORTRAN = 1 << 30
MAX_DIMENSIONS = 64  # numpy's
# What numpy writes: a byte order, a letter, a size. numpy reads more, lists of fields in a string among them.
_DESCR = r"[<>|=]?([biufcSUV][1-9][0-9]{0,8}|[mM]8(\[[0-9A-Za-z]{1,12}\])?)"
_LENGTH_BYTES = {(1, 0): 2, (2, 0): 4, (3, 0): 4}


class Header(NamedTuple):
    """What a `.npy` header says; `data_offset` counts from the start of the array's own bytes."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool
    data_offset: int


class NpyArray:
    """An array in `.npy` form within a regular file, read by rows.

    Args:
        file: the open file; it is closed with the array.
        name: how errors name it.
        start: where the array's bytes begin, for a member of an archive.
        length: how many bytes it may take; the rest of the file unless given.
        allow_trailing: whether bytes after the data are passed over.

    Raises:
        InputError: the bytes are no `.npy` array that can be read safely and exactly.
    """

    def __init__(
        self,
        file: RegularFile,
        name: str,
        start: int = 0,
        length: int | None = None,
        *,
        allow_trailing: bool = False,
    ) -> None:
        length = file.size - start if length is None else length
        self.name = name
        self._file = file
        self._start = start
        header = self._read_header(length)
        self.shape, self.dtype = header.shape, header.dtype
        self.element = self.dtype.name
        self._data = start + header.data_offset
        self._check_size(header, length, allow_trailing)
        self._fortran: NDArray[Any] | None = None
        if header.fortran_order and len(self.shape) > 1:
            self._fortran = self._read_fortran()

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`, in the machine's byte order, put into `out` (C-contiguous)."""
        if self._fortran is not None:
            np.copyto(out, self._fortran[start:stop])
            return out
        row = math.prod(self.shape[1:]) * self.dtype.itemsize
        self._file.read_into(out.reshape(-1).view(np.uint8), self._data + start * row)
        if not self.dtype.isnative:
            out.byteswap(inplace=True)
        return out

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""
        self._file.check_unchanged()

    def close(self) -> None:
        self._file.close()

    def _error(self, message: str, hint: str = "") -> InputError:
        return InputError(message, hint, where=self.name)

    def _read_header(self, length: int) -> Header:
        if length == 0:
            raise self._error("empty file", "save the array again: np.save(path, array)")
        start = self._file.read(min(length, 12), self._start)
        if not start.startswith(MAGIC[: len(start)]):
            raise self._error(*_foreign(start))
        if len(start) < 8:
            raise self._error("truncated header", "copy or save the file again")
        version = (start[6], start[7])
        if version not in _LENGTH_BYTES:
            raise self._error(f"unsupported .npy version {version[0]}.{version[1]}", "lscli reads 1.0, 2.0 and 3.0")
        width = _LENGTH_BYTES[version]
        if len(start) < 8 + width:
            raise self._error("truncated header", "copy or save the file again")
        size = int.from_bytes(start[8 : 8 + width], "little")
        if size > length - 8 - width:
            raise self._error("truncated header: its length exceeds the file", "copy or save the file again")
        if size > MAX_HEADER:
            raise self._error(f"header too long ({size} bytes)", "save it as a plain array: np.save(path, array)")
        text = self._file.read(size, self._start + 8 + width)
        return self._parse(text, 8 + width + size)

    def _parse(self, raw: bytes, data_offset: int) -> Header:
        hint = "save the array again: np.save(path, array)"
        try:
            node = ast.parse(raw.decode("utf-8").strip(), mode="eval").body
            if not isinstance(node, ast.Dict) or any(key is None for key in node.keys):
                raise ValueError("not a dictionary")
            keys = [ast.literal_eval(key) for key in node.keys if key is not None]
            values = [ast.literal_eval(value) for value in node.values]
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
            raise self._error("malformed header", hint) from error
        # Compared as a sorted list, so that a key given twice is seen.
        if sorted(map(str, keys)) != ["descr", "fortran_order", "shape"]:
            raise self._error("malformed header", hint)
        fields = dict(zip(keys, values, strict=True))
        if not isinstance(fields["fortran_order"], bool):
            raise self._error("malformed header", hint)
        return Header(self._shape(fields["shape"]), self._dtype(fields["descr"]), fields["fortran_order"], data_offset)

    def _shape(self, shape: object) -> tuple[int, ...]:
        if not isinstance(shape, tuple) or any(type(n) is not int for n in shape):
            raise self._error("malformed shape", "save the array again: np.save(path, array)")
        if any(n < 0 for n in shape):
            raise self._error("negative dimension in the shape", "save the array again: np.save(path, array)")
        if len(shape) > MAX_DIMENSIONS or math.prod(n for n in shape if n) >= 1 << 60:
            raise self._error("shape too large", "save the array again: np.save(path, array)")
        return shape

    def _dtype(self, descr: object) -> np.dtype[Any]:
        if isinstance(descr, list):
            raise self._error("structured arrays are no logits or labels", "save the one field that holds them")
        if isinstance(descr, str) and (descr.lstrip("<>|=").startswith("O") or descr == "object"):
            raise self._error(
                "object arrays are refused: they hold pickles", "save numbers: np.save(path, np.array(x, np.float32))"
            )
        if not isinstance(descr, str) or not re.fullmatch(_DESCR, descr):
            raise self._error("unsupported dtype", "save it as float32 or int64")
        try:
            return np.dtype(descr)
        except TypeError as error:
            raise self._error(f"unsupported dtype {descr!r}", "save it as float32 or int64") from error

    def _check_size(self, header: Header, length: int, allow_trailing: bool) -> None:
        data = math.prod(header.shape) * header.dtype.itemsize
        expected, hint = header.data_offset + data, "copy or save the file again"
        if data and length == header.data_offset:
            raise self._error(f"declares {_size(data)} of data, the file has 0 bytes of it", hint)
        if length < expected:
            raise self._error(f"truncated: expected {expected} bytes, found {length}", hint)
        if length > expected and not allow_trailing:
            raise self._error(
                f"trailing bytes: expected {expected} bytes, found {length}",
                "save the array again, or pass over them with --allow-trailing",
            )

    def _read_fortran(self) -> NDArray[Any]:
        count = math.prod(self.shape)
        if count * self.dtype.itemsize > MAX_FORTRAN:
            raise self._error(
                "Fortran order, and larger than 1 GiB",
                "save it in C order: np.save(path, np.ascontiguousarray(array))",
            )
        flat = np.empty(count, self.dtype)
        self._file.read_into(flat.view(np.uint8), self._data)
        return flat.reshape(self.shape[::-1]).T


def _foreign(start: bytes) -> tuple[str, str]:
    if start.startswith(b"PK\x03\x04"):
        return "a zip archive, not a .npy file", "if it is an .npz file, give it that suffix"
    if start[:1] == b"\x80" and len(start) > 1 and start[1] <= 5:
        return "a pickle, which is refused and never loaded", "save the array itself: np.save(path, array)"
    return "not a .npy file", "save the array with np.save(path, array)"


def _size(count: int) -> str:
    for unit, scale in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= scale:
            return f"{count / scale:.4g} {unit}"
    return f"{count} bytes"
