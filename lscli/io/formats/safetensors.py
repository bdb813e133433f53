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
from lscli.io.stored import STORAGE, RawArray, check_shape
from lscli.limits import ran_out
from lscli.text import printed, said

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

_AGAIN = "save it again with safetensors' save_file"
# The name of each supported type of elements.
_TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"}
_TYPES |= {
    f"{letter}{bits}": f"{name}{bits}" for letter, name in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}


class _Tensor(NamedTuple):
    """A tensor in the header; `offset` is its position in the file."""

    shape: tuple[int, ...]
    element: str
    offset: int


def open_array(file: RegularFile, request: ArrayRequest) -> RawArray:
    """Open the requested tensor.

    Raises:
        InputError: there is no such tensor, its type is unsupported, or the file is damaged.
    """
    tensors = file.parsed(_tensors)
    key = choose(file.name, list(tensors), request, _AGAIN)
    tensor, name = tensors[key], f"{file.name}[{printed(key)}]"
    if tensor.element not in _TYPES.values():
        raise InputError(f"unsupported dtype {tensor.element}", "save it as float32 or int64", where=name)
    dtype = np.dtype(STORAGE.get(tensor.element, tensor.element)).newbyteorder("<")
    check_shape(tensor.shape, dtype.itemsize, name)
    return RawArray(file, name, tensor.offset, tensor.shape, dtype, tensor.element)


def contents(file: RegularFile) -> list[Entry]:
    """List the tensors of a file, from its header."""
    return [Entry(key, tensor.shape, tensor.element) for key, tensor in file.parsed(_tensors).items()]


def _tensors(file: RegularFile) -> dict[str, _Tensor]:
    """The tensors by name, in the order of their data."""
    from safetensors import SafetensorError, safe_open

    if file.size == 0:
        raise InputError("empty file", _AGAIN, where=file.name)
    try:
        with safe_open(file.path, framework="numpy") as proved:
            keys = proved.keys()
    except (SafetensorError, OSError, ValueError) as error:
        if ran_out(error):
            raise MemoryError(str(error)) from error
        file.check_unchanged()
        raise _corrupt(file, _reason(error)) from error
    length = int.from_bytes(file.read(8, 0), "little")
    try:
        header = json.loads(file.read(length, 8))
        found = {}
        for key in sorted(keys, key=lambda key: header[key]["data_offsets"]):
            kind, begin = header[key]["dtype"], header[key]["data_offsets"][0]
            found[key] = _Tensor(tuple(header[key]["shape"]), _TYPES.get(kind, kind.lower()), 8 + length + begin)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:  # such as a key that is given twice
        raise _corrupt(file, f"header: {error}") from error
    return found


def _reason(error: Exception) -> str:
    """The message of the library without its preamble."""
    return str(error).partition("deserializing header: ")[2] or str(error)


def _corrupt(file: RegularFile, why: str) -> InputError:
    return InputError(f"corrupt safetensors: {said(why)}", "copy or save the file again", where=file.name)
