"""The best temperature of the samples and of each group, and the columns of the tables at it.

The fits and each set of columns are further passes over the logits, which only metrics that need them ask for.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

import numpy as np

from lscli.api.cross_fit import FOLDS, fold_of_cluster
from lscli.errors import InputError
from lscli.io.mapped import MappedLogits
from lscli.kernels.value_hash import factors, folds, value_hash
from lscli.metrics.base import Settings
from lscli.metrics.temperature import CLUSTERED_COLUMNS, temperature
from lscli.recalibrators.base import FitRows
from lscli.recalibrators.temperature import fit, losses_before
from lscli.recalibrators.temperature_curve import grid, mean_losses
from lscli.scan.scan import scan
from lscli.table import At, Tempered, column_at

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
    from lscli.io.mapped import RowMap
    from lscli.scan.blocks import Block
    from lscli.scan.scan import Scan
    from lscli.table import SampleTable

    Array = NDArray[Any]

_MASKED_LABEL = "the label of row {} is at minus infinity: its loss is infinite"
# Of the table of all samples, the columns that hold each sample at the temperature of its group.
_OF_GROUP = "@group"

# The most temperatures of a curve between those near the best one and 1.
_MOST_BETWEEN = 16


class Temperatures(NamedTuple):
    """What was found.

    Attributes:
        columns: further columns of the table of all samples.
        of_group: the temperature by group, all samples ("") first.
    """

    columns: Mapping[str, Array]
    of_group: Mapping[str, Tempered]

    def added(self, table: SampleTable) -> SampleTable:
        """The table of all samples with the columns, before it is split."""
        return replace(table, columns={**table.columns, **self.columns})

    def settled(self, tables: Mapping[str, SampleTable]) -> dict[str, SampleTable]:
        """The tables of all samples and of the groups, each with its own temperature and the columns at it."""
        return {name: _settled(table, self.of_group[name], of_group=bool(name)) for name, table in tables.items()}


def temperatures_of(opened: Inputs, result: Scan, columns: Collection[str], *, curve: bool = False) -> Temperatures:
    """Fit the temperatures, and compute columns at them.

    Args:
        opened: the inputs; logits of all classes, and class numbers as labels.
        result: the pass that checked every row; its table has `row`.
        columns: the names of the columns at a temperature.
        curve: also compute the mean nll at other temperatures, in one more pass.
    """
    wanted = {at: {name.partition("@")[0] for name in columns if name.endswith(f"@{at}")} for at in get_args(At)}
    if opened.rows.clusters is not None:
        wanted["tempered"] |= CLUSTERED_COLUMNS
    rows = _rows(opened, result.table["row"])
    fold = _folds(rows, opened) if wanted["cross_fitted"] else None
    # The temperature of each row at each place: of all samples, and of its group.
    at: dict[str, Array] = {}
    found: dict[str, Tempered] = {}
    weights: dict[str, Array] = {}  # of the rows that have a curve
    for name, weight in zip(opened.rows.names, opened.rows.weights_by_group(), strict=True):
        own = rows.weighted(np.where(rows.weight > 0, weight, 0.0))
        if not own.weight.any():  # a group without a sample has no table
            continue
        found[name], t, t_folds = _fitted(own, result.zero_labels, fold)
        for where, value in (("tempered", t), ("cross_fitted", t_folds)):
            place = where if not name else f"{where}{_OF_GROUP}"
            if value is not None and wanted[where]:
                at.setdefault(place, np.ones(len(weight)))[own.weight > 0] = value
        if curve and not result.zero_labels[own.weight[result.zero_labels] > 0].size:
            weights[name] = own.weight
    if weights:
        _add_curves(rows, weights, found)
    added: dict[str, Array] = {}
    for place, divisor in at.items():
        names = wanted["cross_fitted" if place.startswith("cross_fitted") else "tempered"]
        mapped = MappedLogits(opened.logits, _division(divisor))
        table = scan(mapped, opened.label, names, opened.options).table
        added |= {f"{name}@{place}": table[name] for name in names}
    return Temperatures(added, found)


def clustered_error(opened: Inputs, result: Scan, found: Tempered) -> float:
    """The standard error of a temperature if samples are in clusters."""
    t = np.full(opened.logits.shape[0], found.temperature)
    at = scan(MappedLogits(opened.logits, _division(t)), opened.label, CLUSTERED_COLUMNS, opened.options).table
    columns = {column_at(name, "tempered"): at[name] for name in CLUSTERED_COLUMNS}
    table = opened.rows.tables(replace(result.table, columns={**result.table.columns, **columns}))[""]
    return temperature(replace(table, tempered=found), Settings())[0].stderr


def _rows(opened: Inputs, kept: Array) -> FitRows:
    used = np.zeros(opened.logits.shape[0], np.bool_)
    used[kept] = True
    weight = np.where(used, next(opened.rows.weights_by_group()), 0.0)
    options = opened.options
    label = np.maximum(opened.label, 0)
    rows = FitRows(opened.logits, label, weight, options.threads, options.progress, opened.logits.name)
    rows.keep(losses_before, np.full(len(label), np.nan))  # not asked for here, and a pass of its own
    return rows


def _folds(rows: FitRows, opened: Inputs) -> Array:
    """The fold of each row, [N]: equal rows are in one fold, and so are the rows of a cluster."""
    clusters = opened.rows.clusters
    if clusters is not None:
        return fold_of_cluster(opened.rows, clusters)
    hashes = np.zeros(len(rows.weight), np.uint64)
    by = factors(rows.classes)

    def work(block: Block) -> None:
        hashes[block.rows] = value_hash(block.x, by)

    rows.read(work, lambda _: None)
    return folds(hashes, FOLDS)


def _fitted(rows: FitRows, zero_labels: Array, fold: Array | None) -> tuple[Tempered, float | None, Array | None]:
    """The temperature of rows; T, and T by the fold of each row that has a weight, each None if there is none."""
    masked = zero_labels[rows.weight[zero_labels] > 0]
    if len(masked):
        why = _MASKED_LABEL.format(masked[0])
        return Tempered(why=why, why_folds=why), None, None
    whole, *without = rows.parts(
        (rows.weight if number < 0 else np.where(fold == number, 0.0, rows.weight), rows.name)
        for number in range(-1, 0 if fold is None else FOLDS)
    )
    try:
        found = fit(whole)
    except InputError as error:
        return Tempered(why=error.message, why_folds=error.message), None, None
    t = found.parameters.temperature
    tempered = Tempered(t, found.stderr["temperature"])
    if fold is None:
        return tempered, t, None
    by_fold = np.empty(FOLDS)
    for number, part in enumerate(without):
        try:
            by_fold[number] = fit(part).parameters.temperature
        except InputError as error:
            return tempered._replace(why_folds=f"without fold {number} of {FOLDS}, {error.message}"), t, None
    return tempered, t, by_fold[fold[rows.weight > 0]]


def _add_curves(rows: FitRows, weights: Mapping[str, Array], found: dict[str, Tempered]) -> None:
    """Add the mean nll by temperature, around the best one of all samples; around 1 if there is none."""
    best = {name: found[name].temperature for name in weights}
    first = next(iter(best.values()))
    centre = 1.0 if math.isnan(first) else first
    towards_one = [*_between(centre), 1.0]
    others = [*towards_one, *(t for t in best.values() if not math.isnan(t))]
    used = np.maximum.reduce([*weights.values()])
    losses = mean_losses(rows.weighted(used), [*weights.values()], centre, others)
    shared = [*grid(centre), *towards_one]
    for (name, t), of_group in zip(best.items(), losses, strict=True):
        curve = dict(zip(shared, of_group.tolist(), strict=False))
        if not math.isnan(t):
            curve[t] = float(of_group[len(grid(centre)) + others.index(t, len(towards_one))])
        found[name] = found[name]._replace(curve=tuple(sorted(curve.items())))


def _between(centre: float) -> list[float]:
    """Temperatures between the grid and 1, each half as large as the next as far as 16 suffice; else even steps."""
    temperatures = grid(centre)
    end = temperatures[-1] if centre < 1 else temperatures[0]
    count = min(_MOST_BETWEEN, math.ceil(abs(math.log2(end))) - 1) if temperatures[0] > 1 or temperatures[-1] < 1 else 0
    found: list[float] = np.geomspace(end, 1.0, count + 2)[1:-1].tolist()
    return found


def _division(t: Array) -> RowMap:
    """The map z / T with a T for each row of the file, [N]."""

    def divided(x: Array, first: int) -> Array:
        by: Array = t[first : first + len(x), None].astype(x.dtype)
        return np.divide(x, by)

    return divided


def _settled(table: SampleTable, found: Tempered, *, of_group: bool) -> SampleTable:
    columns = {}
    for name, column in table.columns.items():
        where = name.partition("@")[2].removesuffix(_OF_GROUP)
        if where not in get_args(At):
            columns[name] = column
        elif of_group == name.endswith(_OF_GROUP) and not (found.why if where == "tempered" else found.why_folds):
            columns[name.removesuffix(_OF_GROUP)] = column
    return replace(table, columns=columns, tempered=found)
