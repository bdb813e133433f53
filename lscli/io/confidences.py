"""Confidences without logits: columns of a table, or arrays of an archive, with one value per row."""

from __future__ import annotations

import bisect
import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.arrays import as_array, as_list, column_keys, is_tensor
from lscli.errors import InputError, UsageError
from lscli.io.argument import Argument, check_stdin_once, is_path, is_stdin
from lscli.io.array_request import ArrayRequest
from lscli.io.cells import Numbers, Truths, Values, Vocabulary, fill
from lscli.io.format_table import FORMATS, column_names
from lscli.io.memory import check_unicode, read_all
from lscli.io.pooling import check_one_source
from lscli.io.tables.columns import LABELS
from lscli.io.tables.confidence_columns import guess
from lscli.options import ReadingOptions
from lscli.text import listed, nearest, printed, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lscli.io.cells import Cells
    from lscli.io.files import RegularFile
    from lscli.io.tables.confidence_columns import Guess

    Array = NDArray[Any]
    Wanted = list[tuple[str, Cells]]


class Source(NamedTuple):
    """Where columns were read from.

    Attributes:
        name: the path as typed, or the name of the argument.
        shards: its files if a pattern named them, in order.
        ends: the number of rows up to the end of each file.
        size: bytes of the files, or of the values in memory.
    """

    name: str
    shards: Sequence[str]
    ends: Sequence[int]
    size: int

    def located(self, row: int) -> tuple[str, int]:
        """The file that holds a row, and the number of the row in it."""
        if not self.shards:
            return self.name, row
        place = bisect.bisect_right(self.ends, row)
        return self.shards[place], row - (self.ends[place - 1] if place else 0)


class Confidences(NamedTuple):
    """The columns of a table of confidences, unchecked.

    Attributes:
        source: the table.
        confidence: [N]; nan where a row has none.
        correct: [N], 1, 0, or -1 where a row has neither; None if predictions are compared with labels.
        predicted, label: [N] each, positions in `values`, or -1 where a row has none; None if they are not read.
        of_labels: where the labels come from; None without labels.
        vocabulary: the values of predictions and labels.
    """

    source: Source
    confidence: NDArray[np.float64]
    correct: NDArray[np.int8] | None
    predicted: NDArray[np.int32] | None
    label: NDArray[np.int32] | None
    of_labels: Source | None
    vocabulary: Vocabulary


def read_confidences(table: Any, labels: Any, options: ReadingOptions) -> Confidences:
    """Read the columns that the options name, each file in one pass.

    Args:
        table: a path, a pattern of shards, `-`, a data frame or a dict of arrays.
        labels: a file or an array of labels; None if the table has them.
        options: the names of the columns.

    Raises:
        InputError: there is no such column, or a value of it cannot be read.
        ReadWriteError: a file cannot be read.
        UsageError: options that do not go together.
    """
    vocabulary = Vocabulary()
    named = options.labels_key or options.labels_column
    confidence, correct = Numbers(options.confidence or ""), Truths(options.correct or "")
    predicted, label = Values(options.predicted or "", vocabulary), Values(named or "labels", vocabulary)
    wanted: Wanted = [(options.confidence or "", confidence)]
    if options.correct is not None:
        wanted.append((options.correct, correct))
    if options.predicted is not None:
        wanted.append((options.predicted, predicted))
    in_table = labels is None and (options.correct is None or named is not None)

    def columns_of(names: Callable[[], Sequence[str]], where: str) -> Wanted:
        return [*wanted, (named or _usual(names(), where), label)] if in_table else wanted

    if is_path(table):

        def read(file: RegularFile, format_name: str) -> None:
            own = columns_of(lambda: column_names(file, format_name), file.name)
            _read_file(file, format_name, own, options)

        source = _each_file(table, "confidences", options.input_format, read, confidence)
    else:
        source = _taken(table, columns_of(lambda: [*column_keys(table)], "table"))
    of_labels = source if in_table else None
    if labels is not None:
        check_stdin_once(table, labels)
        of_labels = _read_labels(labels, label, options, source)
    if len(source.shards) > 1 and not options.pool:
        check_one_source(source.shards, source.ends, None if of_labels is None else label.values(), source.name)
    return Confidences(
        source,
        confidence.values(),
        None if options.correct is None else correct.values(),
        None if options.predicted is None else predicted.values(),
        None if of_labels is None else label.values(),
        of_labels,
        vocabulary,
    )


def _each_file(
    path: Any,
    role: str,
    input_format: str | None,
    read: Callable[[RegularFile, str], None],
    cells: Cells,
    paired_with: Sequence[str] = (),
) -> Source:
    """Read each file that a path or pattern names; `cells` takes a cell of each row.

    The files of a pattern are read in the order of those that they are paired with.
    """
    ends = []
    with contextlib.ExitStack() as stack:
        argument = Argument.of(path, role, stack, input_format)
        if argument.pattern and paired_with:
            argument = argument.paired_with(paired_with)
        for file, format_name in argument.files:
            read(file, format_name)
            ends.append(len(cells))
        shards = argument.names if argument.pattern else []
        name = argument.pattern or argument.names[0]
        return Source(name, shards, ends, sum(file.size for file, _ in argument.files))


def guess_of_file(file: RegularFile, format_name: str, confidence: str | None = None) -> Guess | None:
    """The columns of a file that are plainly confidences with right or wrong; see `guess`.

    Raises:
        InputError: the file cannot be used.
    """
    if not _has_columns(format_name):
        return None
    text = format_name in ("csv", "tsv")
    entries = [] if text else FORMATS[format_name].reader(file.name).contents(file)
    if any(len(entry.shape or ()) > 1 for entry in entries):  # which may be logits
        return None

    def read(name: str, cells: Cells) -> None:
        with contextlib.closing(file.another()) as another:
            _read_file(another, format_name, [(name, cells)], ReadingOptions())

    return guess(column_names(file, format_name), read, confidence)


def guess_of_table(table: Any, confidence: str | None = None) -> Guess | None:
    """The same for a table in memory."""

    def read(name: str, cells: Cells) -> None:
        _taken(table, [(name, cells)])

    return guess([*column_keys(table)], read, confidence)


def _has_columns(format_name: str) -> bool:
    """Whether files of a format have columns or arrays with names; samples of lm-evaluation-harness have choices."""
    return format_name != "lm-eval" and (FORMATS[format_name].keyed or FORMATS[format_name].table)


def _read_file(file: RegularFile, format_name: str, wanted: Wanted, options: ReadingOptions) -> None:
    """Read columns of one file."""
    if not _has_columns(format_name):
        what, hint = (
            "holds one array, not the columns of a table",
            "np.savez(path, conf=confidence, ok=correct) saves two",
        )
        if format_name == "lm-eval":
            what, hint = "has the scores of all choices, not a confidence", "leave out --confidence"
        raise InputError(what, hint, where=file.name)
    if FORMATS[format_name].table:
        _read_columns(file, format_name, wanted)
        return
    rows: int | None = None
    for name, cells in wanted:
        request = ArrayRequest(name, "numbers", name, allow_trailing=options.allow_trailing, dtype=options.dtype)
        values = _array(file, format_name, request)
        rows = _checked(values, rows, f"{file.name}[{printed(name)}]")
        cells.add(values, file.name, 0)


def _read_columns(file: RegularFile, format_name: str, wanted: Wanted) -> None:
    """Read columns of a table."""
    blocks = FORMATS[format_name].reader(file.name).blocks(file, [name for name, _ in wanted])
    fill([cells for _, cells in wanted], blocks, file.name)


def _array(file: RegularFile, format_name: str, request: ArrayRequest) -> Array:
    """An array of a file.

    Raises:
        InputError: it is not there, or is damaged.
    """
    with contextlib.closing(file.another()) as another:
        values = read_all(FORMATS[format_name].reader(file.name).open_array(another, request))
    check_unicode(values, file.name)
    return values


def _checked(values: Array | list[Any], rows: int | None, where: str) -> int:
    """The number of values; an error if they are not one per row, or not `rows`."""
    if not isinstance(values, list) and values.ndim != 1:
        raise InputError(
            f"need one value per row, got shape {values.shape}", "save it flat: array.ravel()", where=where
        )
    if rows is not None and len(values) != rows:
        what = f"rows differ: {len(values)}, and {rows} confidences"
        raise InputError(what, "save both from the same run", where=where)
    return len(values)


def _usual(names: Sequence[str], where: str) -> str:
    """The usual name of labels, if there is a column of this name."""
    for name in LABELS:
        if name in names:
            return name
    hint = f"name their column with --labels-column: it has {listed(names)}"
    raise InputError("has no column 'labels' or 'label'", hint, where=where)


def _read_labels(labels: Any, cells: Values, options: ReadingOptions, table: Source) -> Source:
    """Read the labels of a table from files of their own, or an array.

    Raises:
        InputError: there are more or fewer of them than rows in the table.
    """
    found = _labels_from(labels, cells, options, table.shards)
    together = list(zip(found.ends, table.ends, strict=False)) if found.shards and table.shards else []
    for own, other in [*together, (found.ends[-1], table.ends[-1])]:
        if own != other:
            what = f"rows differ: {own} labels, {other} rows of {table.name}"
            raise InputError(what, "save both from the same run", where=found.name)
    return found


def _labels_from(labels: Any, cells: Values, options: ReadingOptions, shards: Sequence[str]) -> Source:
    if not is_path(labels):
        values = _values_of(labels, "labels")
        _checked(values, None, "labels")
        cells.add(values, "labels", 0)
        return Source("labels", (), (len(cells),), 8 * len(cells))
    named = options.labels_key or options.labels_column

    def read(file: RegularFile, format_name: str) -> None:
        own = FORMATS[format_name]
        if own.table:
            names = column_names(file, format_name)
            column = named or (names[0] if len(names) == 1 else _usual(names, file.name))
            _read_columns(file, format_name, [(column, cells)])
            return
        request = ArrayRequest("labels", "integers", named, "--labels-key", allow_trailing=options.allow_trailing)
        values = _array(file, format_name, request)
        _checked(values, None, file.name)
        cells.add(values, file.name, 0)

    return _each_file(labels, "labels", options.input_format if is_stdin(labels) else None, read, cells, shards)


def _taken(table: Any, wanted: Wanted) -> Source:
    """Read columns of a table in memory."""
    keys = column_keys(table)
    if not keys:
        hint = "give a path, a data frame or a dict of arrays"
        raise UsageError(f"has no columns to name ({type(table).__name__})", hint, where="logits")
    rows, size = None, 0
    for name, cells in wanted:
        if name not in keys:
            hint = nearest(name, keys) or f"it has {listed(keys)}"
            raise InputError(f"has no column {shown(name)}", hint, where="table")
        values = _values_of(table[keys[name]], name)
        rows = _checked(values, rows, name)
        size += 8 * rows if isinstance(values, list) else values.nbytes
        cells.add(values, name, 0)
    return Source("table", (), (rows or 0,), size)


def _values_of(column: Any, name: str) -> Array | list[Any]:
    """An array of numbers, booleans or strings, or a list of values of Python, where None is no value.

    Raises:
        InputError: it is no array, or values are masked.
    """
    try:
        of_objects = not is_tensor(column) and np.asarray(column).dtype == object
    except Exception:  # `__array__` is code of the value's type, which may raise anything
        of_objects = False
    if not of_objects:
        return as_array(column, name)
    plain = (each.item() if isinstance(each, np.generic) else each for each in as_list(column, name))
    return [None if type(each).__name__ == "NAType" else each for each in plain]  # that of pandas
