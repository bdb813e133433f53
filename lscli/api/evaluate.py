"""The main question: logits and labels in, a report out."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from lscli.api import reading, soft_metrics
from lscli.api.keywords import of_logits
from lscli.api.loss_targets import declared_targets, parse_eps
from lscli.api.positive_class import notes_on_class, positive_class
from lscli.api.report_rows import metric_settings, metric_words, report
from lscli.errors import UsageError
from lscli.io.ensemble_files import is_ensemble
from lscli.metrics import ensemble
from lscli.metrics.canonical import tuple_rule
from lscli.metrics.classwise import class_rule
from lscli.metrics.selection import select
from lscli.options import CheckOptions, EvaluateOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.confidences import Table
    from lscli.metrics.base import Settings
    from lscli.metrics.bins import BinRule
    from lscli.metrics.selection import Choice
    from lscli.options import CompareOptions, Data, RecalibrateOptions, TargetOptions
    from lscli.report import Report


class Sums(TypedDict):
    """What metrics need that no column can hold; see `reading.read`."""

    rule: BinRule | None
    tuple_rule: BinRule | None
    tempered: bool


class Needs(Sums):
    """What metrics need of the samples; see `reading.read`."""

    columns: frozenset[str]
    against: TargetOptions
    soft_labels: bool
    positive_class: int | None


@of_logits(EvaluateOptions)
def evaluate(logits: Data | Table, labels: Data | None, options: EvaluateOptions) -> Report:
    """Measure losses, confidence and calibration of logits, and what label smoothing does to them.

    Every row is read once, in chunks: memory grows with N, never with N x K. On the CPU no digit
    depends on `threads` or `chunk_rows`.

    Args:
        logits: [N, K] raw scores or log-probabilities: a path, a pattern of shards, a numpy array or a torch tensor;
            float16, bfloat16, float32 or float64. -inf masks a class. With `topk_classes`, the k largest
            log-probabilities of each row, [N, k]. Without logits: a SampleTable, or with `confidence` a file, a data
            frame or a dict of columns [N].
        labels: [N] class numbers from 0 to K-1, any integer type: a path, a pattern, a numpy array, a list or a torch
            tensor. Optional if one file holds both. With `soft_labels`, [N, K] distributions.

    Returns:
        A Report: losses in nats, probabilities in [0, 1], means with their standard errors.

    Raises:
        UsageError: an option out of its range, an unknown metric, or a missing device.
        InputError: logits, labels, weights or groups that cannot be used; the message names the row if it can.
        ReadWriteError: a file that cannot be read.
        EngineError: a device that failed.

    With `clusters`, and by default with `flatten`, standard errors and intervals are cluster-robust.

    With `binary`, calibration errors and the parts of proper scores are of the probability of class 1, as in binary
    tools; their params have `positive_class`. With `topk_classes`, a metric may be bounded: its rows have `bound` in
    their params, and `report["entropy_mean@lower"]` is a bound.

    Without logits, the report has accuracy, confidence, calibration and selective metrics; it names those that need
    logits.

    Definitions: `lscli metrics`. Smoothing: Szegedy et al. 2016, section 7.

    Example:
        >>> import lscli
        >>> report = lscli.evaluate("sample_data/logits.npy", "sample_data/labels.npy", eps=0.1)
        >>> round(report["accuracy"], 4), round(report["ece"], 4)
        (0.9362, 0.0341)
    """
    settings = checked_settings(options)
    words = metric_words(options.metrics)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=options.ci)
    left_out: list[str] = []
    if options.soft_labels:
        choices, left_out = soft_metrics.split(choices, settings)
    read = reading.read(logits, labels, options=options, **needs(choices, settings, options))
    settings = settings._replace(targets=read.targets, given=read.given)
    number = settings.positive_class
    notes = [*soft_metrics.notes(read, left_out), *notes_on_class(number, options.compat)]
    return report(read, choices, settings, options, {"positive_class": number}, notes)


def checked_settings(options: EvaluateOptions | CheckOptions | CompareOptions | RecalibrateOptions) -> Settings:
    """The settings of the metrics, before anything is read.

    Raises:
        UsageError: an option out of its range, or options that contradict each other.
    """
    eps = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    noise_rate, soft_labels = None, False
    if isinstance(options, EvaluateOptions | CheckOptions):
        noise_rate, soft_labels = options.noise_rate, options.soft_labels
    settings = metric_settings(options, eps, declared_targets(options, options.masked_classes), noise_rate)
    if options.score in ensemble.COLUMNS and not is_ensemble(options):
        hint = "leave out --score, or add --ensemble to read several members"
        raise UsageError("needs several members, and there is one", hint, where="score")
    if soft_labels:
        soft_metrics.check(options)
    number = positive_class(options, soft_labels=soft_labels)
    return settings._replace(soft_labels=soft_labels, positive_class=number)


def needs(choices: Sequence[Choice], settings: Settings, options: EvaluateOptions | CheckOptions) -> Needs:
    """What these metrics need of the samples, as keywords of `reading.read`."""
    return {
        **needed_sums(choices, settings),
        "columns": frozenset[str]().union(*(choice.columns(settings) for choice in choices)),
        "against": options,
        "soft_labels": options.soft_labels,
        "positive_class": settings.positive_class,
    }


def needed_sums(choices: Sequence[Choice], settings: Settings) -> Sums:
    """What these metrics need that no column can hold, as keywords of `reading.read`."""
    sums = {choice.metric.sums for choice in choices}
    return {
        "rule": class_rule(settings) if "classes" in sums else None,
        "tuple_rule": tuple_rule(settings) if "tuples" in sums else None,
        "tempered": "tempered" in sums,
    }
