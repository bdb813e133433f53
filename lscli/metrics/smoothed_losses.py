"""A table seen through smoothed targets: what each sample loses against them, and the least it could.

Class weights make a mean loss a ratio: sum w_y h over sum w_y (Szegedy et al. 2016, section 7, with the weights
of F.cross_entropy). Without weights the denominator is no column but the number of samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from lscli.metrics.base import Settings
    from lscli.smoothing.targets import Targets
    from lscli.table import SampleTable

    Array = NDArray[Any]

# Columns -sum_k c_k log p_k that a pass is asked for by name: c is the prior, or 1/K, each times the class weights.
PRIOR, WEIGHED = "loss_prior", "loss_uniform_weighted"
# Columns with the entropies of soft labels that were smoothed by the eps in their names.
_ENTROPY = "entropy_of_target@"


def vectors(targets: Targets, num_classes: int) -> dict[str, Array]:
    """The columns of a pass that these targets take besides, each with its c, [K]."""
    found = {}
    weights = targets.class_weights if targets.class_weighted else None
    if targets.prior is not None:
        found[PRIOR] = targets.prior if weights is None else weights * targets.prior
    if weights is not None:
        found[WEIGHED] = weights / num_classes
    return found


def entropy_column(eps: float) -> str:
    """The column with the entropy of each sample's soft label, smoothed by this eps."""
    return f"{_ENTROPY}{eps!r}"


def entropies(columns: Iterable[str]) -> dict[str, float]:
    """Those of the columns that are entropies of smoothed soft labels, each with its eps."""
    return {name: float(name.removeprefix(_ENTROPY)) for name in columns if name.startswith(_ENTROPY)}


def hard_columns(settings: Settings) -> frozenset[str]:
    """The columns of the hard part."""
    return frozenset({"loss_hard"} if settings.targets.class_weights is None else {"loss_hard", "label"})


def uniform_columns(settings: Settings) -> frozenset[str]:
    """The columns of the uniform loss."""
    if settings.targets.class_weights is None:
        return frozenset({"loss_uniform"})
    return frozenset({WEIGHED if settings.targets.class_weighted else "loss_uniform", "label"})


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
    """The columns of the floor, at least one."""
    if settings.soft_labels:
        return frozenset(entropy_column(eps) for eps in settings.eps if eps >= 0)
    return target_columns(settings) | (frozenset() if settings.targets.prior is None else {"label"})


def one_label_columns(settings: Settings) -> frozenset[str]:
    """The columns of what the targets have on the label and on others, at least one: a soft label has no such two."""
    return frozenset({"label"}) if settings.soft_labels else floor_columns(settings)


def gap_columns(settings: Settings) -> frozenset[str]:
    """The columns of what the targets ask of the gap and of p_y, at least one: a table without has no samples."""
    return frozenset({"label"})


def weighed_by(by: Array, x: Array) -> Array:
    """x times the class weights of the samples, [n]; a class that counts nothing takes an infinite x out with it."""
    result: Array = np.multiply(by, x, out=np.zeros(len(x)), where=by > 0)
    return result


class Against(NamedTuple):
    """The samples of a table against the targets of some settings.

    Attributes:
        table: the samples.
        targets: the convention.
    """

    table: SampleTable
    targets: Targets

    @property
    def by(self) -> Array | None:
        """The class weight of each sample's label, [n]; None where all classes count the same."""
        weights = self.targets.class_weights
        if weights is None:
            return None
        return self.table.reused(f"class weight {self.targets.key}", lambda: weights[self.table["label"]])

    @property
    def hard(self) -> Array:
        """The numerator of the hard part, [n]."""
        return self._weighed("loss_hard")

    @property
    def uniform(self) -> Array:
        """The numerator of the uniform loss, [n]."""
        return self.table[WEIGHED] if self.targets.class_weighted else self._weighed("loss_uniform")

    @property
    def spread(self) -> Array:
        """The numerator of the part that is mixed in, [n]: uniform, or against the prior."""
        if self.targets.prior is None:
            return self.uniform
        return self.table[PRIOR] if self.targets.class_weighted else self._weighed(PRIOR)

    def _weighed(self, column: str) -> Array:
        by = self.by
        if by is None:
            return self.table[column]
        return self.table.reused(f"weighed {column} {self.targets.key}", lambda: weighed_by(by, self.table[column]))

    def mixture_weight(self, eps: float) -> Any:
        """e, the share of what is mixed in, a number or [n]."""
        return self.targets.mixture_weight(eps, self._k)

    def losses(self, eps: float) -> Array:
        """The numerator of the smoothed loss, [n]: (1-e) hard + e spread.

        At e = 0 and 1 the other part is left out, where 0 * inf is nan.
        """
        e = self.mixture_weight(eps)
        if np.ndim(e) == 0 and e in (0, 1):
            return self.spread if e else self.hard
        return self.table.reused(f"smoothed {eps} {self.targets.key}", lambda: self._mixed(eps, e))

    def _mixed(self, eps: float, e: Any) -> Array:
        hard, spread = self.hard, self.spread
        with np.errstate(invalid="ignore"):
            mixed: Array = (1.0 - e) * hard + e * spread
        if not np.any(e >= 1):
            return mixed
        # e is above 1 where off-target leaves the label less than the others. A masked label's loss is infinite as long
        # as the target has any of it; at eps = 1 it is that of the others, which these columns do not tell.
        return np.where(np.isinf(hard) & (e >= 1), math.inf if eps < 1 else math.nan, mixed)

    @property
    def _k(self) -> Any:
        """K, of each sample where masked classes are left out."""
        return self.table["class_count"] if "class_count" in self.table.columns else self.table.num_classes

    @property
    def others(self) -> Any:
        """How many classes there are besides the label, a number or [n]; 1 where there is none."""
        return np.maximum(self._k - 1, 1)

    def target_rest(self, eps: float) -> Any:
        """What the target leaves to other classes, a number or [n]."""
        return self._of_samples(self.targets.target_rest(eps, self._k))

    def optimal_gap(self, eps: float) -> Any:
        """The logit gap that the target asks for, a number or [n]."""
        return self._of_samples(self.targets.optimal_gap(eps, self._k))

    def floor(self, eps: float) -> Any:
        """The least loss there can be where it is the same for all samples, a number; else its numerator, [n]."""
        k = self.table.num_classes
        if entropy_column(eps) in self.table.columns:
            return self.table[entropy_column(eps)]
        if self.targets.class_weighted:
            return self.targets.weighted_floor(eps, k or 0)[self.table["label"]]
        entropy = self._of_samples(self.targets.entropy(eps, self._k))
        return entropy if self.by is None or np.ndim(entropy) == 0 else entropy * self.by

    def _of_samples(self, value: Any) -> Any:
        return value if self.targets.prior is None else value[self.table["label"]]
