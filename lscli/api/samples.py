"""One row per sample with the values that metrics are computed from; or only the worst samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.errors import UsageError
from lscli.io.argument import is_stdin
from lscli.io.clusters import are_named
from lscli.io.ensemble_files import is_ensemble
from lscli.listings import Recomputed, Sample, Samples
from lscli.metrics.sorted_values import pooled
from lscli.options import SamplesOptions
from lscli.table import BOUNDS, bound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.api.confidences import Table
    from lscli.options import Data, WorstBy
    from lscli.table import SampleTable

    Array = NDArray[Any]
    Part = tuple[SampleTable, Array]

# The columns of the table that a row shows: all fixed columns but the source, the group and the weight.
SAMPLE_COLUMNS = Samples.FIXED[2:-1]
_OF_MEMBERS = ("expected_entropy", "mutual_information")


@of_logits(SamplesOptions)
def per_sample(logits: Data | Table, labels: Data | None, options: SamplesOptions) -> Samples:
    """List every sample with all its quantities, in the order of the file.

    Rows are computed while the listing is read, so memory is flat; iterating again reads the logits again. An error
    in the file is raised after the rows before it, and a warning about skipped rows comes after the last row.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per sample; with its cluster if `clusters` names some, and with expected_entropy and
        mutual_information of an ensemble. With `worst`, all rows are read before the first is returned.

    Raises:
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> worst = lscli.per_sample("sample_data/logits.npy", "sample_data/labels.npy", worst=2)
        >>> [(row.row, row.label, row.predicted) for row in worst.rows]
        [(4936, 3, 9), (4229, 2, 9)]
    """

    if options.worst is not None and options.by == "loss" and reading.without_logits(logits, options):
        raise UsageError("the loss needs logits", "say --by confidence", where="worst")
    clustered = are_named(options.clusters)
    of_members = _OF_MEMBERS if is_ensemble(options) else ()

    def rows() -> tuple[reading.Reading, Iterator[Sample]]:
        read, parts = reading.read_parts(logits, labels, (*SAMPLE_COLUMNS, *of_members), options)
        chosen = parts if options.worst is None else worst(parts, options.worst, options.by)
        return read, sample_rows(read.source, chosen, read.cluster_names if clustered else None, of_members)

    def again() -> Iterator[Sample]:
        if is_stdin(logits) or is_stdin(labels):
            raise UsageError("can be read only once", "keep the rows: list(listing.rows)", where="standard input")
        return rows()[1]

    read, first = rows()
    further = (*(("cluster",) if clustered else ()), *of_members)
    return Samples(rows=Recomputed(first, again), further=further, conclusion=read.map_remark, **read.answered(options))


def sample_rows(
    source: str, parts: Iterable[Part], called: Sequence[str | int] | None, of_members: Sequence[str]
) -> Iterator[Sample]:
    """The rows of all parts.

    Args:
        source: the name of the logits.
        parts: tables with the group of each sample.
        called: the names of the clusters, if rows show them.
        of_members: the columns that only an ensemble has.
    """
    for table, groups in parts:
        weight = [1] * len(table) if table.weight is None else table.weight.tolist()
        clusters: list[str | int | None] = [None] * len(table)
        if called is not None and table.cluster is not None:
            clusters = [called[code] for code in table.cluster.tolist()]
        columns = [_cells(table, name) for name in SAMPLE_COLUMNS]
        others = [_cells(table, name) for name in of_members]
        for group, *values in zip(groups.tolist(), *columns, weight, clusters, *others, strict=True):
            yield Sample(source, group, *values)


def _cells(table: SampleTable, name: str) -> list[Any]:
    """The values of a column, nan where a sample has only bounds of it, or nothing."""
    if table.has(frozenset({name})):
        return [*table[name].tolist()]
    bounds = [bound(name, side) for side in BOUNDS]
    if not table.has(frozenset(bounds)):
        return [math.nan] * len(table)
    lower, upper = (table[each].tolist() for each in bounds)
    return [low if low == high else math.nan for low, high in zip(lower, upper, strict=True)]


def worst(parts: Iterable[Part], count: int, by: WorstBy) -> Iterator[Part]:
    """The worst samples of all parts as one part; of equally bad samples, within rounding, the first rows."""
    kept: Part | None = None
    for part in parts:
        table, groups = part if kept is None else _joined(kept, part)
        if by == "confidence":
            badness = np.where(table["correct"], -np.inf, pooled("confidence", table["confidence"]))
        else:  # an unknown loss counts as its lower bound
            known = table.has(frozenset({"loss_hard"}))
            badness = pooled("loss_hard", table["loss_hard" if known else bound("loss_hard", "lower")])
        order = np.lexsort((table["row"], -badness))[:count]
        if by == "confidence":
            order = order[~table["correct"][order]]
        kept = table.select(order), groups[order]
    if kept is not None:
        yield kept


def _joined(one: Part, other: Part) -> Part:
    return one[0].joined(other[0]), np.concatenate((one[1], other[1]))
