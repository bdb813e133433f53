"""One row a sample: what the metrics are made of, and the samples that are worth a look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from lscli.api import inputs, reading
from lscli.errors import UsageError
from lscli.report import Listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from lscli.table import SampleTable

    Array = NDArray[Any]
    Part = tuple[SampleTable, Array]

_VALUES = (
    *("row", "label", "predicted", "correct", "confidence", "one_minus_confidence", "label_prob", "label_rank"),
    *("loss_hard", "loss_uniform", "entropy", "brier", "margin", "logit_gap"),
)
COLUMNS = ("source", "group", *_VALUES, "weight")
_BY = ("loss", "confidence")


def per_sample(
    logits: Any,
    labels: Any = None,
    *,
    worst: int | None = None,
    by: str = "loss",
    **options: Unpack[inputs.Options],
) -> Listing:
    """Every column of the table, a row a sample, in the order of the file.

    The rows are computed as they are read from the listing, once: memory is flat, and an error
    further down the file comes after the rows before it, and a warning of rows left out after the last.

    Args:
        logits, labels, options: as in `lscli.evaluate`.
        worst: only so many, worst first, which reads all rows before the first is given.
        by: what is worst: `loss`, the largest hard loss; `confidence`, the most confident of the wrong ones.

    Returns:
        A Listing.

    Raises:
        UsageError: a `worst` below 1, or an unknown `by`.
        LscliError: as `lscli.evaluate`.
    """
    if by not in _BY:
        raise UsageError(f"unknown value {by!r}", "use loss or confidence", where="by")
    if worst is not None and worst < 1:
        raise UsageError(f"must be at least 1, got {worst}", "leave it out for all samples", where="worst")
    read, parts = reading.read_parts(logits, labels, _VALUES, options)
    read.with_settings({"worst": worst, "by": by}, {"worst": None, "by": "loss"}, {})
    chosen = parts if worst is None else _worst(parts, worst, by)
    return Listing("Samples", COLUMNS, _rows(read.source, chosen), "samples", **read.provenance.fields())


def _rows(source: str, parts: Iterable[Part]) -> Iterator[tuple[Any, ...]]:
    for table, groups in parts:
        weight = [1] * len(table) if table.weight is None else table.weight.tolist()
        columns = [table[name].tolist() for name in _VALUES]
        for group, *values in zip(groups.tolist(), *columns, weight, strict=True):
            yield source, group, *values


def _worst(parts: Iterable[Part], count: int, by: str) -> Iterator[Part]:
    """The worst samples of all parts as one part; of equal ones the first rows."""
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
