"""Smoothed targets of a loss: their entropy, their floor under class weights, and the logits that fit them best."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.smoothing.conventions import CONVENTIONS, Convention, if_several

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import Smoothing, WeightMode
    from lscli.smoothing.conventions import Number

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Targets:
    """A convention of label smoothing with its prior, and the weight of each class in a loss.

    `num_classes` of the methods is K, or [n]: the K of each row, where masked classes are excluded. Unless stated
    otherwise, a result has the shape of `num_classes`, or with a prior [K]: one value for each label.

    Attributes:
        smoothing: the name of the convention, see `lscli.smoothing.conventions`.
        prior: [K] float64 that sums to 1, for the convention `prior`; None for the others.
        class_weights: [K] float64, not negative, or None.
        weight_mode: `torch` weights every class of the target (F.cross_entropy with `weight`), `target-only` the
            whole sample by the weight of its label.
    """

    smoothing: Smoothing = "uniform"
    prior: Array | None = None
    class_weights: Array | None = None
    weight_mode: WeightMode = "torch"

    @property
    def convention(self) -> Convention:
        """The convention that `smoothing` names."""
        return CONVENTIONS[self.smoothing]

    def mixture_weight(self, eps: float, num_classes: Number) -> Number:
        """The weight e of the uniform distribution or of the prior; with a prior too it has no dimension [K]."""
        return self.convention.mixture_weight(eps, num_classes)

    def target_label(self, eps: float, num_classes: Number) -> Any:
        """The target probability of the label, q'(y)."""
        return self.convention.target_label(eps, num_classes, self.prior)

    def target_other(self, eps: float, num_classes: Number) -> Any:
        """The target probability of a class that is not the label; with a prior [K], one value for each such class."""
        return self.convention.target_other(eps, num_classes, self.prior)

    def target_rest(self, eps: float, num_classes: Number) -> Any:
        """The target probability of all classes but the label, 1 - q'(y)."""
        return self.convention.target_rest(eps, num_classes, self.prior)

    def entropy(self, eps: float, num_classes: Number) -> Any:
        """The entropy of the targets in nats, H(q'): the lower bound of the smoothed loss without class weights."""
        if self.prior is not None:
            return self._floor(eps, np.ones(len(self.prior)))
        label, other = self.target_label(eps, num_classes), self.target_other(eps, num_classes)
        return 0.0 - _x_log_x(label) - (num_classes - 1) * _x_log_x(other)

    def weighted_floor(self, eps: float) -> Array:
        """The lower bound of -sum_k w_k q'_k ln p_k in nats, [K] by label. It is reached at p = w q' / sum(w q')."""
        if self.class_weights is None:
            raise TypeError("there are no class weights")
        return self._floor(eps, self.class_weights)

    def _floor(self, eps: float, w: Array) -> Array:
        """-sum_k c_k ln(c_k / C) for each label, where c = w q' and C is its sum.

        Sums over the other classes are sums over all classes less the label's term, which avoids a [K, K] array.
        """
        rest, on = w * self.target_other(eps, len(w)), w * self.target_label(eps, len(w))
        mass = np.add.reduce(rest) - rest + on
        logs = np.add.reduce(_x_log_x(rest)) - _x_log_x(rest) + _x_log_x(on)
        # A difference of equal sums may round below 0.
        floor: Array = np.maximum(_x_log_x(mass) - logs, 0.0)
        return floor

    def optimal_gap(self, eps: float, num_classes: Number) -> Any:
        """The logit of the label less the mean logit of the other classes at p = q'.

        The gap is nan where the label is the only class, and where the label and another class both have a target of
        0.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            label = np.log(self.target_label(eps, num_classes))
            other = np.log(self.target_other(eps, num_classes))
            if self.prior is None:
                gap = if_several(num_classes, label - other, math.nan)
                return gap if isinstance(gap, np.ndarray) else float(gap)
            # The mean excludes the label's own entry; another class with a target of 0 makes it -inf.
            empty = np.isneginf(other)
            finite = np.where(empty, 0.0, other)
            total = np.where(empty.sum() - empty > 0, -np.inf, np.add.reduce(finite) - finite)
            return label - total / (len(self.prior) - 1)

    @property
    def class_weighted(self) -> bool:
        """Whether class weights move the optimum of the loss away from q', so that the entropy is not its floor."""
        return self.class_weights is not None and self.weight_mode == "torch"

    @cached_property
    def unweighted(self) -> Targets:
        """The same targets without class weights."""
        return self if self.class_weights is None else replace(self, class_weights=None)

    @property
    def smoothing_params(self) -> dict[str, str]:
        """The params of a value that depends on the convention: its name, unless it is `uniform`."""
        return {} if self.smoothing == "uniform" else {"smoothing": self.smoothing}

    @property
    def described(self) -> dict[str, str]:
        """The params of a loss, which depends on the class weights too."""
        weights = {} if self.class_weights is None else {"class_weights": str(self.weight_mode)}
        return {**self.smoothing_params, **weights}


def _x_log_x(x: Any) -> Any:
    if np.ndim(x) == 0:
        return x * math.log(x) if x > 0 else 0.0
    return np.where(x > 0, x, 0.0) * np.log(np.where(x > 0, x, 1.0))
