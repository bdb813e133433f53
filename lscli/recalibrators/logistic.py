"""Logistic regression on few columns, by Newton's method to the last digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.recalibrators.top_label import sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.metrics.isotonic import Outcomes

    Array = NDArray[Any]

_MOST_STEPS = 200
# Half the square of the decrement is how far the loss is above its minimum, near enough to it.
_DECREMENT = 1e-24
# Below this squared decrement, whole steps converge, and the loss itself has no digits left to judge them by.
_NEAR = 1e-8


class Logistic(NamedTuple):
    """The minimum of the mean binary nll.

    Attributes:
        coefficients: [P], then the intercept.
        loss: the minimum.
        decrement: the square of Newton's decrement, where the last step began.
        steps: how many steps were made.
    """

    coefficients: Array
    loss: float
    decrement: float
    steps: int


def gradient(columns: Array, log_odds: Array, outcomes: Outcomes) -> Array:
    """The derivatives of the mean binary nll by the coefficients of columns [P, G] and by the intercept, [P + 1]."""
    total = np.add.reduce(outcomes.size)
    residual = _residual(log_odds, outcomes) / total
    return np.array([*(np.add.reduce(each * residual) for each in columns), np.add.reduce(residual)])


def logistic(columns: Array, outcomes: Outcomes) -> Logistic:
    """The best coefficients of columns [P, G] for the outcomes of G groups, which no such sum may separate."""
    total = float(np.add.reduce(outcomes.size))
    share = outcomes.size / total
    center = np.array([np.add.reduce(share * each) for each in columns])
    moved = columns - center[:, None]
    scale = np.array([np.sqrt(np.add.reduce(share * each**2)) for each in moved])
    design = np.concatenate([moved / scale[:, None], np.ones((1, columns.shape[1]))])
    mean = float(np.add.reduce(outcomes.right)) / total
    at = np.append(np.zeros(len(columns)), np.log(mean) - np.log1p(-mean))
    log_odds, steps = _sum(design, at), 0
    loss = _loss(log_odds, outcomes, total)
    while True:
        slope = gradient(design[:-1], log_odds, outcomes)
        curved = _curvature(log_odds, outcomes) / total
        hessian = np.array([[np.add.reduce(a * b * curved) for b in design] for a in design])
        step = -np.linalg.lstsq(hessian, slope, rcond=None)[0]
        decrement = float(-slope @ step)
        if not decrement > _DECREMENT or steps == _MOST_STEPS:
            break
        length = 1.0
        while True:
            new = at + length * step
            log_odds = _sum(design, new)
            found = _loss(log_odds, outcomes, total)
            if decrement < _NEAR or found <= loss - 1e-4 * length * decrement:
                break
            length /= 2
        at, loss, steps = new, found, steps + 1
    slopes = at[:-1] / scale
    return Logistic(np.append(slopes, at[-1] - np.add.reduce(slopes * center)), loss, max(decrement, 0.0), steps)


def _sum(design: Array, coefficients: Array) -> Array:
    """The log odds of each group; no BLAS, whose rounding may depend on the machine's threads."""
    total: Array = np.add.reduce(design * coefficients[:, None], axis=0)
    return total


def _loss(log_odds: Array, outcomes: Outcomes, total: float) -> float:
    nll = outcomes.right * np.logaddexp(0.0, -log_odds) + outcomes.wrong * np.logaddexp(0.0, log_odds)
    return float(np.add.reduce(nll)) / total


def _residual(log_odds: Array, outcomes: Outcomes) -> Array:
    """The weight of a group times c - a: both terms keep their digits where c is near 0 or 1."""
    residual: Array = outcomes.wrong * _share(log_odds) - outcomes.right * _share(-log_odds)
    return residual


def _curvature(log_odds: Array, outcomes: Outcomes) -> Array:
    curvature: Array = outcomes.size * _share(log_odds) * _share(-log_odds)
    return curvature


def _share(log_odds: Array) -> Array:
    share: Array = sigmoid(log_odds, np)
    return share
