"""What may be said of smoothing, and what is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError, whole
from lscli.text import nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[Any]

SMOOTHINGS = ("uniform", "off-target", "classy", "prior")
WEIGHT_MODES = ("torch", "target-only")


def check_smoothing(name: str) -> None:
    """Refuse a convention that is unknown.

    Raises:
        UsageError: there is no such convention.
    """
    if name not in SMOOTHINGS:
        hint = nearest(name, SMOOTHINGS) or f"one of {', '.join(SMOOTHINGS)}"
        raise UsageError(f"unknown smoothing {name!r}", hint, where="smoothing")


def check_eps(eps: object, *, allow_negative: bool = False, before: str = "--eps ", where: str = "eps") -> float:
    """An amount of smoothing: finite and in [0, 1]; below 0 where that is allowed.

    Raises:
        UsageError: it is none; `before` is how the hint writes one.
    """
    try:
        amount = float(eps)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        amount = math.nan
    negative = amount < 0 and math.isfinite(amount)
    if negative and allow_negative:
        return amount
    if not 0 <= amount <= 1:
        hint = f"for example {before}0.1"
        if negative:
            hint += "; --allow-negative-eps takes one below 0, negative label smoothing"
        raise UsageError(f"must be finite and in [0, 1], got {eps}", hint, where=where)
    return amount + 0.0  # -0 is 0


def check_classes(num_classes: object) -> int:
    """K: a whole number, at least 2.

    Raises:
        UsageError: it is none.
    """
    k = whole(num_classes, "classes")
    if k < 2:
        raise UsageError(f"must be at least 2, got {k}", "one class alone has nothing to smooth over", where="classes")
    return k


def check_prior(prior: ArrayLike, num_classes: int, name: str = "prior") -> Array:
    """A prior as float64, [K].

    Raises:
        InputError: another length, a value that is negative or not finite, or a sum that is not 1.
    """
    values = _by_class(prior, num_classes, name, "prior")
    total = float(np.add.reduce(values))
    # float32 files sum to 1 as far as their digits go.
    if not abs(total - 1.0) <= 1e-4:
        raise InputError(f"the prior sums to {total:.6g}, not to 1", "divide it by its sum", where=name)
    return values / total


def check_class_weights(weights: ArrayLike, num_classes: int, name: str = "class_weights") -> Array:
    """Class weights as float64, [K].

    Raises:
        InputError: another length, a weight that is negative or not finite, or none above 0.
    """
    values = _by_class(weights, num_classes, name, "weight")
    if not values.any():
        raise InputError("no weight is above 0", "a weight says how much a class counts", where=name)
    return values


def _by_class(values: ArrayLike, num_classes: int, name: str, what: str) -> Array:
    raw = np.asarray(values)
    if raw.dtype.kind not in "fiu":
        raise InputError(f"not numbers ({raw.dtype.name})", f"give one {what} a class", where=name)
    if raw.shape != (num_classes,):
        found = f"{len(raw)} {what}s" if raw.ndim == 1 else f"{what}s of shape {raw.shape}"
        raise InputError(f"{found} for {num_classes} classes", f"give one {what} a class", where=name)
    result: Array = raw.astype(np.float64)
    bad = ~((result >= 0) & np.isfinite(result))
    if bad.any():
        k = int(bad.argmax())
        state = "negative" if result[k] < 0 else "not finite"
        raise InputError(f"the {what} of class {k} is {state} ({result[k]:g})", f"no {what} is below 0", where=name)
    return result


def check_goes_with_prior(smoothing: str, *, given: bool) -> None:
    """Refuse a prior without the convention that mixes it in, and that convention without one.

    Raises:
        UsageError: only one of them is there.
    """
    if given and smoothing != "prior":
        raise UsageError(f"smoothing {smoothing} has no prior", "add --smoothing prior", where="prior")
    if not given and smoothing == "prior":
        raise UsageError("smoothing by a prior needs one", "add --prior FILE or --prior empirical", where="smoothing")
