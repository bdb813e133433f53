"""Short names of models, from what differs in the paths of their files."""

from __future__ import annotations

import itertools
import os
from typing import TYPE_CHECKING

from lscli.io.paths import STDIN
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


def names_of(paths: Sequence[str]) -> list[str]:
    """The names of the files without their suffixes if these differ, else of the folders in which the paths differ.

    Equal paths get equal names; see `distinct`.
    """
    parts = {path: _parts(path) for path in paths}
    whole = [*parts.values()]
    # Without the parts that all have in common, a path may have none left.
    for found in ([own[-1:] for own in whole], _without_common([own[:-1] for own in whole]), _without_common(whole)):
        names = dict(zip(parts, map("/".join, found), strict=True))
        if len({*names.values()}) == len(parts) and all(names.values()):
            break
    else:
        names = {path: path for path in parts}
    return [printable(names[path]) for path in paths]


def distinct(names: Iterable[str]) -> list[str]:
    """The names, of which a second one that is the same is called `name (2)`."""
    taken: list[str] = []
    for name in names:
        taken.append(free(name, taken))
    return taken


def free(name: str, taken: Collection[str]) -> str:
    """The name, with a number if it is taken."""
    numbered = (f"{name} ({number})" for number in itertools.count(2))
    return name if name not in taken else next(new for new in numbered if new not in taken)


def _parts(path: str) -> list[str]:
    """The folders of a path, and its name without the suffix."""
    if path == STDIN:
        return [path]
    *folders, name = os.path.normpath(path).split(os.sep)
    return [*folders, os.path.splitext(name)[0] or name]


def _without_common(paths: list[list[str]]) -> list[list[str]]:
    """The parts of each path without the first and the last ones that all share."""
    start = _common(paths)
    stop = _common([path[start:][::-1] for path in paths])
    return [path[start : len(path) - stop] for path in paths]


def _common(paths: list[list[str]]) -> int:
    """The number of first parts that all paths share."""
    return sum(1 for _ in itertools.takewhile(lambda part: len({*part}) == 1, zip(*paths, strict=False)))
