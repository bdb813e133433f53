"""The coverage and the size of conformal sets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.curves.chart import Chart, Series

if TYPE_CHECKING:
    from lscli.decisions.conformal import Conformal, ConformalRow

MOST = 20  # classes or groups


class SetPoint(NamedTuple):
    """The sets of some samples.

    Attributes:
        part: which samples: those of calibration, a group or a class of theirs, or of the test samples.
        value: the coverage, or the mean number of classes in a set; nan where it is not known.
        ci_low, ci_high: the interval of the coverage; nan without one.
    """

    part: str
    value: float
    ci_low: float
    ci_high: float


def chart_of_sets(answer: Conformal) -> Chart:
    """The chart of the answer of `conformal`; of more rows than 20, those with the lowest coverage."""
    rows = [row for row in answer.rows if math.isfinite(row.coverage) or math.isfinite(row.mean_size)]
    left = max(0, len(rows) - MOST)
    if left:
        whole = [row for row in rows if not row.group and row.number is None]
        others = sorted((row for row in rows if row not in whole), key=lambda row: row.coverage)
        rows = [*whole, *others][:MOST]
    alpha = answer.settings["alpha"].value if "alpha" in answer.settings else math.nan
    tested = answer.tested.source if answer.tested is not None else None
    facts = {"promised": 1 - alpha, "left_out": left}
    names = [_name(row, tested) for row in rows]
    coverage = [
        SetPoint(name, row.coverage, row.coverage_low, row.coverage_high) for name, row in zip(names, rows, strict=True)
    ]
    sizes = [SetPoint(name, row.mean_size, math.nan, math.nan) for name, row in zip(names, rows, strict=True)]
    found = (("coverage", coverage), ("mean size of a set", sizes))
    series = [
        Series(name, "", points, facts) for name, points in found if any(math.isfinite(each.value) for each in points)
    ]
    return Chart(chart="sets", series=series, conclusion=answer.conclusion, **answer.fields())


def _name(row: ConformalRow, tested: str | None) -> str:
    words = ["test" if row.source == tested else "calibration", row.group]
    return ", ".join(filter(None, [*words, "" if row.number is None else f"class {row.number}"]))
