"""Standard input as a file of known size that is read at any position."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from lscli.errors import ReadWriteError, UsageError
from lscli.io.files import RegularFile

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "standard input"
_BLOCK = 1 << 20
# What was piped in, for those who open it again.
_KEPT: ContextVar[list[RegularFile] | None] = ContextVar("kept", default=None)


@contextmanager
def opened_again() -> Iterator[None]:
    """In this block standard input can be opened several times, as the labels of several models are."""
    kept: list[RegularFile] = []
    token = _KEPT.set(kept)
    try:
        yield
    finally:
        _KEPT.reset(token)
        for file in kept:
            file.close()


def open_stdin() -> RegularFile:
    """Copy a pipe to an unnamed temporary file; open a file that the shell redirected in place.

    Raises:
        UsageError: standard input is a terminal.
        ReadWriteError: it is closed, or the temporary folder is full.
    """
    kept = _KEPT.get()
    if kept:
        return kept[0].another()
    found = _opened()
    if kept is not None:
        kept.append(found.another())
    return found


def _opened() -> RegularFile:
    if sys.stdin is None:  # it was closed: descriptor 0 may now be another file
        raise ReadWriteError("is closed", "pipe a file in, or name one", where=NAME)
    try:
        status = os.fstat(0)
        if os.isatty(0):
            raise UsageError("standard input is a terminal", "pipe a file in, or name one", where="-")
        if stat.S_ISREG(status.st_mode) and os.lseek(0, 0, os.SEEK_CUR) == 0:
            return RegularFile(NAME, os.dup(0))
        with tempfile.TemporaryFile() as target:
            while block := os.read(0, _BLOCK):
                target.write(block)
            target.flush()
            return RegularFile(NAME, os.dup(target.fileno()))
    except OSError as error:
        what = f"cannot be read: {os.strerror(error.errno or 0)}"
        raise ReadWriteError(what, "make room in the temporary folder, or set TMPDIR", where=NAME) from error
