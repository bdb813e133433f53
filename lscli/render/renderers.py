"""Answers as bytes: data in, text out. One file a format, imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from lscli.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing

# Suffix of a file to format; every format is the module of that name, with `report` and `listing`.
SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "table",
    ".parquet": "parquet",
    ".npy": "npy",
}


class Screen(NamedTuple):
    """What the text is for: its width in columns, whether it may be coloured, whether a CSV has its first line."""

    width: int
    color: bool
    header: bool = True


def render(answer: Report | Listing, format: str, screen: Screen) -> Iterator[bytes]:  # noqa: A002
    """The answer piece by piece, text with a line feed at its end; a listing that streams comes as it is read."""
    renderer = import_module("lscli.render.terminal.views" if format == "table" else f"lscli.render.formats.{format}")
    function = renderer.report if isinstance(answer, Report) else renderer.listing
    for piece in function(answer, screen):
        # A name that is not UTF-8 arrives with lone surrogates.
        yield piece if isinstance(piece, bytes) else piece.encode("utf-8", errors="backslashreplace")
