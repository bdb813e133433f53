"""Losses of the samples of a table against smoothed targets, and their floor.

Class weights make a mean loss a ratio: sum w_y h over sum w_y (Szegedy et al. 2016, section 7, with the weights
of F.cross_entropy). Without class weights the denominator is the number of samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.table import weighted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Columns -sum_k c_k log p_k that a pass fills on request: c is the prior or 1/K, times any class weights.
PRIOR, WEIGHTED = "loss_prior", "loss_uniform_weighted"
# The column -sum_k w_k q_k log p_k of soft labels q and class weights w.
WEIGHTED_HARD = "loss_hard_weighted"
# Prefix of the columns with the lower bounds of the losses against smoothed soft labels; the eps follows it.
_ENTROPY = "entropy_of_target@"


def vectors(targets: Targets, num_classes: int) -> dict[str, Array]:
    """The columns -sum_k c_k log p_k that the losses of these targets need, each with its c, [K]."""
    found = {}
    weights = targets.class_weights if targets.class_weighted else None
    if targets.prior is not None:
        found[PRIOR] = targets.prior if weights is None else weights * targets.prior
    if weights is not None:
        found[WEIGHTED] = weights / num_classes
    return found


def entropy_column(eps: float) -> str:
    """The name of the column with the floor of each sample's soft label, smoothed by this eps."""
    return f"{_ENTROPY}{eps!r}"


def entropies(columns: Iterable[str]) -> dict[str, float]:
    """Those columns that are floors of smoothed soft labels, each with its eps."""
    return {name: float(name.removeprefix(_ENTROPY)) for name in columns if name.startswith(_ENTROPY)}


def with_label(settings: Settings, column: str) -> frozenset[str]:
    """A column, and with class weights the label, which selects the weight, unless labels are soft."""
    by_label = settings.targets.class_weights is not None and not settings.soft_labels
    return frozenset({column, "label"} if by_label else {column})


def hard_columns(settings: Settings) -> frozenset[str]:
    weighted_soft = settings.soft_labels and settings.targets.class_weighted
    return with_label(settings, WEIGHTED_HARD if weighted_soft else "loss_hard")


def uniform_columns(settings: Settings) -> frozenset[str]:
    return with_label(settings, WEIGHTED if settings.targets.class_weighted else "loss_uniform")


def prior_columns(settings: Settings) -> frozenset[str]:
    return frozenset() if settings.targets.prior is None else with_label(settings, PRIOR)


def target_columns(settings: Settings) -> frozenset[str]:
    """The columns of the loss against the smoothed targets."""
    mixed_in = uniform_columns if settings.targets.prior is None else prior_columns
    return hard_columns(settings) | mixed_in(settings)


def floor_columns(settings: Settings) -> frozenset[str]:
    if settings.soft_labels:
        return frozenset(entropy_column(eps) for eps in settings.eps if eps >= 0)
    return target_columns(settings) | (frozenset() if settings.targets.prior is None else {"label"})


def one_label_columns(settings: Settings) -> frozenset[str]:
    """The columns of metrics that need one label per sample. A pass over soft labels fills no column `label`."""
    return frozenset({"label"}) if settings.soft_labels else floor_columns(settings)


class SmoothedLosses(NamedTuple):
    """The losses of the samples of a table against smoothed targets, in nats.

    With class weights, a loss is the numerator of a mean whose denominator is `class_weight`. With soft labels the
    denominator is 1 for each sample, as in F.cross_entropy.
    """

    table: SampleTable
    targets: Targets

    @property
    def class_weight(self) -> Array | None:
        """The class weight of each sample's label, [n]; None without class weights, and with soft labels."""
        if self.targets.class_weights is None or self._soft:
            return None
        return self.table.reused(_class_weight, self.targets)

    @property
    def _soft(self) -> bool:
        """Whether labels are soft: then a pass fills no column `label`, which class weights otherwise need."""
        return "label" not in self.table.columns

    @property
    def hard(self) -> Array:
        """The loss against the label, [n]."""
        if self._soft and self.targets.class_weighted:
            return self.table[WEIGHTED_HARD]
        return self._weighted("loss_hard")

    @property
    def uniform(self) -> Array:
        """The loss against the uniform distribution, [n]."""
        return self.table[WEIGHTED] if self.targets.class_weighted else self._weighted("loss_uniform")

    @property
    def mixed_in(self) -> Array:
        """The loss against the distribution that is mixed in, uniform or the prior, [n]."""
        if self.targets.prior is None:
            return self.uniform
        return self.table[PRIOR] if self.targets.class_weighted else self._weighted(PRIOR)

    def _weighted(self, column: str) -> Array:
        if self.targets.class_weights is None:
            return self.table[column]
        return self.table.reused(_weighted_column, self.targets, column)

    def mixture_weight(self, eps: float) -> Any:
        """e, the weight of the distribution that is mixed in, a number or [n]."""
        return self.targets.mixture_weight(eps, class_count(self.table))

    def at(self, eps: float) -> Array:
        """The smoothed loss, [n]: (1-e) hard + e mixed_in.

        At e = 0 and e = 1 one part is left out, because 0 * inf is nan.
        """
        e = self.mixture_weight(eps)
        if np.ndim(e) == 0 and e in (0, 1):
            return self.mixed_in if e else self.hard
        return self.table.reused(_mixture, self.targets, eps)

    @property
    def other_classes(self) -> Any:
        """The number of classes other than the label, at least 1; a number or [n]."""
        return np.maximum(class_count(self.table) - 1, 1)

    def target_rest(self, eps: float) -> Any:
        """The target's probability of all classes other than the label, a number or [n]."""
        return self._of_samples(self.targets.target_rest(eps, class_count(self.table)))

    def optimal_gap(self, eps: float) -> Any:
        """The logit gap at which p is the target, a number or [n]."""
        return self._of_samples(self.targets.optimal_gap(eps, class_count(self.table)))

    def floor(self, eps: float) -> Any:
        """The lower bound of the smoothed loss: a number if it is the same for all samples, else [n]."""
        if entropy_column(eps) in self.table.columns:
            return self.table[entropy_column(eps)]
        if self.targets.class_weighted:
            return self.targets.weighted_floor(eps)[self.table["label"]]
        entropy = self._of_samples(self.targets.entropy(eps, class_count(self.table)))
        return entropy if self.class_weight is None or np.ndim(entropy) == 0 else entropy * self.class_weight

    def _of_samples(self, value: Any) -> Any:
        return value if self.targets.prior is None else value[self.table["label"]]


def class_count(table: SampleTable) -> Any:
    """K, or [n], the K of each sample, where masked classes are excluded; None if unknown."""
    return table["class_count"] if "class_count" in table.columns else table.num_classes


def _class_weight(table: SampleTable, targets: Targets) -> Array:
    return np.take(targets.class_weights, table["label"])  # type: ignore[arg-type]


def _weighted_column(table: SampleTable, targets: Targets, column: str) -> Array:
    return weighted(table[column], table.reused(_class_weight, targets))


def _mixture(table: SampleTable, targets: Targets, eps: float) -> Array:
    losses = SmoothedLosses(table, targets)
    hard, mixed_in, e = losses.hard, losses.mixed_in, losses.mixture_weight(eps)
    with np.errstate(invalid="ignore"):
        mixed: Array = (1.0 - e) * hard + e * mixed_in
    if not np.any(e >= 1):
        return mixed
    # e is above 1 where off-target gives the label less than the other classes. A masked label's loss is infinite if
    # the target gives it any probability; at eps = 1 it is the loss of the other classes, which no column holds.
    return np.where(np.isinf(hard) & (e >= 1), math.inf if eps < 1 else math.nan, mixed)
