"""The errors that users see, each with its exit code."""

from __future__ import annotations

import sys
import warnings
from enum import IntEnum
from operator import index

from lscli.text import bounded

# Names of a file in a message may be as long as the file.
_MOST_MESSAGE, _MOST_HINT = 600, 1500


class ExitCode(IntEnum):
    """Exit codes of the command line: an interface, kept stable."""

    OK = 0
    USAGE = 2
    INPUT = 3
    READ_WRITE = 4
    ENGINE = 5
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


class LscliError(Exception):
    """An error with a hint on what to try next.

    Args:
        message: what went wrong, in one line without a full stop.
        hint: what to try next; may be empty.
        where: the file or option concerned; may be empty.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "", *, where: str = "") -> None:
        message = bounded(message, _MOST_MESSAGE)
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.hint = bounded(hint, _MOST_HINT)
        self.where = where


class UsageError(LscliError):
    """A command or call has an argument that it does not accept."""

    exit_code = ExitCode.USAGE


class InputError(LscliError):
    """The input cannot be used."""

    exit_code = ExitCode.INPUT


class ReadWriteError(LscliError):
    """Reading or writing failed."""

    exit_code = ExitCode.READ_WRITE


class EngineError(LscliError):
    """A device failed."""

    exit_code = ExitCode.ENGINE


def whole(value: object, where: str) -> int:
    """The value as an int, whatever its integer type.

    Raises:
        UsageError: the value is not a whole number.
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        return index(value)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"must be a whole number, got {value!r}", "give an integer", where=where) from None


class ClosedPipeError(Exception):
    """The reader of standard output closed it, which is not a failure."""


class LscliWarning(UserWarning):
    """The numbers are right, but may not be the ones that the user wants."""


def warn(note: str) -> None:
    """Give a warning that names the line of the user's code that called lscli."""
    level, frame = 1, sys._getframe()  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__", "").startswith("lscli."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(note, LscliWarning, stacklevel=level)
