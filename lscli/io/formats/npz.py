"""Members of `.npz` archives: stored ones are read in place, compressed ones as a stream.

Either way a member is a `.npy` array, with the same checks and flat memory, and its checksum is compared.
"""

from __future__ import annotations

import lzma
import os
import threading
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lscli.errors import InputError, ReadWriteError
from lscli.io.array_request import ArrayRequest, Entry, choose
from lscli.io.formats.crc import Pieces
from lscli.io.formats.npy import open_npy
from lscli.io.formats.npy_header import read_header
from lscli.io.stored import Checked
from lscli.text import printable, said, sized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.stored import Bytes, StoredArray

_AGAIN = "save it again with np.savez"
# Real logits compress to a few per cent of their size at best; a decompression bomb to a thousandth.
_MAX_RATIO, _RATIO_FROM = 100, 64 << 20
# The dictionary of `xz -9`; a header may claim 4 GiB, which are allocated before a byte is decompressed.
_MAX_DICTIONARY = 64 << 20
_LOCAL_HEADER = 30
_PIECE = 1 << 18  # bytes decompressed at a time: zipfile copies the rest of its buffer on every read
# Checksums of smaller pieces take longer to combine than the bytes to read again: `verify` reads these.
_WORTH_KEEPING = 1 << 14
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_UTF8, _PATCHED = 0x800, 0x20 | 0x40  # flags of a member: a UTF-8 name, and features that zipfile does not support
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError, OverflowError)


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested member.

    Raises:
        InputError: there is no such member, the choice is ambiguous, or the archive is damaged.
        ReadWriteError: it cannot be read.
    """
    archive, members = _archive(file)
    key = choose(file.name, list(members), request, _AGAIN)
    name = f"{file.name}[{printable(key)}]"
    opened = _opened(file, archive, members[key], name)
    return open_npy(opened, name, allow_trailing=request.allow_trailing, dtype=request.dtype)


def contents(file: RegularFile) -> list[Entry]:
    """List the arrays of an archive, from the headers of its members."""
    found = []
    archive, members = _archive(file)
    for key, member in members.items():
        name = f"{file.name}[{printable(key)}]"
        header = read_header(_opened(file, archive, member, name), name)
        found.append(Entry(key, header.shape, header.dtype.name))
    return found


def _archive(file: RegularFile) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """The archive, usable while the file is open, and its members by key."""
    try:
        archive = zipfile.ZipFile(file.stream())
    except (*_DAMAGE, OSError) as error:
        _explain(file, error)
    if not file.read(4, 0).startswith(_MAGIC):
        raise _corrupt(file, "other bytes come before it")
    members = archive.infolist()
    by_key = {member.filename.removesuffix(".npy"): member for member in members}
    if len(by_key) < len(members):
        raise InputError("holds two arrays with the same name", _AGAIN, where=file.name)
    if not by_key:
        raise InputError("the archive is empty", _AGAIN, where=file.name)
    return archive, by_key


def _opened(file: RegularFile, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> Bytes:
    if member.flag_bits & 0x1:
        raise InputError("encrypted archives are refused", "save it with np.savez", where=name)
    start = _data_offset(file, member)
    if member.compress_type == zipfile.ZIP_STORED:
        return _Stored(file, member, start, name)
    if member.file_size > _RATIO_FROM and member.file_size > _MAX_RATIO * member.compress_size:
        what = f"expands {member.file_size // max(1, member.compress_size)}-fold, as malicious archives do"
        raise InputError(what, "if you trust it, save it uncompressed with np.savez", where=name)
    if member.compress_type == zipfile.ZIP_LZMA:
        dictionary = int.from_bytes(file.read(4, start + 5), "little")  # after 5 bytes of properties
        if dictionary > _MAX_DICTIONARY:
            raise InputError(f"unpacking it takes {sized(dictionary)} of memory", _AGAIN, where=name)
    return _Packed(file, archive, member, name)


class _Stored(Checked):
    """A member that is stored uncompressed."""

    sequential = False

    def __init__(self, file: RegularFile, member: zipfile.ZipInfo, start: int, name: str) -> None:
        self.name = name
        self.size = member.file_size
        self._source: RegularFile = file
        self._crc = member.CRC
        self._start = start
        self._pieces = Pieces()

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        self._source.read_into(buffer, self._start + offset)
        if memoryview(buffer).nbytes >= _WORTH_KEEPING:  # type: ignore[arg-type]  # arrays have a buffer, their stubs do not
            self._pieces.add(offset, buffer)

    def read(self, count: int, offset: int) -> bytes:
        data = self._source.read(max(0, min(count, self.size - offset)), self._start + offset)
        self._pieces.add(offset, data)
        return data

    def verify(self) -> None:
        if self._pieces.total(self.size, self.read) != self._crc:
            raise InputError("corrupt archive: the checksum of its data is wrong", _AGAIN, where=self._source.name)


class _Packed(Checked):
    """A member that is decompressed as it is read; reading backward starts again at the beginning."""

    sequential = True

    def __init__(self, file: RegularFile, archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> None:
        self.name = name
        self.size = member.file_size
        self._source: RegularFile = file
        self._lock = threading.Lock()
        try:
            self._stream = archive.open(member)
        except (*_DAMAGE, OSError) as error:
            _explain(file, error)

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # arrays have a buffer, their stubs do not
        with self._lock:
            try:
                if offset != self._stream.tell():
                    self._stream.seek(offset)
                done = 0
                while done < len(view):
                    count = self._stream.readinto(view[done : done + _PIECE])  # type: ignore[attr-defined]  # a buffered reader
                    if not count:
                        raise EOFError("a member ends early")
                    done += count
                if offset + done == self.size:
                    self._stream.read(1)  # zipfile compares the checksum at the end
            except (*_DAMAGE, OSError) as error:
                self.check_unchanged()
                _explain(self._source, error)

    def read(self, count: int, offset: int) -> bytes:
        data = bytearray(max(0, min(count, self.size - offset)))
        self.read_into(data, offset)
        return bytes(data)

    def verify(self) -> None:
        """Read the rest: zipfile compares the checksum at the end."""
        block = np.empty(1 << 20, np.uint8)
        with self._lock:
            position = self._stream.tell()
        for start in range(position, self.size, len(block)):
            self.read_into(block[: self.size - start], start)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _data_offset(file: RegularFile, member: zipfile.ZipInfo) -> int:
    """The offset of a member's data, after its local header is checked against the archive's directory."""
    # The local header repeats the name; its extra field may differ in length from the directory's.
    local = file.read(_LOCAL_HEADER, member.header_offset) if member.header_offset >= 0 else b""
    if len(local) < _LOCAL_HEADER or local[:4] != b"PK\x03\x04":
        raise _corrupt(file, "bad local header")
    length, extra = int.from_bytes(local[26:28], "little"), int.from_bytes(local[28:30], "little")
    called = file.read(length, member.header_offset + _LOCAL_HEADER)
    encoding = "utf-8" if member.flag_bits & _UTF8 else "cp437"
    if called.decode(encoding, "replace") != member.orig_filename or member.flag_bits & _PATCHED:
        raise _corrupt(file, "bad local header")
    offset = member.header_offset + _LOCAL_HEADER + length + extra
    if offset + member.compress_size > file.size:
        raise _corrupt(file, "a member ends after the file")
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        raise _corrupt(file, "an uncompressed member has two sizes")
    return offset


def _corrupt(file: RegularFile, why: object) -> InputError:
    return InputError(f"corrupt archive: {said(why)}", _AGAIN, where=file.name)


def _explain(file: RegularFile, error: BaseException) -> NoReturn:
    # An OSError without a number is bz2's error for damaged data.
    if isinstance(error, OSError) and error.errno is not None:
        what = f"cannot be read: {os.strerror(error.errno)}"
        raise ReadWriteError(what, "check the disk", where=file.name) from error
    raise _corrupt(file, error) from error
