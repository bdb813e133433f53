"""Sets of classes that hold the label with a promised probability."""

from __future__ import annotations

import math
import os
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_calibration
from lscli.api.models import has_labels, name_of_test
from lscli.api.plausibility import COLUMNS
from lscli.api.settings import settings_of
from lscli.checked_options import declared
from lscli.decisions.conformal import Conformal, ConformalRow
from lscli.decisions.conformal_sets import SetBlock, Sets
from lscli.decisions.independent import check_independent
from lscli.errors import InputError, UsageError, warn
from lscli.in_python import python_words
from lscli.intervals.conformal import coverage_interval, fewest, quantile, rank
from lscli.intervals.coverage_shift import chance_of_fewer
from lscli.intervals.shares import share_interval
from lscli.io.argument import is_path
from lscli.io.clusters import are_named
from lscli.io.labels import NO_LABELS
from lscli.kernels.conformal import Scoring
from lscli.options import ConformalOptions, OneMapOptions
from lscli.scan.conformal import LabelScores, SetSizes, pass_of_sets
from lscli.scan.scan import scan
from lscli.scan.streamed import streamed
from lscli.summaries.conformal import conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
    from lscli.io.labels import NoLabels
    from lscli.options import Data
    from lscli.report import Provenance
    from lscli.scan.beside import Beside
    from lscli.scan.blocks import Block
    from lscli.table import SampleTable

    Array = NDArray[Any]

T = TypeVar("T", bound="Beside | None")
# A coverage so low has this probability if test samples are like those of calibration.
_STRICT = 0.001
_MOST_NAMED = 4


class _Samples(NamedTuple):
    """Samples whose rows were checked, and are still open.

    Attributes:
        opened: the inputs.
        table: label, predicted and row of each sample that is kept.
        groups: the tables of all samples ("") and of each group.
        kept: [N], 1 for the rows that are kept.
        provenance: where they come from.
    """

    opened: Inputs
    table: SampleTable
    groups: Mapping[str, SampleTable]
    kept: Array
    provenance: Provenance


class _Rule(NamedTuple):
    """How sets are made.

    Attributes:
        how: the scores.
        quantiles: for each class, the largest score with which it is in a set, [K].
        no_empty: whether the prediction is put into sets that are empty.
    """

    how: Scoring
    quantiles: Array
    no_empty: bool


@of_calibration(ConformalOptions)
def conformal(
    cal_logits: Data,
    cal_labels: Data | None,
    test_logits: Data | None,
    test_labels: Data | None,
    options: ConformalOptions,
) -> Conformal:
    """Find sets of classes that hold the label with a probability of at least 1 - alpha.

    The quantile is the k-th smallest score of the labels of n calibration samples, k = ceil((n+1)(1-alpha)); a class is
    in a set if its score is at most the quantile (Vovk et al. 2005; Sadinle et al. 2019; Romano et al. 2020;
    Angelopoulos et al. 2021).

    Args:
        cal_logits, cal_labels: [N, K] and [N], as in `lscli.evaluate`; the quantile is that of the scores of their
            labels.
        test_logits, test_labels: [M, K] and [M], other samples of the same classifier, whose sets are measured; labels
            may be missing.

    Returns:
        A listing; `find_sets` makes the sets of further samples.

    Raises:
        InputError: there are too few calibration samples, or the classes differ; or as `lscli.evaluate`.
        UsageError: options that cannot be combined.

    Example:
        >>> import lscli, numpy as np
        >>> logits, labels = np.load("sample_data/logits.npy"), np.load("sample_data/labels.npy")
        >>> found = lscli.conformal(logits[:2500], labels[:2500], logits[2500:], labels[2500:], alpha=0.02)
        >>> [(row.source, round(row.coverage, 3)) for row in found.rows]
        [('logits', 0.98), ('test logits', 0.983)]
    """
    how = _scoring(options)
    check_independent(clustered=are_named(options.clusters))
    if test_logits is None and (options.groups is not None or options.group_by is not None):
        hint = "name test samples, too: lscli conformal CAL_LOGITS CAL_LABELS TEST_LOGITS TEST_LABELS"
        raise UsageError("groups are of test samples, and there are none", hint, where="groups")
    own = _reading_options(options)

    def scores_of(opened: Inputs) -> LabelScores:
        return LabelScores(opened.logits, opened.label, how)

    ungrouped = own.replaced(groups=None, group_by=None)
    with _samples(cal_logits, cal_labels, ungrouped, scores_of, unlabelled=False) as (cal, of_rows):
        source, classes, names = cal.opened.source, cal.opened.logits.shape[1], cal.opened.class_names
        if not options.by_class:
            _check_enough(len(cal.table), options.alpha, source)
        of_label = of_rows.scores[cal.table["row"]]
        used = cal.opened.used(None)
    rows, quantiles = _calibrated(of_label, cal.table["label"], classes, source, options)
    rule = _Rule(how, quantiles, options.no_empty)
    notes = [*_small_classes(rows, names, options)]
    provenance, sets, tested = cal.provenance, None, None
    if test_logits is not None:
        if _same(cal_logits, test_logits):
            notes.append("the test samples are those of calibration, so that their coverage is no test of the promise")

        def sizes_of(opened: Inputs) -> SetSizes:
            _check_classes(opened, classes, source)
            return SetSizes(opened.logits, opened.label, how, quantiles)

        with _samples(test_logits, test_labels, own, sizes_of, unlabelled=True) as (test, sizes):
            name = name_of_test(test.opened.source, source)
            of_test = _measured(test, sizes, name, rule, options)
            names = names or test.opened.class_names
        sets = _sets(test_logits, test_labels, own, rule, test, names)
        tested = of_test[0]
        notes += _shifts(of_test, rows, options, names)
        rows += of_test
        provenance = cal.provenance.with_test(test.provenance)
    for note in (noted := [*provenance.warnings, *notes]):
        warn(note)
    settings = settings_of(options, {name: value for name, value in used.items() if options.takes(name)})
    equal = bool(len(of_label) > 1 and of_label.min() == of_label.max())
    return Conformal(
        rows=rows,
        quantiles=quantiles,
        by_class=options.by_class,
        sets=sets,
        tested=tested,
        finder=partial(_found, own.replaced(groups=None, group_by=None), rule),
        conclusion=conclude(rows, tested, options.alpha, options.level, by_class=options.by_class, equal=equal),
        **{**provenance.fields(), "settings": settings, "warnings": noted},
    )


def _scoring(options: ConformalOptions) -> Scoring:
    """How the options score classes; raises UsageError for options that the method does not have."""
    if options.randomized and options.method == "lac":
        hint = "leave out --randomized, or say --method aps"
        raise UsageError("lac has no random part", hint, where="randomized")
    for name, value, hint in (
        ("raps-penalty", options.raps_penalty, "leave out --raps-penalty, or say --method raps"),
        ("raps-rank", options.raps_rank, "leave out --raps-rank, or say --method raps"),
    ):
        if value is not None and options.method != "raps":
            raise UsageError(f"is an option of raps, not of {options.method}", hint, where=name)
    penalty = 0.01 if options.raps_penalty is None else options.raps_penalty
    first = 5 if options.raps_rank is None else options.raps_rank
    return Scoring(options.method, penalty, first, options.randomized)


def _check_enough(n: int, alpha: float, source: str) -> None:
    if n < (least := fewest(alpha)):
        would_do = math.ceil(1e4 / (n + 1)) / 1e4
        hint = f"give {least} samples or more, or say --alpha {would_do:g}"
        samples = "sample is" if n == 1 else "samples are"
        raise InputError(f"{n} calibration {samples} too few for alpha {alpha:g}", hint, where=source)


def _check_classes(test: Inputs, classes: int, source: str) -> None:
    reading.check_same_classes(test.source, test.logits.shape[1], source, classes)


def _reading_options(options: ConformalOptions) -> OneMapOptions:
    taken = [each.name for each in declared(OneMapOptions) if not each.removed and options.takes(each.name)]
    return OneMapOptions(**{name: getattr(options, name) for name in taken})


@contextmanager
def _samples(
    data: Data,
    labels: Data | NoLabels | None,
    options: OneMapOptions,
    make: Callable[[Inputs], T],
    *,
    unlabelled: bool,
) -> Iterator[tuple[_Samples, T]]:
    """Open samples, and check every row; what is filled in the same pass is given, too.

    Args:
        make: makes what is filled, or None, and may refuse the samples before they are read.
        unlabelled: whether labels may be missing.

    Raises:
        UsageError: the samples are not independent.
    """
    if labels is None and unlabelled and not has_labels(data, options):
        labels = NO_LABELS
    with reading.opened_inputs(data, labels, options) as opened:
        check_independent(clustered=opened.rows.clusters is not None)
        beside = make(opened)
        filled = [] if beside is None else [beside]
        columns = {"row", *COLUMNS}
        result = scan(
            opened.logits,
            opened.label,
            columns,
            opened.options,
            watch=opened.watch,
            beside=filled,
            labelled=opened.labelled,
        )
        kept = np.zeros(opened.logits.shape[0])
        kept[result.table["row"]] = 1
        provenance = opened.provenance(result)
        noted = [*provenance.warnings, *reading.doubts(opened, result.table)]
        provenance = replace(provenance, warnings=noted)
        groups = opened.rows.tables(result.table)
        yield _Samples(opened, result.table, groups, kept, provenance), beside


def _calibrated(
    of_label: Array, label: Array, classes: int, source: str, options: ConformalOptions
) -> tuple[list[ConformalRow], Array]:
    """The rows of calibration, and the quantile of each class, [K]."""

    def row(number: int | None, values: Array) -> ConformalRow:
        n = len(values)
        k = rank(n, options.alpha)
        expected = min(1.0, k / (n + 1))
        interval = coverage_interval(n, k, options.level)
        return ConformalRow(source, "", options.method, number, n, quantile(values, options.alpha), expected, *interval)

    if not options.by_class:
        rows = [row(None, of_label)]
        return rows, np.full(classes, rows[0].quantile)
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(classes + 1))
    rows = [row(c, of_label[order[ends[c] : ends[c + 1]]]) for c in range(classes)]
    return rows, np.array([each.quantile for each in rows])


def _with_prediction(inside: Array, predicted: Array) -> None:
    """Put the prediction into each empty set."""
    empty = np.flatnonzero(~inside.any(axis=1))
    inside[empty, predicted[empty]] = True


def _measured(
    test: _Samples, sizes: SetSizes, source: str, rule: _Rule, options: ConformalOptions
) -> list[ConformalRow]:
    """The rows of all test samples, of each group and, by class, of each label."""
    size, covered = sizes.size, sizes.covered
    if rule.no_empty:
        empty = size[test.table["row"]] == 0
        place = test.table["row"][empty]
        size[place] = 1
        covered[place] = (test.table["predicted"] == test.table["label"])[empty]
    label = test.opened.label

    def row(group: str, number: int | None, where: Array) -> ConformalRow:
        m = len(where)
        shown = (math.nan, math.nan, math.nan)
        if test.opened.labelled:
            share = float(covered[where].mean())
            shown = (share, *share_interval(share, m, options.level))
        one = number is not None or not options.by_class
        q = float(rule.quantiles[number or 0]) if one else math.nan
        of_sizes = (float(size[where].mean()), float((size[where] == 0).mean()))
        return ConformalRow(source, group, options.method, number, m, q, *shown, *of_sizes)

    rows = []
    for group, table in test.groups.items():
        where = table["row"]
        rows.append(row(group, None, where))
        if options.by_class and test.opened.labelled:
            order = where[np.argsort(label[where], kind="stable")]
            numbers, starts = np.unique(label[order], return_index=True)
            parts = np.split(order, starts[1:])
            rows += [row(group, number, part) for number, part in zip(numbers.tolist(), parts, strict=True)]
    return rows


def _blocks(
    data: Data,
    labels: Data | NoLabels | None,
    options: OneMapOptions,
    rule: _Rule,
    kept: Array,
    predicted: Array | None,
) -> Iterator[SetBlock]:
    """Compute the sets of rows that were checked before."""

    def run(take: Callable[[SetBlock], None]) -> None:
        def keep(block: Block, inside: Array) -> None:
            if predicted is not None:
                _with_prediction(inside, predicted[block.rows])
            take(SetBlock(block.rows, None if labels is NO_LABELS else block.label, inside))

        with reading.opened_inputs(data, labels, options) as opened:
            pass_of_sets(opened.logits, opened.label, kept, rule.how, rule.quantiles, keep, options.threads)

    return streamed(run)


def _sets(
    data: Data, labels: Data | NoLabels | None, options: OneMapOptions, rule: _Rule, of: _Samples, names: Sequence[str]
) -> Sets:
    """The sets of samples."""
    options = options.replaced(groups=None, group_by=None, progress=None)
    predicted = None
    if rule.no_empty:
        predicted = np.zeros(len(of.kept), np.intp)
        predicted[of.table["row"]] = of.table["predicted"]
    labels = labels if of.opened.labelled else NO_LABELS
    blocks = partial(_blocks, data, labels, options, rule, of.kept.astype(np.uint8), predicted)
    return Sets(blocks, (len(of.table), len(rule.quantiles)), of.opened.labelled, names)


def _found(options: OneMapOptions, rule: _Rule, data: Data) -> Sets:
    """The sets of other samples, in Python."""

    def nothing(opened: Inputs) -> None:
        _check_classes(opened, len(rule.quantiles), "calibration")

    with python_words(), _samples(data, None, options, nothing, unlabelled=True) as (found, _):
        for note in found.provenance.warnings:
            warn(note)
    return _sets(data, None, options, rule, found, found.opened.class_names)


def _small_classes(rows: Sequence[ConformalRow], names: Sequence[str], options: ConformalOptions) -> Iterator[str]:
    small = [row.number for row in rows if row.number is not None and math.isinf(row.quantile)]
    if small:
        least = fewest(options.alpha)
        one = len(small) == 1
        said = _named(small, names)
        what = "so every set holds it" if one else "so every set holds them"
        yield f"{said} {'has' if one else 'have'} fewer than {least} calibration samples, {what}"


def _named(numbers: Sequence[int], names: Sequence[str]) -> str:
    said = [str(number) if not names else str(names[number]) for number in numbers[:_MOST_NAMED]]
    more = f" and {len(numbers) - _MOST_NAMED} more" if len(numbers) > _MOST_NAMED else ""
    return f"class{'es' * (len(numbers) > 1)} {', '.join(said)}{more}"


def _shifts(
    tested: Sequence[ConformalRow], rows: Sequence[ConformalRow], options: ConformalOptions, names: Sequence[str]
) -> Iterator[str]:
    """A warning if the coverage of all test samples, or of a class, is below what chance allows."""
    promised = {row.number: row for row in rows}
    pairs = [
        (row, promised[row.number])
        for row in tested
        if not row.group and row.number in promised and not math.isnan(row.coverage)
    ]
    low = []
    for row, of in pairs:
        k = rank(of.n, options.alpha)
        if k <= of.n and chance_of_fewer(round(row.coverage * row.n), row.n, of.n, k) < _STRICT / len(pairs):
            low.append(row)
    if not low:
        return
    why = "the test samples do not seem to be like those of calibration"
    if options.by_class:
        yield f"the coverage of {_named([row.number or 0 for row in low], names)} is lower than chance allows: {why}"
    else:
        yield f"the coverage {low[0].coverage:.4f} is lower than chance allows for alpha {options.alpha:g}: {why}"


def _same(one: Any, other: Any) -> bool:
    if is_path(one) and is_path(other):
        try:
            return os.path.samefile(one, other)
        except (OSError, ValueError):
            return False
    return one is other
