"""One row per sample with the values that metrics are computed from; or only the worst samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api import confidences, reading
from lscli.api.keywords import of_logits
from lscli.errors import UsageError
from lscli.io.argument import is_stdin
from lscli.listings import Recomputed, Sample, Samples
from lscli.options import SamplesOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.api.confidences import Table
    from lscli.options import Data, WorstBy
    from lscli.table import SampleTable

    Array = NDArray[Any]
    Part = tuple[SampleTable, Array]

# The columns of the table that a row shows: all fields but the source, the group and the weight.
_VALUES = Sample._fields[2:-1]


@of_logits(SamplesOptions)
def per_sample(logits: Data | Table, labels: Data | None, options: SamplesOptions) -> Samples:
    """List every sample with all its quantities, in the order of the file.

    Rows are computed while the listing is read, so memory is flat; to read it again reads the logits again. An error
    in the file is raised after the rows before it, and a warning about skipped rows comes after the last row.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per sample. With `worst`, all rows are read before the first is returned.

    Raises:
        LscliError: as `lscli.evaluate`.
    """

    if options.worst is not None and options.by == "loss" and confidences.are_meant(logits, options):
        raise UsageError("the loss needs logits", "say --by confidence", where="worst")

    def rows() -> tuple[reading.Reading, Iterator[Sample]]:
        read, parts = reading.read_parts(logits, labels, _VALUES, options)
        return read, _rows(read.source, parts if options.worst is None else _worst(parts, options.worst, options.by))

    def again() -> Iterator[Sample]:
        if is_stdin(logits) or is_stdin(labels):
            raise UsageError("can be read only once", "keep the rows: list(listing.rows)", where="standard input")
        return rows()[1]

    read, first = rows()
    return Samples(rows=Recomputed(first, again), **read.answered(options))


def _rows(source: str, parts: Iterable[Part]) -> Iterator[Sample]:
    for table, groups in parts:
        weight = [1] * len(table) if table.weight is None else table.weight.tolist()
        columns = [table[name].tolist() if name in table.columns else [math.nan] * len(table) for name in _VALUES]
        for group, *values in zip(groups.tolist(), *columns, weight, strict=True):
            yield Sample(source, group, *values)


def _worst(parts: Iterable[Part], count: int, by: WorstBy) -> Iterator[Part]:
    """The worst samples of all parts as one part; of equally bad samples, the first rows."""
    kept: Part | None = None
    for part in parts:
        table, groups = part if kept is None else _joined(kept, part)
        badness = table["loss_hard"] if by == "loss" else np.where(table["correct"], -np.inf, table["confidence"])
        order = np.lexsort((table["row"], -badness))[:count]
        if by == "confidence":
            order = order[~table["correct"][order]]
        kept = table.select(order), groups[order]
    if kept is not None:
        yield kept


def _joined(one: Part, other: Part) -> Part:
    return one[0].joined(other[0]), np.concatenate((one[1], other[1]))
