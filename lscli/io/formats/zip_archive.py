"""Zip archives, as numpy and torch write them: members that are read at a position, with their checksums.

The directory at the end of an archive has to describe every byte of the file. What lies before, between or behind the
members is refused: two files that were joined end to end would otherwise be read as the last of them.
"""

from __future__ import annotations

import lzma
import os
import struct
import threading
import zipfile
import zlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from lscli.errors import InputError, ReadWriteError
from lscli.io.formats.crc import Pieces
from lscli.io.stored import Checked
from lscli.text import said, sized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.stored import Bytes

# Real logits compress to a few per cent of their size at best; a decompression bomb to a thousandth.
_MAX_RATIO, _RATIO_FROM = 100, 64 << 20
# The dictionary of `xz -9`; a header may claim 4 GiB, which are allocated before a byte is decompressed.
_MAX_DICTIONARY = 64 << 20
_PIECE = 1 << 18  # bytes decompressed at a time: zipfile copies the rest of its buffer on every read
# Checksums of smaller pieces take longer to combine than the bytes to read again: `verify` reads these.
_WORTH_KEEPING = 1 << 14
_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_ENCRYPTED, _STREAMED, _UTF8, _PATCHED = 0x1, 0x8, 0x800, 0x20 | 0x40  # flags; `_PATCHED` is not read by zipfile
_LOCAL = struct.Struct("<4s2xHH16xHH")  # signature, flags, compression, lengths of name and extra field
_ENTRY = 46  # bytes of a member's entry in the directory, without its name, extra field and comment
_END, _ZIP64_END = 22, 56 + 20  # bytes of the record that ends an archive, and of the two of a zip64 archive before it
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError, OverflowError)


class Archive:
    """The directory of an archive. It keeps no file open, so that all arrays of a file can share it.

    Args:
        file: the archive; may be closed afterwards.
        again: a hint on how to write such an archive again.

    Attributes:
        members: the members by name, in the order of the directory.

    Raises:
        InputError: the file is not an archive, or its directory does not describe every byte.
        ReadWriteError: it cannot be read.
    """

    def __init__(self, file: RegularFile, again: str) -> None:
        self._again = again
        try:
            with file.stream() as stream, zipfile.ZipFile(stream) as archive:
                listed, directory = archive.infolist(), archive.start_dir
        except (*_DAMAGE, OSError) as error:
            _explain(file, error, again)
        if not file.read(4, 0).startswith(_MAGIC):
            raise self._corrupt(file, "other bytes come before it")
        self.members = {member.filename: member for member in listed}
        if len(self.members) < len(listed):
            raise InputError("holds two members with the same name", again, where=file.name)
        self._starts = self._proved(file, listed, directory)

    def opened(self, file: RegularFile, member: zipfile.ZipInfo, name: str) -> Bytes:
        """Open a member.

        Args:
            file: the archive, closed with the member.
            member: one of `members`.
            name: its name in errors.

        Raises:
            InputError: it is encrypted, expands as malicious archives do, or its compression is unknown.
        """
        if member.flag_bits & _ENCRYPTED:
            raise InputError("encrypted archives are refused", self._again, where=name)
        start = self._starts[member.filename]
        if member.compress_type == zipfile.ZIP_STORED:
            return _Stored(file, member, start, name, self._again)
        if member.file_size > _RATIO_FROM and member.file_size > _MAX_RATIO * member.compress_size:
            what = f"expands {member.file_size // max(1, member.compress_size)}-fold, as malicious archives do"
            raise InputError(what, f"if you trust it, {self._again}, uncompressed", where=name)
        if member.compress_type == zipfile.ZIP_LZMA:
            dictionary = int.from_bytes(file.read(4, start + 5), "little")  # after 5 bytes of properties
            if dictionary > _MAX_DICTIONARY:
                raise InputError(f"unpacking it takes {sized(dictionary)} of memory", self._again, where=name)
        return _Packed(file, member, start, name, self._again)

    def _proved(self, file: RegularFile, listed: list[zipfile.ZipInfo], directory: int) -> dict[str, int]:
        """The offsets of the members' data, after it was checked that nothing lies outside of the members."""
        starts, position = {}, 0
        for member in sorted(listed, key=attrgetter("header_offset")):
            if member.header_offset != position:
                raise self._corrupt(file, _JOINED if member.header_offset > position else "two members overlap")
            start = self._start(file, member)
            starts[member.filename] = start
            position = start + member.compress_size
            if member.flag_bits & _STREAMED:
                position += self._descriptor(file, member, position)
        entries = sum(_ENTRY + len(_stored_name(member)) + len(member.extra) + len(member.comment) for member in listed)
        behind = file.size - directory - entries
        zip64 = behind == _ZIP64_END + _END and file.read(4, directory + entries) == b"PK\x06\x06"
        if position != directory or not (behind == _END or zip64):
            raise self._corrupt(file, _JOINED)
        return starts

    def _start(self, file: RegularFile, member: zipfile.ZipInfo) -> int:
        """The offset of a member's data, after its own header is checked against the directory."""
        # The header repeats the name; its extra field may differ in length from the directory's.
        name = _stored_name(member)
        header = file.read(_LOCAL.size + len(name), member.header_offset)
        if len(header) < _LOCAL.size + len(name):
            raise self._corrupt(file, "bad local header")
        signature, flags, compression, length, extra = _LOCAL.unpack_from(header)
        expected = b"PK\x03\x04", member.compress_type, len(name), name
        if expected != (signature, compression, length, header[_LOCAL.size :]):
            raise self._corrupt(file, "bad local header")
        if (flags ^ member.flag_bits) & _STREAMED or member.flag_bits & _PATCHED:
            raise self._corrupt(file, "bad local header")
        start: int = member.header_offset + _LOCAL.size + length + extra
        if start + member.compress_size > file.size:
            raise self._corrupt(file, "a member ends after the file")
        if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
            raise self._corrupt(file, "an uncompressed member has two sizes")
        return start

    def _descriptor(self, file: RegularFile, member: zipfile.ZipInfo, position: int) -> int:
        """The length of the record with checksum and sizes that follows a member written as a stream.

        Its sizes have 4 or 8 bytes, and its signature may be missing.
        """
        found = file.read(24, position)
        for sizes in ("<LLL", "<LQQ"):
            try:
                expected = struct.pack(sizes, member.CRC, member.compress_size, member.file_size)
            except struct.error:  # too large for 4 bytes
                continue
            for record in (b"PK\x07\x08" + expected, expected):
                if found.startswith(record):
                    return len(record)
        raise self._corrupt(file, "the record behind a member is wrong")

    def _corrupt(self, file: RegularFile, why: str) -> InputError:
        return InputError(f"corrupt archive: {why}", self._again, where=file.name)


_JOINED = "it has bytes that belong to no member, as if files had been joined"


class _Stored(Checked):
    """A member that is stored uncompressed."""

    sequential = False

    def __init__(self, file: RegularFile, member: zipfile.ZipInfo, start: int, name: str, again: str) -> None:
        self.name = name
        self.size = member.file_size
        self._source: RegularFile = file
        self._crc = member.CRC
        self._start = start
        self._pieces = Pieces()
        self._again = again

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
            raise InputError("corrupt archive: the checksum of its data is wrong", self._again, where=self._source.name)


class _Packed(Checked):
    """A member that is decompressed as it is read; reading backward starts again at the beginning."""

    sequential = True

    def __init__(self, file: RegularFile, member: zipfile.ZipInfo, start: int, name: str, again: str) -> None:
        self.name = name
        self.size = member.file_size
        self._source: RegularFile = file
        self._again = again
        self._lock = threading.Lock()
        stream = file.stream()
        stream.seek(start)
        try:
            self._stream = zipfile.ZipExtFile(stream, "r", member)
        except (*_DAMAGE, OSError) as error:
            _explain(file, error, again)

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # arrays have a buffer, their stubs do not
        with self._lock:
            try:
                if offset != self._stream.tell():
                    self._stream.seek(offset)
                done = 0
                while done < len(view):
                    count = self._stream.readinto(view[done : done + _PIECE])
                    if not count:
                        raise EOFError("a member ends early")
                    done += count
                if offset + done == self.size:
                    self._stream.read(1)  # zipfile compares the checksum at the end
            except (*_DAMAGE, OSError) as error:
                self.check_unchanged()
                _explain(self._source, error, self._again)

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


def _stored_name(member: zipfile.ZipInfo) -> bytes:
    """The name of a member as the archive has it."""
    return member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8 else "cp437")


def _explain(file: RegularFile, error: BaseException, again: str) -> NoReturn:
    # An OSError without a number is bz2's error for damaged data.
    if isinstance(error, OSError) and error.errno is not None:
        what = f"cannot be read: {os.strerror(error.errno)}"
        raise ReadWriteError(what, "check the disk", where=file.name) from error
    raise InputError(f"corrupt archive: {said(error)}", again, where=file.name) from error
