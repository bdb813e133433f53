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
from lscli.io.formats.numpy_pickle import is_numpy, numpy_in
from lscli.io.formats.pt_arrays import Arrays, Batches, Numbers, Size, shape_of, size_of
from lscli.io.formats.strided import BLOCK, gathered
from lscli.io.formats.torch_pickle import ForeignGlobalError, Pairs, PickleError, described
from lscli.io.formats.torch_tensors import SAVE, kind, tensor_in
from lscli.io.formats.zip_archive import Archive
from lscli.io.memory import MemoryArray
from lscli.io.shards import JoinedBatches
from lscli.io.stored import STORAGE, RawArray, check_shape
from lscli.text import listed, printable, printed, sized

if TYPE_CHECKING:
    from lscli.io.files import RegularFile
    from lscli.io.formats.pt_arrays import Array
    from lscli.io.formats.torch_pickle import Value
    from lscli.io.formats.torch_tensors import Tensor
    from lscli.io.stored import Bytes, StoredArray

_AGAIN = f"save it again: {SAVE}"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # the pickled number that files before torch 1.6 begin with
_TAR, _TAR_AT = b"ustar", 257  # before torch 0.1.10
_PLAIN = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "complex64", "complex128")
_SOME = 1 << 20  # instructions of a pickle
# Batches may refer to the same values: together they may have this many times the size of the file, or this many bytes.
_MAX_RATIO, _RATIO_FROM = 100, 64 << 20
_ITEM = 8  # bytes of a number of a list
_LONGEST = 60  # characters of a foreign name in an error


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested array.

    Raises:
        InputError: the array is missing, has no elements in rows, or is not contiguous and larger than 1 GiB; batches
            differ in more than their rows; the pickle holds more than arrays; or the file is damaged.
    """
    checkpoint = file.parsed(_Checkpoint)
    key, array = checkpoint.chosen(file.name, request)
    name = file.name if key is None else array_name(file.name, key)
    if isinstance(array, Batches):
        return checkpoint.joined(file, array, name, request)
    return checkpoint.opened(file, array, name)


def contents(file: RegularFile) -> list[Entry]:
    """List the arrays of a file, and its other values by their kind."""
    checkpoint = file.parsed(_Checkpoint)
    return [checkpoint.entry(file.name, key, value) for key, value in checkpoint.listed()]


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
            hint = "if it is an .npz archive, give it the suffix .npz"
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
        self._value = _value(file, self._read(file, "data.pkl"))
        self._arrays = Arrays(self._value)
        self._top = {} if self._arrays.whole is not None else _by_key(file, self._value, self._arrays)
        self._single = self._arrays.whole is not None or not isinstance(self._value, Pairs | list | tuple)
        self._sizes: dict[int, Size] = {}
        self._most = max(_RATIO_FROM, _MAX_RATIO * file.size)

    def listed(self) -> list[tuple[str | None, Value | Array]]:
        """The arrays by their paths, and other values by their keys unless arrays are in them."""
        arrays = self._arrays
        if self._single:
            return [(None, self._value if arrays.whole is None else arrays.whole)]
        below: dict[str, list[str]] = {}
        folders = {path: path.partition("/")[0] for path in arrays.found if path not in self._top}
        for path, folder in folders.items():
            below.setdefault(folder, []).append(path)
        found: list[tuple[str | None, Value | Array]] = []
        for key, value in self._top.items():
            inside = below.get(key, []) if key not in arrays.found else []
            found += [(path, arrays.found[path]) for path in inside] or [(key, arrays.found.get(key, value))]
        return found

    def entry(self, where: str, key: str | None, value: Value | Array) -> Entry:
        """An array as `inspect` lists it, or another value by its kind."""
        try:
            size = self._size(value, where)
        except InputError:  # opening it will report the error
            return Entry(key, None, kind(value) if not isinstance(value, Batches | Numbers) else "list")
        return Entry(key, size.shape, size.element)

    def chosen(self, where: str, request: ArrayRequest) -> tuple[str | None, Value | Array]:
        """The path of the requested array, or None if the file is a single one; and the array, or another value.

        Raises:
            InputError: the key is missing, or the choice is ambiguous.
        """
        arrays, found = self._arrays, self._arrays.found
        if request.key is not None:
            value = arrays.at(request.key)
            if request.key in arrays.doubled:
                what = f"two of its keys read {printed(request.key)!r}, such as a number and its text"
                raise InputError(what, f"give the tensors different names: {SAVE}", where=where)
            if value is not None:
                return request.key, self._proved(where, request, request.key, value)
        if self._single:
            if request.key is not None:
                raise InputError(
                    f"holds one {self._called()}, and no {printed(request.key)!r}",
                    f"leave out {request.option}",
                    where=where,
                )
            if request.shared and request.role == "labels":
                raise InputError("holds one tensor, and no labels", "name the file of the labels", where=where)
            return None, self._value if arrays.whole is None else arrays.whole
        if request.key is None and request.role not in self._top:
            named = [path for path in found if path.rpartition("/")[2] == request.role]
            if len(named) > 1:
                hint = f"name one with {request.option}: {listed(named)}"
                if not request.option:
                    hint = f"save one as {request.role!r}: it holds {listed(named)}"
                raise InputError(f"holds {len(named)} arrays called {request.role}", hint, where=where)
            if named:
                return named[0], found[named[0]]
        if not found and request.key is None and request.role not in self._top and len(self._top) > 1:
            tensor_in(self._value, where)  # raises an error: the file holds no array
        keys = self._top if request.key is None and request.role in self._top else found or self._top
        key = choose(where, keys, request, f"save tensors: {SAVE}")
        return key, self._proved(where, request, key, found.get(key, self._top.get(key)))

    def _size(self, value: object, where: str) -> Size:
        """The size of an array, found once for all references to it."""
        if id(value) not in self._sizes:
            self._sizes[id(value)] = size_of(value, where)
        return self._sizes[id(value)]

    def opened(self, file: RegularFile, array: object, name: str) -> StoredArray:
        """Open an array that is not a list of batches.

        Raises:
            InputError: it cannot be used.
        """
        if isinstance(array, Numbers):
            return self._numbers(array, name)
        if is_numpy(array):
            values = numpy_in(array, name).values()
            return MemoryArray(values, name)
        tensor = tensor_in(array, name)
        source = self._record(file, tensor, name)
        opened = self._tensor(source, tensor, name)
        if isinstance(opened, MemoryArray):
            source.close()
        return opened

    def joined(self, file: RegularFile, batches: Batches, name: str, request: ArrayRequest) -> StoredArray:
        """Open batches as one array; a record that several of them share is checked once.

        Raises:
            InputError: one of them cannot be used, they differ in more than their rows, or refer to the same values
                again and again.
        """
        sources: dict[str, Bytes] = {}
        parts: list[StoredArray] = []
        if self._size(batches, name).elements * _ITEM > self._most:
            what = f"its {len(batches.parts)} batches refer to more values than the file holds, as malicious files do"
            raise InputError(what, f"save tensors: {SAVE}", where=name)
        for place, array in enumerate(batches.parts):
            own = f"{name}[{place}]"
            if isinstance(array, Numbers) or is_numpy(array):
                part = self.opened(file, array, own)
            else:
                tensor = tensor_in(array, own)
                if tensor.record not in sources:
                    sources[tensor.record] = self._record(file, tensor, own)
                part = self._tensor(sources[tensor.record], tensor, own)
            parts.append(part if part.shape else part.reshaped((1,)))
        widths = {part.shape for part in parts}
        if request.wants == "matrix" and len(parts) > 1 and len(widths) == 1 and len(parts[0].shape) == 1:
            what = f"a list of {len(parts)} arrays of shape {parts[0].shape}, which may be rows or parts of one row"
            raise InputError(what, STACKED, where=name)
        return JoinedBatches(parts, name, [*sources.values()] or [file])

    def _read(self, file: RegularFile, record: str) -> bytes:
        """All of a small record."""
        source = self._archive.opened(file, self._archive.members[f"{self._folder}/{record}"], file.name)
        data = source.read(source.size, 0)
        source.verify()
        return data

    def _proved(self, where: str, request: ArrayRequest, key: str, value: Value | Array) -> Value | Array:
        """A value that a key leads to, unless it is a container of arrays."""
        inside = self._arrays.inside(key)
        if isinstance(value, Pairs | list) and inside:
            hint = f"name an array in it with {request.option}: {listed(inside)}"
            if not request.option:
                hint = f"save one as {request.role!r}: it holds {listed(inside)}"
            what = f"{printed(key)!r} is a {kind(value)} of arrays"
            raise InputError(what, hint, where=where)
        return value

    def _called(self) -> str:
        """What the file is, in a word or two."""
        return "list of batches" if isinstance(self._arrays.whole, Batches) else kind(self._value)

    def _numbers(self, array: Numbers, name: str) -> MemoryArray:
        shape, element = shape_of(array, name)
        if math.prod(shape) * _ITEM > self._most:
            what = f"its {len(array.values)} lists refer to more values than the file holds, as malicious files do"
            raise InputError(what, f"save tensors: {SAVE}", where=name)
        try:
            return MemoryArray(np.array(array.values, element), name)
        except OverflowError as error:
            what = "a list with a number that is too large for its type"
            raise InputError(what, f"save tensors: {SAVE}", where=name) from error

    def _record(self, file: RegularFile, tensor: Tensor, name: str) -> Bytes:
        """Open the record with the elements of a tensor."""
        record = self._archive.members.get(f"{self._folder}/{tensor.record}")
        if record is None:
            raise _corrupt(name, f"its record {printed(tensor.record)} is missing")
        return self._archive.opened(file, record, name)

    def _tensor(self, source: Bytes, tensor: Tensor, name: str) -> StoredArray:
        """Open a tensor, after its record was found to hold all of its storage.

        Raises:
            InputError: it does not, the type of its elements is unknown, or the tensor is not contiguous and larger
                than 1 GiB.
        """
        if tensor.element not in STORAGE and tensor.element not in _PLAIN:
            raise InputError(f"a tensor of dtype torch.{tensor.element}", "save tensor.float()", where=name)
        dtype = np.dtype(STORAGE.get(tensor.element, tensor.element)).newbyteorder(self._order)
        check_shape(tensor.shape, dtype.itemsize, name)
        stored = tensor.stored * (1 if tensor.untyped else dtype.itemsize)
        if not stored <= source.size < stored + dtype.itemsize:  # a storage may end with a part of an element
            raise _corrupt(name, f"its record has {source.size} bytes, its storage {stored}")
        if tensor.overlapping and max(tensor.end, math.prod(tensor.shape)) * dtype.itemsize > BLOCK:
            what = "its elements are used more than once, as after expand"
            raise InputError(what, "save tensor.clone()", where=name)
        if tensor.end * dtype.itemsize > stored:
            raise _corrupt(name, "the tensor ends after its record")
        if tensor.contiguous and not tensor.negative:
            return RawArray(source, name, tensor.offset * dtype.itemsize, tensor.shape, dtype, tensor.element)
        return _in_memory(source, tensor, dtype, name)


STACKED = "stack rows: torch.save({'logits': torch.stack(logits), 'labels': labels}, path)"
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


def _by_key(file: RegularFile, value: Value, arrays: Arrays) -> dict[str, Value]:
    """The values of a dict by key, of a list by place or by the keys of its batches; empty for a single value."""
    if isinstance(value, Pairs):
        for key, _ in value.items:
            if type(key) not in (str, int):
                hint = f"give the tensors names: {SAVE}"
                raise InputError(f"a key is a {kind(key)}, neither text nor a whole number", hint, where=file.name)
    found: dict[str, Value] = {}
    for name, part in arrays.children(value):
        if name in found:
            what = f"two of its keys read {printed(name)!r}, such as a number and its text"
            raise InputError(what, f"give the tensors different names: {SAVE}", where=file.name)
        found[name] = part
    return found


def _in_memory(source: Bytes, tensor: Tensor, dtype: np.dtype[Any], name: str) -> MemoryArray:
    """Read all of a tensor whose rows cannot be read one by one."""
    if math.prod(tensor.shape) * dtype.itemsize > MAX_FORTRAN:
        what = f"its rows do not lie together, and it is larger than {sized(MAX_FORTRAN)}"
        raise InputError(what, "save it in order: torch.save(tensor.contiguous(), path)", where=name)
    if tensor.negative and tensor.element not in STORAGE:
        raise InputError("a tensor that was left to be negated", "save tensor.resolve_neg()", where=name)
    values = gathered(source, tensor.offset, tensor.shape or (1,), tensor.strides or (1,), dtype)
    source.check_unchanged()
    source.verify()
    if tensor.negative:
        bits = values.view(dtype.str.replace("f", "u"))
        bits ^= bits.dtype.type(1 << 8 * dtype.itemsize - 1)
    return MemoryArray(values.reshape(tensor.shape), name, bfloat16=tensor.element == "bfloat16")


def _corrupt(name: str, why: str) -> InputError:
    return InputError(f"corrupt archive: {why}", _AGAIN, where=name)
