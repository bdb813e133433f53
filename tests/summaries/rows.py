"""Rows of reports, made by hand."""

from __future__ import annotations

import math

from lscli.report import Row


def row(metric: str, value: float, stderr: float = math.nan, eps: float | None = None, **params: str) -> Row:
    """A row of x.npy with these numbers."""
    return Row(
        "x.npy", "", metric, value, stderr, math.nan, math.nan, 100, ({} if eps is None else {"eps": eps}) | params
    )
