"""Reading any bytes gives an array, or one line and a hint. Anything else is a crash.

A crash is another exception, a warning, a wrong array, or too much memory or processor time.
"""

from __future__ import annotations

import contextlib
import hashlib
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

from lscli.errors import InputError, LscliError, LscliWarning, ReadWriteError, UsageError

SECONDS = 2.0
MEMORY = 512 << 20

Target = Callable[[bytes], None]


class WrongError(AssertionError):
    """An array differs from the one that another reader reads."""


class TooSlowError(BaseException):
    """Raised when the time is up; no `except Exception` hides it."""


class Crash(NamedTuple):
    """What went wrong.

    Attributes:
        what: one line, the same for inputs that fail in the same way.
        detail: the traceback.
    """

    what: str
    detail: str


class Watch(NamedTuple):
    """What is watched while inputs are read.

    Attributes:
        warnings: the warnings of the current input.
        memory: limit on the address space in bytes; None if the system does not report it.
    """

    warnings: list[warnings.WarningMessage]
    memory: int | None


class Outcome(NamedTuple):
    """An input was accepted, was refused, or crashed."""

    accepted: bool
    crash: Crash | None = None


def judged(target: Target, data: bytes, watch: Watch) -> Outcome:
    """Read these bytes, and judge what comes of it."""
    watch.warnings.clear()
    try:
        with _in_time(SECONDS), _confined(watch.memory):
            target(data)
        outcome = Outcome(True)
    except (InputError, UsageError, ReadWriteError) as error:
        outcome = Outcome(False, misspoken(error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a panic of a library in Rust is no Exception
        outcome = Outcome(False, _crash(error))
    others = [warning for warning in watch.warnings if not issubclass(warning.category, LscliWarning)]
    if others and outcome.crash is None:
        what = f"{others[0].category.__name__} at {others[0].filename}:{others[0].lineno}"
        return Outcome(outcome.accepted, Crash(what, str(others[0].message)))
    return outcome


def misspoken(error: LscliError) -> Crash | None:
    """Return what is wrong with the text of an error: it has to be one printable line, a place and a hint."""
    for name, text in (("message", str(error)), ("hint", error.hint)):
        if not text.isprintable():
            return _crash(error, f"a {name} that is not one printable line")
    if not error.hint:
        return _crash(error, "no hint")
    if error.message.endswith("."):
        return _crash(error, "a full stop")
    if not error.where:
        return _crash(error, "no file is named")
    return None


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Record all warnings, and limit how far memory may grow from here."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield Watch(seen, _address_space())


def digest(data: bytes) -> str:
    """File name of a kept input."""
    return hashlib.sha256(data).hexdigest()[:16]


def _crash(error: BaseException, why: str = "") -> Crash:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/lscli/" in frame.filename] or frames
    place = f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else "?"
    text = "".join(traceback.format_exception(error))
    return Crash(f"{why or type(error).__name__} at {place}", text)


@contextlib.contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    """Raise TooSlowError after so much processor time, on systems that have a timer."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGPROF, _too_slow)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _too_slow(number: int, frame: object) -> None:
    raise TooSlowError(f"more than {SECONDS} s of processor time")


@contextlib.contextmanager
def _confined(most: int | None) -> Iterator[None]:
    """Limit the address space to `most` bytes."""
    if most is None:
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int | None:
    """Current address space plus `MEMORY`, in bytes; None if the system does not report it."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            most = int(file.read().split()[0]) * resource.getpagesize() + MEMORY
    except (ImportError, OSError):
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return most if limit == resource.RLIM_INFINITY else min(most, limit)
