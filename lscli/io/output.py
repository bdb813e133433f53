"""Output files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_atomically(path: str, pieces: Iterable[bytes]) -> None:
    """Write a file so that `path` holds its old content or the new one, never a mix.

    The pieces go to a temporary file in the same folder, which then replaces the target. Its name is unique on a file
    system that several machines share, too, and no longer than any file system allows. After an error or a signal the
    temporary file is removed; a killed process (SIGKILL, power loss) leaves it behind, as `.lscli-*.tmp`.

    A new file has the mode that the umask gives, a replaced one keeps its mode. A link stays a link: its target is
    replaced.

    Args:
        path: the file to write; it need not exist.
        pieces: its content.

    Raises:
        OSError: it could not be written; an old file is unchanged.
    """
    target = os.path.realpath(path)
    if os.path.islink(target):  # realpath stops at a link that leads to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".lscli-{os.urandom(8).hex()}.tmp")
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else None
        with open(temporary, "xb") as stream:
            if mode is not None:
                os.chmod(temporary, mode)
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make the new name in a folder durable, where the system and the file system can."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
