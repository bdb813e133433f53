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
        binary: whether a terminal cannot show it, or nobody wants to see it there.
        arrays_only: whether it only holds arrays of numbers, such as smoothed labels, and no reports.
        only: the names of the listings that have it; empty if all answers do.
        picture: whether it needs matplotlib.
    """

    module: str
    suffixes: tuple[str, ...]
    binary: bool = False
    arrays_only: bool = False
    only: tuple[str, ...] = ()
    picture: bool = False


# The commands whose answers have a chart.
PICTURED = ("plot", "bins", "sweep", "compare", "recalibrate", "threshold", "conformal", "ood")

# A new format needs a line here, a module, and its name in `lscli.options.OutputFormat`.
FORMATS = {
    "csv": Format("lscli.render.formats.csv", (".csv",)),
    "tsv": Format("lscli.render.formats.tsv", (".tsv",)),
    "json": Format("lscli.render.formats.json", (".json",)),
    "markdown": Format("lscli.render.formats.markdown", (".md", ".markdown")),
    "latex": Format("lscli.render.formats.latex", (".tex",)),
    "table": Format("lscli.render.terminal.views", (".txt",)),
    "parquet": Format("lscli.render.formats.parquet", (".parquet",), binary=True),
    "npy": Format("lscli.render.formats.npy", (".npy",), binary=True, arrays_only=True),
    "github": Format("lscli.render.formats.github", (), only=("check",)),
    "junit": Format("lscli.render.formats.junit", (".xml",), only=("check",)),
    "svg": Format("lscli.render.formats.picture", (".svg",), binary=True, only=PICTURED, picture=True),
    "pdf": Format("lscli.render.formats.picture", (".pdf",), binary=True, only=PICTURED, picture=True),
    "png": Format("lscli.render.formats.picture", (".png",), binary=True, only=PICTURED, picture=True),
    "html": Format("lscli.render.report.page", (".html", ".htm"), binary=True, only=("report",)),
}
BY_SUFFIX = {suffix: name for name, each in FORMATS.items() for suffix in each.suffixes}


class Screen(NamedTuple):
    """How text is shown.

    Attributes:
        width: columns of the terminal.
        color: whether to use colours.
        header: whether CSV and TSV have a header.
        format: the name of the format.
        encoding: of the bytes of a table; other formats are always UTF-8.
    """

    width: int
    color: bool
    header: bool = True
    format: str = ""
    encoding: str = "utf-8"


def render(answer: Report | Listing, format: str, screen: Screen) -> Iterator[bytes]:  # noqa: A002
    """Render an answer in a format, piece by piece; a listing that streams is read while it is rendered.

    Args:
        answer: a report or a listing.
        format: one of `FORMATS`.
        screen: how text is shown.

    Returns:
        The bytes; text ends with a line feed.
    """
    encoding = screen.encoding if format == "table" else "utf-8"
    module = import_module(FORMATS[format].module)
    renderer = module.report if isinstance(answer, Report) else module.listing
    for piece in renderer(answer, screen._replace(format=format)):
        # A file name that is not UTF-8 is a string with lone surrogates, and other encodings lack many characters.
        yield piece if isinstance(piece, bytes) else piece.encode(encoding, errors="backslashreplace")
