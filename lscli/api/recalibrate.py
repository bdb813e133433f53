"""Fit a map on validation samples, and measure test samples before and after it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lscli.api import reading
from lscli.api.absences import absences
from lscli.api.evaluate import checked_settings
from lscli.api.fit import fit_of
from lscli.api.fit_rows import checked_rows
from lscli.api.inputs import Inputs
from lscli.api.keywords import of_two_sets
from lscli.api.method_comparison import compared
from lscli.api.positive_class import notes_on_class
from lscli.api.report_rows import metric_words
from lscli.api.tempered import clustered_error
from lscli.checked_options import declared
from lscli.errors import InputError, UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import paired
from lscli.io.argument import is_stdin
from lscli.io.paths import STDIN
from lscli.metrics.selection import select
from lscli.options import FitOptions, ReadingOptions, RecalibrateOptions
from lscli.recalibrators.before_after import BeforeAfter, BeforeAfterRow
from lscli.recalibrators.fits import RAW
from lscli.recalibrators.methods import METHODS
from lscli.summaries.recalibration import conclude
from lscli.table import Tempered

if TYPE_CHECKING:
    from lscli.api.fit import Fitted
    from lscli.options import Data


@of_two_sets(RecalibrateOptions)
def recalibrate(
    val_logits: Data, val_labels: Data | None, test_logits: Data, test_labels: Data | None, options: RecalibrateOptions
) -> BeforeAfter:
    """Fit a map of the logits on validation samples, and measure test samples before and after it.

    Args:
        val_logits, val_labels: as in `lscli.evaluate`; the samples that the map is fitted on, which the classifier was
            not trained on.
        test_logits, test_labels: other samples of the same classifier. `weights`, `groups`, `group_by` and `clusters`
            are of these.

    Returns:
        A listing, one row per metric and group: before and after the map, the difference with its interval, and the
        p-value of no difference, all paired. Its `calibrator` is the map.

    Raises:
        UsageError: options that cannot be combined, or an unknown metric.
        InputError: there is no optimum, or the two sets have different classes; or as `lscli.evaluate`.
        ReadWriteError: a file that cannot be read.

    Example:
        >>> import lscli, numpy as np
        >>> logits, labels = np.load("sample_data/logits.npy"), np.load("sample_data/labels.npy")
        >>> found = lscli.recalibrate(logits[:2500], labels[:2500], logits[2500:], labels[2500:], metrics="ece")
        >>> [(row.metric, round(row.before, 4), round(row.after, 4)) for row in found.rows]
        [('ece', 0.0359, 0.0119)]
    """
    if is_stdin(test_logits) or is_stdin(test_labels):
        raise UsageError("the test files are read twice", "save them to a file", where=STDIN)
    settings = checked_settings(options)
    number = settings.positive_class
    words = metric_words(options.metrics)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=True)
    for choice in choices:
        if choice.metric.sums and choice.named:
            hint = "use lscli eval, before the map and with --calibrator"
            raise UsageError(f"{choice.metric.id} has no paired difference", hint, where="metrics")
    choices = [choice for choice in choices if not choice.metric.sums]
    columns = frozenset[str]({"row"}).union(*(choice.columns(settings) for choice in choices))
    own = _reading(options)
    before = reading.read(test_logits, test_labels, columns, own, against=options, positive_class=number)
    found, source, val_inputs, val_notes = _fitted(val_logits, val_labels, options)
    reading.check_same_classes(before.source, before.num_classes, source, found.calibrator.classes)
    after = reading.read(
        *(test_logits, test_labels, columns, own.replaced(calibrator=found.calibrator)),
        against=options,
        positive_class=number,
    )
    settings = settings._replace(targets=before.targets, given=before.given)
    resampling = Resampling(
        Bootstrap(options.bootstrap, options.seed, options.level), options.threads, options.progress
    )
    rows = [
        BeforeAfterRow(
            before.source, group, each.metric, each.baseline, each.value, *each[4:8], tuple(each.params.items())
        )
        for group, table in before.tables.items()
        for each in paired(table, after.tables[group], choices, settings, resampling)
    ]
    there = {row.metric for row in rows}
    absent, _ = absences([each for each in choices if each.metric.id not in there], before.all, settings)
    method = found.calibrator.method
    notes = [
        *(note for note in after.provenance.warnings if note not in before.provenance.warnings),
        *val_notes,
        *notes_on_class(number, options.compat),
        *absent,
        *notes_on_clusters(before.all.clusters, before.clusters_by_group),
    ]
    answered = before.answered(options, {"eps": list(settings.eps), "metrics": words, "method": method}, notes)
    answered["inputs"] = [*answered["inputs"], *val_inputs]
    return BeforeAfter(
        rows=rows,
        calibrator=found.calibrator,
        fitted_on=source,
        conclusion=conclude(METHODS[found.calibrator.method], found.fit, rows, options.level),
        **answered,
    )


def _fitted(
    logits: Data, labels: Data | None, options: RecalibrateOptions
) -> tuple[Fitted, str, list[dict[str, Any]], list[str]]:
    """The map, the name of its logits, their inputs as a report has them, and warnings that name these logits."""
    own = _reading(options).replaced(
        weights=options.val_weights, groups=None, group_by=None, clusters=options.val_clusters
    )
    with Inputs(logits, labels, own) as opened:
        checked = checked_rows(opened)
        found = _best(opened, checked, options) if options.method == "all" else fit_of(options.method, checked)
        t = found.fit.stderr.get("temperature")
        if opened.rows.clusters is not None and found.calibrator.method == "temperature" and t is not None:
            fitted = Tempered(found.fit.parameters.temperature, t)
            error = clustered_error(opened, checked.result, fitted)
            found = found._replace(fit=found.fit._replace(stderr={"temperature": error}))
        provenance = opened.provenance(checked.result)
        notes = [*provenance.warnings, *reading.doubts(opened, checked.tables[""])]
        inputs = [{**each, "role": f"fit {each['role']}"} for each in provenance.inputs]
        return found, opened.source, inputs, notes


def _best(opened: Inputs, checked: Any, options: RecalibrateOptions) -> Fitted:
    """The method with the smallest cross-fitted loss of the validation samples; never one that the test chose."""
    shared = {each.name for each in declared(FitOptions)} & {"bootstrap", "seed", "level", "threads", "binary"}
    given = FitOptions(**{name: getattr(options, name) for name in shared})
    found = compared(opened, checked, given, lambda method: fit_of(method, checked))
    best = next((name for name in found.order if name != RAW), None)
    if found.order[0] == RAW or best is None:
        what = "no method has a smaller cross-fitted loss than the logits as they are"
        raise InputError(what, "name one method to see what it does", where=os.fsdecode(opened.logits.name))
    return found.fits[best]


def _reading(options: RecalibrateOptions) -> ReadingOptions:
    names = {each.name for each in declared(ReadingOptions)} - {"calibrator", "temperature", "cross_fit"}
    return ReadingOptions(**{name: getattr(options, name) for name in names})
