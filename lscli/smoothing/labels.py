"""Labels to smoothed targets: class numbers, sets of classes or distributions in, one target per row out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import as_array
from lscli.class_numbers import check_counts_from_0, class_numbers
from lscli.errors import InputError, UsageError, truth, warn, whole
from lscli.in_python import of_python
from lscli.options import LABELS_FROM
from lscli.smoothing.checks import check_classes, check_eps, check_goes_with_prior, check_prior, check_smoothing
from lscli.smoothing.targets import Targets
from lscli.text import shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from lscli.options import Smoothing

    Array = NDArray[Any]


@of_python
def smooth_labels(
    labels: ArrayLike,
    num_classes: int,
    eps: float,
    smoothing: Smoothing = "uniform",
    prior: ArrayLike | None = None,
    *,
    ignore_index: int = -100,
    labels_from: int = 0,
    allow_negative_eps: bool = False,
) -> Array:
    """The smoothed targets of labels, [N, K] float64.

    Args:
        labels: [N] class numbers (of two classes, also False and True), or [N, K] distributions or sets of classes
            (multi-hot: 0 and 1).
        num_classes: K.
        eps: the amount of smoothing as the convention counts it, in [0, 1].
        smoothing: `uniform` ((1-eps) + eps/K on the label, eps/K elsewhere; Szegedy et al. 2016, section 7),
            `off-target` (1-eps on the label, eps/(K-1) elsewhere), `classy` ((q + eps/K) / (1+eps)) or
            `prior` ((1-eps) q + eps prior).
        prior: [K], only for `prior`.
        ignore_index: a sample with this label, or with this value in its whole row, gets targets of 0, so that it adds
            nothing to a loss. A single value of a row that equals ignore_index counts as 0, but 0 and 1 are always
            probabilities.
        labels_from: the class number of the first class.
        allow_negative_eps: accept an eps below 0, whose targets are no distribution.

    A set of classes is not divided by its sum (as in Paddle's `label_smooth`), except by `classy`, which is defined so
    (ClassyVision's LabelSmoothingCrossEntropyLoss).

    Raises:
        UsageError: the convention is unknown, eps or K is out of range, or a prior is missing or not used.
        InputError: labels or prior have a wrong shape, type or value.

    Example:
        >>> import lscli
        >>> lscli.smooth_labels([0, 2], 4, 0.1)
        array([[0.925, 0.025, 0.025, 0.025],
               [0.025, 0.025, 0.925, 0.025]])
    """
    k = check_classes(num_classes)
    targets = make_targets(smoothing, prior, k)
    eps = check_eps(eps, allow_negative=truth(allow_negative_eps, "allow_negative_eps"))
    values = as_array(labels, "labels")
    ignore_index = whole(ignore_index, "ignore_index")
    first = whole(labels_from, "labels_from")
    if not LABELS_FROM.allows(first):
        raise UsageError(f"must be {LABELS_FROM.bounds}, got {shown(first)}", LABELS_FROM.hint, where="labels_from")
    if values.ndim == 2:
        check_counts_from_0(first)
        return of_values(*row_values(values, k, ignore_index), targets, eps)
    if values.ndim == 1 and values.dtype == bool and k == 2 and not first:
        return of_classes(values.astype(np.int8), targets, eps, k)
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise InputError(
            f"need class numbers (N,) or values (N, K), got {values.dtype.name} {values.shape}",
            "for one label give [label]" if values.ndim == 0 else "give one class number per sample",
            where="labels",
        )
    found = class_numbers(values, k, ignore_index, first)
    if found.note:
        warn(found.note)
    return of_classes(found.label, targets, eps, k)


def make_targets(smoothing: str, prior: ArrayLike | None, num_classes: int, name: str = "prior") -> Targets:
    """Targets of a convention, with its prior [K] if it needs one; errors call the prior `name`.

    Raises:
        UsageError: the convention is unknown, or a prior is missing or not used.
        InputError: the prior has a wrong shape, type or value.
    """
    convention = check_smoothing(smoothing)
    check_goes_with_prior(smoothing, given=prior is not None)
    return Targets(convention.name, None if prior is None else check_prior(prior, num_classes, name))


def of_classes(labels: Array, targets: Targets, eps: float, num_classes: int) -> Array:
    """The targets, [n, K], of class numbers [n]; 0 in the rows whose label is below 0."""
    mixed = np.empty((len(labels), num_classes))
    mixed[:] = targets.target_other(eps, num_classes)
    kept = np.flatnonzero(labels >= 0)
    by_label = np.broadcast_to(targets.target_label(eps, num_classes), num_classes)
    mixed[kept, labels[kept]] = by_label[labels[kept]]
    mixed[labels < 0] = 0.0
    return mixed


def of_values(q: Array, ignored: Array, targets: Targets, eps: float) -> Array:
    """The targets, [n, K], of distributions or sets of classes q [n, K]; 0 in the rows that are ignored, [n]."""
    num_classes = q.shape[1]
    if targets.convention.normalises_labels:
        total = np.add.reduce(q, axis=1, keepdims=True)
        q = q / np.where(total > 0, total, 1.0)
    # This interpolation between the two target values is exact for labels of 0 and 1.
    mixed: Array = q * targets.target_label(eps, num_classes) + (1.0 - q) * targets.target_other(eps, num_classes)
    mixed[ignored] = 0.0
    return mixed


def row_values(
    values: Array, num_classes: int, ignore_index: int, *, first: int = 0, name: str = "labels"
) -> tuple[Array, Array]:
    """Distributions or sets of classes as float64, [n, K], and whether each row is ignored, [n].

    Args:
        values: [n, K] as stored.
        num_classes: K.
        ignore_index: see `smooth_labels`.
        first: the number of the first row, for errors.
        name: the name of the labels in errors.

    Raises:
        InputError: the number of columns is not K, the values are not numbers, or one is outside of [0, 1].
    """
    if values.shape[1] != num_classes:
        raise InputError(
            f"labels of {values.shape[1]} classes, not {num_classes}", "give one column per class", where=name
        )
    if values.dtype.kind not in "biuf":
        raise InputError(f"not numbers ({values.dtype.name})", "give 0 and 1, or probabilities", where=name)
    q = values.astype(np.float64)
    left_out = (q == ignore_index) & ((q < 0) | (q > 1))
    q[left_out] = 0.0
    outside = ~((q >= 0) & (q <= 1))
    if outside.any():
        row, k = (int(place[0]) for place in np.nonzero(outside))
        counts = bool((q >= 0).all() and np.isfinite(q).all())
        hint = "divide each row by its sum, or give 0 and 1" if counts else "give 0 and 1, or probabilities"
        raise InputError(f"row {first + row}, class {k}: {q[row, k]:g} is not in [0, 1]", hint, where=name)
    return q, left_out.all(axis=1)
