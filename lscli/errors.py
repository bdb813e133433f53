"""The errors that users see, each with its exit code."""

from __future__ import annotations

import sys
import warnings
from contextvars import ContextVar
from enum import IntEnum
from operator import index
from typing import TYPE_CHECKING

from lscli.text import bounded, shown

if TYPE_CHECKING:
    from collections.abc import Callable


# Names of a file in a message may be as long as the file.
_MOST_MESSAGE, _MOST_HINT = 600, 1500


class ExitCode(IntEnum):
    """Exit codes of the command line: an interface, kept stable. A run that signal n ends has 128 + n."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    INPUT = 3
    READ_WRITE = 4
    ENGINE = 5
    BUG = 70
    INTERRUPTED = 130
    CLOSED_PIPE = 141
    TERMINATED = 143


class LscliError(Exception):
    """An error with a hint on what to try next, which a traceback shows as a note.

    Args:
        message: what went wrong, in one line without a full stop.
        hint: what to try next; may be empty.
        where: the file or option concerned; may be empty.
    """

    exit_code = ExitCode.BUG

    def __init__(self, message: str, hint: str = "", *, where: str = "") -> None:
        super().__init__()
        self.say(message, hint, where)

    def say(self, message: str, hint: str, where: str) -> None:
        """Replace the words of this error."""
        message, where = bounded(message, _MOST_MESSAGE), bounded(where, _MOST_MESSAGE)
        hint = bounded(hint, _MOST_HINT)
        self.args = (f"{where}: {message}" if where else message,)
        self.message = message
        self.hint = hint
        self.where = where
        self.__notes__ = [f"hint: {hint}"] if hint else []


class UsageError(LscliError):
    """A command or call has an argument that it does not accept."""

    exit_code = ExitCode.USAGE


class NotFittedError(UsageError, ValueError, AttributeError):
    """An estimator is used before it is fitted; with the bases that scikit-learn's error of this name has."""


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
        return index(_one_number(value))  # type: ignore[arg-type]
    except Exception:  # the conversion is code of the value's type, which may raise anything
        raise UsageError(f"must be a whole number, got {shown(value)}", "give an integer", where=where) from None


def truth(value: object, where: str) -> bool:
    """The value as a bool, whether it is Python's, numpy's or torch's.

    Raises:
        UsageError: the value is neither true nor false.
    """
    if not is_truth_value(value):
        raise UsageError(f"must be true or false, got {shown(value)}", "give True or False", where=where)
    return bool(value)


def real(value: object) -> float:
    """The value as a float, whatever its type of number.

    Raises:
        TypeError: the value is no number: a text, a boolean, an array.
    """
    try:
        if isinstance(value, str | bytes | bytearray):
            raise TypeError
        return float(_one_number(value))  # type: ignore[arg-type]
    except Exception:  # the conversion is code of the value's type, which may raise anything
        raise TypeError from None


def _one_number(value: object) -> object:
    """The value, unless it is not one number although Python or numpy would convert it, perhaps losing a part of it."""
    kind = getattr(getattr(value, "dtype", None), "kind", "f")  # torch has no kinds, and refuses what it cannot convert
    if is_truth_value(value) or getattr(value, "ndim", 0) != 0 or kind not in "iuf" or hasattr(value, "mask"):
        raise TypeError
    return value


def is_truth_value(value: object) -> bool:
    """Whether a value is True or False, of Python, of numpy, or of torch (neither is imported here)."""
    dtype = getattr(value, "dtype", None)
    return isinstance(value, bool) or (getattr(value, "ndim", None) == 0 and str(dtype) in ("bool", "torch.bool"))


class ClosedPipeError(Exception):
    """The reader of standard output closed it, which is not a failure."""


class LscliWarning(UserWarning):
    """The numbers are right, but may not be the ones that the user wants."""


# How warnings are worded: as they are for the command line, with keywords instead of flags for Python.
wording: ContextVar[Callable[[str], str] | None] = ContextVar("wording", default=None)


def warn(note: str) -> None:
    """Give a warning that names the line of the user's code that called lscli."""
    reword = wording.get()
    level, frame = 1, sys._getframe()  # noqa: SLF001
    while frame is not None and frame.f_globals.get("__name__", "").startswith("lscli."):
        level, frame = level + 1, frame.f_back  # type: ignore[assignment]
    warnings.warn(note if reword is None else reword(note), LscliWarning, stacklevel=level)
