"""Logits after a map, in the order of the rows."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.api.calibrators import load
from lscli.api.group_maps import row_map
from lscli.api.keywords import of_map
from lscli.api.row_data import RowData
from lscli.api.settings import settings_of
from lscli.api.value_notes import value_notes
from lscli.checked_options import declared
from lscli.errors import InputError, warn
from lscli.io.mapped import MappedLogits
from lscli.io.open import open_logits
from lscli.limits import check_memory, processors
from lscli.listings import LogitArray, Matrix
from lscli.options import ApplyOptions, ReadingOptions
from lscli.recalibrators.methods import METHODS
from lscli.scan.members import reader
from lscli.scan.scan import scan
from lscli.scan.value_watch import ValueWatch
from lscli.workers import run_threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Data, Progress

    Array = NDArray[Any]

# Elements that are read at a time by all threads, and by one.
_PART, _BLOCK = 1 << 21, 1 << 18


@of_map(ApplyOptions)
def apply(calibrator: Any, logits: Data, options: ApplyOptions) -> Array:
    """The logits after a fitted map, as an array.

    Args:
        calibrator: a path of the file that `lscli fit` wrote, or the `calibrator` of `lscli.fit`.
        logits: [N, K] as in `lscli.evaluate`.

    Returns:
        [N, K] float64 if the logits are float64, else float32; [N] of class 1 with `binary`. With `flatten` or
        `class_axis` it has the axes of the samples as they are, and that of the classes is the last one.

    Raises:
        UsageError: options that cannot be combined.
        InputError: a calibrator or logits that cannot be used, or no map for a group.
        ReadWriteError: a file that cannot be read.

    Example:
        >>> import lscli, numpy as np
        >>> fits = lscli.fit("sample_data/logits.npy", "sample_data/labels.npy")
        >>> lscli.apply(fits.calibrator, "sample_data/logits.npy").shape
        (5000, 10)
    """
    found = applied(calibrator, logits, options)
    name = found.inputs[0]["path"]
    check_memory(math.prod(found.shape) * found.dtype.itemsize, "the result", "write it to a file: lscli apply", name)
    out = np.empty(found.rows.shape, found.dtype)
    start = 0
    for block in found.rows.blocks:
        out[start : start + len(block)] = block
        start += len(block)
    return out.reshape(found.shape)


def applied(calibrator: Any, logits: Data, options: ApplyOptions) -> LogitArray:
    """As `apply`: a listing whose rows are computed while it is read, once every row has been read and checked."""
    given = load(calibrator)
    names = {each.name for each in declared(ApplyOptions) if options.takes(each.name)}
    how = ReadingOptions(**{name: getattr(options, name) for name in names})
    opened = open_logits(logits, how)
    try:
        every = np.ones(opened.shape[0], np.bool_)
        rows = RowData(how, opened.samples, every, opened.entries)
        mapped = MappedLogits(opened, row_map(given, opened, rows, every))
        label = np.zeros(opened.shape[0], np.int32)
        watch = ValueWatch(opened, label, binary=options.binary)
        result = scan(opened, label, {"row"}, how, watch=watch)
        if result.masked and not METHODS[given.method].masked:  # read them again, to name the first
            deque(_blocks(mapped, options.replaced(threads=1, progress=None), wide=True), maxlen=0)
    except BaseException:
        opened.close()
        raise
    notes = [*value_notes(opened.name, opened.shape[1], opened.columns, watch)]
    if result.skipped:
        notes.append(f"{opened.name}: {result.skipped} of {opened.shape[0]} rows are not finite and stay as they are")
    for note in notes:
        warn(note)
    wide = opened.stored == "float64"
    columns = 1 if options.binary else opened.shape[1]
    samples = tuple(opened.samples)
    return LogitArray(
        rows=Matrix((opened.shape[0], columns), _blocks(mapped, options, wide=wide)),
        shape=samples if options.binary else (*samples, columns),
        dtype=np.dtype(np.float64 if wide else np.float32),
        inputs=[
            {
                "role": "logits",
                "path": opened.name,
                "shape": list(opened.shape),
                "dtype": opened.stored,
                "size": opened.size,
                **({"shards": opened.shards} if opened.shards else {}),
                **({"members": opened.member_names} if opened.member_names else {}),
            },
            *({"role": "calibrator", "path": calibrator} for _ in range(isinstance(calibrator, str))),
            *rows.described,
        ],
        samples={"rows": opened.shape[0], "skipped": result.skipped},
        settings=settings_of(options),
        versions={"lscli": __version__, "numpy": np.__version__},
        warnings=notes,
    )


def _blocks(logits: MappedLogits, options: ApplyOptions, *, wide: bool) -> Iterator[Array]:
    """The rows after the map, as they are written: with one column for two classes of a binary classifier."""
    rows, classes = logits.shape
    part = max(1, _PART // classes)
    progress: Progress = options.progress or (lambda done, total: None)
    try:
        for start in range(0, rows, part):
            stop = min(start + part, rows)
            yield _part(logits, start, stop, options, wide=wide)
            progress(stop, rows)
        logits.check_unchanged()
        logits.verify()
    finally:
        logits.close()


def _part(logits: MappedLogits, start: int, stop: int, options: ApplyOptions, *, wide: bool) -> Array:
    """Consecutive rows; each thread maps some of them."""
    classes = logits.shape[1]
    out = np.empty((stop - start, 1 if options.binary else classes), np.float64 if wide else np.float32)
    size = max(1, _BLOCK // classes)
    starts = range(start, stop, size)

    def thread(numbers: Iterator[int]) -> None:
        read, _ = reader(logits, None)
        buffer = np.empty((min(size, stop - start), classes), logits.storage)
        while True:
            with logits.read_lock:
                number = next(numbers, None)
                if number is None:
                    return
                first, end = starts[number], min(starts[number] + size, stop)
                x = read(first, end, buffer[: end - first])
            _write(logits, x, first, out[first - start : end - start])

    run_threads(thread, range(len(starts)), min(options.threads or processors(), len(starts)), lambda _: None)
    return out


def _write(logits: Logits, x: Array, first: int, out: Array) -> None:
    """Take over rows x [n, K], the first of which has the number `first`.

    Raises:
        InputError: float32 cannot hold a number.
    """
    with np.errstate(all="ignore"):
        out[:] = x[:, 1:] - x[:, :1] if out.shape[1] < x.shape[1] else x
        lost = np.isfinite(np.maximum.reduce(x, axis=1)) & ~np.isfinite(np.maximum.reduce(out, axis=1))
    if lost.any() and out.shape[1] == x.shape[1]:
        name, row = logits.located(first + int(lost.argmax()))
        what = f"row {row} has logits beyond float32 after the map"
        raise InputError(what, "save the logits as float64", where=name)
