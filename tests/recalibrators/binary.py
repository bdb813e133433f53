"""Rows, and the textbook's c and a, for the tests of maps that change one logit."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.io.open import open_inputs
from lscli.options import LogitsOptions
from lscli.recalibrators.base import Fit, FitRows
from lscli.recalibrators.methods import METHODS

Array = NDArray[Any]


def rows(z: Any, y: Any, weight: Any = None, threads: int | None = None) -> FitRows:
    """Rows to fit on, logits [N, K] and labels [N]."""
    z, y = np.asarray(z), np.asarray(y)
    logits, _ = open_inputs(z, y, LogitsOptions(), None)
    return FitRows(logits, y, np.ones(len(y)) if weight is None else np.asarray(weight, np.float64), threads)


def fitted(method: str, z: Any, y: Any, weight: Any = None) -> Fit:
    return METHODS[method].fit(rows(z, y, weight))


def number(fit: Fit, name: str) -> float:
    """A number of the certificate."""
    found = fit.certificate[name]
    assert isinstance(found, float | int)
    return found


def mapped(method: str, z: Any, parameters: Any) -> Array:
    new: Array = METHODS[method].mapped(np.asarray(z, np.float64), parameters, np)
    return new


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p: Array = e / e.sum(axis=1, keepdims=True)
    return p


def seen(z: Array, y: Array, t: float, total: float | None = None) -> tuple[Array, Array, Array]:
    """c, 1 - c and a of rows without masked classes, as the textbook has them."""
    o = 1 / ((len(z) if total is None else total) + 1)
    p = (1 - o) * softmax(z / t) + o / z.shape[1]
    if z.shape[1] == 2:
        return p[:, 1], p[:, 0], y == 1
    top = z.argmax(axis=1)
    at = np.arange(len(z))
    others = p.copy()
    others[at, top] = 0
    return p[at, top], others.sum(axis=1), y == top


def sample(seed: int, n: int, classes: int) -> tuple[Array, Array]:
    """Logits that are too confident, and labels."""
    rng = np.random.default_rng(seed)
    z = 2 * rng.standard_normal((n, classes))
    y = np.array([rng.choice(classes, p=p) for p in softmax(z / 1.7)])
    return z, y


def known() -> tuple[Array, Array]:
    """2,000 samples of 5 classes, whose probabilities are not those of any temperature."""
    rng = np.random.default_rng(20260530)
    z = 2 * rng.standard_normal((2000, 5))
    q = np.exp(z / 1.6 + [0.4, 0, 0, -0.3, 0])
    q /= q.sum(axis=1, keepdims=True)
    return z, (rng.random((2000, 1)) > q.cumsum(axis=1)).sum(axis=1)


def logits(c: Any) -> Array:
    """Binary logits [N, 2] of the probability c of class 1."""
    c = np.asarray(c, np.float64)
    return np.stack([np.zeros(len(c)), np.log(c) - np.log1p(-c)], axis=1)


def loss(z: Array, y: Array) -> float:
    p = softmax(z)[np.arange(len(z)), y]
    return -math.fsum(np.log(p)) / len(y)
