"""A convention of smoothing: its targets, their entropy, and the logits that would fit them best.

Every convention is a mixture q' = (1-e) q + e u of the label's distribution q with another one, u: uniform over
the K classes, or a prior. What it calls eps gives e, the amount of the mixture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
    Number = float | Array


@dataclass(frozen=True, eq=False)
class Targets:
    """A convention of label smoothing, and how much each class weighs in a loss.

    Attributes:
        smoothing: `uniform` (Szegedy et al. 2016, section 7: (1-eps) + eps/K on the label, eps/K elsewhere),
            `off-target` (1-eps on the label, eps/(K-1) elsewhere), `classy` ((q + eps/K) / (1+eps)) or
            `prior` ((1-eps) q + eps prior).
        prior: [K] float64 that sums to 1, for `prior`; None for the others.
        class_weights: [K] float64, not negative, or None.
        weight_mode: `torch` weighs every class of the target, `target-only` the sample by its label.
    """

    smoothing: str = "uniform"
    prior: Array | None = None
    class_weights: Array | None = None
    weight_mode: str = "torch"

    def amount(self, eps: float, num_classes: Number) -> Any:
        """e, for K classes or for each of several K."""
        return uniform_eps(eps, self.smoothing, num_classes)

    def on(self, eps: float, num_classes: Number) -> Any:
        """q'(y), what the label gets: a number for each K, or [K] by label with a prior."""
        if self.smoothing == "off-target":
            # As it is defined: 1 - e + e/K rounds below 0 at eps = 1.
            return _where_several(num_classes, 1.0 - eps, 1.0)
        missing, e = self.missing(eps, num_classes), self.amount(eps, num_classes)
        # The one rounds less where much is left, the other where little is.
        on = np.where(np.less(missing, 0.5), 1.0 - missing, (1.0 - e) + self.off(eps, num_classes))
        return on if on.ndim else float(on)

    def off(self, eps: float, num_classes: Number) -> Any:
        """What a class gets that is not the label: a number for each K, or [K] by class with a prior."""
        if self.smoothing == "off-target":
            return _where_several(num_classes, eps / np.maximum(np.subtract(num_classes, 1), 1), 0.0)
        e = self.amount(eps, num_classes)
        return e / num_classes if self.prior is None else e * self.prior

    def missing(self, eps: float, num_classes: Number) -> Any:
        """What the target leaves to the other classes, 1 - q'(y): a number for each K, or [K] by label with a prior."""
        if self.smoothing == "off-target":
            return _where_several(num_classes, eps, 0.0)
        e = self.amount(eps, num_classes)
        return e * (num_classes - 1) / num_classes if self.prior is None else e * (1.0 - self.prior)

    def entropy(self, eps: float, num_classes: Number) -> Any:
        """H(q') in nats: the floor of the smoothed loss. A number for each K, or [K] by label with a prior."""
        if self.prior is not None:
            return self._least(eps, np.ones(len(self.prior)))
        on, off = self.on(eps, num_classes), self.off(eps, num_classes)
        return 0.0 - _x_log_x(on) - (num_classes - 1) * _x_log_x(off)

    def weighted_floor(self, eps: float, num_classes: int) -> Array:
        """The least that -sum_k w_k q'_k ln p_k can be, [K] by label: at p* = w q' / sum(w q'), not at q'."""
        if self.class_weights is None:
            raise TypeError("there are no class weights")
        return self._least(eps, self.class_weights)

    def _least(self, eps: float, w: Array) -> Array:
        """-sum_k c_k ln(c_k / C) for c = w q' of each label and C their sum, from the sums over all other classes."""
        rest, on = w * self.off(eps, len(w)), w * self.on(eps, len(w))
        mass = np.add.reduce(rest) - rest + on
        logs = np.add.reduce(_x_log_x(rest)) - _x_log_x(rest) + _x_log_x(on)
        # A difference of equal sums: what is left of it where nothing is, is rounding.
        least: Array = np.maximum(_x_log_x(mass) - logs, 0.0)
        return least

    def optimal_gap(self, eps: float, num_classes: Number) -> Any:
        """The label's logit less the mean of the others at p = q': a number for each K, or [K] by label.

        nan where there are no others, or where they and the label have none of the target.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            on, off = np.log(self.on(eps, num_classes)), np.log(self.off(eps, num_classes))
            if self.prior is None:
                return _where_several(num_classes, on - off, np.nan)
            # Without the label's own; a class of no mass among the others has its logit at -inf.
            empty = np.isneginf(off)
            finite = np.where(empty, 0.0, off)
            total = np.where(empty.sum() - empty > 0, -np.inf, np.add.reduce(finite) - finite)
            return on - total / (len(self.prior) - 1)

    def spread(self, num_classes: int) -> Array:
        """u, [K]: uniform, or the prior."""
        return np.full(num_classes, 1.0 / num_classes) if self.prior is None else self.prior

    @property
    def tilted(self) -> bool:
        """Whether class weights change what the loss pulls to, so that the floor is not the targets' entropy."""
        return self.class_weights is not None and self.weight_mode == "torch"

    @cached_property
    def unweighted(self) -> Targets:
        """The same targets, all classes alike."""
        return self if self.class_weights is None else replace(self, class_weights=None)

    @property
    def convention(self) -> dict[str, str]:
        """What a number made with this convention says of it: nothing where it is as usual."""
        return {} if self.smoothing == "uniform" else {"smoothing": self.smoothing}

    @property
    def described(self) -> dict[str, str]:
        """The same of a loss, which class weights change too."""
        return self.convention if self.class_weights is None else {**self.convention, "class_weights": self.weight_mode}


def _x_log_x(x: Any) -> Any:
    if np.ndim(x) == 0:
        return x * math.log(x) if x > 0 else 0.0
    return np.where(x > 0, x, 0.0) * np.log(np.where(x > 0, x, 1.0))


def _where_several(num_classes: Number, value: Any, alone: float) -> Any:
    """The value, but `alone` where the label is the only class: there is nothing to smooth over."""
    chosen = np.where(np.greater(num_classes, 1), value, alone)
    return chosen if chosen.ndim else float(chosen)


def uniform_eps(eps: float, smoothing: str, num_classes: Number) -> Any:
    """The eps of `uniform` that a convention's own eps is, for K classes or each of several K; a prior's is its own.

    Raises:
        UsageError: a negative eps of `classy` whose targets there are none of.
    """
    if smoothing == "off-target":
        others = np.maximum(np.subtract(num_classes, 1.0), 1.0)
        return _where_several(num_classes, eps * (num_classes / others), 0.0)
    if smoothing != "classy":
        return eps
    if eps <= -1:
        raise UsageError(f"classy divides by 1 + eps: must be above -1, got {eps}", "for example -0.1", where="eps")
    return eps / (1.0 + eps)
