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
    from collections.abc import Iterable, Sequence

    from lscli.render import Screen
    from lscli.report import Listing, Report


# What a spreadsheet would compute; `-` alone and negative numbers are none.
_FORMULA = re.compile(r"[=+@]|-(?![\d.]|$)")


def report(answer: Report, screen: Screen) -> str:
    """The rows of the report under `source,group,metric,value,stderr,ci_low,ci_high,n,params`."""
    return _csv(Row._fields, answer.rows)


def listing(answer: Listing, screen: Screen) -> str:
    """The rows of the listing under its columns."""
    return _csv(answer.columns, answer.rows)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    text = printable(str(value))
    return "'" + text if _FORMULA.match(text) else text
