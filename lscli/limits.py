"""The processors that this process may use, and the memory limit of its control group (its container)."""

from __future__ import annotations

import errno
import mmap
import os
import re
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import ReadWriteError
from lscli.text import sized

if TYPE_CHECKING:
    from collections.abc import Iterator

# More than any machine has: version 1 of the control groups writes "no limit" as such a number.
_UNLIMITED = 1 << 60
# Messages of the system, the dynamic loader, Python, C++ and Arrow when memory runs out.
_NO_MEMORY = (
    os.strerror(errno.ENOMEM),
    "annot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "launch worker thread",
    "bad_alloc",
    "alloc of size",
    "alloc size",
    "out of memory",
    "Out of memory",
)


class MemoryLimit(NamedTuple):
    """The memory limit of a control group or of the machine.

    Attributes:
        free: bytes that may still be used.
        total: the limit in bytes.
    """

    free: int
    total: int

    def threads(self, count: int, each: int, beside: int = 0) -> int:
        """The number of threads, at most `count`, that fit at `each` bytes beside `beside` bytes; 0 if none fits."""
        return max(0, min(count, (self.free - beside) // max(1, each)))

    def refusal(self, needed: int, hint: str = "", where: str = "") -> ReadWriteError:
        """The error that `needed` more bytes do not fit; `hint` is an alternative to a larger limit."""
        raising = "give the container more memory"
        what = f"needs {sized(self.total - self.free + needed)} of memory, limit {sized(self.total)}"
        return ReadWriteError(what, f"{hint}, or {raising}" if hint else raising, where=where)


def processors() -> int:
    """The number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit() -> MemoryLimit | None:
    """The control group's limit that leaves the least memory; None without a limit."""
    return min(_control_groups(), default=None)


def check_memory(needed: int, what: str, hint: str, where: str = "") -> None:
    """Check that `needed` bytes are free, in the machine and in the control group, before they are taken.

    Args:
        needed: bytes.
        what: what needs them, for the error.
        hint: how to need fewer.
        where: the option or the file concerned.

    Raises:
        ReadWriteError: fewer are free.
    """
    limits = [_machine(), *_control_groups()]
    free = min((limit.free for limit in limits if limit is not None), default=needed)
    if needed > free:
        raise ReadWriteError(f"{what} needs {sized(needed)} of memory, {sized(free)} are free", hint, where=where)


def ran_out(error: BaseException) -> bool:
    """Whether an error means that memory ran out; libraries raise errors of many types for it."""
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY)


def has_room(size: int) -> bool:
    """Whether `size` more bytes of address space can be mapped (`ulimit -v`); they are freed at once."""
    try:
        mmap.mmap(-1, size).close()
    except (OSError, MemoryError):
        return False
    return True


def memory_ran_out(error: BaseException) -> ReadWriteError:
    """The error to show in place of one that means that memory ran out."""
    facts = []
    if needed := re.search("Unable to allocate ([0-9.]+) ([A-Za-z]+)", str(error)):  # numpy's
        facts.append(f"needs {needed[1].rstrip('.')} {needed[2]} more")
    if limit := memory_limit():
        facts.append(f"limit {sized(limit.total)}")
    what = ": ".join(("memory ran out", *([", ".join(facts)] if facts else [])))
    hint = "raise the limit on memory; to read logits takes less with a smaller --chunk-rows or fewer --threads"
    return ReadWriteError(what, hint)


def check_room(name: str, size: int) -> None:
    """Check that there is room for the `size` bytes that importing the package `name` maps.

    Without room, OpenBLAS ends the process with exit code 1 and a message of its own.

    Raises:
        ReadWriteError: the address space is too small.
    """
    if not has_room(size):
        raise ReadWriteError(f"needs {sized(size)} more memory", "raise the limit (ulimit -v)", where=name)


def _machine() -> MemoryLimit | None:
    """The memory of the machine; None where the system does not report it as Linux does."""
    try:
        lines = (line.split() for line in _read("/proc/meminfo").splitlines())
        kibibytes = {name: int(count) for name, count, *_ in lines}
        return MemoryLimit(kibibytes["MemAvailable:"] << 10, kibibytes["MemTotal:"] << 10)
    except (OSError, ValueError, KeyError):
        return None


def _control_groups(own: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Iterator[MemoryLimit]:
    """The limits of this process's control group and of its parents, in versions 1 and 2."""
    try:
        lines = [line.split(":", 2) for line in _read(own).splitlines()]
    except OSError:  # not Linux
        return
    for line in lines:
        if len(line) == 3 and "memory" in line[1].split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
            yield from _upwards(os.path.join(mount, "memory"), line[2], *names)
        elif len(line) == 3 and not line[1]:
            yield from _upwards(mount, line[2], "memory.max", "memory.current", "")


def _upwards(mount: str, path: str, most: str, now: str, prefix: str) -> Iterator[MemoryLimit]:
    # In a container the path may be the host's; only its root is mounted then.
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        folder = os.path.join(mount, *parts[:depth])
        try:
            total = int(_read(os.path.join(folder, most)))
            if total >= _UNLIMITED:
                continue
            used = int(_read(os.path.join(folder, now)))
            statistics = dict(line.split() for line in _read(os.path.join(folder, "memory.stat")).splitlines())
            # The page cache counts as used memory, but the kernel drops it on demand.
            cache = sum(int(statistics.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))
        except (OSError, ValueError):  # no such file, or `max`: no limit
            continue
        yield MemoryLimit(max(0, total - max(0, used - cache)), total)


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
