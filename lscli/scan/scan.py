"""The wide pass: read every row of the logits once, and keep a few values a row in a SampleTable."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.topk import TopK
from lscli.kernels.devices import resolve
from lscli.kernels.rowstate import WIDE
from lscli.limits import processors
from lscli.options import ReadingOptions
from lscli.scan.beside import over_host
from lscli.scan.chunk_size import fit, table_bytes
from lscli.scan.cpu import scan_on_cpu
from lscli.scan.row_checks import RowChecks
from lscli.scan.table_builder import TableBuilder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.class_sums import ClassSums
    from lscli.options import Kernel
    from lscli.scan.beside import Beside
    from lscli.scan.soft import Soft
    from lscli.scan.topk import Tail
    from lscli.scan.value_watch import ValueWatch
    from lscli.table import SampleTable

# Elements of a part for each thread: many chunks, so that the time to start the threads does not show.
_CPU_PART = 8 << 20
_DEVICE_PART = 128 << 20
# The most rows of a part: however few classes there are, the first part is finished soon.
_PART_ROWS = 1 << 15


class Scan(NamedTuple):
    """The result of a pass over the logits.

    Attributes:
        table: the kept samples.
        device, kernel: where and by which kernel they were computed.
        skipped: the number of rows skipped because they are not finite.
        masked: the number of kept and counted rows that have a masked class.
        zero_labels: those of them whose label has probability 0, by their numbers in the file, in ascending order.
        ignored: the number of rows whose soft label is ignored.
        tail: what top-k log-probabilities leave out; None for logits of all classes.
    """

    table: SampleTable
    device: str
    kernel: Kernel
    skipped: int
    masked: int
    zero_labels: NDArray[np.intp]
    ignored: int
    tail: Tail | None = None


_DEFAULTS = ReadingOptions()


def scan(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Collection[str],
    options: ReadingOptions = _DEFAULTS,
    *,
    class_sums: Sequence[ClassSums] = (),
    vectors: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
    soft: Soft | None = None,
    watch: ValueWatch | None = None,
    counted: NDArray[np.bool_] | None = None,
    beside: Sequence[Beside] = (),
    labelled: bool = True,
) -> Scan:
    """Read every row once and compute the given columns of all samples that are not ignored.

    Args:
        logits: [N, K].
        label: [N], from 0 to K-1, or -1 for an ignored sample.
        columns: names of `kernels.rowstate.COLUMNS`, or `row`, the row's number in the file.
        options: the treatment of odd rows, the device, the threads and the size of chunks. `auto` keeps masked classes.
            On the CPU, no digit depends on `threads` or `chunk_rows`.
        class_sums: sums by class to fill in the same pass, each from the rows that its weights select.
        vectors: columns -sum_k c_k log p_k by name, each with its c, [K].
        soft: soft labels [N, K] to read beside the logits, with numpy on the CPU. The class numbers in `label` have no
            meaning then, and the columns are those of `kernels.soft.SOFT_COLUMNS`.
        watch: looks at the values of all rows.
        counted: [N] bool, the rows whose masked classes are counted; None for all.
        beside: see the same rows, ignored ones too, on the host.
        labelled: whether the samples have labels; if not, the class numbers in `label` have no meaning.

    Raises:
        InputError: a row is refused, or every row is skipped or ignored.
        UsageError: the device is unknown or absent, or does not run the kernel.
        ReadWriteError: the pass does not fit into the memory limit.
    """
    options = _resolved(options, logits)
    if soft is not None and (options.device, options.kernel) != ("cpu", "numpy"):
        what = f"are computed by numpy on the CPU, not by {options.kernel} on {options.device}"
        on_host = logits.tensor is None
        hint = "leave out --device and --kernel" if on_host else "move the logits to the CPU: logits.cpu()"
        raise UsageError(what, hint, where="soft-labels")
    found = _scan(logits, label, columns, options, class_sums, vectors, soft, watch, counted, beside, labelled)
    logits.verify()
    if soft is not None:
        soft.labels.check_unchanged()
        soft.labels.verify()
        if found.ignored == len(label):
            raise soft.labels.all_ignored(soft.ignore_index)
    if found.skipped and not len(found.table):
        raise _none_finite(logits)
    return found


def scan_parts(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Iterable[str],
    options: ReadingOptions,
    watch: ValueWatch | None = None,
    counted: NDArray[np.bool_] | None = None,
) -> Iterator[Scan]:
    """Scan consecutive parts of the rows, and yield each part before the next one is read.

    A part whose samples are all ignored is left out; one whose rows are all skipped has an empty table. Arguments and
    errors are those of `scan`; the counts are those of the part.
    """
    options = _resolved(options, logits)
    names, total = tuple(columns), logits.shape[0]
    elements = (options.threads or processors()) * _CPU_PART if options.device == "cpu" else _DEVICE_PART
    rows = max(1, min(_PART_ROWS, elements // logits.shape[1]))
    kept = skipped = 0
    for start in range(0, total, rows):
        stop = min(start + rows, total)
        if not (label[start:stop] >= 0).any():
            continue
        part = logits.part(start, stop)
        found = _scan(part, label[start:stop], names, _with_offset(options, start, total), watch=watch, counted=counted)
        kept, skipped = kept + len(found.table), skipped + found.skipped
        yield found
    logits.verify()
    if skipped and not kept:
        raise _none_finite(logits)


def _scan(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Collection[str],
    options: ReadingOptions,
    class_sums: Sequence[ClassSums] = (),
    vectors: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
    soft: Soft | None = None,
    watch: ValueWatch | None = None,
    counted: NDArray[np.bool_] | None = None,
    beside: Sequence[Beside] = (),
    labelled: bool = True,
) -> Scan:
    if isinstance(logits, TopK):  # whose rows give bounds, have no masked classes, and are not watched
        from lscli.scan.topk import scan_topk  # imported only for these

        part = scan_topk(logits, label, columns, options)
        return Scan(part.table, "cpu", "numpy", part.skipped, 0, np.empty(0, np.intp), 0, part.tail)
    of_labels = () if soft is None else soft.columns
    table = table_bytes(logits, label, {*columns, *vectors, *of_labels})
    fitted = fit(
        logits, table, options, class_sums=bool(class_sums), soft=soft, wide=bool(WIDE & {*columns}), beside=beside
    )
    checks = RowChecks(logits, options.nonfinite, options.masked_classes, counted, labelled=labelled)
    builder = TableBuilder(logits, label, columns, vectors, of_labels, checks)
    report = options.progress or (lambda done, total: None)
    if options.device == "cpu":
        threads, chunk_rows = fitted
        scan_on_cpu(logits, builder, class_sums, options.kernel, threads, chunk_rows, report, soft, watch, beside)
    else:
        from lscli.scan.device import scan_on_device

        device = str(options.device)
        scan_on_device(logits, builder, class_sums, device, fitted.threads, fitted.chunk_rows, report, watch)
        if beside:
            over_host(logits, beside, options.threads, options.progress)
    logits.check_unchanged()
    counts = builder.skipped, checks.masked, checks.zero_labels, builder.ignored
    return Scan(builder.table(), str(options.device), options.kernel, *counts)


def _resolved(options: ReadingOptions, logits: Logits) -> ReadingOptions:
    """The options with the device and the kernel chosen."""
    held_by = None if logits.tensor is None else str(logits.tensor.device)
    device, kernel = resolve(str(options.device), options.kernel, held_by)
    return options.replaced(device=device, kernel=kernel)


def _with_offset(options: ReadingOptions, start: int, total: int) -> ReadingOptions:
    """Options of a part that begins at row `start`, whose progress is that of all rows."""
    progress = options.progress
    if progress is None:
        return options
    return options.replaced(progress=lambda done, _: progress(start + done, total))


def _none_finite(logits: Logits) -> InputError:
    return InputError("no row is finite", "look at the run that wrote them", where=logits.name)
