"""What reading any bytes may come to: an array, or one line and a hint. All else is a crash.

In short: no other exception, no warning, no more than a share of memory, no more than two seconds, no wrong array.
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
    """What was read is not what another reader reads."""


class TooSlowError(BaseException):
    """Raised where the time is up; no `except Exception` hides it."""


class Crash(NamedTuple):
    """What went wrong.

    Attributes:
        what: in one line, the same for inputs that fail alike.
        detail: where, and with which words.
    """

    what: str
    detail: str


class Watch(NamedTuple):
    """What is looked at while inputs are read.

    Attributes:
        warnings: those of the input at hand.
        memory: the most that the process may reserve; None where that is not limited.
    """

    warnings: list[warnings.WarningMessage]
    memory: int | None


class Outcome(NamedTuple):
    """What an input came to: it was accepted, refused, or it crashed."""

    accepted: bool
    crash: Crash | None = None


def judged(target: Target, data: bytes, watch: Watch) -> Outcome:
    """What reading these bytes comes to; what is slow once may be the machine's fault, and is read again."""
    outcome = _judged(target, data, watch)
    slow = outcome.crash is not None and outcome.crash.what.startswith(TooSlowError.__name__)
    return _judged(target, data, watch) if slow else outcome


def _judged(target: Target, data: bytes, watch: Watch) -> Outcome:
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
    """What an error lacks: it is one printable line, with something to try next."""
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
    """Note all warnings, and say how far memory may grow from here."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        yield Watch(seen, _address_space())


def digest(data: bytes) -> str:
    """How a kept input is called."""
    return hashlib.sha256(data).hexdigest()[:16]


def _crash(error: BaseException, why: str = "") -> Crash:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/lscli/" in frame.filename] or frames
    place = f"{ours[-1].filename.rpartition('/')[2]}:{ours[-1].lineno}" if ours else "?"
    text = "".join(traceback.format_exception(error))
    return Crash(f"{why or type(error).__name__} at {place}", text)


@contextlib.contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    """Raise TooSlowError where it takes longer, on systems that have a timer."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _too_slow)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _too_slow(number: int, frame: object) -> None:
    raise TooSlowError(f"more than {SECONDS} s")


@contextlib.contextmanager
def _confined(most: int | None) -> Iterator[None]:
    """Let the address space grow no further than that."""
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
    """What the process has and may have more; None where the system does not tell."""
    try:
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            most = int(file.read().split()[0]) * resource.getpagesize() + MEMORY
    except (ImportError, OSError):
        return None
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return most if limit == resource.RLIM_INFINITY else min(most, limit)
