"""Sums over the kept samples, which give the loss of a convention at any eps, for `lscli explain`."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.recipes.catalogue import EMPIRICAL, ByClassWeight, Ignored, Sums
from lscli.smoothing.conventions import CONVENTIONS
from lscli.smoothing.targets import Targets
from lscli.table import weighted, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]

# The columns that a pass has to fill besides those of `vectors`.
COLUMNS = frozenset({"row", "label", "loss_hard", "loss_uniform"})


def tried(given: Targets, empirical: Targets | None) -> dict[str, Targets]:
    """The targets to try, by name: the conventions without a prior, a given prior and that of the labels.

    Args:
        given: the class weights to try, and the prior if there is one.
        empirical: targets whose prior is the distribution of the labels.
    """
    found: dict[str, Targets] = {
        convention.name: Targets(convention.name, None, given.class_weights)
        for convention in CONVENTIONS.values()
        if not convention.needs_prior
    }
    if given.prior is not None:
        found["prior"] = given
    # The distribution of balanced labels is uniform, which is tried anyway.
    if empirical is not None and empirical.prior is not None and np.ptp(empirical.prior) > 0:
        found[EMPIRICAL] = Targets("prior", empirical.prior, given.class_weights)
    return found


def vectors(conventions: Mapping[str, Targets], num_classes: int) -> dict[str, Array]:
    """The columns -sum_k c_k log p_k that a pass has to fill, each with its c, [K]."""
    found = {name: targets.prior for name, targets in conventions.items() if targets.prior is not None}
    weights = conventions["uniform"].class_weights
    if weights is not None:
        found |= {_weighted(name): weights * c for name, c in found.items()}
        found[_weighted("uniform")] = weights / num_classes
    return found


def _weighted(name: str) -> str:
    return f"{name} weighted"


class ConventionSums:
    """The sums of one convention over the kept samples.

    Args:
        name: the name under which the convention is tried.
        targets: the convention, its prior and the class weights.
        table: the kept samples with the columns of `COLUMNS` and `vectors`.
        ignored: sums that need the ignored samples.
    """

    def __init__(self, name: str, targets: Targets, table: SampleTable, ignored: Ignored) -> None:
        self.name = name
        self._targets, self._table = targets.unweighted, table
        hard = table["loss_hard"]
        spread = self._spread(hard, table["loss_uniform" if targets.prior is None else name])
        by_weight = ByClassWeight()
        if targets.class_weights is not None:
            by = targets.class_weights[table["label"]]
            hard_by = weighted(hard, by)
            by_class = table[_weighted("uniform" if targets.prior is None else name)]
            parts = by, hard_by, weighted(spread, by), self._spread(hard_by, by_class)
            by_weight = ByClassWeight(*(weighted_sum(part, table.weight) for part in parts))
        sums = weighted_sum(hard, table.weight), weighted_sum(spread, table.weight), table.total
        self._sums = Sums(*sums, table.num_classes or 0, ignored, by_weight)

    def at(self, eps: float) -> Sums:
        """The sums at one eps."""
        return self._sums._replace(position=self._targets.convention.position(eps), entropy=self._entropy(eps))

    def _spread(self, hard: Array, over_all: Array) -> Array:
        """The losses at the other end of the line, [n], from those of the label and the mean ones of all classes."""
        if not self._targets.convention.others_only:
            return over_all
        # The mean over the classes other than the label, or the label's own loss where it is the only class.
        k = self._table.columns.get("class_count", np.asarray(self._table.num_classes))
        with np.errstate(invalid="ignore"):
            return np.where(np.greater(k, 1), (k * over_all - hard) / np.maximum(np.subtract(k, 1), 1), hard)

    def _entropy(self, eps: float) -> float:
        """The sum of the entropy of the targets, from the number of samples with each label or number of classes."""
        if self._targets.prior is not None:
            return float(np.add.reduce(self._counts * self._targets.entropy(eps, self._sums.classes)))
        if "class_count" not in self._table.columns:
            return self._sums.kept * float(self._targets.entropy(eps, self._sums.classes))
        counts = enumerate(self._counts.tolist())
        return math.fsum(count * float(self._targets.entropy(eps, number)) for number, count in counts if count)

    @cached_property
    def _counts(self) -> Array:
        column = self._table["class_count" if self._targets.prior is None else "label"]
        counts: Array = np.bincount(column, self._table.weight, self._sums.classes)
        return counts
