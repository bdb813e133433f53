"""Top-k log-probabilities of full ones."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Kept(NamedTuple):
    """The k largest log-probabilities [N, k] with their class numbers [N, k], and the labels' own, [N]."""

    values: Array
    classes: Array
    own: Array


def log_softmax(logits: Array) -> Array:
    """[N, K], the maximum left out of the sum, so that the logarithm of a probability near 1 keeps its digits."""
    shifted = logits.astype(np.longdouble) - logits.max(axis=1, keepdims=True)
    others = np.exp(shifted)
    others[np.arange(len(logits)), logits.argmax(axis=1)] = 0
    log_p: Array = (shifted - np.log1p(others.sum(axis=1, keepdims=True))).astype(np.float64)
    return log_p


def kept(logits: Array, labels: Array, k: int, *, shuffled: bool = False) -> Kept:
    """What is kept of logits [N, K], sorted as torch.topk sorts them, or in another order."""
    log_p = log_softmax(logits)
    classes = np.argsort(-log_p, axis=1, kind="stable")[:, :k]
    if shuffled:
        classes = np.random.default_rng(3).permuted(classes, axis=1)
    return Kept(np.take_along_axis(log_p, classes, 1), classes, log_p[np.arange(len(labels)), labels])
