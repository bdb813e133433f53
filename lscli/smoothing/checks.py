"""Checks of the options of label smoothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import as_array
from lscli.checked_options import choice
from lscli.errors import InputError, UsageError, real, whole
from lscli.smoothing.conventions import CONVENTIONS, Convention
from lscli.text import printable, rounded, shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]


# Weights above 0 lie between a bound and its inverse, as every float32 value does. The square of a row's weight times a
# class's times a loss then neither overflows nor underflows.
OF_ROWS, OF_CLASSES = 1e50, 1e100
_MOST_CLASSES = 2**31 - 1


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
        raise UsageError(f"must be finite and in [0, 1], got {_said(eps)}", hint, where=where)
    return value


def check_share(share: object, before: str, where: str) -> float:
    """A share, a number or its text, as a float in [0, 1]; for `before` and `where` see `check_eps`.

    Raises:
        UsageError: the share is not a number or is out of range.
    """
    value = _as_float(share)
    if not 0 <= value <= 1:
        raise UsageError(f"must be finite and in [0, 1], got {_said(share)}", f"for example {before}0.1", where=where)
    return value + 0.0  # -0.0 becomes 0.0


def _as_float(value: object) -> float:
    try:
        return float(value) if isinstance(value, str) else real(value)
    except (TypeError, ValueError):
        return math.nan


def _said(value: object) -> str:
    return printable(value) if isinstance(value, str) else shown(value)


def check_classes(num_classes: object) -> int:
    """K as an int of at least 2, and at most what labels of 32 bits can number.

    Raises:
        UsageError: K is not a whole number or is out of range.
    """
    k = whole(num_classes, "classes")
    if k < 2:
        raise UsageError(
            f"must be at least 2, got {shown(k)}", "give the number of classes, 2 or more", where="classes"
        )
    if k > _MOST_CLASSES:
        raise UsageError(
            f"must be at most {_MOST_CLASSES}, got {shown(k)}", "give the number of classes", where="classes"
        )
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
        raise InputError(f"the prior sums to {rounded(total, 6)}, not to 1", "divide it by its sum", where=name)
    return values / total


def check_class_weights(weights: ArrayLike, num_classes: int, name: str = "class_weights") -> Array:
    """Class weights as float64, [K]; errors call them `name`.

    Raises:
        InputError: the length is not K, a weight is negative, not finite or out of range, or all weights are 0.
    """
    values = _by_class(weights, num_classes, name, "weight")
    check_range(values, OF_CLASSES, "class", name)
    if not values.any():
        raise InputError("no weight is above 0", "give at least one class a weight above 0", where=name)
    return values


def check_range(weights: Array, bound: float, of: str, name: str) -> None:
    """Check that no weight above 0 is so small or so large that sums of products would lose it.

    Args:
        weights: [n], finite and not negative.
        bound: the largest; the smallest is its inverse.
        of: `row` or `class`, which the error numbers.
        name: their name in errors.

    Raises:
        InputError: a weight is out of range.
    """
    odd = (weights > bound) | ((weights > 0) & (weights < 1 / bound))
    if odd.any():
        place = int(odd.argmax())
        what = (
            f"the weight of {of} {place} is {weights[place]:.3g}: above 0, it must be from {1 / bound:g} to {bound:g}"
        )
        raise InputError(what, "multiply all weights by one number, or set those that are nearly 0 to 0", where=name)


def _by_class(values: ArrayLike, num_classes: int, name: str, what: str) -> Array:
    raw = as_array(values, name)
    if raw.dtype.kind not in "fiu":
        raise InputError(f"not numbers ({raw.dtype.name})", "give one number per class", where=name)
    if raw.shape != (num_classes,):
        found = f"{len(raw)} {what}s" if raw.ndim == 1 else f"{what}s of shape {raw.shape}"
        raise InputError(f"{found} for {num_classes} classes", "give one number per class", where=name)
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
        raise UsageError(
            f"smoothing {smoothing} has no prior", "say --smoothing prior, or leave out --prior", where="prior"
        )
    if needed and not given:
        raise UsageError(
            "the convention prior needs a prior", "add --prior FILE or --prior empirical", where="smoothing"
        )
