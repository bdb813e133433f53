"""`.pt` and `.pth` files of torch: never unpickled but by `torch.load(weights_only=True, mmap=True)`.

What that maps is then read as any file's: a mapped file that shrinks is a crash, and its pages count as memory.
"""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, LscliError, UsageError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.npy import MAX_FORTRAN
from lscli.io.logits import STORAGE
from lscli.io.memory import open_tensor
from lscli.io.stored import RawArray
from lscli.text import printable, said

if TYPE_CHECKING:
    import torch

    from lscli.io.files import RegularFile
    from lscli.io.memory import MemoryArray, TensorArray
    from lscli.io.stored import StoredArray

_AGAIN = "save it again: torch.save({'logits': logits, 'labels': labels}, path)"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number that files before torch 1.6 begin with
_OLDEST = (2, 10)  # older ones have known holes in torch.load


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray | MemoryArray | TensorArray:
    """The tensor that is asked for.

    Raises:
        InputError: no such tensor, one that is no array, or too large where its rows do not lie together, a pickle
            that is more than tensors, or a damaged file.
        UsageError: torch is too old to be trusted with a file.
    """
    loaded = _load(file)
    if "" in loaded:
        key, name = "", file.name
        if request.key is not None:
            raise InputError(f"holds one tensor, and no {request.key!r}", f"leave out {request.option}", where=name)
    else:
        key = choose(file.name, list(loaded), request, _AGAIN)
        name = f"{file.name}[{printable(key)}]"
    tensor = loaded[key]
    if not _is_tensor(tensor):
        raise InputError(f"a {type(tensor).__name__}, not a tensor", _AGAIN, where=name)
    in_place = _in_place(file, tensor, name)
    if in_place is not None:
        return in_place
    opened = open_tensor(_in_order(tensor, name), name)
    file.check_unchanged()
    return opened


def contents(file: RegularFile) -> list[Entry]:
    """The tensors of a file, and what else it has."""
    return [
        Entry(key, tuple(value.shape), str(value.dtype).removeprefix("torch."))
        if _is_tensor(value)
        else Entry(key, None, type(value).__name__)
        for key, value in _load(file).items()
    ]


def _load(file: RegularFile) -> dict[str, Any]:
    """What the file holds, by key; a tensor alone has the key ""."""
    _check_container(file)
    import torch

    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < _OLDEST:
        raise UsageError(
            f"torch {torch.__version__} is not safe to load files with", "install torch 2.10 or newer", where=file.name
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(file.path, map_location="cpu", weights_only=True, mmap=True)
    except (LscliError, MemoryError):
        raise
    except Exception as error:  # a hostile file makes any error
        file.check_unchanged()
        raise _refusal(file, error) from error
    if isinstance(loaded, dict):
        return {str(key): value for key, value in loaded.items()}
    if isinstance(loaded, list | tuple):
        return {str(place): value for place, value in enumerate(loaded)}
    return {"": loaded}


def _check_container(file: RegularFile) -> None:
    """Refuse, before torch is imported, what `torch.load` would not map."""
    start = file.read(16, 0)
    if not start:
        raise InputError("empty file", _AGAIN, where=file.name)
    if start.startswith(_LEGACY):
        raise InputError(
            "a .pt file in the old form of torch",
            "save it again: torch.save(torch.load(path, weights_only=True), path)",
            where=file.name,
        )
    if start[:1] == b"\x80":
        raise InputError("a bare pickle, which is refused and never loaded", _AGAIN, where=file.name)
    try:
        with file.stream() as stream, zipfile.ZipFile(stream) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, OverflowError) as error:
        raise InputError(f"corrupt archive: {said(error)}", _AGAIN, where=file.name) from error
    if not any(name.endswith("/data.pkl") for name in names):
        hint = "if it is an .npz file, give it that suffix" if any(name.endswith(".npy") for name in names) else _AGAIN
        raise InputError("a zip archive that torch did not write", hint, where=file.name)


def _refusal(file: RegularFile, error: Exception) -> InputError:
    import pickle

    if isinstance(error, pickle.UnpicklingError):
        return InputError(
            "holds more than tensors: its pickle could run code, and is refused",
            f"where you trust its writer, {_AGAIN}",
            where=file.name,
        )
    what = said(str(error).partition("\n")[0][:200]) or type(error).__name__
    return InputError(f"corrupt archive: {what}", _AGAIN, where=file.name)


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _in_order(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """A tensor whose rows lie together: of one whose do not, a copy, for no row of it is read on its own."""
    import torch

    if tensor.layout != torch.strided or tensor.is_contiguous():
        return tensor
    if tensor.numel() * tensor.element_size() > MAX_FORTRAN:
        raise InputError(
            "its rows do not lie together, and it is larger than 1 GiB",
            "save it in order: torch.save(tensor.contiguous(), path)",
            where=name,
        )
    return tensor.contiguous()


def _in_place(file: RegularFile, tensor: torch.Tensor, name: str) -> RawArray | None:
    """The elements of a mapped tensor where they lie in the file; None where the system does not tell."""
    import torch

    if (
        tensor.layout != torch.strided
        or tensor.device.type != "cpu"
        or not tensor.is_contiguous()
        or not tensor.numel()
    ):
        return None
    if tensor.is_quantized or tensor.is_neg() or tensor.is_conj():
        return None
    element = str(tensor.dtype).removeprefix("torch.")
    if element not in STORAGE and element not in _INTEGERS:
        return None
    offset = file.mapped_at(tensor.data_ptr())
    size = tensor.numel() * tensor.element_size()
    if offset is None or offset + size > file.size:
        return None
    start = tensor.detach().reshape(-1).view(torch.uint8)[:4096].numpy().tobytes()
    if file.read(len(start), offset) != start:
        return None
    return RawArray(file, name, offset, tuple(tensor.shape), np.dtype(STORAGE.get(element, element)), element)


_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
