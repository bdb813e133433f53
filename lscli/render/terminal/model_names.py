"""Names of models that fit into a column and stay different from one another."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from lscli.render.terminal.table import elided
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence


def short_names(names: Sequence[str], room: int) -> list[str]:
    """Each name in at most `room` columns of a terminal: what all have in common goes first, then the middle.

    Args:
        names: different names, such as paths.
        room: the most columns of a name.

    Returns:
        Printable names. If two would look the same, all begin with their number, from 1.
    """
    shown = [printable(name) for name in names]
    if any(cell_len(name) > room for name in shown) or all("/" in name for name in shown):
        shown = _without_shared_folders(shown)
    if any(cell_len(name) > room for name in shown):
        shown = _without_shared_suffix(shown)
    if any(cell_len(name) > room for name in shown):
        middles = _without_shared_ends(shown)
        if all(1 < cell_len(name) <= room for name in middles):
            return middles
        for kept in (shown, middles):
            fitted = [elided(name, room) for name in kept]
            if len({*fitted}) == len(fitted):
                return fitted
    if len({*shown}) == len(shown) and all(cell_len(name) <= room for name in shown):
        return shown
    digits = len(str(len(shown)))
    return [f"{place:>{digits}} {elided(name, room - digits - 1)}" for place, name in enumerate(shown, 1)]


def _without_shared_folders(names: Sequence[str]) -> list[str]:
    """The names without the folders that all begin with, and without the parts that all end with."""
    parts = [name.split("/") for name in names]
    start = _shared([each[:-1] for each in parts])
    rest = [each[start:] for each in parts]
    end = _shared([each[:0:-1] for each in rest])
    return ["/".join(each[: len(each) - end]) for each in rest]


def _without_shared_suffix(names: Sequence[str]) -> list[str]:
    """The names without the suffix of their files, if all have the same one."""
    stems = [name.rpartition(".") for name in names]
    same = len({suffix for _, _, suffix in stems}) == 1 and all(stem.rpartition("/")[2] for stem, _, _ in stems)
    return [stem for stem, _, _ in stems] if same and "/" not in stems[0][2] else list(names)


def _without_shared_ends(names: Sequence[str]) -> list[str]:
    """The names with a sign for the characters that all begin or end with."""
    start = _shared(names)
    rest = [name[start:] for name in names]
    end = _shared([name[::-1] for name in rest])
    before, after = "…" if start > 1 else names[0][:start], "…" if end > 1 else rest[0][len(rest[0]) - end :]
    return [f"{before}{name[: len(name) - end]}{after}" for name in rest]


def _shared(sequences: Sequence[Sequence[Any]]) -> int:
    """How many elements all begin with."""
    return sum(1 for _ in itertools.takewhile(lambda each: len({*each}) == 1, zip(*sequences, strict=False)))
