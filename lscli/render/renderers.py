"""Render an answer in one of the output formats."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from lscli.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing


class Format(NamedTuple):
    """An output format.

    Attributes:
        module: has the functions `report(answer, screen)` and `listing(answer, screen)`; imported on first use.
        suffixes: the suffixes of files in this format, the usual one first.
        binary: whether a terminal cannot show it.
        arrays_only: whether it only holds arrays of numbers, such as smoothed labels, and no reports.
        only: the names of the listings that have it; empty if all answers do.
    """

    module: str
    suffixes: tuple[str, ...]
    binary: bool = False
    arrays_only: bool = False
    only: tuple[str, ...] = ()


# The commands whose answers have a chart.
PICTURED = ("plot", "bins", "sweep")

# A new format needs a line here, a module, and its name in `lscli.options.OutputFormat`.
FORMATS = {
    "csv": Format("lscli.render.formats.csv", (".csv",)),
    "json": Format("lscli.render.formats.json", (".json",)),
    "markdown": Format("lscli.render.formats.markdown", (".md", ".markdown")),
    "table": Format("lscli.render.terminal.views", (".txt",)),
    "parquet": Format("lscli.render.formats.parquet", (".parquet",), binary=True),
    "npy": Format("lscli.render.formats.npy", (".npy",), binary=True, arrays_only=True),
    "github": Format("lscli.render.formats.github", (), only=("check",)),
    "junit": Format("lscli.render.formats.junit", (".xml",), only=("check",)),
    "svg": Format("lscli.render.formats.picture", (".svg",), only=PICTURED),
    "pdf": Format("lscli.render.formats.picture", (".pdf",), binary=True, only=PICTURED),
    "png": Format("lscli.render.formats.picture", (".png",), binary=True, only=PICTURED),
    "html": Format("lscli.render.report.page", (".html", ".htm"), binary=True, only=("report",)),
}
BY_SUFFIX = {suffix: name for name, each in FORMATS.items() for suffix in each.suffixes}


class Screen(NamedTuple):
    """How text is shown.

    Attributes:
        width: columns of the terminal.
        color: whether to use colours.
        header: whether a CSV has a header.
        format: the name of the format.
    """

    width: int
    color: bool
    header: bool = True
    format: str = ""


def render(answer: Report | Listing, format: str, screen: Screen) -> Iterator[bytes]:  # noqa: A002
    """Render an answer in a format, piece by piece; a listing that streams is read while it is rendered.

    Args:
        answer: a report or a listing.
        format: one of `FORMATS`.
        screen: how text is shown.

    Returns:
        The bytes; text ends with a line feed.
    """
    module = import_module(FORMATS[format].module)
    renderer = module.report if isinstance(answer, Report) else module.listing
    for piece in renderer(answer, screen._replace(format=format)):
        # A file name that is not UTF-8 is a string with lone surrogates, which cannot be encoded.
        yield piece if isinstance(piece, bytes) else piece.encode("utf-8", errors="backslashreplace")
