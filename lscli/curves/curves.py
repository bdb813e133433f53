"""The charts, each with the file that computes its numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from lscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from lscli.curves.chart import Curve
    from lscli.options import ChartName

# A new chart needs a line here and in `lscli.render.plots.plots`, its two modules, and its name in
# `lscli.options.values.ChartName`.
CURVES: dict[ChartName, str] = {
    "reliability": "lscli.curves.reliability",
    "corp": "lscli.curves.corp",
    "smooth": "lscli.curves.smooth",
    "confidence": "lscli.curves.confidence",
    "risk-coverage": "lscli.curves.risk_coverage",
    "smoothing": "lscli.curves.smoothing",
    "gaps": "lscli.curves.gaps",
    "classes": "lscli.curves.classes",
    "temperature": "lscli.curves.temperature",
    "threshold": "lscli.curves.threshold",
}


def curve_of(chart: ChartName) -> Curve:
    """How the numbers of a chart are computed."""
    found: Curve = import_module(CURVES[chart]).CURVE
    return found


# The charts that read an option of which the others have no use.
READ_BY: dict[str, tuple[ChartName, ...]] = {
    "bins": ("reliability", "confidence"),
    "bin_edges": ("reliability", "confidence"),
    "compat": ("reliability", "confidence"),
    "score": ("risk-coverage", "threshold"),
    "eps": ("smoothing", "gaps"),
    "smoothing": ("smoothing", "gaps"),
    "max_error": ("threshold",),
}


def check_read(chart: ChartName, given: Collection[str]) -> None:
    """Refuse an option that was given and that the chart does not read.

    Raises:
        UsageError: there is one.
    """
    for name, charts in READ_BY.items():
        if name in given and chart not in charts:
            flag = "--" + name.replace("_", "-")
            hint = f"leave out {flag}, or say --chart {charts[0]}"
            raise UsageError(f"the chart {chart} does not read it", hint, where=flag[2:])
