"""Logits with many equal scores, and the values of every metric that they have."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lscli
from lscli.metrics.catalogue import METRICS
from lscli.metrics.scores import SCORE_COLUMNS

Array = NDArray[Any]
# The value of each metric, under its id, the score, and its params.
Values = dict[tuple[str, str, str], float]

KINDS = ("normal", "float16", "integers", "permutations", "spikes", "saturated", "masked")
# Scores that rank by a row's own logits. `mutual_information` is of ensembles.
SCORES = [score for score in SCORE_COLUMNS if score != "mutual_information"]
_USUAL = "msp"
BY_NAME = [metric.id for metric in METRICS.values() if metric.chosen_by == "name"]


def logits_of(kind: str, rows: int, classes: int, seed: int) -> Array:
    """Logits [N, K] in float64 that float16 holds too, unless they are `normal` or `permutations`."""
    rng = np.random.default_rng(seed)
    places = np.arange(rows), rng.integers(0, classes, rows)
    if kind in ("normal", "float16"):
        drawn = 3 * rng.standard_normal((rows, classes))
        return drawn if kind == "normal" else drawn.astype(np.float16).astype(np.float64)
    if kind == "permutations":
        return rng.permuted(2 * rng.standard_normal((8, classes))[rng.integers(0, 8, rows)], axis=1)
    if kind == "spikes":
        z = np.zeros((rows, classes))
        z[places] = rng.integers(1, 5, rows)
        return z
    z = rng.integers(-4, 5, (rows, classes)).astype(np.float64)
    if kind != "saturated" and classes > 20:
        z[places] = rng.integers(5, 9, rows)  # else nearly all rows would have tied maxima
    if kind == "saturated":
        z[places] += rng.integers(20, 130, rows)
    if kind == "masked":
        z[rng.random((rows, classes)) < 0.2] = -np.inf
        z[:, 0] = np.where(np.isneginf(z).all(axis=1), 0, z[:, 0])
    return z


def tied_set(
    kind: str, rows: int, classes: int, dtype: str, seed: int, *, tied_maxima: bool = False
) -> tuple[Array, Array, Array]:
    """Logits [N, K], labels and weights [N]; most labels are the predictions."""
    z = logits_of(kind, rows, classes, seed).astype(dtype)
    largest = np.sort(z.astype(np.float64), axis=1)
    z = z[tied_maxima | (largest[:, -1] > largest[:, -2])]
    rng = np.random.default_rng(seed + 1)
    labels = np.where(rng.random(len(z)) < 0.6, z.argmax(axis=1), rng.integers(0, classes, len(z)))
    return z, labels, rng.integers(1, 4, len(z)).astype(np.float64)


def values(logits: Any, labels: Array, *, scores: list[Any] = SCORES, **options: Any) -> Values:
    """All metrics of logits [N, K] or of the members of an ensemble, those that rank by a score for every score."""
    found: Values = {}
    for score in scores:
        names = ["all", *BY_NAME, "top3_accuracy", "coverage_at_risk@0.2"] if score == _USUAL else ["selective"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a class is masked, or that a set is odd
            report = lscli.evaluate(logits, labels, metrics=names, score=score, noise_rate=0.2, **options)
        for row in report.rows:
            found[row.metric, score, str(row.params)] = row.value
    return found


def differences(expected: Values, found: Values, rtol: float) -> list[Any]:
    """The values that differ by more, or that only one has."""
    odd: list[Any] = [(key, "absent") for key in expected.keys() ^ found.keys()]
    for key in expected.keys() & found.keys():
        one, other = expected[key], found[key]
        same = one == other or (math.isnan(one) and math.isnan(other))
        if not same and not abs(one - other) <= rtol * max(abs(one), abs(other)) + 1e-15:
            odd.append((key, one, other))
    return odd


def without(found: Values, *ids: str) -> Values:
    """The values of other metrics."""
    assert set(ids) <= METRICS.keys() | {"top3_accuracy"}
    return {key: value for key, value in found.items() if key[0] not in ids}
