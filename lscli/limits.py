"""What this process may take: processors, and memory where something limits it.

Memory that is merely reserved counts against a limit on the address space (`ulimit -v`), and not against
a container's.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import ReadWriteError
from lscli.text import sized

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a thread reserves besides its buffers: a stack, and a heap of its own.
_THREAD = (8 + 64) << 20
# More than any machine has: how version 1 of the control groups says that there is no limit.
_UNLIMITED = 1 << 60


class MemoryLimit(NamedTuple):
    """The most memory that a process may have.

    Attributes:
        free: bytes that it may still take.
        total: bytes in all.
        address_space: whether memory counts that is reserved and never touched.
    """

    free: int
    total: int
    address_space: bool = False

    def threads(self, count: int, each: int, beside: int = 0) -> int:
        """How many of `count` threads that take `each` bytes fit beside so many bytes; it may be none."""
        each += _THREAD if self.address_space else 0
        return max(0, min(count, (self.free - beside) // max(1, each)))

    def refusal(self, needed: int, hint: str = "", where: str = "") -> ReadWriteError:
        """That `needed` bytes more are too many."""
        raising = "raise the limit (ulimit -v)" if self.address_space else "give the container more memory"
        what = f"needs {sized(self.total - self.free + needed)} of memory, limit {sized(self.total)}"
        return ReadWriteError(what, f"{hint}, or {raising}" if hint else raising, where=where)


def processors() -> int:
    """How many processors this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_limit() -> MemoryLimit | None:
    """The limit that leaves the least; None where nothing limits."""
    limits = [*_control_groups()]
    if (space := _address_space()) is not None:
        limits.append(space)
    return min(limits, default=None)


def check_import(name: str, size: int) -> None:
    """Refuse to import a package whose libraries do not fit: some end the process, with an exit code of their own.

    Raises:
        ReadWriteError: the address space is limited, and has no room for `size` bytes.
    """
    space = _address_space()
    if space is not None and space.free < size:
        raise space.refusal(size, where=name)


def _address_space() -> MemoryLimit | None:
    try:
        import resource

        total = resource.getrlimit(resource.RLIMIT_AS)[0]
        if total == resource.RLIM_INFINITY:
            return None
        pages = int(_read("/proc/self/statm").split()[0])
        return MemoryLimit(max(0, total - pages * resource.getpagesize()), total, address_space=True)
    except (ImportError, OSError, ValueError, IndexError):  # Windows has no such limits, and few systems a /proc
        return None


def _control_groups(own: str = "/proc/self/cgroup", mount: str = "/sys/fs/cgroup") -> Iterator[MemoryLimit]:
    """The limits of this process's group and of those it is in, in both versions of control groups."""
    try:
        lines = [line.split(":", 2) for line in _read(own).splitlines()]
    except OSError:  # Linux has them
        return
    for line in lines:
        if len(line) == 3 and "memory" in line[1].split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
            yield from _upwards(os.path.join(mount, "memory"), line[2], *names)
        elif len(line) == 3 and not line[1]:
            yield from _upwards(mount, line[2], "memory.max", "memory.current", "")


def _upwards(mount: str, path: str, most: str, now: str, prefix: str) -> Iterator[MemoryLimit]:
    # Within a container the path may be the host's, of which only the last parent is seen: the mount itself.
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        folder = os.path.join(mount, *parts[:depth])
        try:
            total = int(_read(os.path.join(folder, most)))
            if total >= _UNLIMITED:
                continue
            used = int(_read(os.path.join(folder, now)))
            statistics = dict(line.split() for line in _read(os.path.join(folder, "memory.stat")).splitlines())
            # What was read from files is dropped when memory is asked for.
            cache = sum(int(statistics.get(f"{prefix}{kind}_file", 0)) for kind in ("active", "inactive"))
        except (OSError, ValueError):  # not there, or `max`
            continue
        yield MemoryLimit(max(0, total - max(0, used - cache)), total)


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
