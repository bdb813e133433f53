"""Tidy TSV: the CSV with tabs between its cells.

Control characters of names are escapes, as in CSV, so a tab never stands inside a cell and a row is always one line. A
cell that has a quote is quoted, as Excel and pandas do it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.render.formats import csv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.report import Report

_TAB = "\t"


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The rows of the report under the columns of the CSV."""
    return csv.report(answer, screen, _TAB)


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The rows of the listing under its columns."""
    return csv.listing(answer, screen, _TAB)
