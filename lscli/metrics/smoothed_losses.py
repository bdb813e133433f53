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

# Columns -sum_k c_k log p_k that are filled on request: c is the prior, or 1/K, each times the class weights.
PRIOR, WEIGHTED = "loss_prior", "loss_uniform_weighted"
# Prefix of columns with the entropies of soft labels, smoothed by the eps that follows it.
_ENTROPY = "entropy_of_target@"


def vectors(targets: Targets, num_classes: int) -> dict[str, Array]:
    """The columns that the losses of these targets need besides the usual ones, each with its c, [K]."""
    found = {}
    weights = targets.class_weights if targets.class_weighted else None
    if targets.prior is not None:
        found[PRIOR] = targets.prior if weights is None else weights * targets.prior
    if weights is not None:
        found[WEIGHTED] = weights / num_classes
    return found


def entropy_column(eps: float) -> str:
    """The name of the column with the entropy of each sample's soft label, smoothed by this eps."""
    return f"{_ENTROPY}{eps!r}"


def entropies(columns: Iterable[str]) -> dict[str, float]:
    """The columns among these that are entropies of smoothed soft labels, each with its eps."""
    return {name: float(name.removeprefix(_ENTROPY)) for name in columns if name.startswith(_ENTROPY)}


def hard_columns(settings: Settings) -> frozenset[str]:
    """The columns of the hard part."""
    return frozenset({"loss_hard"} if settings.targets.class_weights is None else {"loss_hard", "label"})


def uniform_columns(settings: Settings) -> frozenset[str]:
    """The columns of the uniform loss."""
    if settings.targets.class_weights is None:
        return frozenset({"loss_uniform"})
    return frozenset({WEIGHTED if settings.targets.class_weighted else "loss_uniform", "label"})


def prior_columns(settings: Settings) -> frozenset[str]:
    """The columns of the loss against the prior."""
    if settings.targets.prior is None:
        return frozenset()
    return frozenset({PRIOR} if settings.targets.class_weights is None else {PRIOR, "label"})


def target_columns(settings: Settings) -> frozenset[str]:
    """The columns of the loss against the smoothed targets."""
    if settings.targets.prior is None:
        return hard_columns(settings) | uniform_columns(settings)
    return hard_columns(settings) | prior_columns(settings)


def floor_columns(settings: Settings) -> frozenset[str]:
    """The columns of the floor."""
    if settings.soft_labels:
        return frozenset(entropy_column(eps) for eps in settings.eps if eps >= 0)
    return target_columns(settings) | (frozenset() if settings.targets.prior is None else {"label"})


def one_label_columns(settings: Settings) -> frozenset[str]:
    """The columns of the target's probabilities of the label and of other classes; absent for soft labels."""
    return frozenset({"label"}) if settings.soft_labels else floor_columns(settings)


class SmoothedLosses(NamedTuple):
    """The losses of the samples of a table against smoothed targets, in nats.

    With class weights, a loss is the numerator of a mean whose denominator is `class_weight`.

    Attributes:
        table: the samples.
        targets: the convention of smoothing, and class weights.
    """

    table: SampleTable
    targets: Targets

    @property
    def class_weight(self) -> Array | None:
        """The class weight of each sample's label, [n]; None where all classes count the same."""
        if self.targets.class_weights is None:
            return None
        return self.table.reused(_class_weight, self.targets)

    @property
    def hard(self) -> Array:
        """The loss against the label, [n]."""
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
        return self.targets.mixture_weight(eps, self._k)

    def at(self, eps: float) -> Array:
        """The smoothed loss, [n]: (1-e) hard + e mixed_in.

        At e = 0 and 1 the other part is left out, where 0 * inf is nan.
        """
        e = self.mixture_weight(eps)
        if np.ndim(e) == 0 and e in (0, 1):
            return self.mixed_in if e else self.hard
        return self.table.reused(_mixture, self.targets, eps)

    @property
    def _k(self) -> Any:
        """K, a number, or [n] where masked classes are left out."""
        return self.table["class_count"] if "class_count" in self.table.columns else self.table.num_classes

    @property
    def other_classes(self) -> Any:
        """The number of classes other than the label, a number or [n]; 1 instead of 0."""
        return np.maximum(self._k - 1, 1)

    def target_rest(self, eps: float) -> Any:
        """The target's probability of all classes other than the label, a number or [n]."""
        return self._of_samples(self.targets.target_rest(eps, self._k))

    def optimal_gap(self, eps: float) -> Any:
        """The logit gap at which p is the target, a number or [n]."""
        return self._of_samples(self.targets.optimal_gap(eps, self._k))

    def floor(self, eps: float) -> Any:
        """The lower bound of the smoothed loss: a number if it is the same for all samples, else [n]."""
        k = self.table.num_classes
        if entropy_column(eps) in self.table.columns:
            return self.table[entropy_column(eps)]
        if self.targets.class_weighted:
            return self.targets.weighted_floor(eps, k or 0)[self.table["label"]]
        entropy = self._of_samples(self.targets.entropy(eps, self._k))
        return entropy if self.class_weight is None or np.ndim(entropy) == 0 else entropy * self.class_weight

    def _of_samples(self, value: Any) -> Any:
        return value if self.targets.prior is None else value[self.table["label"]]


def _class_weight(table: SampleTable, targets: Targets) -> Array:
    weights: Any = targets.class_weights
    of_samples: Array = weights[table["label"]]
    return of_samples


def _weighted_column(table: SampleTable, targets: Targets, column: str) -> Array:
    return weighted(table[column], table.reused(_class_weight, targets))


def _mixture(table: SampleTable, targets: Targets, eps: float) -> Array:
    losses = SmoothedLosses(table, targets)
    hard, mixed_in, e = losses.hard, losses.mixed_in, losses.mixture_weight(eps)
    with np.errstate(invalid="ignore"):
        mixed: Array = (1.0 - e) * hard + e * mixed_in
    if not np.any(e >= 1):
        return mixed
    # e exceeds 1 where off-target gives the label less than the other classes. A masked label's loss is infinite if the
    # target gives it any probability; at eps = 1 it is the loss of the other classes, which these columns do not hold.
    return np.where(np.isinf(hard) & (e >= 1), math.inf if eps < 1 else math.nan, mixed)
