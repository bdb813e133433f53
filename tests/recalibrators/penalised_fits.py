"""What the tests of the maps with a ridge share: rows to fit on, and their objective written plainly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.api.inputs import Inputs
from lscli.options import EvaluateOptions
from lscli.recalibrators.base import Fit, FitRows

Array = NDArray[Any]


def fit_rows(z: Array, y: Array, weight: Array | None = None, threads: int | None = 1) -> FitRows:
    """Rows to fit on, [N, K], all of weight 1 by default."""
    with Inputs(z, y, EvaluateOptions()) as opened:
        ones = np.ones(len(z)) if weight is None else weight
        return FitRows(opened.logits, np.asarray(y), ones, threads)


def known() -> tuple[Array, Array]:
    """2,000 rows of five classes, of which one is predicted too seldom and one too often."""
    rng = np.random.default_rng(20260530)
    z = 2 * rng.standard_normal((2000, 5))
    q = np.exp(z / 1.6 + [0.4, 0, 0, -0.3, 0])
    q /= q.sum(1)[:, None]
    return z, (rng.random((2000, 1)) > q.cumsum(1)).sum(1)


def certificate(found: Fit) -> dict[str, Any]:
    return dict(found.certificate)


def log_softmax(y: Array) -> Array:
    shifted = y - y.max(1, keepdims=True)
    found: Array = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return found


def prepared(z: Array, parameters: Any) -> Array:
    """x as the definition writes it, for rows of finite logits."""
    o = parameters.uniform
    found: Array = np.log((1 - o) * np.exp(log_softmax(z / parameters.temperature)) + o / z.shape[1])
    return found


def nll(y: Array, label: Array) -> float:
    """The mean."""
    return float(-log_softmax(y)[np.arange(len(y)), label].mean())
