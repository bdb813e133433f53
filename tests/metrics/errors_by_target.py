"""Standard errors against simulation, for each kind of input: `python -m tests.metrics.errors_by_target [runs]`.

Each run draws new samples of one model. The standard deviation of a metric over the runs is what its standard error
estimates, whatever formula that has.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lscli

Array = NDArray[Any]
# Logits, labels and options of one run.
Drawn = tuple[Array, Array, dict[str, Any]]
PRIOR = np.array([0.6, 0.2, 0.1, 0.06, 0.04])
CLASS_WEIGHTS = np.array([0.3, 2.0, 1.0, 3.0, 0.7])
COMMON: dict[str, Any] = {"metrics": "all", "eps": [0.1, 0.5], "noise_rate": 0.2, "threads": 1}


def _model(random: np.random.Generator, n: int) -> tuple[Array, Array]:
    """Logits [n, 5] of an over-confident model with classes of very different frequency, and labels [n]."""
    labels = random.choice(5, n, p=[0.5, 0.25, 0.12, 0.08, 0.05])
    logits = 1.6 * random.standard_normal((n, 5)) + 2.5 * np.eye(5)[labels] + np.log([0.5, 0.25, 0.12, 0.08, 0.05])
    return logits, labels


def plain(random: np.random.Generator, n: int) -> Drawn:
    return *_model(random, n), {}


def weights(random: np.random.Generator, n: int) -> Drawn:
    """Of few different samples, each counts as often as it is drawn."""
    population = _model(np.random.default_rng(5), 300)
    return *population, {"weights": np.bincount(random.integers(0, 300, n), minlength=300)}


def off_target(random: np.random.Generator, n: int) -> Drawn:
    return *_model(random, n), {"smoothing": "off-target"}


def prior(random: np.random.Generator, n: int) -> Drawn:
    return *_model(random, n), {"smoothing": "prior", "prior": PRIOR}


def class_weights(random: np.random.Generator, n: int) -> Drawn:
    return *_model(random, n), {"class_weights": CLASS_WEIGHTS}


def target_only(random: np.random.Generator, n: int) -> Drawn:
    weights = {"class_weights": CLASS_WEIGHTS, "weight_mode": "target-only"}
    return *_model(random, n), {**weights, "smoothing": "prior", "prior": PRIOR}


def masked_classes(random: np.random.Generator, n: int) -> Drawn:
    """Each row lacks some of the classes other than the label."""
    logits, labels = _model(random, n)
    logits[(random.random((n, 5)) < 0.4) & (labels[:, None] != np.arange(5))] = -np.inf
    alone = np.isfinite(logits).sum(axis=1) == 1
    logits[alone, (labels[alone] + 1) % 5] = 0.0
    return logits, labels, {"masked_classes": "exclude"}


def soft_labels(random: np.random.Generator, n: int) -> Drawn:
    logits, labels = _model(random, n)
    mixed = random.dirichlet(np.full(5, 0.4), n)
    return logits, 0.6 * np.eye(5)[labels] + 0.4 * mixed, {"soft_labels": True}


def soft_labels_and_class_weights(random: np.random.Generator, n: int) -> Drawn:
    logits, labels, options = soft_labels(random, n)
    return logits, labels, {**options, "class_weights": CLASS_WEIGHTS}


def clusters(random: np.random.Generator, n: int) -> Drawn:
    """Clusters of 4 samples that share a part of their logits and their labels; a prior."""
    logits, labels = _model(random, n)
    shared = np.repeat(random.standard_normal((n // 4, 5)), 4, axis=0)
    first = np.repeat(labels[::4], 4)
    logits += 1.5 * shared + 1.2 * (np.eye(5)[first] - np.eye(5)[labels])
    return logits, first, {"smoothing": "prior", "prior": PRIOR, "clusters": np.repeat(np.arange(n // 4), 4)}


CASES: tuple[Callable[[np.random.Generator, int], Drawn], ...] = (
    plain,
    weights,
    off_target,
    prior,
    class_weights,
    target_only,
    masked_classes,
    soft_labels,
    soft_labels_and_class_weights,
    clusters,
)
# Cases with the logits and labels of `plain`, so that the fits, which take most of the time, are those of `plain`.
ONE_TEMPERATURE = (off_target, prior, class_weights, target_only)
AT = {"temperature", "loss_hard_tempered", "ece_tempered", "refinement_loss", "calibration_loss"}


def _report(logits: Array, labels: Array, options: dict[str, Any], metrics: Any) -> lscli.Report:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)
        return lscli.evaluate(logits, labels, **{**COMMON, **options, "metrics": metrics})


def simulated(
    draw: Callable[[np.random.Generator, int], Drawn], runs: int, n: int = 400
) -> dict[tuple[str, str], tuple[float, float]]:
    """For each value that has a standard error: the standard deviation over the runs, and the mean standard error.

    The mean is the quadratic one, because the square of a standard error is what estimates a variance.
    """
    random = np.random.default_rng(7)
    left_out = AT if draw in ONE_TEMPERATURE else set()
    first = _report(*draw(random, n), COMMON["metrics"])
    # Most of the time would go to metrics without a standard error.
    metrics = list({row.metric: 0 for row in first.rows if math.isfinite(row.stderr)}.keys() - left_out)
    values: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for _ in range(runs):
        for row in _report(*draw(random, n), metrics).rows:
            values.setdefault((row.metric, str(row.params.get("eps", ""))), []).append((row.value, row.stderr))
    found = {}
    for name, pairs in values.items():
        of_runs = np.array(pairs)
        if np.isfinite(of_runs).all() and of_runs[:, 1].any():
            found[name] = (float(of_runs[:, 0].std(ddof=1)), math.sqrt(float(np.square(of_runs[:, 1]).mean())))
    return found


def main(runs: int) -> None:
    for draw in CASES:
        for (name, eps), (actual, printed) in simulated(draw, runs).items():
            ratio = printed / actual
            mark = "" if abs(ratio - 1) < 0.05 else "  <--"
            print(f"{draw.__name__:30} {name:26} {eps:4} {actual:.6f} {printed:.6f} {ratio:.3f}{mark}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
