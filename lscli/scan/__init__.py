"""The one loop: logits and labels in, a SampleTable out."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.kernels.devices import resolve
from lscli.limits import processors
from lscli.scan.chunk_size import Fit, fit, table_bytes
from lscli.scan.cpu import scan_on_cpu
from lscli.scan.table_builder import Filler

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.class_sums import ClassSums
    from lscli.scan.soft import Soft
    from lscli.table import SampleTable

# Elements of a part: many chunks a thread, so that starting the threads is small beside them.
_CPU_PART = 8 << 20
_DEVICE_PART = 128 << 20
# The most rows of a part: the first are to be there at once, however few classes they have.
_PART_ROWS = 1 << 15


class Scan(NamedTuple):
    """What a pass over the logits gave.

    Attributes:
        table: the kept samples.
        device, kernel: where and by what they were computed.
        skipped: rows left out because of values that are not finite.
        masked: kept rows that have a masked class.
        look_like_probabilities: whether every row sums to 1.
        ignored: rows left out because of their soft labels.
    """

    table: SampleTable
    device: str
    kernel: str
    skipped: int
    masked: int
    look_like_probabilities: bool
    ignored: int = 0


def scan(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Collection[str],
    *,
    class_sums: Sequence[ClassSums] = (),
    vectors: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
    soft: Soft | None = None,
    nonfinite: str = "error",
    masked_classes: str = "keep",
    device: str = "auto",
    kernel: str = "auto",
    threads: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scan:
    """Read every row once and keep the asked-for columns of those that are not ignored.

    Args:
        logits: [N, K].
        label: [N], from 0 to K-1, or -1 for a sample to leave out.
        columns: names of `kernels.rowstate.COLUMNS`, and `row`, a row's number in the file.
        class_sums: filled beside, each with the rows of its weights.
        vectors: columns -sum_k c_k log p_k by name, each of a c [K].
        soft: labels [N, K], read beside the logits by numpy on the CPU; those of `label` say nothing then, and the
            columns are of `kernels.soft.SOFT_COLUMNS`.
        nonfinite: `error` or `skip`, for rows with a nan or +inf or nothing but -inf.
        masked_classes: `keep`, `exclude` or `error`, for logits of -inf.
        device, kernel: see `kernels.devices.resolve`.
        threads: how many rows are worked on at once; all processors unless given, where memory is not limited.
        chunk_rows: rows read at a time. Neither changes any digit on the CPU.
        progress: told now and then how many rows of how many are done.

    Raises:
        InputError: a row that is not finite, named, or nothing left to keep.
        UsageError: an argument out of its range, or a device that is not there.
        ReadWriteError: it does not fit into a limit on memory.
    """
    device, kernel = _checked(logits, nonfinite, masked_classes, device, kernel, threads, chunk_rows)
    if soft is not None and (device, kernel) != ("cpu", "numpy"):
        hint = "leave out --device and --kernel"
        raise UsageError(f"are computed by numpy on the CPU, not by {kernel} on {device}", hint, where="soft-labels")
    entropies = () if soft is None else tuple(soft.entropies)
    table = table_bytes(label, {*columns, *vectors, *entropies})
    fitted = fit(
        logits, table, class_sums=bool(class_sums), device=device, threads=threads, chunk_rows=chunk_rows, soft=soft
    )
    fields = frozenset({"tail"} if class_sums else ())
    filler = Filler(logits, label, columns, nonfinite, fields, masked_classes, vectors, entropies)
    found = _scan(logits, filler, class_sums, device, kernel, fitted, progress, soft)
    logits.verify()
    if soft is not None:
        soft.labels.verify()
        if found.ignored == len(label):
            raise soft.labels.all_ignored(soft.ignore_index)
    if found.skipped and not len(found.table):
        raise _nothing_left(logits)
    return found


def scan_parts(
    logits: Logits,
    label: NDArray[np.int32],
    columns: Iterable[str],
    *,
    nonfinite: str = "error",
    masked_classes: str = "keep",
    device: str = "auto",
    kernel: str = "auto",
    threads: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Scan]:
    """The same in consecutive parts of the rows, so that the first are there while later ones are not yet read.

    A part whose samples are all ignored is passed over; one whose rows are all skipped has an empty table.
    See `scan` for arguments and errors; counts are those of the part.
    """
    device, kernel = _checked(logits, nonfinite, masked_classes, device, kernel, threads, chunk_rows)
    names, total = tuple(columns), logits.shape[0]
    elements = (threads or processors()) * _CPU_PART if device == "cpu" else _DEVICE_PART
    rows = max(1, min(_PART_ROWS, elements // logits.shape[1]))
    kept = skipped = 0
    for start in range(0, total, rows):
        stop = min(start + rows, total)
        if not (label[start:stop] >= 0).any():
            continue
        part, own = logits.part(start, stop), label[start:stop]
        report = None if progress is None else partial(_report_from, progress, start, total)
        table = table_bytes(own, names)
        fitted = fit(part, table, class_sums=False, device=device, threads=threads, chunk_rows=chunk_rows)
        filler = Filler(part, own, names, nonfinite, masked_classes=masked_classes)
        found = _scan(part, filler, (), device, kernel, fitted, report)
        kept, skipped = kept + len(found.table), skipped + found.skipped
        yield found
    logits.verify()
    if skipped and not kept:
        raise _nothing_left(logits)


def _checked(
    logits: Logits,
    nonfinite: str,
    masked_classes: str,
    device: str,
    kernel: str,
    threads: int | None,
    chunk_rows: int | None,
) -> tuple[str, str]:
    """The device and the kernel that are meant, once all options are in their range."""
    if nonfinite not in ("error", "skip"):
        raise UsageError(f"unknown value {nonfinite!r} for nonfinite", "use error or skip")
    if masked_classes not in ("keep", "exclude", "error"):
        raise UsageError(
            f"unknown value {masked_classes!r}", "use auto, keep, exclude or error", where="masked-classes"
        )
    for name, value in (("threads", threads), ("chunk-rows", chunk_rows)):
        if value is not None and value < 1:
            raise UsageError(f"{name} must be at least 1, got {value}", "leave it out for the best value")
    return resolve(device, kernel, None if logits.tensor is None else str(logits.tensor.device))


def _scan(
    logits: Logits,
    filler: Filler,
    class_sums: Sequence[ClassSums],
    device: str,
    kernel: str,
    fitted: Fit,
    progress: Callable[[int, int], None] | None,
    soft: Soft | None = None,
) -> Scan:
    report = progress or (lambda done, total: None)
    if device == "cpu":
        scan_on_cpu(logits, filler, class_sums, kernel, fitted.threads, fitted.chunk_rows, report, soft)
    else:
        from lscli.scan.device import scan_on_device

        scan_on_device(logits, filler, class_sums, device, fitted.threads, fitted.chunk_rows, report)
    logits.check_unchanged()
    return Scan(
        filler.table(),
        device,
        kernel,
        filler.skipped,
        filler.masked,
        filler.look_like_probabilities,
        filler.ignored,
    )


def _report_from(progress: Callable[[int, int], None], start: int, total: int, done: int, of_part: int) -> None:
    progress(start + done, total)


def _nothing_left(logits: Logits) -> InputError:
    return InputError("no row is finite", "look at the run that wrote them", where=logits.name)
