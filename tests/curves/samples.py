"""Samples that tests of charts share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.api.plot import chart
from lscli.curves.chart import Chart, Series
from lscli.options import PlotOptions

Array = NDArray[Any]


def logits(samples: int, classes: int, seed: int = 0) -> tuple[Array, Array]:
    """Logits [N, K] of an over-confident model, and labels [N]."""
    random = np.random.default_rng(seed)
    x = 2 * random.normal(size=(samples, classes))
    cumulative = np.cumsum(probabilities(0.6 * x), axis=1)
    labels = np.minimum((cumulative < random.random((samples, 1))).sum(axis=1), classes - 1)
    return x, labels


def probabilities(x: Array) -> Array:
    """The softmax, [N, K]."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p: Array = e / e.sum(axis=1, keepdims=True)
    return p


def drawn(x: Any, y: Any, **options: Any) -> Chart:
    """The chart of logits and labels."""
    return chart([np.asarray(x)], np.asarray(y), PlotOptions(**options))


def only(x: Any, y: Any, **options: Any) -> Series:
    """The one series of a chart."""
    (series,) = drawn(x, y, **options).series
    return series
