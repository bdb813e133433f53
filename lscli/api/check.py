"""A gate: metrics against limits."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lscli.api import reading, soft_metrics
from lscli.api.evaluate import checked_settings, needs
from lscli.api.keywords import of_logits
from lscli.api.limited_values import differences, differences_to_saved, notes_on_settings, values
from lscli.api.models import Models, read_models
from lscli.api.pairs import Asked, pair_rows
from lscli.api.positive_class import notes_on_class
from lscli.api.promised_errors import promised_errors, with_input
from lscli.api.report_rows import measured_rows
from lscli.api.saved_reports import is_saved, saved_report
from lscli.decisions.checked import Checked, CheckRow
from lscli.decisions.limits import limits_of
from lscli.errors import UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.clusters import notes_on_clusters
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import paired
from lscli.metrics.bins import rule_of
from lscli.options import CheckOptions
from lscli.report import Row
from lscli.summaries.check import conclude
from lscli.text import printed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lscli.api.confidences import Table
    from lscli.api.limited_values import Limited
    from lscli.api.promised_errors import PromisedErrors
    from lscli.api.reading import Reading
    from lscli.decisions.limits import Limit
    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.options import Data
    from lscli.table import SampleTable


@of_logits(CheckOptions)
def check(logits: Data | Table, labels: Data | None, options: CheckOptions) -> Checked:
    """Check metrics against limits.

    A value at its limit passes. One that is missing, because these samples do not have the metric, or that is nan,
    fails; a warning says why it is missing. Of a metric with several values, such as a smoothed loss at several eps,
    each must pass.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per group and limit; its `passed` says whether every limit is kept, its `failures` are the
        rows that are not. A `threshold` has a row for each of its groups and classes: `threshold_error`, the error of
        the samples that it keeps, against the error that it promised.

    Raises:
        UsageError: a limit that cannot be used, before anything is read.
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> limits = {"max": {"ece": 0.05}, "min": {"accuracy": 0.95}}
        >>> checked = lscli.check("sample_data/logits.npy", "sample_data/labels.npy", **limits)
        >>> checked.passed, [row.metric for row in checked.failures]
        (False, ['accuracy'])
    """
    limits = limits_of(options, allow_negative_eps=options.allow_negative_eps)
    settings = checked_settings(options)
    promise = promised_errors(options)
    saved = saved_report(options.baseline) if is_saved(options.baseline) else None
    of_pair = [limit for limit in limits if limit.of_pair]
    if of_pair and saved is not None:
        what = f"a report does not have the outputs that {of_pair[0].name} compares"
        raise UsageError(what, "give the logits of the baseline", where="baseline")
    asked = Asked.of(_choices(of_pair))
    lacking = [] if not options.soft_labels else [x for x in _choices(limits) if not soft_metrics.applies(x, settings)]
    measured = [limit for limit in limits if limit.choice not in lacking and not limit.of_pair]
    samples = _read(logits, labels, _choices(measured), asked, promise, settings, options, paired_logits=saved is None)
    read = samples.reading
    settings = settings._replace(targets=read.targets, given=read.given)
    bootstrap = Bootstrap(options.bootstrap, options.seed, options.level)
    resampling = Resampling(bootstrap, options.threads, options.progress)
    of_values = _choices(limit for limit in measured if saved is not None or not limit.of_difference)
    of_differences = _choices(limit for limit in measured if saved is None and limit.of_difference)
    rows, absent, _ = measured_rows(read.source, read.tables, of_values, settings, resampling)
    notes = [*soft_metrics.notes(read, [choice.metric.id for choice in lacking]), *absent]
    if saved is not None:
        notes += notes_on_settings(saved, read, options, settings)
    if samples.models is not None and asked.of_pairs:
        data = [cast("Data", options.baseline), cast("Data", logits)]
        own = data[1] if labels is None else labels  # the labels are those of the model, whatever the baseline holds
        pairs_found, of_absent = pair_rows(data, own, samples.models, asked, settings, options, resampling)
        rows += [
            Row(
                read.source,
                each.group,
                each.metric,
                each.value,
                math.nan,
                each.ci_low,
                each.ci_high,
                math.nan,
                each.params,
            )
            for each in pairs_found
        ]
        notes += of_absent
    found: list[CheckRow] = []
    for group in read.tables:
        pair = samples.pairs.get(group)
        differ = [] if pair is None else paired(*pair, of_differences, settings, resampling)
        for limit in limits:
            if not limit.of_difference:
                limited = values(limit, group, rows, settings)
            elif saved is not None:
                limited, note = differences_to_saved(values(limit, group, rows, settings), limit, group, saved)
                notes += note
            else:
                limited = differences(limit, differ, settings)
                if not limited and limit in measured:
                    notes.append(f"{limit.name} has no difference to the baseline{_in(group)}")
            found += _checked(read.source, group, limit, limited, strict=options.strict)
            if options.strict and any(math.isnan(one.low) and not math.isnan(one.number(limit)) for one in limited):
                notes.append(f"{limit.name} has no interval{_in(group)}, which a strict check needs")
    sentence = ""
    if promise is not None:
        kept, of_promise, sentence = promise.check(read, options)
        found += kept
        notes += of_promise
        read = with_input(read, promise)
    notes += [*notes_on_class(settings.positive_class, options.compat)]
    notes += notes_on_clusters(read.all.clusters, read.clusters_by_group)
    used: dict[str, Any] = {"eps": list(settings.eps), "bins": rule_of(settings).params["bins"]}
    used["positive_class"] = settings.positive_class
    for limit in limits:
        used.setdefault(limit.bound.replace("-", "_"), []).append(f"{limit.name}={limit.limit}")
    said = " ".join(filter(None, [conclude(found), sentence]))
    return Checked(rows=found, conclusion=said, **read.answered(options, used, dict.fromkeys(notes)))


class _Samples(NamedTuple):
    """The samples, and by group those of the baseline and of the model, on the rows that both keep."""

    reading: Reading
    pairs: dict[str, tuple[SampleTable, SampleTable]]
    models: Models | None = None


def _choices(limits: Iterable[Limit]) -> list[Choice]:
    """The metrics of limits, each once."""
    return list(dict.fromkeys(limit.choice for limit in limits))


def _read(
    logits: Data | Table,
    labels: Data | None,
    choices: Sequence[Choice],
    asked: Asked,
    promise: PromisedErrors | None,
    settings: Settings,
    options: CheckOptions,
    *,
    paired_logits: bool,
) -> _Samples:
    """Read the samples, and those of a baseline of logits."""
    how = needs(choices, settings, options)
    if promise is not None:
        how["columns"] |= promise.columns
    if options.baseline is None or not paired_logits:
        return _Samples(reading.read(logits, labels, options=options, **how), {})
    if options.soft_labels or reading.without_logits(logits, options):
        what = "soft labels are" if options.soft_labels else "a table without logits is"
        hint = "save the old values with lscli eval -f json -o FILE.json, and give that file"
        raise UsageError(f"{what} not compared sample by sample", hint, where="baseline")
    read = read_models(
        [cast("Data", logits), options.baseline],
        labels,
        how["columns"] | asked.columns,
        options,
        settings.positive_class,
        rule=how["rule"],
        tuple_rule=how["tuple_rule"],
        tempered=how["tempered"],
    )
    own, other = read.readings
    inputs = list(own.provenance.inputs)
    baseline = max(place for place, entry in enumerate(inputs) if entry["role"] == "logits")
    inputs[baseline] = {**inputs[baseline], "role": "baseline"}
    provenance = replace(own.provenance, inputs=inputs)
    pairs = {group: (baseline, model) for group, (model, baseline) in read.tables.items()}
    models = Models([*read.names[::-1]], [other, own], {group: [*pair] for group, pair in pairs.items()})
    return _Samples(replace(own, provenance=provenance), pairs, models)


def _checked(source: str, group: str, limit: Limit, limited: Sequence[Limited], *, strict: bool) -> list[CheckRow]:
    """The verdict on each value that a limit is about; one that is missing fails."""
    if not limited:
        nan = math.nan
        return [CheckRow(source, group, limit.name, nan, nan, nan, limit.bound, limit.limit, passed=False)]
    found = []
    for one in limited:
        name = one.name if len(limited) > 1 else limit.name
        ends = (one.number(limit), (one.high if limit.upper else one.low) if strict else one.number(limit))
        scale = max(abs(one.value), abs(one.baseline)) if limit.of_difference else 0.0
        passed = all(limit.keeps(end, scale) for end in ends)
        verdict = (limit.bound, limit.limit, passed, one.baseline, one.difference)
        found.append(CheckRow(source, group, name, one.value, one.low, one.high, *verdict))
    return found


def _in(group: str) -> str:
    return f" in group {printed(group)}" if group else ""
