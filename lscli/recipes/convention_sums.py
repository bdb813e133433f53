"""Every convention of smoothing over the same samples, as sums that give its loss at any eps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.recipes.catalogue import EMPIRICAL, Sums
from lscli.scan.scan import scan
from lscli.smoothing.targets import Targets
from lscli.table import weighted, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
    from lscli.table import SampleTable

    Array = NDArray[Any]

# What a pass has to read; the vectors of `vectors` besides.
COLUMNS = frozenset({"row", "label", "loss_hard", "loss_uniform"})
_WEIGHED = "uniform weighed"


class Ignored(NamedTuple):
    """The samples that are ignored: all of them with the kept, and the sum of their uniform loss."""

    every: float = math.nan
    uniform: float = math.nan


def spreads(given: Targets, empirical: Targets | None) -> dict[str, Targets]:
    """The conventions to try, by name: those of all data, and the priors there are."""
    found = {name: Targets(name, None, given.class_weights) for name in ("uniform", "off-target", "classy")}
    if given.prior is not None:
        found["prior"] = given
    # Of balanced classes it is uniform.
    if empirical is not None and empirical.prior is not None and np.ptp(empirical.prior) > 0:
        found[EMPIRICAL] = Targets("prior", empirical.prior, given.class_weights)
    return found


def vectors(conventions: Mapping[str, Targets], num_classes: int) -> dict[str, Array]:
    """The columns -sum_k c_k log p_k that a pass has to give besides, each with its c."""
    found = {name: targets.prior for name, targets in conventions.items() if targets.prior is not None}
    weights = conventions["uniform"].class_weights
    if weights is None:
        return found
    return {**found, **{f"{name} weighed": weights * c for name, c in found.items()}, _WEIGHED: weights / num_classes}


def ignored(opened: Inputs, table: SampleTable, options: Mapping[str, Any]) -> Ignored:
    """What ignored samples would add, of a second pass over them.

    Rows among them that are not finite are left out with `skip`; otherwise their losses are nan, and so is the sum.
    """
    rows = np.flatnonzero(opened.label < 0)
    if not len(rows):
        return Ignored()
    # With one row that is known to be finite: a pass that keeps none is an error.
    known = table["row"][min(int(np.searchsorted(table["row"], rows[0])), len(table) - 1)]
    first, last = min(int(rows[0]), int(known)), max(int(rows[-1]), int(known))
    label = np.where(opened.label < 0, 0, -1).astype(np.int32)
    label[known] = 0
    masked = options["masked_classes"]
    found = scan(
        opened.logits.part(first, last + 1),
        label[first : last + 1],
        {"row", "loss_uniform"},
        **{**options, "nonfinite": "skip", "masked_classes": "keep" if masked == "error" else masked},
    )
    others = opened.weighted(found.table.select(found.table["row"] != known))
    if found.skipped and options["nonfinite"] != "skip":
        weight = float(len(rows)) if opened.weight is None else float(np.add.reduce(opened.weight.values[rows]))
        return Ignored(opened.weighted(table).total + weight)
    return Ignored(opened.weighted(table).total + others.total, _total(others, others["loss_uniform"]))


class Convention:
    """One convention over the kept samples: what it mixes in, summed up.

    Args:
        smoothing: its name.
        targets: its targets, with the class weights there are.
        table: the kept samples with the columns of `COLUMNS` and `vectors`.
        left_out: the samples that are ignored.
    """

    def __init__(self, smoothing: str, targets: Targets, table: SampleTable, left_out: Ignored) -> None:
        self.smoothing = smoothing
        self._targets = targets.unweighted
        self._table = table
        k = table.columns.get("class_count", table.num_classes)
        hard, uniform = table["loss_hard"], table["loss_uniform"]
        self._spread_of_all = smoothing == "off-target"
        spread = table[smoothing] if targets.prior is not None else uniform
        if self._spread_of_all:
            spread = _of_others(uniform, hard, k)
        self._sums = Sums(
            e=math.nan,
            hard=_total(table, hard),
            spread=_total(table, spread),
            entropy=math.nan,
            kept=table.total,
            every=left_out.every,
            ignored=left_out.uniform,
            classes=table.num_classes or 0,
            by=math.nan,
            hard_by=math.nan,
            spread_by=math.nan,
            spread_tilted=math.nan,
        )
        if targets.class_weights is not None:
            by = targets.class_weights[table["label"]]
            hard_by = weighted(hard, by)
            tilted = table[_WEIGHED if targets.prior is None else f"{smoothing} weighed"]
            self._sums = self._sums._replace(
                by=_total(table, by),
                hard_by=_total(table, hard_by),
                spread_by=_total(table, weighted(spread, by)),
                spread_tilted=_total(table, _of_others(tilted, hard_by, k) if self._spread_of_all else tilted),
            )

    def sums(self, eps: float) -> Sums:
        """What recipes are made of at one eps."""
        # The others' own loss is mixed in by eps itself.
        e = eps if self._spread_of_all else self._targets.amount(eps, self._sums.classes)
        return self._sums._replace(e=e, entropy=self._entropy(eps))

    def _entropy(self, eps: float) -> float:
        """The sum of the targets' entropy, from how many samples have each label or number of classes."""
        columns, k = self._table.columns, self._sums.classes
        if self._targets.prior is not None:
            return float(np.add.reduce(self._counts("label") * self._targets.entropy(eps, k)))
        if "class_count" not in columns:
            return self._sums.kept * float(self._targets.entropy(eps, k))
        counts = enumerate(self._counts("class_count").tolist())
        return math.fsum(count * float(self._targets.entropy(eps, number)) for number, count in counts if count)

    def _counts(self, name: str) -> Array:
        return self._table.kept_weighted(_counts, name, self._sums.classes)


def _counts(table: SampleTable, name: str, size: int) -> Array:
    return np.bincount(table[name], table.weight, size)


def _of_others(uniform: Array, hard: Array, k: Any) -> Array:
    """The mean loss of the classes that are not the label, [n]; the label's own where there are none."""
    with np.errstate(invalid="ignore"):
        return np.where(np.greater(k, 1), (k * uniform - hard) / np.maximum(np.subtract(k, 1), 1), hard)


def _total(table: SampleTable, x: Array) -> float:
    return weighted_sum(x, table.weight)
