"""Two models on the same samples, and their sweeps, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lscli
from lscli.report import Report, Row
from tests import naive

Array = NDArray[Any]
K = 6
PRIOR = np.array([0.3, 0.05, 0.15, 0.2, 0.1, 0.2])
WEIGHTS = np.array([1.0, 0.2, 3.0, 0.0, 2.0, 0.7])
TARGETS: list[dict[str, Any]] = [
    {},
    {"smoothing": "off-target"},
    {"smoothing": "classy"},
    {"smoothing": "prior", "prior": PRIOR},
    {"class_weights": WEIGHTS},
    {"class_weights": WEIGHTS, "weight_mode": "target-only"},
    {"smoothing": "prior", "prior": PRIOR, "class_weights": WEIGHTS},
]


def named(options: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in options.values() if isinstance(value, str)) or "uniform"


def pair(rows: int = 400, seed: int = 0) -> tuple[Array, Array, Array]:
    """Two models on the same samples, and the labels: the second is less sure, and better at a larger eps."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, K, rows)
    logits = random.normal(size=(rows, K))
    logits[np.arange(rows), labels] += 2.5
    return 2 * logits, logits + 0.3 * random.normal(size=(rows, K)), labels


A, B, Y = pair()


def by_eps(report: Report, metric: str, source: str = "logits", group: str = "") -> dict[float, Row]:
    rows = [row for row in report.rows if (row.metric, row.source, row.group) == (metric, source, group)]
    return {row.params["eps"]: row for row in rows}


def one(report: Report, metric: str, source: str = "logits (2)", group: str = "") -> Row:
    (row,) = [row for row in report.rows if (row.metric, row.source, row.group) == (metric, source, group)]
    return row


def losses(logits: Array, eps: float, options: Mapping[str, Any]) -> tuple[Array, Array]:
    """The smoothed loss of each sample with class weights, and what it is divided by, from the targets themselves."""
    smoothing = {name: options[name] for name in ("smoothing", "prior") if name in options}
    targets = lscli.smooth_labels(Y, K, eps, **smoothing)
    weights = options.get("class_weights", np.ones(K))
    log_p = naive.log_softmax(logits).astype(float)
    if options.get("weight_mode") == "target-only":
        return -(targets * log_p).sum(axis=1) * weights[Y], weights[Y]
    return -(targets * weights * log_p).sum(axis=1), weights[Y]
