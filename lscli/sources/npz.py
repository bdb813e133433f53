"""Members of `.npz` archives: stored ones are read in place, deflated ones through a temporary file.

Either way the array is then a `.npy` in a regular file, with the same checks and flat memory.
"""

from __future__ import annotations

import lzma
import os
import tempfile
import zipfile
import zlib
from typing import TYPE_CHECKING

from lscli.errors import InputError, ReadWriteError
from lscli.sources.files import RegularFile
from lscli.sources.npy import NpyArray
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLOCK = 1 << 20
# Real logits deflate to no less than a few per cent of their size; a bomb to a thousandth.
_MAX_RATIO, _RATIO_FROM = 100, 64 << 20
_LOCAL_HEADER = 30
_DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError)


def open_member(
    file: RegularFile, key: str | None, default: str, option: str, *, allow_trailing: bool = False
) -> NpyArray:
    """The array that `key` names; without a key the one called `default`, or the only one.

    Raises:
        InputError: no such member, a choice that only the user can make, or a damaged archive.
    """
    try:
        with file.stream() as stream, zipfile.ZipFile(stream) as archive:
            member = _choose(file.name, archive.infolist(), key, default, option)
            name = f"{file.name}[{_key(member)}]"
            if member.flag_bits & 0x1:
                raise InputError("encrypted archives are refused", "save it with np.savez", where=name)
            if member.compress_type == zipfile.ZIP_STORED:
                start = _data_offset(file, member)
                return NpyArray(file, name, start, member.file_size, allow_trailing=allow_trailing)
            spooled = _spool(archive, member, name)
    except _DAMAGE as error:
        raise InputError(f"corrupt archive: {error}", "save it again with np.savez", where=file.name) from error
    except OSError as error:
        what = f"cannot be read: {os.strerror(error.errno or 0)}"
        raise ReadWriteError(what, "check the disk", where=file.name) from error
    file.close()
    return NpyArray(spooled, name, allow_trailing=allow_trailing)


def _key(member: zipfile.ZipInfo) -> str:
    return member.filename.removesuffix(".npy")


def _choose(
    where: str, members: Sequence[zipfile.ZipInfo], key: str | None, default: str, option: str
) -> zipfile.ZipInfo:
    by_key = {_key(member): member for member in members}
    if len(by_key) < len(members):
        raise InputError("holds two arrays of one name", "save it again with np.savez", where=where)
    if not by_key:
        raise InputError("the archive is empty", "save it again with np.savez", where=where)
    if key is None and (default in by_key or len(by_key) == 1):
        return by_key.get(default) or next(iter(by_key.values()))
    names = ", ".join(printable(name) for name in by_key)
    if key is None:
        raise InputError(
            f"holds several arrays and none is called {default}", f"name one with {option}: {names}", where=where
        )
    if key not in by_key:
        raise InputError(f"holds no array {key!r}", nearest(key, by_key) or f"it holds {names}", where=where)
    return by_key[key]


def _data_offset(file: RegularFile, member: zipfile.ZipInfo) -> int:
    # The local header repeats the name and has an extra field of its own, of another length.
    if member.header_offset < 0:
        raise zipfile.BadZipFile("a member begins before the file")
    local = file.read(_LOCAL_HEADER, member.header_offset)
    if len(local) < _LOCAL_HEADER or local[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("bad local header")
    lengths = int.from_bytes(local[26:28], "little") + int.from_bytes(local[28:30], "little")
    offset = member.header_offset + _LOCAL_HEADER + lengths
    if offset + member.file_size > file.size:
        raise zipfile.BadZipFile("a member ends after the file")
    return offset


def _spool(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> RegularFile:
    if member.file_size > _RATIO_FROM and member.file_size > _MAX_RATIO * member.compress_size:
        raise InputError(
            f"expands {member.file_size // max(1, member.compress_size)}-fold, as archives made to do harm do",
            "if you trust it, save it uncompressed with np.savez",
            where=name,
        )
    try:
        with tempfile.TemporaryFile() as target, archive.open(member) as packed:
            # zipfile stops at the declared size and checks the sum at the end.
            while block := packed.read(_BLOCK):
                target.write(block)
            target.flush()
            return RegularFile.of_stream(target, name)
    except OSError as error:
        if error.errno is None:  # what bz2 says of damaged data
            raise zipfile.BadZipFile(str(error)) from error
        raise ReadWriteError(
            f"cannot be unpacked: {error.strerror}", "make room in the temporary folder, or set TMPDIR", where=name
        ) from error
