"""Every per-sample quantity as a textbook has it, in extended precision: slow and plain."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def log_softmax(logits: Array) -> Array:
    """[N, K] in long double; a masked class is -inf."""
    x = logits.astype(np.longdouble)
    shifted = x - x.max(axis=1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def columns(logits: Array, labels: Array) -> dict[str, Array]:
    """The columns of a SampleTable for logits [N, K] and labels [N], by their definitions."""
    n, k = logits.shape
    rows = np.arange(n)
    x = logits.astype(np.longdouble)
    log_p = log_softmax(logits)
    p = np.exp(log_p)
    one_hot = np.eye(k)[labels]
    predicted = x.argmax(axis=1)
    label_logit = x[rows, labels]
    descending = np.sort(p, axis=1)[:, ::-1]
    before = np.arange(k)[None, :] < labels[:, None]
    with np.errstate(invalid="ignore"):
        products = np.where(p > 0, p * log_p, 0)
        others = x.copy()
        others[rows, labels] = 0
        # A masked label has no gap, by definition.
        gap = np.where(np.isneginf(label_logit), np.nan, label_logit - others.sum(axis=1) / (k - 1))
    not_top = np.ones((n, k), bool)
    not_top[rows, predicted] = False
    return {
        "loss_hard": -log_p[rows, labels],
        "loss_uniform": -log_p.mean(axis=1),
        "confidence": p.max(axis=1),
        "one_minus_confidence": np.where(not_top, p, 0).sum(axis=1),
        "correct": predicted == labels,
        "predicted": predicted,
        "label_prob": p[rows, labels],
        "label_rank": (x > label_logit[:, None]).sum(axis=1) + ((x == label_logit[:, None]) & before).sum(axis=1),
        "entropy": -products.sum(axis=1),
        "brier": np.square(p - one_hot).sum(axis=1),
        "margin": descending[:, 0] - descending[:, 1],
        "logit_gap": gap,
        "largest_logit": x.max(axis=1),
    }
