"""Models of which only reports are kept: their values side by side, without a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lscli.api.models import model_names
from lscli.api.report_rows import metric_words
from lscli.api.saved_reports import differing_settings, is_saved, saved_report, values_of
from lscli.api.settings import settings_of
from lscli.checked_options import declared
from lscli.decisions.comparison import Comparison, ComparisonRow
from lscli.errors import UsageError, warn
from lscli.metrics.selection import select
from lscli.options import CompareOptions
from lscli.report import Row
from lscli.text import bounded, printable

if TYPE_CHECKING:
    from lscli.api.saved_reports import Key
    from lscli.io.saved_report import SavedReport
    from lscli.metrics.selection import Choice

CONCLUSION = "Saved reports are compared by value: whether a difference is noise needs the logits of both models."
_MOST_NAMED = 6
# What also has a meaning for values alone.
_USED = frozenset({"metrics", "names", "level", "progress"})


def of_reports(models: Mapping[str, Any] | Sequence[Any]) -> bool:
    """Whether any model is given by its report."""
    given = models.values() if isinstance(models, Mapping) else models
    return isinstance(given, Iterable) and not isinstance(given, str | bytes) and any(map(is_saved, given))


def compare_reports(models: Mapping[str, Any] | Sequence[Any], labels: Any, options: CompareOptions) -> Comparison:
    """Compare reports with the first of them by value.

    Args:
        models: reports, or paths of reports in JSON; by name, or in a list.
        labels: none can be used.
        options: `metrics` and `names` are used; others must have their defaults. With the default metrics, all that
            the reports share are compared.

    Raises:
        UsageError: a model is not a report, or an option needs logits.
        InputError: a file is no report.
    """
    given = [*models.values()] if isinstance(models, Mapping) else [*models]
    _check(given, labels, options)
    reports = [saved_report(each, f"report {place}") for place, each in enumerate(given)]
    names = model_names([*models] if isinstance(models, Mapping) else [], given, options.names)
    notes = [
        note for name, other in zip(names[1:], reports[1:], strict=True) for note in _notes(name, reports[0], other)
    ]
    found = [values_of(each) for each in reports]
    asked = _asked(options)
    rows: list[ComparisonRow] = []
    for name, own in zip(names[1:], found[1:], strict=True):
        notes += _missing(name, names[0], found[0], own, asked)
        rows += [
            ComparisonRow(name, *key[:2], own[key], value, own[key] - value, params=_params(key[2]))
            for key, value in found[0].items()
            if key in own and _is_asked(key, asked)
        ]
    if not rows:
        shared = ", ".join(dict.fromkeys(key[1] for key in found[0]))
        hint = f"the first report has {bounded(printable(shared), 300)}"
        raise UsageError("the reports share none of these metrics", hint, where="metrics")
    for note in notes:
        warn(note)
    inputs = [
        {"role": "report", "path": each.name, "shape": [each.samples["rows"]], "dtype": "", "size": 0}
        for each in reports
        if "rows" in each.samples
    ]
    values = [
        Row(name, row.group, row.metric, row.value, *(float("nan"),) * 3, _count(row.n), _params(row.params))
        for name, each in zip(names, reports, strict=True)
        for row in each.rows
        if _is_asked(row[:3], asked)
    ]
    return Comparison(
        rows=rows,
        models=names,
        reports=values,
        conclusion=CONCLUSION,
        inputs=inputs,
        samples=reports[0].samples,
        settings=settings_of(options),
        warnings=notes,
    )


def _check(given: Sequence[Any], labels: Any, options: CompareOptions) -> None:
    others = [each for each in given if not is_saved(each)]
    if others:
        hint = "evaluate the logits first, with lscli eval LOGITS LABELS -f json -o report.json, or give logits alone"
        raise UsageError("some models are reports, and others are logits", hint)
    if labels is not None:
        raise UsageError("reports are compared without labels", "leave the labels out")
    if len(given) < 2:
        raise UsageError("there is one report", "name two or more, the baseline first")
    for each in declared(CompareOptions):
        if each.name not in _USED and not each.option.hidden and not _same(getattr(options, each.name), each.default):
            hint = "leave it out, or give logits"
            raise UsageError("reports are compared by value, and this option needs logits", hint, where=each.flag)


def _same(value: Any, default: Any) -> bool:
    """Whether an option has its default, which the command line may give as a text, or in a list."""
    one, other = (
        [str(part) for part in each] if isinstance(each, list | tuple) else [str(each)] for each in (value, default)
    )
    return one == other


def _asked(options: CompareOptions) -> Sequence[Choice] | None:
    """The metrics that were asked for; None for the default."""
    words = metric_words(options.metrics)
    if words == metric_words(CompareOptions().metrics):
        return None
    return select(words, allow_negative_eps=False, intervals=False)


def _is_asked(key: Key, asked: Sequence[Choice] | None) -> bool:
    if asked is None:
        return True
    first = next(iter(_params(key[2]).values()), "")
    return any(
        choice.metric.id == key[1] and (choice.argument is None or first == str(choice.argument)) for choice in asked
    )


def _notes(name: str, one: SavedReport, other: SavedReport) -> list[str]:
    """Differences of two reports that values may come from."""
    notes = []
    for what in differing_settings(one.settings, other.settings):
        both = one.settings[what], other.settings[what]
        first, own = ("none" if value is None else bounded(printable(str(value)), 60) for value in both)
        notes.append(f"{printable(name)} has {printable(what)} {own}, the first report {first}")
    kept = [each.samples.get("kept", each.samples.get("rows")) for each in (one, other)]
    if None not in kept and kept[0] != kept[1]:
        notes.append(f"{printable(name)} is of {kept[1]} samples, the first report of {kept[0]}")
    return notes


def _count(n: float) -> float:
    """A number of samples, which is whole unless they are weighted."""
    return int(n) if float(n).is_integer() else n


def _missing(
    name: str, first: str, one: Mapping[Key, float], other: Mapping[Key, float], asked: Sequence[Choice] | None
) -> list[str]:
    """What only one of two reports has."""
    notes = []
    for where, has, lacks in ((name, one, other), (first, other, one)):
        gone = dict.fromkeys(_said(key) for key in has if key not in lacks and _is_asked(key, asked))
        if gone:
            shown = ", ".join([*gone][:_MOST_NAMED]) + (", ..." if len(gone) > _MOST_NAMED else "")
            notes.append(f"{printable(where)} lacks {bounded(printable(shown), 400)}")
    return notes


def _said(key: Key) -> str:
    group, metric, params = key
    return " ".join(filter(None, (metric, params, group and f"of group {group}")))


def _params(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if part)
    return {key: value for key, _, value in pairs}
