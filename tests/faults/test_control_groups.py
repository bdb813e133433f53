"""Limits of control groups, of either version, as files of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from lscli import limits
from lscli.limits import MemoryLimit, memory_limit

V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
V2 = ("memory.max", "memory.current", "")


def group(folder: Path, version: tuple[str, str, str], most: object, now: int, cache: int = 0) -> None:
    """A group with this limit, of whose memory so much is taken, some of it by what was read from files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / version[0]).write_text(f"{most}\n")
    (folder / version[1]).write_text(f"{now}\n")
    kinds = {"anon": now - cache, "active_file": cache // 2, "inactive_file": cache - cache // 2}
    (folder / "memory.stat").write_text("".join(f"{version[2]}{kind} {size}\n" for kind, size in kinds.items()))


def found(folder: Path, own: str) -> list[MemoryLimit]:
    """The limits of a process that is in these groups."""
    (folder / "own").write_text(own)
    return sorted(limits._control_groups(str(folder / "own"), str(folder)))


def test_the_group_and_those_around_it_limit(tmp_path: Path) -> None:
    group(tmp_path / "a" / "b", V2, 1000, 100)
    group(tmp_path / "a", V2, 2000, 1900)
    assert [MemoryLimit(100, 2000), MemoryLimit(900, 1000)] == found(tmp_path, "0::/a/b\n")


@pytest.mark.parametrize("most", ["max", "9223372036854771712", ""])
def test_a_group_may_have_no_limit(tmp_path: Path, most: str) -> None:
    group(tmp_path / "a", V2, most, 100)
    group(tmp_path / "memory" / "a", V1, most, 100)
    assert [] == found(tmp_path, "4:memory:/a\n0::/a\n")


def test_the_first_version_has_other_names(tmp_path: Path) -> None:
    group(tmp_path / "memory" / "a", V1, 1000, 300)
    group(tmp_path / "cpu" / "a", V1, 10, 0)
    assert [MemoryLimit(700, 1000)] == found(tmp_path, "5:cpu,cpuacct:/a\n4:hugetlb,memory:/a\n0::/\nnonsense\n")


@pytest.mark.parametrize(("folder", "version", "own"), [(".", V2, "0::"), ("memory", V1, "4:memory:")])
def test_within_a_container_the_path_is_the_host_s(
    tmp_path: Path, folder: str, version: tuple[str, str, str], own: str
) -> None:
    group(tmp_path / folder, version, 1000, 400)
    assert [MemoryLimit(600, 1000)] == found(tmp_path, f"{own}/docker/1234\n")
    assert [MemoryLimit(600, 1000)] == found(tmp_path, f"{own}/../../x\n")


@pytest.mark.parametrize(("folder", "version", "own"), [(".", V2, "0::/"), ("memory", V1, "4:memory:/")])
def test_what_was_read_from_files_is_free(tmp_path: Path, folder: str, version: tuple[str, str, str], own: str) -> None:
    group(tmp_path / folder, version, 1000, 990, cache=800)
    assert [MemoryLimit(810, 1000)] == found(tmp_path, f"{own}\n")


def test_more_than_the_limit_leaves_nothing(tmp_path: Path) -> None:
    group(tmp_path, V2, 1000, 1100)
    assert [MemoryLimit(0, 1000)] == found(tmp_path, "0::/\n")


def test_a_system_without_groups_has_no_limits(tmp_path: Path) -> None:
    assert [] == list(limits._control_groups(str(tmp_path / "no"), str(tmp_path)))


def test_the_least_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_control_groups", lambda: iter((MemoryLimit(7, 10), MemoryLimit(6, 100))))
    assert MemoryLimit(6, 100) == memory_limit()
    monkeypatch.setattr(limits, "_control_groups", lambda: iter(()))
    assert None is memory_limit()
