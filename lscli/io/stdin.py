"""Standard input as a file of known size that is read at any position."""

from __future__ import annotations

import os
import stat
import sys
import tempfile

from lscli.errors import ReadWriteError, UsageError
from lscli.io.files import RegularFile

NAME = "standard input"
_BLOCK = 1 << 20


def open_stdin() -> RegularFile:
    """Copy a pipe to an unnamed temporary file; open a file that the shell redirected in place.

    Raises:
        UsageError: standard input is a terminal.
        ReadWriteError: it is closed, or the temporary folder is full.
    """
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
