"""`.pt` and `.pth` files of torch: a zip archive of a pickle that describes the tensors, and a record for each storage.

torch is not needed. The pickle is read as a description and never run (`torch_pickle.py`), the directory of the archive
describes every byte (`zip_archive.py`), and the rows are read from the record itself. So memory is flat, a record
that is cut off, shorter than its storage or changed is an error, and so is a file that changes while it is read.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, array_name, choose
from lscli.io.formats.npy import MAX_FORTRAN
from lscli.io.formats.strided import BLOCK, gathered
from lscli.io.formats.torch_pickle import ForeignGlobalError, Pairs, PickleError, described
from lscli.io.formats.torch_tensors import JOINED, SAVE, is_tensor, kind, tensor_in
from lscli.io.formats.zip_archive import Archive
from lscli.io.memory import MemoryArray
from lscli.io.stored import STORAGE, RawArray, check_shape
from lscli.text import listed, printable, printed, sized

if TYPE_CHECKING:
    from lscli.io.files import RegularFile
    from lscli.io.formats.torch_pickle import Value
    from lscli.io.formats.torch_tensors import Tensor
    from lscli.io.stored import Bytes, StoredArray

_AGAIN = f"save it again: {SAVE}"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number that files before torch 1.6 begin with
_TAR, _TAR_AT = b"ustar", 257  # before torch 0.1.10
_PLAIN = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128")
_SOME = 1 << 20  # instructions of a pickle
_LONGEST = 60  # characters of a foreign name in an error


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested tensor.

    Raises:
        InputError: the tensor is missing, has no elements in rows, or is not contiguous and larger than 1 GiB; the
            pickle holds more than tensors; or the file is damaged.
    """
    checkpoint = file.parsed(_Checkpoint)
    key = checkpoint.chosen(file.name, request)
    name = file.name if key is None else array_name(file.name, key)
    tensor = tensor_in(checkpoint.values[key], name)
    if tensor.element not in STORAGE and tensor.element not in _PLAIN:
        raise InputError(f"a tensor of dtype torch.{tensor.element}", "save tensor.float()", where=name)
    return checkpoint.opened(file, tensor, name)


def contents(file: RegularFile) -> list[Entry]:
    """List the tensors of a file, and its other values by their kind."""
    found = []
    for key, value in file.parsed(_Checkpoint).values.items():
        try:
            tensor = tensor_in(value, file.name)
            found.append(Entry(key, tensor.shape, tensor.element))
        except InputError:  # opening it will report the error
            found.append(Entry(key, None, kind(value)))
    return found


class _Checkpoint:
    """What `torch.save` saved in a file.

    Attributes:
        values: the values of a dict by their keys, those of a list by their places, or a single value by None.

    Raises:
        InputError: the file is empty, a bare pickle, in torch's old form, another zip archive, or damaged.
    """

    def __init__(self, file: RegularFile) -> None:
        _check_container(file)
        self._archive = Archive(file, _AGAIN)
        members = self._archive.members
        folders = [name.partition("/")[0] for name in members if name.partition("/")[2] == "data.pkl"]
        if len(folders) != 1:
            hint = "if it is an .npz file, give it that suffix"
            hint = hint if any(name.endswith(".npy") for name in members) else f"save tensors: {SAVE}"
            raise InputError("a zip archive that torch did not write", hint, where=file.name)
        self._folder = folders[0]
        if f"{self._folder}/constants.pkl" in members:
            raise InputError("holds a TorchScript program, not tensors", f"save tensors: {SAVE}", where=file.name)
        if not any(member.CRC for member in members.values()):
            hint = "call torch.serialization.set_crc32_options(True) before you save it"
            raise InputError("was saved without checksums", hint, where=file.name)
        order = self._read(file, "byteorder") if f"{self._folder}/byteorder" in members else b"little"
        if order not in _ORDERS:
            raise _corrupt(file.name, "its byte order is unknown")
        self._order = _ORDERS[order]
        value = _value(file, self._read(file, "data.pkl"))
        self._list = isinstance(value, list | tuple)
        self.values = _by_key(file, value)
        self._keys = {key: part for key, part in self.values.items() if key is not None}
        self._tensors = {key: part for key, part in self._keys.items() if is_tensor(part)}

    def chosen(self, where: str, request: ArrayRequest) -> str | None:
        """The key of the requested tensor; None if the file is a single value.

        Raises:
            InputError: the key is missing, or the choice is ambiguous.
        """
        if None in self.values:
            if request.key is not None:
                raise InputError(
                    f"holds one {kind(self.values[None])}, and no {printed(request.key)!r}",
                    f"leave out {request.option}",
                    where=where,
                )
            if request.shared and request.role == "labels":
                raise InputError("holds one tensor, and no labels", "name the file of the labels", where=where)
            return None
        keys, tensors = self._keys, self._tensors
        if request.key is not None or request.role in keys or not tensors:
            return choose(where, keys, request, f"save tensors: {SAVE}")
        if self._list and len(tensors) > 1 and not request.shared:
            widths = {tensor_in(value, where).shape[1:] for value in tensors.values()}
            if len(widths) == 1 and widths != {()}:
                hint = (
                    f"if they are batches, join them: {JOINED}; if not, name one with {request.option}: {listed(keys)}"
                )
                raise InputError(f"holds {len(tensors)} tensors without names", hint, where=where)
        return choose(where, tensors, request, f"save tensors: {SAVE}")

    def opened(self, file: RegularFile, tensor: Tensor, name: str) -> StoredArray:
        """Open a tensor, after its record was found to hold all of its storage.

        Raises:
            InputError: it does not, or the tensor is not contiguous and larger than 1 GiB.
        """
        dtype = np.dtype(STORAGE.get(tensor.element, tensor.element)).newbyteorder(self._order)
        check_shape(tensor.shape, dtype.itemsize, name)
        stored = tensor.stored * (1 if tensor.untyped else dtype.itemsize)
        record = self._archive.members.get(f"{self._folder}/{tensor.record}")
        if record is None:
            raise _corrupt(name, f"its record {printed(tensor.record)} is missing")
        if not stored <= record.file_size < stored + dtype.itemsize:  # a storage may end with a part of an element
            raise _corrupt(name, f"its record has {record.file_size} bytes, its storage {stored}")
        if tensor.overlapping and max(tensor.end, math.prod(tensor.shape)) * dtype.itemsize > BLOCK:
            what = "its elements are used more than once, as after expand"
            raise InputError(what, "save tensor.clone()", where=name)
        if tensor.end * dtype.itemsize > stored:
            raise _corrupt(name, "the tensor ends after its record")
        source = self._archive.opened(file, record, name)
        if tensor.contiguous and not tensor.negative:
            return RawArray(source, name, tensor.offset * dtype.itemsize, tensor.shape, dtype, tensor.element)
        return _in_memory(source, tensor, dtype, name)

    def _read(self, file: RegularFile, record: str) -> bytes:
        """All of a small record."""
        source = self._archive.opened(file, self._archive.members[f"{self._folder}/{record}"], file.name)
        data = source.read(source.size, 0)
        source.verify()
        return data


_ORDERS: dict[bytes, Literal["<", ">"]] = {b"little": "<", b"big": ">"}


def _check_container(file: RegularFile) -> None:
    """Refuse files that are no zip archive, by their first bytes."""
    start = file.read(_TAR_AT + len(_TAR), 0)
    if not start:
        raise InputError("empty file", f"save tensors: {SAVE}", where=file.name)
    if start.startswith(_LEGACY):
        hint = "save it again: torch.save(torch.load(path, weights_only=True), path)"
        raise InputError("a .pt file in the old form of torch", hint, where=file.name)
    if start.endswith(_TAR):
        hint = f"load it with the torch that wrote it, and save the tensors: {SAVE}"
        raise InputError("a .pt file in the oldest form of torch, a tar archive", hint, where=file.name)
    if start[:1] == b"\x80":
        raise InputError("a bare pickle, which is refused and never loaded", f"save tensors: {SAVE}", where=file.name)


def _value(file: RegularFile, pickle: bytes) -> Value:
    try:
        # A pickle that is stored has fewer instructions than its file has bytes; a compressed one may expand.
        return described(pickle, _SOME + file.size)
    except ForeignGlobalError as error:
        what = "holds more than tensors: its pickle could run code, and is refused"
        found = printable(str(error)[:_LONGEST])
        hint = f"it holds {found}; if you trust its writer, load it with torch and save the tensors alone: {SAVE}"
        raise InputError(what, hint, where=file.name) from error
    except PickleError as error:
        raise _corrupt(file.name, str(error)) from error


def _by_key(file: RegularFile, value: Value) -> dict[str | None, Value]:
    """The values of a dict by key, of a list by place, or a single value by None."""
    if isinstance(value, list | tuple):
        return {str(place): part for place, part in enumerate(value)}
    if not isinstance(value, Pairs):
        return {None: value}
    found: dict[str | None, Value] = {}
    for key, part in value.items:
        if type(key) not in (str, int):
            hint = f"give the tensors names: {SAVE}"
            raise InputError(f"a key is a {kind(key)}, neither text nor a whole number", hint, where=file.name)
        if str(key) in found:
            what = f"two of its keys read {printed(str(key))!r}, such as a number and its text"
            raise InputError(what, f"give the tensors different names: {SAVE}", where=file.name)
        found[str(key)] = part
    return found


def _in_memory(source: Bytes, tensor: Tensor, dtype: np.dtype[Any], name: str) -> MemoryArray:
    """Read all of a tensor whose rows cannot be read one by one, and close the file."""
    if math.prod(tensor.shape) * dtype.itemsize > MAX_FORTRAN:
        what = f"its rows do not lie together, and it is larger than {sized(MAX_FORTRAN)}"
        raise InputError(what, "save it in order: torch.save(tensor.contiguous(), path)", where=name)
    if tensor.negative and tensor.element not in STORAGE:
        raise InputError("a tensor that was left to be negated", "save tensor.resolve_neg()", where=name)
    values = gathered(source, tensor.offset, tensor.shape or (1,), tensor.strides or (1,), dtype)
    source.check_unchanged()
    source.verify()
    source.close()
    if tensor.negative:
        bits = values.view(dtype.str.replace("f", "u"))
        bits ^= bits.dtype.type(1 << 8 * dtype.itemsize - 1)
    return MemoryArray(values.reshape(tensor.shape), name, bfloat16=tensor.element == "bfloat16")


def _corrupt(name: str, why: str) -> InputError:
    return InputError(f"corrupt archive: {why}", _AGAIN, where=name)
