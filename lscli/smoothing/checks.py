"""Checks of the options of label smoothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import numbers_of
from lscli.checked_options import choice
from lscli.errors import InputError, UsageError, whole
from lscli.smoothing.conventions import CONVENTIONS, Convention

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]


def check_smoothing(name: str) -> Convention:
    """The convention of this name.

    Raises:
        UsageError: the name is unknown.
    """
    return CONVENTIONS[choice(name, tuple(CONVENTIONS), "smoothing")]


def check_eps(eps: object, *, allow_negative: bool = False, before: str = "--eps ", where: str = "eps") -> float:
    """The eps as a float: in [0, 1], or below 0 if `allow_negative` is set.

    Args:
        eps: a number or its text.
        allow_negative: accept a finite eps below 0.
        before: the text before the example in the hint.
        where: the name of the argument in errors.

    Raises:
        UsageError: eps is not a number or is out of range.
    """
    value = _as_float(eps)
    if not -math.inf < value < 0:
        return check_share(eps, before, where)
    if not allow_negative:
        hint = f"for example {before}0.1; --allow-negative-eps accepts an eps below 0 (negative label smoothing)"
        raise UsageError(f"must be finite and in [0, 1], got {eps}", hint, where=where)
    return value


def check_share(share: object, before: str, where: str) -> float:
    """A share, a number or its text, as a float in [0, 1]; for `before` and `where` see `check_eps`.

    Raises:
        UsageError: the share is not a number or is out of range.
    """
    value = _as_float(share)
    if not 0 <= value <= 1:
        raise UsageError(f"must be finite and in [0, 1], got {share}", f"for example {before}0.1", where=where)
    return value + 0.0  # -0.0 becomes 0.0


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def check_classes(num_classes: object) -> int:
    """K as an int of at least 2.

    Raises:
        UsageError: K is not a whole number or is below 2.
    """
    k = whole(num_classes, "classes")
    if k < 2:
        raise UsageError(f"must be at least 2, got {k}", "smoothing needs another class", where="classes")
    return k


def check_prior(prior: ArrayLike, num_classes: int, name: str = "prior") -> Array:
    """A prior as float64, [K], divided by its sum; errors call it `name`.

    Raises:
        InputError: the length is not K, a value is negative or not finite, or the sum is not 1 within 1e-4.
    """
    values = _by_class(prior, num_classes, name, "prior")
    total = float(np.add.reduce(values))
    # The sum of a float32 prior is only as close to 1 as float32 allows.
    if not abs(total - 1.0) <= 1e-4:
        raise InputError(f"the prior sums to {total:.6g}, not to 1", "divide it by its sum", where=name)
    return values / total


def check_class_weights(weights: ArrayLike, num_classes: int, name: str = "class_weights") -> Array:
    """Class weights as float64, [K]; errors call them `name`.

    Raises:
        InputError: the length is not K, a weight is negative or not finite, or all weights are 0.
    """
    values = _by_class(weights, num_classes, name, "weight")
    if not values.any():
        raise InputError("no weight is above 0", "give at least one class a weight above 0", where=name)
    return values


def _by_class(values: ArrayLike, num_classes: int, name: str, what: str) -> Array:
    raw = numbers_of(values, name)
    if raw.dtype.kind not in "fiu":
        raise InputError(f"not numbers ({raw.dtype.name})", f"give one {what} per class", where=name)
    if raw.shape != (num_classes,):
        found = f"{len(raw)} {what}s" if raw.ndim == 1 else f"{what}s of shape {raw.shape}"
        raise InputError(f"{found} for {num_classes} classes", f"give one {what} per class", where=name)
    result: Array = raw.astype(np.float64)
    bad = ~((result >= 0) & np.isfinite(result))
    if bad.any():
        k = int(bad.argmax())
        state = "negative" if result[k] < 0 else "not finite"
        hint = f"give finite {what}s of at least 0"
        raise InputError(f"the {what} of class {k} is {state} ({result[k]:g})", hint, where=name)
    return result


def check_goes_with_prior(smoothing: str, *, given: bool) -> None:
    """Check that a prior is given if and only if the convention of this name needs one.

    Raises:
        UsageError: a prior is missing, or the convention has none.
    """
    needed = CONVENTIONS[smoothing].needs_prior
    if given and not needed:
        raise UsageError(f"smoothing {smoothing} has no prior", "add --smoothing prior", where="prior")
    if needed and not given:
        raise UsageError(
            "the convention prior needs a prior", "add --prior FILE or --prior empirical", where="smoothing"
        )
