"""Regular files that are read at any position; the differences between systems stay in this file."""

from __future__ import annotations

import errno
import io
import os
import stat
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from lscli.errors import InputError, LscliError, ReadWriteError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T")


class RegularFile:
    """A regular file, open for reading at any position from any thread.

    Only regular files are opened: a FIFO may block, and a device may never end. Positional reads into the caller's
    buffer keep memory flat. A file that shrinks causes a short read, which is an error; if it were mapped, it would end
    the process with SIGBUS.

    Args:
        path: the path as typed; only a name for errors if `fd` is given.
        fd: an open descriptor, closed with this file; None to open the path.

    Attributes:
        name: the path as typed.
        size: the size in bytes when it was opened.
        identity: equal for two paths of the same file.
        path: a path by which a library can open this same file, even one without a name.

    Raises:
        InputError: the path is missing, a directory, or not a regular file.
        ReadWriteError: there is no permission to read it, or reading failed.
    """

    sequential = False

    def __init__(self, path: str, fd: int | None = None) -> None:
        self.name = path
        if not path:
            raise InputError("an empty path", "name a file")
        self._fd = _opened(path) if fd is None else fd
        status = os.fstat(self._fd)
        _refuse_irregular(status, path)
        self.size = status.st_size
        self.identity = (status.st_dev, status.st_ino)
        self.path = f"/proc/self/fd/{self._fd}" if os.path.isdir("/proc/self/fd") else path
        self._signature = _signature(status)
        self._fallback = None if hasattr(os, "preadv") else _SeekingReader(self._fd)
        self._parsed: dict[object, Any] = {}

    def another(self) -> RegularFile:
        """The same file, opened once more and closed on its own; what was parsed of it is shared."""
        same = RegularFile(self.name, os.dup(self._fd))
        same._parsed = self._parsed
        return same

    def parsed(self, parse: Callable[[RegularFile], T]) -> T:
        """What `parse` makes of this file, such as its directory: made once, and then shared by all its arrays.

        The result must not keep the file, which may be closed before another one that shares the result.
        """
        if parse not in self._parsed:
            self._parsed[parse] = parse(self)
        found: T = self._parsed[parse]
        return found

    def stream(self) -> BinaryIO:
        """A stream of the file with a position of its own, for libraries; usable while the file is open."""
        return io.BufferedReader(Stream(self), _STREAM_BUFFER)

    def read_into(self, buffer: bytearray | memoryview | NDArray[Any], offset: int) -> None:
        """Fill `buffer` with the bytes from `offset` on; a short read is an error."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # arrays have a buffer, their stubs do not
        done = 0
        while done < len(view):
            try:
                if self._fallback is None:
                    count = os.preadv(self._fd, [view[done:]], offset + done)
                else:
                    count = self._fallback.read_into(view[done:], offset + done)
            except OSError as error:
                raise _explained(error, self.name) from error
            if count == 0:
                raise self._changed()
            done += count

    def read(self, count: int, offset: int) -> bytes:
        """At most `count` bytes from `offset` on, fewer only at the end of the file."""
        data = bytearray(max(0, min(count, self.size - offset)))
        self.read_into(data, offset)
        return bytes(data)

    def check_unchanged(self) -> None:
        """Raise InputError if the file was written, cut or extended since it was opened."""
        if _signature(os.fstat(self._fd)) != self._signature:
            raise self._changed()

    def verify(self) -> None:
        """Do nothing: a file has no checksum."""

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __del__(self) -> None:  # in a notebook, a saved error must not keep the file open
        if hasattr(self, "_fd"):
            self.close()

    def _changed(self) -> InputError:
        return InputError("changed while reading", "wait until its writer is done, then try again", where=self.name)


class Stream(io.RawIOBase):
    """Reads from a position onward; a short read is an error as in `RegularFile`.

    Attributes:
        file: the open file that is read; the same file, opened once more, may take its place.
    """

    def __init__(self, file: RegularFile) -> None:
        self.file = file
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.file.size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self.file.size - self._place))
        self.file.read_into(view[:count], self._place)
        self._place += count
        return count


class _SeekingReader:
    """Positional reads for systems without `preadv`.

    One lock serves all files, since duplicated handles of a file share its position.
    """

    _lock = threading.Lock()

    def __init__(self, fd: int) -> None:
        self._file = io.FileIO(fd, closefd=False)

    def read_into(self, view: memoryview, offset: int) -> int:
        with self._lock:
            self._file.seek(offset)
            return self._file.readinto(view) or 0


def _opened(path: str) -> int:
    try:
        # Checked before the file is opened: opening a device may have side effects.
        _refuse_irregular(os.stat(path), path)
        return os.open(path, os.O_RDONLY | _OPEN_FLAGS)
    except OSError as error:
        raise _explained(error, path) from error
    except ValueError as error:  # a NUL in the path
        raise UsageError("the path has a NUL character", "check the path", where=path) from error


_STREAM_BUFFER = 1 << 18
# O_NONBLOCK: a FIFO that replaces the file after the stat must not hang the open.
_OPEN_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def _signature(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _refuse_irregular(status: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError("is a directory", "name a file in it", where=path)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("not a regular file", "save the data to a file first", where=path)


def _explained(error: OSError, path: str) -> LscliError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return InputError("not found", "check the path", where=path)
    if error.errno == errno.ELOOP:
        return InputError("symlink loop", "the link points to itself: name the file", where=path)
    if error.errno in (errno.EACCES, errno.EPERM):
        return ReadWriteError("permission denied", "ask for permission to read it, or copy it", where=path)
    if error.errno == errno.ENAMETOOLONG:
        return InputError("the path is too long", "check the path", where=path)
    return ReadWriteError(f"cannot be read: {os.strerror(error.errno or 0)}", "check the disk", where=path)
