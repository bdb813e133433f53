"""A threshold of a score: the error rate of the samples at or above it is at most a limit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_logits
from lscli.api.models import name_of_test
from lscli.api.saved_thresholds import saved_of
from lscli.api.scores_of_logits import are_declared, are_probabilities, refusal
from lscli.decisions.independent import check_independent
from lscli.decisions.threshold import Threshold, ThresholdPoint, ThresholdRow
from lscli.errors import InputError, UsageError, real
from lscli.intervals.fixed_sequence import (
    Point,
    Ranked,
    chosen,
    fewest,
    rest_of,
    sequence,
    size_of,
    sufficient_limit,
    upper_bound,
)
from lscli.io.clusters import are_named
from lscli.metrics.certainty import CERTAINTY, at_least, certainty
from lscli.metrics.sorted_values import rounding_of
from lscli.options import ThresholdOptions
from lscli.summaries.threshold import Refusal, conclude
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.api.confidences import Table
    from lscli.api.reading import Reading
    from lscli.options import Data
    from lscli.table import SampleTable

    Array = NDArray[Any]

_FLAGS = {"max_error": "--max-error", "min_accuracy": "--min-accuracy", "coverage": "--coverage"}


class _Samples(NamedTuple):
    """The samples of a group, or those of a predicted class in it; scores and errors are [n]."""

    group: str
    number: int | None
    score: Array
    wrong: Array


@of_logits(ThresholdOptions)
def threshold(logits: Data | Table, labels: Data | None, options: ThresholdOptions) -> Threshold:
    """Find a threshold of a score, so that the error rate of the samples at or above it is at most a limit.

    With probability `confidence` over calibration sets, the error rate of future samples that the threshold keeps is at
    most the limit, if calibration samples and future samples are independent draws of one distribution
    (fixed-sequence testing: Angelopoulos et al. 2021, "Learn then Test"). Each group and class has a promise of its
    own; the probability that all of them hold is lower.

    Args:
        logits, labels: [N, K] and [N], as in `lscli.evaluate`: the calibration samples. Nothing may have been fitted
            on them.

    Returns:
        A listing. Its `threshold` is None if no threshold keeps the promise; its `points` are the thresholds that were
        tested.

    Raises:
        UsageError: none, or several, of `max_error`, `min_accuracy` and `coverage` are given; or options cannot be
            combined.
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> found = lscli.threshold("sample_data/logits.npy", "sample_data/labels.npy", max_error=0.02)
        >>> round(found.threshold, 4)
        0.989
    """
    limit, tests = _limit(options), _test_files(options.test)
    options, delta = _with_level(options)
    read = _read(logits, labels, options)
    scored = list(_parts(read, options))
    rows, points = [], []
    for part in scored:
        ranked = _ranked(part, options)
        found = _tested(ranked, limit, options.coverage, delta)
        best = chosen(found, 1.0 if limit is None else limit)
        blank = ThresholdRow(read.source, part.group, part.number, options.score, len(part.score))
        rows.append(_row(blank, best, limit))
        points += [
            ThresholdPoint(
                *(read.source, part.group, part.number, each.threshold, each.kept / ranked.n, each.kept, each.errors),
                *(each.errors / each.kept, each.bound, limit is None or each.within(limit)),
            )
            for each in found
        ]
    saved = saved_of(rows, limit, read.num_classes, options)
    for test in tests:
        measured = _read(*test, options.replaced(groups=None, group_by=None))
        reading.check_same_classes(measured.source, measured.num_classes, read.source, read.num_classes)
        of_part = {row.number: row for row in rows if not row.group}
        name = name_of_test(measured.source, read.source)
        rows += [_measured(name, part, of_part[part.number], delta) for part in _parts(measured, options)]
        read = replace(read, provenance=read.provenance.with_test(measured.provenance))
    refusal = None
    if limit is not None and not rows[0].found:
        all_samples = _ranked(scored[0], options)
        refusal = Refusal(fewest(limit, delta), sufficient_limit(all_samples, limit, delta))
    alike = bool(len(scored[0].score) > 1 and np.ptp(scored[0].score) == 0)
    said = [conclude(rows, options.level, refusal, alike=alike), read.map_remark]
    conclusion = " ".join(filter(None, said))
    return Threshold(rows=rows, points=points, saved=saved, conclusion=conclusion, **read.answered(options))


def _limit(options: ThresholdOptions) -> float | None:
    """The limit of the error; None if a coverage is asked for.

    Raises:
        UsageError: not exactly one of the three is given.
    """
    given = [name for name in _FLAGS if getattr(options, name) is not None]
    if not given:
        hint = "for example --max-error 0.05, --min-accuracy 0.95, or --coverage 0.8 for the bound of its error"
        raise UsageError("no limit is given", hint)
    if len(given) > 1:
        one, other = (_FLAGS[name] for name in given[:2])
        raise UsageError(f"cannot be combined with {other}", f"leave out {one} or {other}", where=one[2:])
    return options.max_error if options.min_accuracy is None else rest_of(options.min_accuracy)


def _with_level(options: ThresholdOptions) -> tuple[ThresholdOptions, float]:
    """The options, in which a confidence that is a number has become the level; and 1 - level.

    Raises:
        UsageError: the confidence is not between 0 and 1, or an option names clusters.
    """
    check_independent(clustered=are_named(options.clusters))
    if options.confidence is not None and options.correct is None and options.predicted is None:
        given = options.confidence
        try:
            level = float(given) if isinstance(given, str) else real(given)
        except (ValueError, TypeError):
            if isinstance(given, str):
                return options, rest_of(options.level)  # a column, whose error says what is missing
            level = -1.0
        if not 0 < level < 1:
            raise UsageError(
                f"must be between 0 and 1, got {shown(given)}", "for example --confidence 0.95", where="confidence"
            )
        options = options.replaced(level=level, confidence=None)
    return options, rest_of(options.level)


def _read(logits: Any, labels: Data | None, options: ThresholdOptions) -> Reading:
    """The samples with their scores.

    Raises:
        UsageError: the samples are weighted or in clusters, or do not have the score.
        InputError: a score is nan.
    """
    if reading.without_logits(logits, options) and options.per_class:
        raise UsageError("needs the classes of logits", "leave it out", where="per-class")
    column = CERTAINTY[options.score][0]
    of_logits = options.score == "energy"
    no_logits = UsageError(*refusal([options.score], "--score msp", options), where="score")
    if of_logits and are_declared(options):
        raise no_logits
    read = reading.read(logits, labels, {"row", "correct", "predicted", column}, options)
    table = read.all
    if table.weight is not None:
        what = "the table has weights, and the guarantee counts each sample once"
        raise UsageError(what, "give a table without weights", where="weights")
    check_independent(clustered=table.cluster is not None)
    if column not in table.columns:
        if column == "mutual_information":
            raise UsageError(
                "mutual_information compares the members of an ensemble, and there is one member",
                "for the files of several, say --ensemble; or rank by --score entropy",
                where="score",
            )
        why = table.lacks or f"the table has no column {column}"
        raise UsageError(f"{options.score} is not known: {why}", "use --score msp", where="score")
    score = table[column]
    if np.isnan(score).any():
        row = int(np.isnan(score).argmax())
        raise InputError(f"the {options.score} of sample {row} is nan", "leave such samples out", where=read.source)
    if of_logits and are_probabilities([score], options):
        raise no_logits
    return read


def _parts(read: Reading, options: ThresholdOptions) -> Iterator[_Samples]:
    """The samples of each group, then of each class that is predicted there."""
    for group, table in read.tables.items():
        score, wrong = certainty(table, options.score), ~table["correct"].astype(np.bool_)
        yield _Samples(group, None, score, wrong)
        if options.per_class:
            yield from _by_class(group, table, score, wrong, read.num_classes)


def _by_class(group: str, table: SampleTable, score: Array, wrong: Array, classes: int) -> Iterator[_Samples]:
    predicted = table["predicted"]
    order = np.argsort(predicted, kind="stable")
    edges = np.searchsorted(predicted[order], np.arange(classes + 1))
    for number in range(classes):
        own = order[edges[number] : edges[number + 1]]
        yield _Samples(group, number, score[own], wrong[own])


def _ranked(part: _Samples, options: ThresholdOptions) -> Ranked:
    column, _ = CERTAINTY[options.score]
    return Ranked.of(part.score, part.wrong, rounding_of(column))


def _tested(ranked: Ranked, limit: float | None, coverage: float | None, delta: float) -> list[Point]:
    if limit is not None:
        return sequence(ranked, limit, delta)
    return [ranked.point(size_of(ranked.n, coverage or 1.0), delta)] if ranked.n else []


def _row(blank: ThresholdRow, best: Point | None, limit: float | None) -> ThresholdRow:
    row = blank if limit is None else blank._replace(max_error=limit)
    if best is None:
        return row
    return row._replace(
        threshold=best.threshold,
        coverage=best.kept / row.n,
        kept=best.kept,
        errors=best.errors,
        error=best.errors / best.kept,
        bound=best.bound,
    )


def _measured(source: str, part: _Samples, of: ThresholdRow, delta: float) -> ThresholdRow:
    """The row of test samples: which of them a threshold keeps, and how many of these are wrong."""
    n = len(part.score)
    row = of._replace(source=source, n=n, coverage=0.0, kept=0, errors=0, error=np.nan, bound=np.nan)
    kept = at_least(part.score, of.threshold, of.score)
    count, errors = int(np.count_nonzero(kept)), int(np.count_nonzero(part.wrong & kept))
    if not count:
        return row
    bound = upper_bound(errors, count, delta)
    return row._replace(coverage=count / n, kept=count, errors=errors, error=errors / count, bound=bound)


def _test_files(given: Any) -> list[tuple[Any, Any]]:
    """The test logits and labels, if there are any; without labels, the file of the logits holds them.

    Raises:
        UsageError: neither one nor two are given.
    """
    if given is None or (isinstance(given, tuple) and not given):
        return []
    if isinstance(given, str | bytes | os.PathLike):
        return [(given, None)]
    if isinstance(given, Sequence) and len(given) in (1, 2):
        return [(given[0], given[1] if len(given) == 2 else None)]
    if isinstance(given, Sequence) or hasattr(given, "shape"):
        got = f", got {len(given)}" if isinstance(given, Sequence) else ""
        hint = "give LOGITS and LABELS, or one file that holds both"
        raise UsageError(f"one or two files are needed{got}", hint, where="test")
    return [(given, None)]  # a table of samples
