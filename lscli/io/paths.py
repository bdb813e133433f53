"""Paths as they are typed: one file, a quoted pattern of shards, or `-`."""

from __future__ import annotations

import os
import re

from lscli.errors import InputError

STDIN = "-"
_MAGIC = "*?["


def expanded(path: str) -> list[str] | None:
    """The files that a pattern names, in name order with runs of digits as numbers; None where it is no pattern.

    A path that exists is taken as it is, whatever characters it has.

    Raises:
        InputError: no file matches.
    """
    if not any(character in path for character in _MAGIC) or "\0" in path or os.path.lexists(path):
        return None
    import glob

    found = sorted(glob.glob(path, recursive=True), key=natural)
    if not found and not {"*", "?"} & {*path}:  # brackets in the name of a file that is not there
        return None
    if not found:
        raise InputError("no file matches the pattern", "check the folder and the pattern", where=path)
    return found


def files_of(path: str) -> list[str]:
    """The files that a path stands for; itself where it is no pattern or none matches."""
    try:
        return expanded(path) or [path]
    except InputError:
        return [path]


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A key by which shard-2 comes before shard-10."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)], name


def parts_that_differ(names: list[str]) -> list[str]:
    """What is left of each name without what all of them begin and end with; no run of digits is cut in two."""
    if len(names) == 1:
        return [""]
    start = _common(names)
    tails = [name[start:][::-1] for name in names]
    stop = _common(tails)
    return [tail[stop:][::-1] for tail in tails]


def alike(one: str, other: str) -> bool:
    """Whether two names differ in their numbers alone, as shards do that a shell has put in a pattern's place."""
    return one != other and re.sub("[0-9]+", "0", one) == re.sub("[0-9]+", "0", other)


def _common(names: list[str]) -> int:
    """How many characters all begin with, without a number that goes on differently."""
    first, last = min(names), max(names)  # between them are all others
    length = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    if any(name[length : length + 1].isdigit() for name in names):
        length = len(first[:length].rstrip("0123456789"))
    return length


def _as_number(part: str) -> str:
    """A part of a name without the zeros that numbers in it begin with."""
    return re.sub("[0-9]+", lambda digits: str(int(digits[0])), part)


def _tell_apart(parts: list[str]) -> bool:
    return len({*map(_as_number, parts)}) == len(parts)


def pairs(logits: list[str], labels: list[str], where: str) -> list[str]:
    """The label shard of each logit shard: that whose name differs from its siblings' in the same way.

    `where` is what an error calls the labels.

    Raises:
        InputError: a shard of either that has none.
    """
    own, others = parts_that_differ(labels), parts_that_differ(logits)
    # 2 and 02 are one number, unless both are there.
    key = _as_number if _tell_apart(own) and _tell_apart(others) else str
    of_labels = dict(zip(map(key, own), labels, strict=True))
    of_logits = dict(zip(map(key, others), logits, strict=True))
    alone = [name for part, name in of_logits.items() if part not in of_labels]
    alone += [name for part, name in of_labels.items() if part not in of_logits]
    if alone:
        listed = ", ".join(alone[:4]) + (", ..." if len(alone) > 4 else "")
        raise InputError(
            f"shards without a partner: {listed}",
            "the names of logits and labels have to differ in the same way, as logits-1 and labels-1",
            where=where,
        )
    return [of_labels[part] for part in of_logits]
