"""Format numbers for people: values to four significant digits, standard errors to two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.text import printable, rounded

if TYPE_CHECKING:
    from lscli.report import Provenance, Row

# Numbers of at most so many characters, such as an eps of 0.000125, are shown as they are.
_LONG = 8


def short(value: float, digits: int = 4) -> str:
    """Four significant digits, or as many as said, or an empty string for a missing number."""
    if math.isnan(value):
        return ""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    text = f"{value:#.{digits}g}"
    if "e" not in text:
        return text.rstrip(".")
    # 1.234e+04 is easier to read as 12340; an exponent is kept for numbers below 1 and from 1e9 on.
    return f"{value:.0f}" if 1 <= abs(value) < 1e9 else f"{value:.{digits - 1}e}"


def error(value: float) -> str:
    """A standard error to two significant digits, or an empty string if it is missing.

    One of 0, as that of an accuracy without an error, says nothing about other samples, and counts as missing.
    """
    if math.isnan(value) or value == 0:
        return ""
    if 9.95 <= value < 1e9:
        return f"{value:.0f}"
    return f"{value:#.2g}".rstrip(".")


def interval(low: float, high: float, digits: int = 4) -> str:
    """The bounds of an interval to so many significant digits, or an empty string if it is missing."""
    return "" if math.isnan(low) else f"{short(low, digits)} .. {short(high, digits)}"


def cell(value: object) -> str:
    """A value of a listing: `yes` or nothing for a bool, nothing for None, four significant digits for a float."""
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    return short(value) if isinstance(value, float) else printable(str(value))


def settings(row: Row) -> list[str]:
    """The params of a row as text, `key=value` each; numbers to at most six significant digits."""
    return [
        f"{key}={rounded(value, 6)}" if isinstance(value, float) and len(str(value)) > _LONG else f"{key}={value}"
        for key, value in row.params.items()
    ]


def interval_title(answer: Provenance) -> str:
    """The heading of a column of intervals: their level."""
    level = answer.settings.get("level")
    return f"{100 * level.value:g} % interval" if level else "interval"
