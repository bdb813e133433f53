"""Smoothed targets, and the parts of a sample's excess by their definitions, one sample at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
CONVENTIONS = ("uniform", "off-target", "classy", "prior")


def target_of(smoothing: str, eps: float, label: int, classes: int, prior: Array | None = None) -> Array:
    """q' of a label, [K]."""
    one_hot: Array = np.eye(classes)[label]
    if smoothing == "off-target":
        one_hot[:] = np.where(one_hot == 1, 1 - eps, eps / (classes - 1))
        return one_hot
    if smoothing == "classy":
        one_hot[:] = (one_hot + eps / classes) / (1 + eps)
        return one_hot
    return (1 - eps) * one_hot + eps * (prior if prior is not None else np.full(classes, 1 / classes))


def divergence(q: Array, log_p: Array) -> float:
    """KL(q || p), 0 ln 0 = 0."""
    q, log_p = (np.asarray(x, np.longdouble)[np.asarray(q) > 0] for x in (q, log_p))
    return float((q * (np.log(q) - log_p)).sum())


def split(q: Array, log_p: Array, label: int) -> tuple[float, float, float]:
    """Overshoot, undershoot and structure of a sample: KL of the label against the rest, and among the rest."""
    q = q.astype(np.longdouble)
    others = np.delete(q, label)
    log_others = np.delete(log_p, label)
    rest, log_rest = others.sum(), np.logaddexp.reduce(log_others)
    binary = divergence(np.array([q[label], rest]), np.array([log_p[label], log_rest]))
    structure = float(rest) * divergence(others / rest, log_others - log_rest) if rest > 0 else 0.0
    above = rest > 0 and log_rest < np.log(rest)
    return (binary if above else 0.0), (0.0 if above else binary), structure


def options_of(smoothing: str, classes: int) -> tuple[dict[str, Any], Array | None]:
    """The options of a convention, and its prior; one class has the prior 0."""
    if smoothing != "prior":
        return {"smoothing": smoothing}, None
    prior = np.random.default_rng(classes).dirichlet(np.ones(classes))
    prior[1] = 0
    prior /= prior.sum()
    return {"smoothing": smoothing, "prior": prior}, prior
