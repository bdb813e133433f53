"""Standard input as a file: its size is known and any byte can be read, as checks and formats need it."""

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
    """What is piped in, spooled to an unnamed temporary file; a file that the shell opened is read where it is.

    Raises:
        UsageError: it is a terminal.
        ReadWriteError: it is closed, or there is no room for it.
    """
    if sys.stdin is None:  # closed before the start: descriptor 0 is by now some other file's
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
            return RegularFile.of_stream(target, NAME)
    except OSError as error:
        raise ReadWriteError(
            f"cannot be read: {os.strerror(error.errno or 0)}",
            "make room in the temporary folder, or set TMPDIR",
            where=NAME,
        ) from error
