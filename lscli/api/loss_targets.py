"""The targets that losses are computed against: a smoothing convention with its prior, and class weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.open import open_numbers
from lscli.smoothing.checks import check_class_weights, check_eps, check_goes_with_prior, check_prior
from lscli.smoothing.conventions import CONVENTIONS
from lscli.smoothing.targets import Targets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import Amounts, MaskedClasses, TargetOptions

    Array = NDArray[Any]

EMPIRICAL = "empirical"
# The largest number of values in a range of eps: more than any curve needs.
_MOST = 10_000


class Opened(NamedTuple):
    """Targets, and the files that they were read from, as inputs of a report."""

    targets: Targets
    inputs: list[dict[str, Any]]


def declared_targets(options: TargetOptions, masked_classes: MaskedClasses) -> Targets:
    """Targets with unknown numbers, before any file is read: they tell which columns the metrics need.

    Raises:
        UsageError: options that cannot be combined.
    """
    prior, weighted = CONVENTIONS[options.smoothing].needs_prior, options.class_weights is not None
    check_goes_with_prior(options.smoothing, given=options.prior is not None)
    if masked_classes == "exclude" and (prior or (weighted and options.weight_mode == "torch")):
        what = "a prior" if prior else "class weights of mode torch"
        raise UsageError(
            f"{what} cannot be applied where each row has its own classes",
            "say --masked-classes keep or --masked-classes error",
            where="masked-classes",
        )
    unknown = np.ones(1)
    return Targets(options.smoothing, unknown if prior else None, unknown if weighted else None, options.weight_mode)


def open_targets(
    options: TargetOptions,
    label: Array,
    num_classes: int,
    weight: Array | None,
    ignored: Array,
    shares: Callable[[], Array] | None = None,
) -> Opened:
    """The targets of these options for labels [N] from 0 to K-1.

    Args:
        options: the convention, the prior and the class weights.
        label: [N]; the labels of ignored samples may have any value.
        num_classes: K.
        weight: [N], the weight of each sample, or None.
        ignored: [N] bool.
        shares: returns the share of each class, [K], if labels are soft.

    Raises:
        InputError: a prior or class weights that cannot be used.
        ReadWriteError: a file that cannot be read.
    """
    inputs: list[dict[str, Any]] = []
    prior = class_weights = None
    empirical = isinstance(options.prior, str) and options.prior == EMPIRICAL
    if empirical and shares is not None:
        prior = shares()
    elif empirical:
        kept = np.where(ignored, 0.0, 1.0 if weight is None else weight)
        count = np.bincount(np.where(ignored, 0, label), kept, num_classes)
        prior = count / count.sum()
    elif options.prior is not None:
        prior = check_prior(*_numbers(options.prior, "prior", num_classes, inputs))
    if options.class_weights is not None:
        values, _, name = _numbers(options.class_weights, "class_weights", num_classes, inputs)
        class_weights = check_class_weights(values, num_classes, name)
        if shares is None and not (class_weights[label[~ignored]] > 0).any():
            raise InputError(
                "all classes that occur have weight 0", "give the classes of the labels a weight above 0", where=name
            )
    return Opened(Targets(options.smoothing, prior, class_weights, options.weight_mode), inputs)


def _numbers(value: Any, role: str, num_classes: int, inputs: list[dict[str, Any]]) -> tuple[Array, int, str]:
    name, values, element = open_numbers(value, role, "weight" if role == "class_weights" else role)
    inputs.append({"role": role, "path": name, "shape": list(values.shape), "dtype": element, "size": values.nbytes})
    return values, num_classes, name


def parse_eps(eps: Amounts, *, allow_negative: bool) -> tuple[float, ...]:
    """The amounts of smoothing in order; a range `start:stop:step` is replaced by its values.

    Raises:
        UsageError: an eps out of its range, or no eps.
    """
    several = list(eps) if isinstance(eps, Iterable) and not isinstance(eps, str) else [eps]
    parts = [part for each in several for part in _range(each)]
    values = tuple(dict.fromkeys(check_eps(part, allow_negative=allow_negative) for part in parts))
    if not values:
        raise UsageError("no eps is given", "for example --eps 0.1", where="eps")
    return values


def _range(part: float | str) -> list[float | str]:
    if not isinstance(part, str) or ":" not in part:
        return [part]
    words = part.split(":")
    try:
        start, stop, step = (float(word) for word in words)
        count = (stop - start) / step
    except (ValueError, ZeroDivisionError):
        count = float("nan")
    if not 0 <= count <= _MOST:
        raise UsageError(f"not a range of eps: {part}", "write start:stop:step, for example 0:0.5:0.05", where="eps")
    # Rounded, so that 0:0.3:0.1 ends with 0.3 and not with 0.30000000000000004.
    return [float(f"{start + i * step:.12g}") for i in range(int(count + 1e-9) + 1)]
