"""Texts that fit into a picture: measured, wrapped, shortened, and in signs that the font has."""

from __future__ import annotations

import itertools
from functools import cache
from typing import TYPE_CHECKING, Any

from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_ELLIPSIS = "…"


@cache
def _font(size: float) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family="DejaVu Sans", size=size)


@cache
def width_of(text: str, size: float) -> float:
    """The width of a text of one line, in points.

    Args:
        text: what is drawn.
        size: of the font, in points.
    """
    from matplotlib.textpath import text_to_path

    width, _, _ = text_to_path.get_text_width_height_descent(in_font(text), _font(size), ismath=False)
    return float(width)


def in_font(text: str) -> str:
    """The text with an escape for each sign that the font of the pictures lacks, since it would draw a box for it."""
    if text.isascii() and text.isprintable():
        return text
    signs = _signs()
    return "".join(c if ord(c) in signs or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in text)


@cache
def _signs() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont(_font(8))).get_charmap())


def sentences(text: str, names: Collection[str]) -> str:
    """The lines of a caption as sentences: with a full stop, and a capital letter unless a name or a value begins them.

    Args:
        text: the lines.
        names: of the series, which stay as they are, as the ids of metrics do.
    """
    return "\n".join(_sentence(line, names) for line in text.split("\n") if line)


def _sentence(line: str, names: Collection[str]) -> str:
    _, _, second = line.partition(" ")
    of_value = second[:1].isdigit() or second.startswith("undefined")  # "ece 0.0341"
    if not of_value and not any(line.startswith(f"{name}: ") for name in names):
        line = line[:1].upper() + line[1:]
    return line if line.endswith((".", "…")) else f"{line}."


def wrapped(text: str, room: float, size: float) -> list[str]:
    """The lines of a text, each of at most `room` points; a word that is longer is cut into several lines."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if width_of(longer, size) <= room:
                line = longer
                continue
            if line:
                lines.append(line)
            while width_of(word, size) > room and len(word) > 1:
                most = _most(word, room, size)
                lines.append(word[:most])
                word = word[most:]  # the rest of a long word is the next word
            line = word
        if line:
            lines.append(line)
    return lines


def _most(word: str, room: float, size: float) -> int:
    """How many characters of a word fit, at least one."""
    return next((count for count in range(len(word), 1, -1) if width_of(word[:count], size) <= room), 1)


def elided(text: str, room: float, size: float) -> str:
    """The text without its middle, if it is wider than `room` points."""
    if width_of(text, size) <= room:
        return text
    for kept in range(min(len(text) - 1, 200), 0, -1):
        shorter = f"{text[: (kept + 1) // 2]}{_ELLIPSIS}{text[len(text) - kept // 2 :]}"
        if width_of(shorter, size) <= room:
            return shorter
    return _ELLIPSIS


def short_names(names: Sequence[str], room: float, size: float, *, files: bool = True) -> list[str]:
    """Each name in at most `room` points: of files, folders that tell nothing apart go first, then the middle.

    Names that would look the same begin with their number, from 1.
    """
    shown = [printable(name) for name in names]
    if files:
        ends = [name.rstrip("/").rpartition("/")[2] or name for name in shown]
        shown = ends if len({*ends}) == len(ends) else _without_shared_parts(shown)
        stems = [name.rpartition(".") for name in shown]
        wide = any(width_of(name, size) > room for name in shown)
        if wide and len({suffix for _, _, suffix in stems}) == 1 and all(stem for stem, _, _ in stems):
            shown = [stem for stem, _, _ in stems]
    fitted = [elided(name, room, size) for name in shown]
    if len({*fitted}) == len(fitted):
        return fitted
    return [elided(f"{place} {name}", room, size) for place, name in enumerate(shown, 1)]


def _without_shared_parts(names: Sequence[str]) -> list[str]:
    """The names without the folders that all begin with, and without the parts that all end with."""
    parts = [name.split("/") for name in names]
    start = _shared([each[:-1] for each in parts])
    rest = [each[start:] for each in parts]
    end = _shared([each[:0:-1] for each in rest])
    return ["/".join(each[: len(each) - end]) for each in rest]


def _shared(sequences: Sequence[Sequence[str]]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda each: len({*each}) == 1, zip(*sequences, strict=False)))
