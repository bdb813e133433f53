"""Labels smoothed: class numbers, sets of classes or distributions in, one target a row out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.smoothing.checks import check_classes, check_eps, check_goes_with_prior, check_prior, check_smoothing
from lscli.smoothing.targets import Targets

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]


def smooth_labels(
    labels: ArrayLike,
    num_classes: int,
    eps: float,
    smoothing: str = "uniform",
    prior: ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    allow_negative_eps: bool = False,
) -> Array:
    """The smoothed targets of labels, [N, K] float64.

    Args:
        labels: [N] class numbers, or [N, K] distributions or sets of classes (multi-hot: 0 and 1).
        num_classes: K.
        eps: amount of smoothing in the convention's own measure, in [0, 1].
        smoothing: `uniform` ((1-eps) + eps/K on the label, eps/K elsewhere), `off-target` (1-eps on the label,
            eps/(K-1) elsewhere), `classy` ((q + eps/K) / (1+eps)) or `prior` ((1-eps) q + eps prior).
        prior: [K] for `prior`.
        ignore_index: a sample with this label, or with nothing else in its row, has targets of 0, so that it adds
            nothing to any loss; among other values of a row it counts as 0. In a row, 0 and 1 are always values.
        allow_negative_eps: also take an eps below 0, whose targets are no distribution.

    Sets of classes are not divided by their sum (as in Paddle's `label_smooth`), but for `classy`, whose
    convention does that first (ClassyVision's LabelSmoothingCrossEntropyLoss).

    Raises:
        UsageError: an eps or a convention that there is none of, or a prior that does not go with it.
        InputError: labels or a prior that cannot be used.
    """
    k = check_classes(num_classes)
    targets = make_targets(smoothing, prior, k)
    amount = check_eps(eps, allow_negative=allow_negative_eps)
    values = np.asarray(labels)
    if values.ndim == 2:
        return of_values(*row_values(values, k, ignore_index), targets, amount)
    return of_classes(_kept_or_minus_one(values, k, ignore_index), targets, amount, k)


def make_targets(smoothing: str, prior: ArrayLike | None, num_classes: int, name: str = "prior") -> Targets:
    """The convention of that name, with its prior [K] where it has one.

    Raises:
        UsageError: no such convention, or a prior that does not go with it.
        InputError: the prior cannot be used; `name` is what errors call it.
    """
    check_smoothing(smoothing)
    check_goes_with_prior(smoothing, given=prior is not None)
    return Targets(smoothing, None if prior is None else check_prior(prior, num_classes, name))


def of_classes(labels: Array, targets: Targets, eps: float, num_classes: int) -> Array:
    """The targets of class numbers [n], [n, K]; of a label below 0, zeros."""
    mixed = np.empty((len(labels), num_classes))
    mixed[:] = targets.off(eps, num_classes)
    kept = np.flatnonzero(labels >= 0)
    on = np.broadcast_to(targets.on(eps, num_classes), num_classes)
    mixed[kept, labels[kept]] = on[labels[kept]]
    mixed[labels < 0] = 0.0
    return mixed


def of_values(q: Array, ignored: Array, targets: Targets, eps: float) -> Array:
    """The targets of what `row_values` gives, [n, K]; of ignored rows, zeros."""
    num_classes = q.shape[1]
    if targets.smoothing == "classy":
        total = np.add.reduce(q, axis=1, keepdims=True)
        q = q / np.where(total > 0, total, 1.0)
    # What the label gets and what others get, in proportion: exact for 0 and 1.
    mixed: Array = q * targets.on(eps, num_classes) + (1.0 - q) * targets.off(eps, num_classes)
    mixed[ignored] = 0.0
    return mixed


def row_values(
    values: Array, num_classes: int, ignore_index: int, *, first: int = 0, name: str = "labels"
) -> tuple[Array, Array]:
    """Distributions or sets of classes as float64, [n, K], and which rows are ignored, [n].

    Raises:
        InputError: another width than K, no numbers, or a value outside of [0, 1]; `first` is the number of the first
            row, `name` what errors call them.
    """
    if values.shape[1] != num_classes:
        raise InputError(f"labels of {values.shape[1]} classes, not {num_classes}", "one column a class", where=name)
    if values.dtype.kind not in "biuf":
        raise InputError(f"not numbers ({values.dtype.name})", "give 0 and 1, or probabilities", where=name)
    q = values.astype(np.float64)
    left_out = (q == ignore_index) & ((q < 0) | (q > 1))
    q[left_out] = 0.0
    outside = ~((q >= 0) & (q <= 1))
    if outside.any():
        row, k = (int(place[0]) for place in np.nonzero(outside))
        raise InputError(
            f"row {first + row}, class {k}: {q[row, k]:g} is not in [0, 1]",
            "give 0 and 1, or probabilities",
            where=name,
        )
    return q, left_out.all(axis=1)


def _kept_or_minus_one(labels: Array, num_classes: int, ignore_index: int) -> Array:
    """Class numbers [N], those that are ignored as -1."""
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InputError(
            f"need class numbers (N,) or values (N, K), got {labels.dtype.name} {labels.shape}",
            "for one label give [label]",
            where="labels",
        )
    kept = labels != ignore_index
    outside = kept & ((labels < 0) | (labels >= num_classes))
    if outside.any():
        row = int(outside.argmax())
        raise InputError(
            f"label out of range at row {row} (value {labels[row]}, {num_classes} classes)",
            "labels count from 0; ignore_index leaves out the samples with one value",
            where="labels",
        )
    result: Array = np.where(kept, labels, 0).astype(np.intp)
    result[~kept] = -1
    return result
