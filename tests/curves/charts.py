"""Charts of arrays, for tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from lscli.api.plot import chart
from lscli.curves.chart import Chart, Series
from lscli.options import PlotOptions


def drawn(name: Any, models: Any, labels: Any, **options: Any) -> Chart:
    """The chart of one model, [N, K], or of several."""
    several = models if isinstance(models, list) else [models]
    return chart(several, labels, PlotOptions(chart=name, **options))


def only(found: Chart) -> Series:
    """The series of a chart that has one."""
    (series,) = found.series
    return series


def samples(n: int, k: int, *, seed: int = 0, scale: float = 2.0) -> tuple[np.ndarray, np.ndarray]:
    """Logits [n, k] that know something of their labels [n]."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, k)).astype(np.float32) * scale
    y = rng.integers(0, k, n)
    x[np.arange(n), y] += scale
    return x, y
