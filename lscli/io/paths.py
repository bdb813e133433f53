"""Paths as they are typed: one file, a quoted pattern of shards, or `-`."""

from __future__ import annotations

import os
import re
import shlex

from lscli.errors import InputError
from lscli.text import printable

STDIN = "-"
_MAGIC = "*?["
_MOST = 4  # files in a hint


def expanded(path: str) -> list[str] | None:
    """The files that a pattern names, sorted with runs of digits as numbers; None if `path` is no pattern.

    A path that exists is no pattern, whatever characters it has.

    Raises:
        InputError: no file matches.
    """
    if not any(character in path for character in _MAGIC) or "\0" in path or os.path.lexists(path):
        return None
    import glob

    found = sorted(glob.glob(path, recursive=True), key=natural)
    if not found and not {"*", "?"} & {*path}:  # a missing file with brackets in its name
        return None
    if not found:
        raise InputError("no file matches the pattern", "check the folder and the pattern", where=path)
    return found


def files_of(path: str) -> list[str]:
    """The files that a path or pattern names; the path itself if it is no pattern or nothing matches."""
    try:
        return expanded(path) or [path]
    except InputError:
        return [path]


def natural(name: str) -> tuple[list[tuple[int, str]], str]:
    """A sort key by which shard-2 comes before shard-10."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part), "") if place % 2 else (-1, part) for place, part in enumerate(parts)], name


def parts_that_differ(names: list[str]) -> list[str]:
    """Each name without the beginning and end that all names share; no run of digits is cut in two."""
    if len(names) == 1:
        return [""]
    start = _common(names)
    tails = [name[start:][::-1] for name in names]
    stop = _common(tails)
    return [tail[stop:][::-1] for tail in tails]


def alike(one: str, other: str) -> bool:
    """Whether two names differ in their numbers alone, like shards after a shell expanded an unquoted pattern."""
    return one != other and re.sub("[0-9]+", "0", one) == re.sub("[0-9]+", "0", other)


def several_files(files: list[str]) -> str:
    """A hint for files of logits that were typed where one argument is due: the shards of a model, or models."""
    compare = "to compare models, say lscli compare"
    if alike(files[0], files[1]):
        pattern = _pattern_of(files) or "'logits-*.npy'"
        labels = shlex.quote(printable(files[-1])) if not alike(files[-1], files[0]) else "LABELS"
        quote = f"quote a pattern of shards, or the shell replaces it by the files: {pattern}"
        members = f"for the members of an ensemble, say lscli eval {pattern} {labels} --ensemble"
        return f"{quote}; {members}; {compare} LOGITS LOGITS LABELS"
    return (
        f"{compare} {' '.join(map(shlex.quote, map(printable, files[:_MOST])))}{' ...' if len(files) > _MOST else ''}"
    )


def _pattern_of(files: list[str]) -> str:
    """A quoted pattern for the first files, which differ in their numbers alone; empty if it would take in others."""
    import glob

    first = [file for file in files if file == files[0] or alike(file, files[0])]
    begin, end = _common(first), _common([name[::-1] for name in first])
    pattern = f"{files[0][:begin]}*{files[0][len(files[0]) - end :]}"
    exact = sorted(glob.glob(pattern)) == sorted(first) and not set("*?[") & set("".join(first))
    return shlex.quote(pattern) if exact and pattern.isprintable() else ""


def _common(names: list[str]) -> int:
    """The length of the common beginning of all names; a number is in it whole or not at all."""
    first, last = min(names), max(names)  # all other names sort between these two
    length = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    if any(name[length : length + 1].isdigit() for name in names):
        length = len(first[:length].rstrip("0123456789"))
    return length


def _as_number(part: str) -> str:
    """A part of a name without the leading zeros of its numbers."""
    return re.sub("[0-9]+", lambda digits: str(int(digits[0])), part)


def _tell_apart(parts: list[str]) -> bool:
    return len({*map(_as_number, parts)}) == len(parts)


def pairs(logits: list[str], labels: list[str], where: str) -> list[str]:
    """The label shard of each logit shard: the two differ in the same way from the other shards.

    Args:
        logits, labels: the names of the shards.
        where: the name of the labels, for errors.

    Raises:
        InputError: a shard has no partner.
    """
    own, others = parts_that_differ(labels), parts_that_differ(logits)
    # 2 and 02 are the same number, unless both occur.
    key = _as_number if _tell_apart(own) and _tell_apart(others) else str
    of_labels = dict(zip(map(key, own), labels, strict=True))
    of_logits = dict(zip(map(key, others), logits, strict=True))
    alone = [name for part, name in of_logits.items() if part not in of_labels]
    alone += [name for part, name in of_labels.items() if part not in of_logits]
    if alone:
        listed = ", ".join(alone[:4]) + (", ..." if len(alone) > 4 else "")
        hint = "the names of logits and labels must differ in the same way, such as logits-1 and labels-1"
        raise InputError(f"shards without a partner: {listed}", hint, where=where)
    return [of_labels[part] for part in of_logits]
