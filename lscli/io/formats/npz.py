"""Members of `.npz` archives: stored ones are read in place, compressed ones as a stream.

Either way a member is a `.npy` array, with the same checks and flat memory, and its checksum is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest, Entry, array_name, choose
from lscli.io.formats.npy import open_npy
from lscli.io.formats.npy_header import read_header
from lscli.io.formats.zip_archive import Archive

if TYPE_CHECKING:
    import zipfile

    from lscli.io.files import RegularFile
    from lscli.io.stored import Bytes, StoredArray

_AGAIN = "save it again with np.savez"


def open_array(file: RegularFile, request: ArrayRequest) -> StoredArray:
    """Open the requested member.

    Raises:
        InputError: there is no such member, the choice is ambiguous, or the archive is damaged.
        ReadWriteError: it cannot be read.
    """
    arrays = file.parsed(_Arrays)
    key = choose(file.name, arrays.members, request, _AGAIN)
    return open_npy(
        arrays.opened(file, key), array_name(file.name, key), allow_trailing=request.allow_trailing, dtype=request.dtype
    )


def contents(file: RegularFile) -> list[Entry]:
    """List the arrays of an archive, from the headers of its members."""
    found = []
    arrays = file.parsed(_Arrays)
    for key in arrays.members:
        header = read_header(arrays.opened(file, key), array_name(file.name, key))
        found.append(Entry(key, header.shape, header.dtype.name))
    return found


class _Arrays:
    """The members of an archive by key: a name without `.npy`."""

    def __init__(self, file: RegularFile) -> None:
        self._archive = Archive(file, _AGAIN)
        listed = self._archive.members.values()
        self.members: dict[str, zipfile.ZipInfo] = {member.filename.removesuffix(".npy"): member for member in listed}
        if len(self.members) < len(listed):
            raise InputError("holds two arrays with the same name", _AGAIN, where=file.name)
        if not self.members:
            raise InputError("the archive is empty", _AGAIN, where=file.name)

    def opened(self, file: RegularFile, key: str) -> Bytes:
        """Open a member; closing it closes the file."""
        return self._archive.opened(file, self.members[key], array_name(file.name, key))
