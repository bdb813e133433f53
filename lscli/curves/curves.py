"""The charts, each with the file that computes its numbers."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
