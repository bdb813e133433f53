"""The promise of a threshold on new samples: the error of those that it keeps, against its limit."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api.calibrators import load as load_map
from lscli.api.saved_thresholds import load
from lscli.decisions.checked import CheckRow
from lscli.errors import InputError, UsageError
from lscli.intervals.fixed_sequence import is_within, rest_of, upper_bound
from lscli.intervals.shares import share_interval
from lscli.io.argument import is_path
from lscli.io.ensemble_files import is_ensemble
from lscli.metrics.base import mean
from lscli.metrics.certainty import CERTAINTY, at_least, certainty
from lscli.text import percent, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.api.reading import Reading
    from lscli.decisions.saved_threshold import KeptSamples, SavedThreshold
    from lscli.options import CheckOptions
    from lscli.table import SampleTable

METRIC = "threshold_error"
_WHERE = "threshold"
# The share of kept samples is worth a note if it is lower by this many standard errors and by this much.
_CLEAR, _MUCH = 3.0, 0.02
# Weights may be fractional: then more errors of fewer samples are assumed. Their sums are whole to within this.
_ROUNDING = 1e-6


class PromisedErrors(NamedTuple):
    """A threshold that is checked.

    Attributes:
        name: what notes call it.
        saved: the thresholds.
    """

    name: str
    saved: SavedThreshold

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the samples must have."""
        found = {CERTAINTY[self.saved.score][0], "correct"}
        return frozenset(found | ({"predicted"} if any(row.number is not None for row in self.saved.rows) else set()))

    @property
    def described(self) -> dict[str, Any]:
        """Its entry in the provenance of an answer."""
        return {"role": "threshold", "path": self.name, "score": self.saved.score}

    def check(self, read: Reading, options: CheckOptions) -> tuple[list[CheckRow], list[str], str]:
        """A row for each threshold of a group that is there, notes, and a sentence for the conclusion.

        Raises:
            InputError: the samples have other classes than those of the threshold, or no such score.
        """
        self._check_samples(read)
        rows, notes = [], []
        for each in self.saved.rows:
            if each.found and each.group in read.tables:
                row, own = self._checked(read.source, each, read.tables[each.group], options)
                rows.append(row)
                notes += own
        return rows, [*notes, *self._missing(read)], self._sentence(read)

    def _checked(
        self, source: str, one: KeptSamples, table: SampleTable, options: CheckOptions
    ) -> tuple[CheckRow, list[str]]:
        """The verdict on one threshold. Weights count samples; clusters make the interval that of clusters."""
        name = METRIC if one.number is None else f"{METRIC}@{one.number}"
        where, limit = _in(one.group), self.saved.limit(one)
        kept = table.select(self._kept(one, table))
        wrong = ~kept["correct"].astype(np.bool_)
        found = mean(kept, wrong)
        if math.isnan(found.value):
            row = CheckRow(source, one.group, name, math.nan, math.nan, math.nan, "max", limit, passed=False)
            return row, [f"{printed(self.name)}: no sample is kept by {name}{where}, so it has no error"]
        total = kept.total
        low, high = share_interval(found.value, total, options.level, found.stderr, kept.clusters)
        if options.strict and not kept.clusters:
            errors, most = math.ceil(found.value * total - _ROUNDING), math.floor(total + _ROUNDING)
            low, high = 0.0, upper_bound(errors, most, rest_of(self.saved.confidence))
        passed = is_within(found.value, limit) and (not options.strict or is_within(high, limit))
        row = CheckRow(source, one.group, name, found.value, low, high, "max", limit, passed=passed)
        return row, [*self._lower_coverage(one, table, total, name)]

    def _kept(self, one: KeptSamples, table: SampleTable) -> NDArray[np.bool_]:
        score = self.saved.score
        keep: NDArray[np.bool_] = at_least(certainty(table, score), one.threshold, score)
        return keep if one.number is None else keep & (table["predicted"] == one.number)

    def _lower_coverage(self, one: KeptSamples, table: SampleTable, kept: float, name: str) -> Iterator[str]:
        """A note if clearly fewer samples are kept than of calibration."""
        of_class = table.total
        if one.number is not None:
            of_class = table.select(table["predicted"] == one.number).total
        if not of_class or not one.n:
            return
        now, independent = kept / of_class, min(of_class, table.clusters or of_class)
        pooled = (one.kept + now * independent) / (one.n + independent)
        spread = math.sqrt(pooled * (1 - pooled) * (1 / one.n + 1 / independent))
        drop = one.coverage - now
        if drop > _MUCH and drop > _CLEAR * spread:
            before = f"{percent(one.coverage)} of those of calibration"
            what = f"{name}{_in(one.group)} keeps {percent(now)} of the samples, and {before}"
            yield f"{printed(self.name)}: {what}: the new samples are less certain"

    def _missing(self, read: Reading) -> Iterator[str]:
        """Notes on thresholds of groups that are not there."""
        groups = dict.fromkeys(row.group for row in self.saved.rows if row.found)
        absent = [group for group in groups if group not in read.tables]
        if absent and len(read.tables) == 1:
            yield f"{printed(self.name)}: the thresholds of {len(absent)} groups are not checked without --groups"
        elif absent:
            more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
            yield f"{printed(self.name)}: group {printed(absent[0])}{more} has a threshold, but no samples here"

    def _sentence(self, read: Reading) -> str:
        """What share is kept, by the first threshold that holds for all classes."""
        first = next((row for row in self.saved.rows if row.found and row.number is None), None)
        if first is None or first.group not in read.tables or not read.tables[first.group].total:
            return ""
        table = read.tables[first.group]
        now = table.select(self._kept(first, table)).total / table.total
        share = f"The threshold keeps {percent(now)} of the samples{_in(first.group)}"
        return f"{share}; of the calibration samples, it kept {percent(first.coverage)}."

    def _check_samples(self, read: Reading) -> None:
        classes = self.saved.classes
        if classes and read.num_classes and classes != read.num_classes:
            what = f"is for {classes} classes, and {printed(read.source)} has {read.num_classes}"
            raise InputError(
                what, "give the threshold of this model, or find one with lscli threshold", where=self.name
            )
        if not read.all.has(self.columns):
            what = f"needs the score {self.saved.score}, which these samples do not have"
            raise InputError(what, "give the logits of all classes, as lscli threshold read them", where=self.name)


def promised_errors(options: CheckOptions) -> PromisedErrors | None:
    """The threshold that the options name, with the map that it was found with; None without one.

    Raises:
        LscliError: it cannot be read, found nothing, or does not fit the other options.
    """
    if options.threshold is None:
        return None
    saved = load(options.threshold)
    name = os.fsdecode(options.threshold) if is_path(options.threshold) else _WHERE
    if options.soft_labels:
        what = "needs labels that are class numbers: a distribution makes no prediction wrong"
        raise UsageError(what, "leave out --soft-labels or --threshold", where=_WHERE)
    if not saved.found:
        raise InputError("has no threshold, because none was found", "find one with lscli threshold", where=name)
    if saved.score == "mutual_information" and not is_ensemble(options):
        hint = "add --ensemble or --ensemble-axis, as for lscli threshold"
        raise UsageError("its score mutual_information needs several members", hint, where=_WHERE)
    _check_map(saved, options)
    return PromisedErrors(name, saved)


def _check_map(saved: SavedThreshold, options: CheckOptions) -> None:
    """Check that the logits are mapped as they were when the threshold was found; else it means nothing."""
    if options.cross_fit is not None:
        raise UsageError("cannot be combined with --cross-fit", "leave out --cross-fit", where=_WHERE)
    if saved.calibrator is not None:
        if options.calibrator is None:
            what = "was found on logits after a calibrator, and these have none"
            raise UsageError(what, "add --calibrator FILE with the file that lscli threshold was given", where=_WHERE)
        if load_map(options.calibrator).digest != saved.calibrator:
            what = "was found on logits after another calibrator"
            raise UsageError(what, "give --calibrator the file that lscli threshold was given", where=_WHERE)
    elif options.calibrator is not None:
        what = "was found on logits without a calibrator"
        raise UsageError(what, "leave out --calibrator, or find the threshold with it", where=_WHERE)
    if saved.temperature != options.temperature:
        if saved.temperature is None:
            what = "was found on logits that were not divided by a temperature"
            raise UsageError(what, "leave out --temperature, or find the threshold with it", where=_WHERE)
        what = f"was found on logits divided by T = {saved.temperature!r}"
        raise UsageError(what, f"say --temperature {saved.temperature!r}", where=_WHERE)


def with_input(read: Reading, promise: PromisedErrors) -> Reading:
    """The reading, whose provenance names the threshold."""
    inputs = [*read.provenance.inputs, promise.described]
    return replace(read, provenance=replace(read.provenance, inputs=inputs))


def _in(group: str) -> str:
    return f" in group {printed(group)}" if group else ""
