"""The textbook version of every per-sample quantity and of some metrics: slow, plain, in extended precision."""

from __future__ import annotations

import itertools
import math
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


def columns(logits: Array, labels: Array, *, exclude: bool = False) -> dict[str, Array]:
    """The columns of a SampleTable for logits [N, K] and labels [N]; `exclude` is that of `masked_classes`."""
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
    open_classes = np.isfinite(x)
    with np.errstate(invalid="ignore"):
        products = np.where(p > 0, p * log_p, 0)
        above = np.where(x > label_logit[:, None], x - label_logit[:, None], 0)
        lead = np.sort(x, axis=1)[:, -1] - np.sort(x, axis=1)[:, -2]
    not_top = np.ones((n, k), bool)
    not_top[rows, predicted] = False
    off_label = [np.delete(x[i], labels[i]) for i in range(n)]
    top = x.max(axis=1)
    return {
        "label": labels,
        "loss_hard": -log_p[rows, labels],
        "loss_uniform": np.array(
            [-row[seen if exclude else ...].mean() for row, seen in zip(log_p, open_classes, strict=True)]
        ),
        "confidence": p.max(axis=1),
        "one_minus_confidence": np.where(not_top, p, 0).sum(axis=1),
        "log_one_minus_confidence": np.array(
            [log_sum(np.delete(x[i], predicted[i]) - top[i]) - log_sum(x[i] - top[i]) for i in range(n)]
        ),
        "correct": predicted == labels,
        "predicted": predicted,
        "label_prob": p[rows, labels],
        "label_rank": (x > label_logit[:, None]).sum(axis=1) + ((x == label_logit[:, None]) & before).sum(axis=1),
        "entropy": -products.sum(axis=1),
        "brier": np.square(p - one_hot).sum(axis=1),
        "margin": descending[:, 0] - descending[:, 1],
        "logit_gap": np.array([gap(label_logit[i], off_label[i], exclude=exclude) for i in range(n)]),
        "largest_logit": x.max(axis=1),
        "energy": np.array([log_sum(row) for row in x]),
        "logit_margin": lead,
        "above_label": above.sum(axis=1),
        "log_not_label": np.array([log_sum(off_label[i] - top[i]) - log_sum(x[i] - top[i]) for i in range(n)]),
        "off_label_entropy": np.array([entropy(others) for others in off_label]),
        "class_count": open_classes.sum(axis=1),
    }


def gap(of_label: Any, others: Array, *, exclude: bool) -> Any:
    """The label's logit minus the mean of the others; for a masked label nan, or -inf where classes are excluded."""
    left = others[np.isfinite(others)] if exclude else others
    if np.isneginf(of_label):
        return -np.inf if exclude else np.nan
    return of_label - left.mean() if len(left) else np.nan


def log_sum(x: Array) -> Any:
    """log sum e^x."""
    return x.max() + np.log(np.exp(x - x.max()).sum()) if np.isfinite(x.max()) else x.max()


def entropy(x: Array) -> Any:
    """The entropy of softmax(x); 0 where every class is masked."""
    finite = x[np.isfinite(x)]
    shifted = finite - finite.max(initial=-np.inf)
    log_p = shifted - log_sum(shifted) if len(shifted) else shifted
    return -(np.exp(log_p) * log_p).sum()


def minus_dot(logits: Array, c: Array) -> Array:
    """-sum_k c_k log p_k of each row, without the classes where c is 0."""
    total: Array = -(log_softmax(logits)[:, c > 0] * c[c > 0].astype(np.longdouble)).sum(axis=1)
    return total


def probabilities(logits: Array) -> Array:
    """[N, K] in float64."""
    return np.exp(log_softmax(logits)).astype(np.float64)


def bin_of(c: float, bins: int, edges: str = "right") -> int:
    """The bin of a confidence among `bins` bins of equal width."""
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        if (low < c <= high if edges == "right" else low <= c < high) or (c, b) in ((0, 0), (1, bins - 1)):
            return b
    raise ValueError(c)


class Bin:
    """The samples of one bin."""

    def __init__(self, c: Array, a: Array, w: Array) -> None:
        self.c, self.a, self.w = c, a, w
        self.size = float(w.sum())
        self.accuracy, self.confidence = (float((x * w).sum() / w.sum()) for x in (a, c))
        self.gap = abs(self.accuracy - self.confidence)


def pooled(c: Array) -> Array:
    """Confidences that differ by no more than their rounding as one value, the largest of them."""
    result = c.copy()
    descending = np.argsort(-c, kind="stable")
    for above, own in itertools.pairwise(descending):
        rest = 1.0 - c[above]
        if rest > 2.0**-30 and c[above] - c[own] <= c[above] * (1e-13 * rest + 2.0**-51):
            result[own] = result[above]
    return result


def bins_by(key: Array, c: Array, a: Array, w: Array) -> list[Bin]:
    """The samples with a weight above 0, one bin for each value of the key."""
    held = w > 0
    return [Bin(*(x[held & (key == k)] for x in (c, a, w))) for k in np.unique(key[held])]


def equal_width(c: Array, a: Array, w: Array, bins: int, edges: str = "right") -> list[Bin]:
    """The bins of equal width that hold samples."""
    return bins_by(np.array([bin_of(x, bins, edges) for x in c]), c, a, w)


def equal_mass(c: Array, a: Array, w: Array, bins: int) -> list[Bin]:
    """Bins of equal count for integer weights, split as by numpy.array_split; equal values go to the lower bin."""
    ascending = np.repeat(np.sort(c), w[np.argsort(c, kind="stable")].astype(int))
    parts = [part for part in np.array_split(ascending, bins)[:-1] if len(part)]
    ends = sorted({float(part[-1]) for part in parts})
    return bins_by(np.searchsorted(ends, c), c, a, w)


def norm(found: list[Bin], kind: str = "l1") -> float:
    """The calibration error over bins, as a norm of their gaps."""
    total = sum(b.size for b in found)
    if kind == "max":
        return max(b.gap for b in found)
    power = {"l1": 1, "l2": 2}[kind]
    return math.pow(sum(b.size / total * b.gap**power for b in found), 1 / power)


def sweep(c: Array, a: Array, w: Array) -> float:
    """ece_sweep: the most bins of equal count for which the accuracy never falls."""

    def rises(found: list[Bin]) -> bool:
        return all(low.accuracy <= high.accuracy + 1e-12 for low, high in itertools.pairwise(found))

    values = bins_by(c, c, a, w)
    if rises(values):
        return norm(values)
    bins = 1
    while bins < float(w.sum()) and rises(equal_mass(c, a, w, bins + 1)):
        bins += 1
    return norm(equal_mass(c, a, w, bins))


def debiased(found: list[Bin]) -> float:
    """rmsce_debiased."""
    total = sum(b.size for b in found)
    terms = [b.size / total * (b.gap**2 - b.accuracy * (1 - b.accuracy) / (b.size - 1)) for b in found if b.size >= 2]
    return math.sqrt(max(0.0, float(sum(terms))))


def ks(c: Array, a: Array, w: Array) -> float:
    """ks_calibration: the largest sum of gaps up to and including any confidence."""
    return max(abs(float(((a - c) * w)[c <= value].sum())) for value in c) / float(w.sum())


def spiegelhalter(c: Array, a: Array, w: Array) -> float:
    """spiegelhalter_z; nan without variance."""
    variance = float((w * (1 - 2 * c) ** 2 * c * (1 - c)).sum())
    return float((w * (a - c) * (1 - 2 * c)).sum()) / math.sqrt(variance) if variance > 0 else math.nan


def classwise(p: Array, labels: Array, w: Array, bins: int, edges: str, kind: str) -> list[float]:
    """The calibration error of every class, [K]."""
    return [norm(equal_width(p[:, k], labels == k, w, bins, edges), kind) for k in range(p.shape[1])]


def marginal(p: Array, labels: Array, w: Array, bins: int, edges: str, kind: str) -> float:
    """The error of all N K probabilities in the same bins."""
    one_hot = np.eye(p.shape[1])[labels]
    return norm(equal_width(p.ravel(), one_hot.ravel(), np.repeat(w, p.shape[1]), bins, edges), kind)


def canonical(p: Array, labels: Array, w: Array, bins: int = 10, edges: str = "right") -> float:
    """Half the L1 distance of labels and probabilities, by the samples that have each probability in the same bin."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for row, probabilities in enumerate(p):
        groups.setdefault(tuple(bin_of(float(x), bins, edges) for x in probabilities), []).append(row)
    gaps = w[:, None] * (np.eye(p.shape[1])[labels] - p)
    return float(sum(np.abs(gaps[rows].sum(axis=0)).sum() / 2 for rows in groups.values()) / w.sum())


def soft_columns(logits: Array, q: Array, *, exclude: bool = False) -> dict[str, Array]:
    """Losses and Brier scores of logits [N, K] against distributions q [N, K]; a class where q is 0 adds nothing."""
    log_p, q = log_softmax(logits), q.astype(np.longdouble)
    with np.errstate(invalid="ignore"):
        products = np.where(q > 0, q * log_p, 0)
    seen = np.isfinite(log_p) if exclude else np.ones(q.shape, bool)
    return {
        "loss_hard": -products.sum(axis=1),
        "loss_uniform": np.array([-row[own].mean() for row, own in zip(log_p, seen, strict=True)]),
        "brier": np.square(np.exp(log_p) - q).sum(axis=1),
    }


def soft_targets(q: Array, eps: float, smoothing: str = "uniform", prior: Array | None = None) -> Array:
    """Smoothed distributions: the mean, under q [N, K], of the convention's targets for each class as the label."""
    k = q.shape[1]
    one_hot = np.eye(k, dtype=np.longdouble)
    of_label: Array = {
        "uniform": (1 - eps) * one_hot + eps / np.longdouble(k),
        "off-target": (1 - eps) * one_hot + eps / np.longdouble(k - 1) * (1 - one_hot),
        "classy": (one_hot + eps / np.longdouble(k)) / (1 + np.longdouble(eps)),
        "prior": (1 - eps) * one_hot + eps * (0.0 if prior is None else prior),
    }[smoothing]
    result: Array = (q[:, :, None] * of_label).sum(axis=1)
    return result


def entropies(q: Array) -> Array:
    """The entropy of each distribution, [N]."""
    total: Array = -(q * np.log(np.where(q > 0, q, 1))).sum(axis=1)
    return total
