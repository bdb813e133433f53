"""`.pt` and `.pth` files of torch, opened by `torch.load(weights_only=True, mmap=True)` and nothing else.

torch maps the file. Its rows are nevertheless read with `preadv`, at the offset that Linux reports for the tensor's
address, for two promises: a file that is cut off while it is read is an error (a mapped one would end the process with
SIGBUS), and memory is flat (mapped pages that were read count as memory of the process). Where the system does not
report offsets, the tensor is read from the mapping.
"""

from __future__ import annotations

import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, LscliError, UsageError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.npy import MAX_FORTRAN
from lscli.io.memory import open_tensor
from lscli.io.stored import STORAGE, RawArray
from lscli.text import printable, said

if TYPE_CHECKING:
    import torch

    from lscli.io.files import RegularFile
    from lscli.io.stored import StoredArray

_AGAIN = "save it again: torch.save({'logits': logits, 'labels': labels}, path)"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number that files before torch 1.6 begin with
_OLDEST = (2, 10)  # older ones have known holes in torch.load


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested tensor.

    Raises:
        InputError: the tensor is missing, sparse, or not contiguous and larger than 1 GiB; the pickle holds more than
            tensors; or the file is damaged.
        UsageError: torch is older than 2.10, whose `torch.load` is unsafe.
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
    """List the tensors of a file, and its other values by their type."""
    return [
        Entry(key, tuple(value.shape), str(value.dtype).removeprefix("torch."))
        if _is_tensor(value)
        else Entry(key, None, type(value).__name__)
        for key, value in _load(file).items()
    ]


def _load(file: RegularFile) -> dict[str, Any]:
    """The values in the file by key; a single value has the key ""."""
    _check_container(file)
    import torch

    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    if version < _OLDEST:
        what = f"torch {torch.__version__} is not safe to load files with"
        raise UsageError(what, "install torch 2.10 or newer", where=file.name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(file.path, map_location="cpu", weights_only=True, mmap=True)
    except (LscliError, MemoryError):
        raise
    except Exception as error:  # a hostile file can cause any exception
        file.check_unchanged()
        raise _refusal(file, error) from error
    if isinstance(loaded, dict):
        return {str(key): value for key, value in loaded.items()}
    if isinstance(loaded, list | tuple):
        return {str(place): value for place, value in enumerate(loaded)}
    return {"": loaded}


def _check_container(file: RegularFile) -> None:
    """Refuse files that `torch.load` cannot map, before torch is imported.

    Raises:
        InputError: the file is empty, a bare pickle, in torch's old form, or another zip archive.
    """
    start = file.read(16, 0)
    if not start:
        raise InputError("empty file", _AGAIN, where=file.name)
    if start.startswith(_LEGACY):
        hint = "save it again: torch.save(torch.load(path, weights_only=True), path)"
        raise InputError("a .pt file in the old form of torch", hint, where=file.name)
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
        what = "holds more than tensors: its pickle could run code, and is refused"
        return InputError(what, f"if you trust its writer, {_AGAIN}", where=file.name)
    what = said(str(error).partition("\n")[0][:200]) or type(error).__name__
    return InputError(f"corrupt archive: {what}", _AGAIN, where=file.name)


def _is_tensor(value: object) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


def _in_order(tensor: torch.Tensor, name: str) -> torch.Tensor:
    """The tensor itself if it is contiguous or sparse, else a contiguous copy: its rows cannot be read one by one."""
    import torch

    if tensor.layout != torch.strided or tensor.is_contiguous():
        return tensor
    if tensor.numel() * tensor.element_size() > MAX_FORTRAN:
        hint = "save it in order: torch.save(tensor.contiguous(), path)"
        raise InputError("its rows do not lie together, and it is larger than 1 GiB", hint, where=name)
    return tensor.contiguous()


def _in_place(file: RegularFile, tensor: torch.Tensor, name: str) -> RawArray | None:
    """The elements of a tensor at their place in the file; None if that is unknown or they need converting."""
    import torch

    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        return None
    if not tensor.is_contiguous() or not tensor.numel() or tensor.is_quantized or tensor.is_neg() or tensor.is_conj():
        return None
    element = str(tensor.dtype).removeprefix("torch.")
    if element not in STORAGE and element not in _INTEGERS:
        return None
    offset = _file_offset(tensor.data_ptr())
    size = tensor.numel() * tensor.element_size()
    if offset is None or offset + size > file.size:
        return None
    start = tensor.detach().reshape(-1).view(torch.uint8)[:4096].numpy().tobytes()
    if file.read(len(start), offset) != start:
        return None
    return RawArray(file, name, offset, tuple(tensor.shape), np.dtype(STORAGE.get(element, element)), element)


_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")


def _file_offset(address: int) -> int | None:
    """The offset in a mapped file of an address of this process, or None where the system does not report it."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            lines = [line.split(maxsplit=5)[:5] for line in maps]
    except OSError:  # not Linux
        return None
    for span, _, offset, _, inode in lines:
        start, stop = (int(end, 16) for end in span.split("-"))
        if start <= address < stop:
            return int(offset, 16) + address - start if int(inode) else None
    return None
