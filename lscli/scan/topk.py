"""The pass over top-k log-probabilities: check each row, and keep its columns, or bounds of them, in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.topk import check_classes
from lscli.io.views import SUM
from lscli.kernels.rowstate import DTYPES
from lscli.kernels.topk import TopKRows, columns_of
from lscli.limits import check_memory
from lscli.table import BOUNDS, SampleTable, bound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from lscli.io.topk import TopK
    from lscli.options import ReadingOptions

    Array = NDArray[Any]

_ELEMENTS = 1 << 18  # of a chunk: its temporary arrays stay in the cache
# The rounding error of a logarithm x is at most this times 1 + |x|: half precision has 8 to 11 bits.
_ROUNDING = 0.01
_LARGEST = 1e-3  # the largest log-probability that rounding explains
_BOUNDS_BYTES = 16
_SAME_RUN = "save both from the same run"


class Tail(NamedTuple):
    """The probability and the labels outside the top k of each row.

    Attributes:
        mass: the mean probability of the classes that are not kept.
        outside: the number of samples whose label is not among the k.
        unknown: the number of these whose probability is not known either.
    """

    mass: float
    outside: int
    unknown: int


class Part(NamedTuple):
    """The samples of some rows: their table, what their k leave out, and the number of rows that were skipped."""

    table: SampleTable
    tail: Tail
    skipped: int


def scan_topk(topk: TopK, label: NDArray[np.int32], columns: Collection[str], options: ReadingOptions) -> Part:
    """Read every row once, and compute or bound the given columns of all samples that are not ignored.

    A column `x` that is not exact in some row is two columns of the table, `x@lower` and `x@upper`; one that cannot be
    bounded is left out.

    Args:
        topk: [N, k] of K classes.
        label: [N], from 0 to K-1, or -1 for an ignored sample.
        columns: names of `kernels.rowstate.COLUMNS`, or `row`, the row's number in the file.
        options: the treatment of odd rows, and the size of chunks, which changes no digit.

    Raises:
        InputError: a row is refused.
        ReadWriteError: the file cannot be read.
    """
    names = {*columns}
    # Each column may be two, and is joined from its chunks one by one.
    needed = _BOUNDS_BYTES * (len(names) + 1) * int(np.count_nonzero(label >= 0))
    check_memory(needed, f"a table of {len(label)} rows", "give the container more memory", topk.name)
    found: list[dict[str, Array]] = []
    total, skipped = topk.shape[0], 0
    step = options.chunk_rows or max(1, _ELEMENTS // topk.kept)
    for start in range(0, total, step):
        stop = min(start + step, total)
        chunk, left_out = _chunk(topk, label[start:stop], start, options.nonfinite == "skip")
        skipped += left_out
        found.append(_columns(*chunk, topk, names))
        if options.progress is not None:
            options.progress(stop, total)
    topk.check_unchanged()
    table = {name: np.concatenate([each.pop(name) for each in found]) for name in list(found[0])}
    inside, unknown, mass = (table.pop(name) for name in _OF_TAIL)
    count = len(mass)
    tail = Tail(float(np.add.reduce(mass)) / max(count, 1), count - int(inside.sum()), int(unknown.sum()))
    return Part(_exact(SampleTable(table, topk.shape[1], lacks=_LACKS)), tail, skipped)


_OF_TAIL = ("of tail: inside", "of tail: unknown", "of tail: mass")
_LACKS = "the top k of each row give neither values nor bounds"


def _columns(numbers: Array, rows: TopKRows, topk: TopK, names: set[str]) -> dict[str, Array]:
    found = {"row": topk.first + numbers} if "row" in names else {}
    for name, values in columns_of(rows, names).items():
        kind = DTYPES.get(name, np.float64)
        found |= {bound(name, side): x.astype(kind) for side, x in zip(BOUNDS, values, strict=True)}
    return found | dict(zip(_OF_TAIL, (rows.inside, rows.unknown, rows.tail), strict=True))


def _exact(table: SampleTable) -> SampleTable:
    """The table with one column for those whose bounds are equal in all rows."""
    columns = dict(table.columns)
    for name in sorted({name.partition("@")[0] for name in columns} - columns.keys()):
        lower, upper = (columns[bound(name, side)] for side in BOUNDS)
        if np.array_equal(lower, upper, equal_nan=lower.dtype.kind == "f"):
            columns[name] = lower
            del columns[bound(name, "lower")], columns[bound(name, "upper")]
    return SampleTable(columns, table.num_classes, lacks=table.lacks)


def _chunk(topk: TopK, label: Array, start: int, skip: bool) -> tuple[tuple[Array, TopKRows], int]:
    """The numbers and the values of the rows that are kept, checked, and the number of those that are skipped."""
    log_p, classes, own = topk.rows(start, start + len(label))
    numbers = np.arange(start, start + len(label))[label >= 0]
    if len(numbers) < len(label):
        keep = label >= 0
        log_p, classes, label, own = log_p[keep], classes[keep], label[keep], None if own is None else own[keep]

    def located(row: int) -> tuple[str, int]:
        return topk.located(int(numbers[row]))

    check_classes(classes, log_p, -np.inf, topk.shape[1], located)
    at = (classes == label[:, None]) & (classes >= 0)
    apart = None if own is None else np.where(at.any(axis=1), -np.inf, own)
    largest = log_p.max(axis=1, initial=-np.inf)
    bad = ~np.isfinite(largest)
    if apart is not None:
        bad |= np.isnan(apart) | (apart == np.inf)
    if bad.any():
        if not skip:
            raise _not_finite(largest[bad.argmax()], topk.are_probabilities, *located(int(bad.argmax())))
        keep = ~bad
        log_p, classes, label, at, numbers = log_p[keep], classes[keep], label[keep], at[keep], numbers[keep]
        own, apart = (None if x is None else x[keep] for x in (own, apart))
    _check_values(log_p, topk, located)
    if own is not None and apart is not None:
        _check_own(log_p, classes, at, own, apart, located)
    with np.errstate(under="ignore", divide="ignore", invalid="ignore"):
        rows = TopKRows(log_p, classes, label, own, topk.shape[1], topk.epsilon)
    over = rows.excess > SUM
    if over.any():
        row = int(over.argmax())
        name, number = located(row)
        what = f"row {number} has a probability of {1 - rows.tail[row]:.4g} in its top k, and its other classes"
        what += f", each at most {rows.cap[row]:.2g}, cannot make up the rest"
        hint = "keep the k largest of each row, and put the label's own into an array for --label-log-probs"
        raise InputError(what, hint, where=name)
    return (numbers, rows), int(bad.sum())


def _not_finite(largest: float, probabilities: bool, name: str, row: int) -> InputError:
    what = "nothing but -inf" if largest == -np.inf else "+inf" if largest == np.inf else "nan"
    hint = "look at the run that wrote it, or skip such rows with --nonfinite skip"
    if probabilities and np.isnan(largest):
        what, hint = "nan or a negative probability", f"if these are log-probabilities, leave out --kind; else {hint}"
    return InputError(f"row {row} holds {what}", hint, where=name)


def _check_values(log_p: Array, topk: TopK, located: Callable[[int], tuple[str, int]]) -> None:
    if not len(log_p):
        return
    high = log_p.max(axis=1) > _LARGEST
    if high.any():
        row = int(high.argmax())
        name, number = located(row)
        values = log_p[row][log_p[row] > -np.inf]
        hint = _normalised(topk)
        if topk.are_probabilities:
            what = f"a probability of {np.exp(values.max()):.6g}, above 1"
        else:
            what = f"a log-probability of {values.max():.6g}, above 0"
            if values.min() >= 0 and values.max() <= 1:
                hint = "if these are probabilities, say --kind probs"
        raise InputError(f"row {number} has {what}", hint, where=name)
    sums = np.add.reduce(np.exp(log_p), axis=1)
    over = sums > 1 + SUM
    if over.any():
        name, number = located(int(over.argmax()))
        raise InputError(f"row {number} sums to {sums[over.argmax()]:.6g}, above 1", _normalised(topk), where=name)


def _normalised(topk: TopK) -> str:
    """A hint: how to save the top k of values that are normalised over all classes."""
    if topk.are_probabilities:
        return "take the softmax over all classes first: torch.softmax(logits, -1).topk(k)"
    return "take the log-softmax over all classes first: torch.log_softmax(logits, -1).topk(k)"


def _check_own(
    log_p: Array, classes: Array, at: Array, own: Array, apart: Array, located: Callable[[int], tuple[str, int]]
) -> None:
    """Compare the labels' own log-probabilities with those of the k.

    Args:
        log_p: [n, k].
        classes: [n, k].
        at: [n, k] bool, where the label is.
        own: [n].
        apart: [n], `own` of labels that are not among the k, else -inf.
        located: gives the file of a row, and its number there.
    """
    kept = np.where(at, log_p, -np.inf).max(axis=1, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        differ = at.any(axis=1) & (np.abs(own - kept) > _ROUNDING * (1 + np.abs(kept)))
    if differ.any():
        row = int(differ.argmax())
        name, number = located(row)
        what = f"the label of row {number} has log-probability {kept[row]:.6g} among the top k"
        raise InputError(f"{what}, but {own[row]:.6g} of its own", _SAME_RUN, where=name)
    smallest = np.where(classes >= 0, log_p, np.inf).min(axis=1, initial=np.inf)
    with np.errstate(invalid="ignore"):
        above = apart - smallest > _ROUNDING * (1 + np.abs(smallest))
    above |= np.isneginf(smallest) & (apart > -np.inf)
    if above.any():
        row = int(above.argmax())
        name, number = located(row)
        what = f"the label of row {number}, of log-probability {apart[row]:.6g}, is not among the top k"
        raise InputError(f"{what}, whose smallest is {smallest[row]:.6g}", "keep the k largest of each row", where=name)
    sums = np.add.reduce(np.exp(log_p), axis=1) + np.exp(apart)
    over = sums > 1 + SUM
    if over.any():
        name, number = located(int(over.argmax()))
        what = f"row {number} and the probability of its label sum to {sums[over.argmax()]:.6g}, above 1"
        raise InputError(what, _SAME_RUN, where=name)
