"""Tidy CSV: full precision, one header, line feeds; what is missing is empty."""

from __future__ import annotations

import csv
import io
import math
import re
from typing import TYPE_CHECKING, Any

from lscli.report import Row
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lscli.listings import Listing, Matrix
    from lscli.render.renderers import Screen
    from lscli.report import Report


# What a spreadsheet would compute; `-` alone and negative numbers are none.
_FORMULA = re.compile(r"[=+@]|-(?![\d.]|$)")


# Characters handed on at a time: as much as a pipe holds.
_PIECE = 1 << 16


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """The rows of the report under `source,group,metric,value,stderr,ci_low,ci_high,n,params`."""
    return _csv(Row._fields, (row.cells() for row in answer.rows), screen)


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The rows of the listing under its columns."""
    from lscli.listings import SmoothedLabels

    if isinstance(answer, SmoothedLabels):
        return _numbers(answer.columns, answer.rows, screen)
    return _csv(answer.columns, answer.cells(), screen)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]], screen: Screen) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if screen.header:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if text.tell() >= _PIECE:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _numbers(columns: Sequence[str], rows: Matrix, screen: Screen) -> Iterator[str]:
    """The same text for numbers alone, which takes no look at each cell."""
    start = ",".join(columns) + "\n" if screen.header else ""
    # The header comes with the first block: where that is an error, nothing is written.
    for block in rows.blocks:
        yield start + "".join(",".join(map(repr, row)) + "\n" for row in block.tolist())
        start = ""


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, int):
        return str(value)
    text = printable(str(value))
    return "'" + text if _FORMULA.match(text) else text
