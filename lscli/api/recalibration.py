"""The map between logits and the pass over them, as `calibrator`, `temperature` and `cross_fit` ask for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api.calibrators import load
from lscli.api.cross_fit import FOLDS, cross_fitted, fold_of
from lscli.api.fit_rows import checked_rows
from lscli.api.group_maps import row_map
from lscli.api.leakage import Leakage
from lscli.errors import UsageError
from lscli.io.argument import is_path
from lscli.io.mapped import MappedLogits
from lscli.recalibrators.methods import METHODS
from lscli.scan.row_checks import check_sums
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
    from lscli.io.logits import Logits
    from lscli.io.mapped import RowMap
    from lscli.options import ReadingOptions
    from lscli.recalibrators.calibrator import Calibrator

    Array = NDArray[Any]

FLAGS = {"calibrator": "--calibrator", "temperature": "--temperature", "cross_fit": "--cross-fit"}


@dataclass(frozen=True)
class AppliedMap:
    """A map of the logits, and what an answer says of it.

    Attributes:
        rows: the map.
        remark: a sentence for the conclusion.
        described: its entry in the provenance of a report, if it comes from a file.
        leakage: recognises the samples that it was fitted on; None if it has no data.
        hint: what to do if they are measured.
    """

    rows: RowMap
    remark: str
    described: Sequence[Mapping[str, Any]] = ()
    leakage: Leakage | None = None
    hint: str = ""

    def notes(self, name: str) -> list[str]:
        """Warnings, once all rows of the logits `name` were read."""
        note = "" if self.leakage is None else self.leakage.note(name, self.hint)
        return [note] if note else []


def check_options(options: ReadingOptions, *, soft_labels: bool) -> None:
    """Check that one map is asked for, and that the rows can have it.

    Raises:
        UsageError: two maps are asked for, the logits are the top k of each row, or a fit would need class numbers.
    """
    first, *others = [flag for name, flag in FLAGS.items() if getattr(options, name) is not None]
    if others:
        last = others[-1]
        raise UsageError(f"cannot be combined with {first}", f"leave out {first} or {last}", where=last[2:])
    if options.topk_classes is not None:
        raise UsageError("needs the logits of all classes, not the top k", f"leave out {first}", where=first[2:])
    if soft_labels and options.cross_fit is not None:
        raise UsageError("needs labels that are class numbers", "leave out --cross-fit", where="cross-fit")


def recalibration(opened: Inputs) -> AppliedMap:
    """The map that the options ask for.

    Raises:
        InputError: the map has another number of classes, or the rows have no fit.
        LscliError: as `lscli.evaluate`, where the map is fitted on these rows.
    """
    options, logits = opened.options, opened.logits
    if options.temperature is not None:
        t = options.temperature
        return AppliedMap(lambda x, first: x / t, f"The logits are divided by T = {t:.10g}.")
    if options.calibrator is not None:
        calibrator = load(options.calibrator)
        name = os.fsdecode(options.calibrator) if is_path(options.calibrator) else "calibrator"
        instead = f"lscli eval --cross-fit {calibrator.method}"
        by_group = " of each group" if calibrator.groups else ""
        return AppliedMap(
            row_map(calibrator, logits, opened.rows, opened.label >= 0),
            f"The logits are recalibrated by {METHODS[calibrator.method].title}{by_group}, from {printable(name)}.",
            [_described(calibrator, name)],
            Leakage(calibrator, opened.label, next(opened.rows.weights_by_group())),
            hint=f"use other samples{_or_else(options, calibrator, instead)}",
        )
    checked = checked_rows(opened)
    found = cross_fitted(checked, fold_of(checked, opened.rows), str(options.cross_fit))
    by = "the values of each row" if opened.rows.clusters is None else "cluster"
    fitted = ", ".join(filter(None, [f"{FOLDS} folds by {by}", found.temperatures]))
    title = METHODS[found.method].title
    return AppliedMap(found, f"Each sample is recalibrated by {title} fitted without its fold ({fitted}).")


def _or_else(options: ReadingOptions, calibrator: Calibrator, instead: str) -> str:
    """What else can be done with the samples of a fit, or what does not hold for them."""
    if not options.takes("cross_fit"):  # questions whose answer is a guarantee
        return ", since no guarantee holds for these"
    return "" if calibrator.groups else f", or measure these with {instead}"


def mapped(opened: Inputs, found: AppliedMap) -> MappedLogits:
    """The logits after a map, whose rows are checked and recognised as they were before it."""
    before, label, leakage = opened.logits, opened.label, found.leakage
    declared = before.kind != "logits"

    def rows(x: Array, first: int) -> Array:
        if declared:
            _check_sums(before, x, first, label[first : first + len(x)] >= 0)
        if leakage is not None:
            leakage.add(x, first)
        return found.rows(x, first)

    return MappedLogits(before, rows)


def _check_sums(before: Logits, x: Array, first: int, kept: Array) -> None:
    """Refuse kept rows x [n, K] of logarithms of probabilities that do not sum to 1."""
    largest = np.maximum.reduce(x, axis=1, initial=-np.inf)
    tail = np.add.reduce(np.exp(x - largest[:, None]), axis=1) - 1
    number = np.arange(first, first + len(x))
    check_sums(before, number[kept], largest[kept], tail[kept])


def _described(calibrator: Calibrator, name: str) -> dict[str, Any]:
    """The entry of a calibrator in the provenance of a report."""
    known = {"role": "calibrator", "path": name, "method": calibrator.method, "shape": [calibrator.classes]}
    return known | {"fingerprint": calibrator.data.get("fingerprint")}
