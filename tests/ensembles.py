"""The textbook's ensemble, in the largest floats that numpy has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def members(rows: int = 60, classes: int = 5, count: int = 3, dtype: str = "float32", seed: int = 0) -> Array:
    """Logits [S, N, K] of members that mostly agree, always the same."""
    rng = np.random.default_rng(seed)
    base = 3 * rng.standard_normal((rows, classes))
    return (base + rng.standard_normal((count, rows, classes))).astype(dtype)


def labels(rows: int = 60, classes: int = 5) -> NDArray[np.int64]:
    """Labels [N], always the same."""
    return np.random.default_rng(1).integers(0, classes, rows)


def log_probabilities(x: Array) -> Array:
    """The log-softmax of x [..., K]; nan in a row that is not finite."""
    x = x.astype(np.longdouble)
    with np.errstate(all="ignore"):
        d = x - x.max(axis=-1, keepdims=True)
        return np.asarray(d - np.log(np.exp(d).sum(axis=-1, keepdims=True)))


def log_mean(x: Array) -> Array:
    """The logarithm of the mean over the members of the softmax of x [S, N, K]."""
    log_p = log_probabilities(x)
    with np.errstate(all="ignore"):
        top = log_p.max(axis=0)
        mean = top + np.log(np.exp(log_p - np.where(np.isneginf(top), 0, top)).mean(axis=0))
        found: Array = np.where(np.isneginf(top), top, mean)
        return found


def disagreement(x: Array) -> tuple[Array, Array]:
    """The mean entropy of a member, and the mean KL divergence of a member from the mean, [N] each."""
    log_p, mean = log_probabilities(x), log_mean(x)
    p = np.exp(log_p)
    with np.errstate(all="ignore"):
        entropy = -np.where(p > 0, p * log_p, 0).sum(axis=-1).mean(axis=0)
        information = np.where(p > 0, p * (log_p - mean), 0).sum(axis=-1).mean(axis=0)
    return entropy, information
