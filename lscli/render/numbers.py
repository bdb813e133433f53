"""Format numbers for people: values to four significant digits, standard errors to two."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.text import printable, rounded

if TYPE_CHECKING:
    from lscli.report import Provenance, Row

# Params that people need not see, since the definition of the metric names these defaults, and words for others.
_DEFAULT_PARAMS = ("bins=15", "score=msp")
_BOUNDS = {"bound=lower": "at least", "bound=upper": "at most"}
# The most decimals of a value with its standard error.
_DECIMALS = 8
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


def with_error(value: float, stderr: float) -> tuple[str, str]:
    """A value to the decimals of its standard error, and that error to two digits; it is empty if it is missing.

    A value without an error, or with one of less than the last digit, has four significant digits.
    """
    spread = error(stderr) if math.isfinite(value) else ""
    if "e" not in spread and spread:
        decimals = len(spread.partition(".")[2])
        if decimals <= _DECIMALS:
            return f"{value:.{decimals}f}", spread
    return short(value), ""


def p_value(number: float) -> str:
    """A p-value to two digits, or `< 1e-4`; an empty string if it is missing."""
    return "" if math.isnan(number) else "< 1e-4" if number < 1e-4 else f"{number:.2g}"


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


def remarks(row: Row) -> list[str]:
    """The params of a row that tell it from other values of its metric, as text for people."""
    return [_BOUNDS.get(param, param) for param in settings(row) if param not in _DEFAULT_PARAMS]


def interval_title(answer: Provenance) -> str:
    """The heading of a column of intervals: their level."""
    level = answer.settings.get("level")
    return f"{100 * level.value:g} % interval" if level else "interval"
