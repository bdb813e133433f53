"""Tidy CSV: full precision, one header, line feeds; a missing number is an empty cell."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING

from lscli.report import Row
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.listings import Listing, Matrix
    from lscli.render.renderers import Screen
    from lscli.report import Report

# A spreadsheet computes text that begins with one of these characters, also in their wide forms of East Asia and after
# white space. A number from end to end is no formula, and neither is a lone `-`, the name of standard input.
_FORMULA = re.compile(r"\s*[=+@\-\uff1d\uff0b\uff20\uff0d\u2212]")
_HARMLESS = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|-", re.ASCII)
# Characters in a piece: as much as a pipe holds.
_PIECE = 1 << 16


def report(answer: Report, screen: Screen, separator: str = ",") -> Iterator[str]:
    """The rows of the report under `source,group,metric,value,stderr,ci_low,ci_high,n,params`."""
    return tidy(Row._fields, (row.cells() for row in answer.rows), screen, separator)


def listing(answer: Listing, screen: Screen, separator: str = ",") -> Iterator[str]:
    """The rows of the listing under its columns."""
    from lscli.listings import LogitArray, SmoothedLabels

    if isinstance(answer, SmoothedLabels | LogitArray):
        return _numbers(answer.columns, answer.rows, screen, separator)
    return tidy(answer.columns, answer.cells(), screen, separator)


def tidy(
    columns: Sequence[str], rows: Iterable[Sequence[object]], screen: Screen, separator: str = ","
) -> Iterator[str]:
    """Rows under their columns, in pieces."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    if screen.header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if text.tell() >= _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _numbers(columns: Sequence[str], rows: Matrix, screen: Screen, separator: str) -> Iterator[str]:
    """The same text for a matrix, faster: its cells are all numbers and need no checks."""
    start = separator.join(columns) + "\n" if screen.header else ""
    # The header is written with the first block, so that nothing is written if that block fails.
    for block in rows.blocks:
        yield start + "".join(separator.join(map(repr, row)) + "\n" for row in block.tolist())
        start = ""


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    if value is None:
        return ""
    text = printable(str(value))
    return "'" + text if _FORMULA.match(text) and not _HARMLESS.fullmatch(text) else text
