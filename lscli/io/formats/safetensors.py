"""`.safetensors`: a JSON header, then tensors one after another (huggingface/safetensors, "Format").

The library checks the header (offsets without holes and overlaps, sizes without overflow). It would map the data, and a
mapped file that is cut off ends the process with SIGBUS, so lscli reads the data itself, with `preadv`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.stored import RawArray, check_shape
from lscli.text import printable, said

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

_AGAIN = "save it again with safetensors' save_file"
# numpy's type of each type of elements, and its name if numpy lacks it; the bits of bfloat16 are held in uint16.
_TYPES = {
    "F64": ("<f8", ""),
    "F32": ("<f4", ""),
    "F16": ("<f2", ""),
    "BF16": ("<u2", "bfloat16"),
    "I64": ("<i8", ""),
    "I32": ("<i4", ""),
    "I16": ("<i2", ""),
    "I8": ("|i1", ""),
    "U64": ("<u8", ""),
    "U32": ("<u4", ""),
    "U16": ("<u2", ""),
    "U8": ("|u1", ""),
    "BOOL": ("|b1", ""),
}


class _Tensor(NamedTuple):
    """A tensor in the header; `offset` is its position in the file."""

    shape: tuple[int, ...]
    type: str
    offset: int

    @property
    def element(self) -> str:
        if self.type not in _TYPES:
            return self.type.lower()
        described, element = _TYPES[self.type]
        return element or np.dtype(described).name


def open_array(file: RegularFile, request: ArrayRequest) -> RawArray:
    """Open the requested tensor.

    Raises:
        InputError: there is no such tensor, its type is unsupported, or the file is damaged.
    """
    tensors = _tensors(file)
    key = choose(file.name, list(tensors), request, _AGAIN)
    tensor, name = tensors[key], f"{file.name}[{printable(key)}]"
    if tensor.type not in _TYPES:
        raise InputError(f"unsupported dtype {tensor.element}", "save it as float32 or int64", where=name)
    described, element = _TYPES[tensor.type]
    check_shape(tensor.shape, np.dtype(described).itemsize, name)
    return RawArray(file, name, tensor.offset, tensor.shape, np.dtype(described), element)


def contents(file: RegularFile) -> list[Entry]:
    """List the tensors of a file, from its header."""
    return [Entry(key, tensor.shape, tensor.element) for key, tensor in _tensors(file).items()]


def _tensors(file: RegularFile) -> dict[str, _Tensor]:
    """The tensors by name, in the order of their data."""
    from safetensors import SafetensorError, safe_open

    if file.size == 0:
        raise InputError("empty file", _AGAIN, where=file.name)
    try:
        with safe_open(file.path, framework="numpy") as proved:
            keys = proved.keys()
    except (SafetensorError, OSError, ValueError) as error:
        file.check_unchanged()
        raise _corrupt(file, _reason(error)) from error
    length = int.from_bytes(file.read(8, 0), "little")
    try:
        header = json.loads(file.read(length, 8))
        found = {}
        for key in sorted(keys, key=lambda key: header[key]["data_offsets"]):
            begin = header[key]["data_offsets"][0]
            found[key] = _Tensor(tuple(header[key]["shape"]), header[key]["dtype"], 8 + length + begin)
    except (ValueError, KeyError, TypeError, RecursionError) as error:  # a key given twice, for one
        raise _corrupt(file, f"header: {error}") from error
    return found


def _reason(error: Exception) -> str:
    """The message of the library without its preamble."""
    return str(error).partition("deserializing header: ")[2] or str(error)


def _corrupt(file: RegularFile, why: str) -> InputError:
    return InputError(f"corrupt safetensors: {said(why)}", "copy or save the file again", where=file.name)
