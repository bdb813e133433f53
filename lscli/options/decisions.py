"""The options of `compare` and `check`."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import Annotated, Any

from lscli.checked_options import Option, Options
from lscli.options.descriptions import ALWAYS, INTERVALS, METRICS, OUTPUT, PAIRS, READING, file_option
from lscli.options.evaluation import MetricOptions
from lscli.options.measuring import CalibrationOptions, EpsOptions, IntervalOptions, NoiseOptions, TargetOptions
from lscli.options.output import RunOptions
from lscli.options.reading import PositiveClassOptions, ReadingOptions, SoftLabelOptions
from lscli.options.values import Limits, Words


class CompareOptions(
    ReadingOptions, PositiveClassOptions, CalibrationOptions, IntervalOptions, TargetOptions, MetricOptions
):
    """Options of `lscli.compare` and `lscli compare`."""

    metrics: Annotated[Words, METRICS._replace(environment="compare_metrics")] = (
        "loss_hard",
        "brier",
        "accuracy",
        "ece",
        "changes",
    )
    ci: Annotated[None, ALWAYS] = None  # type: ignore[assignment]
    names: Annotated[
        Words | None,
        Option(
            "The names of the models, in the order of their files.",
            None,
            "NAMES",
            shown="the files, or their folders",
            several=True,
            hint="give a name for each model, with commas",
            typed=True,
        ),
    ] = None
    margin: Annotated[
        float | None,
        Option(
            "Also test if each difference is smaller than this, in the metric's units, by two one-sided tests.",
            INTERVALS,
            "MARGIN",
            shown=False,
            above=0,
            hint="for example --margin 0.01",
        ),
    ] = None
    no_labels: Annotated[
        bool, Option("Compare outputs alone: their divergence, and how often the predictions agree.", READING)
    ] = False
    intervals: Annotated[
        bool,
        Option(
            "Compute intervals, p-values and verdicts; the values alone are much faster.", hidden=True, unrecorded=True
        ),
    ] = True


class CompareOutputOptions(RunOptions):
    """The models and the output of `lscli compare`."""

    each: Annotated[
        str | None,
        Option(
            "The models: each file of this pattern is one. Quote it.",
            None,
            "PATTERN",
            shown=False,
            typed=True,
        ),
    ] = None
    sort: Annotated[
        str | None,
        Option(
            "Order the models by this metric, the best first.",
            None,
            "METRIC",
            shown=False,
            environment="compare_sort",
        ),
    ] = None
    wide: Annotated[bool, Option("Print the values alone: a row per model, and a column per metric.", OUTPUT)] = False
    fail_on_regression: Annotated[
        Words | None,
        Option(
            "Exit with 1 if a model is worse than the first by one of these metrics.",
            None,
            "METRICS",
            shown=False,
            several=True,
        ),
    ] = None


def _limit(help: str, flag: str, example: str) -> Option:  # noqa: A002
    """An option that gives limits of metrics. Its name in the environment says whose limits they are."""
    return Option(
        f"{help} Several with commas, or by repeating the option.",
        "Limits",
        PAIRS,
        shown=False,
        several=True,
        pairs=True,
        hint=f"for example --{flag} {example}",
        environment=f"check_{flag.replace('-', '_')}",
    )


class LimitOptions(Options):
    """The limits that metrics are checked against."""

    max: Annotated[Limits | None, _limit("The largest allowed value of a metric.", "max", "ece=0.05")] = None
    min: Annotated[Limits | None, _limit("The smallest allowed value of a metric.", "min", "accuracy=0.9")] = None
    baseline: Annotated[
        "Any",
        file_option(
            "What --max-rise and --max-drop compare with: logits of the same samples, or the report of lscli eval -f "
            "json.",
            "Limits",
        )._replace(environment="check_baseline"),
    ] = None
    max_rise: Annotated[
        Limits | None,
        _limit("By how much a metric may rise above that of --baseline.", "max-rise", "loss_hard=0.01"),
    ] = None
    max_drop: Annotated[
        Limits | None,
        _limit("By how much a metric may fall below that of --baseline.", "max-drop", "accuracy=0.01"),
    ] = None
    threshold: Annotated[
        "Any",
        file_option(
            "Also check the promise of this file, which lscli threshold -o wrote: the error of the samples that it "
            "keeps.",
            "Limits",
        )._replace(environment="check_threshold"),
    ] = None
    strict: Annotated[
        bool,
        Option(
            "Demand that the whole interval is within the limit, not the value alone.",
            "Limits",
            environment="check_strict",
        ),
    ] = False


class CheckOptions(
    ReadingOptions,
    SoftLabelOptions,
    PositiveClassOptions,
    CalibrationOptions,
    IntervalOptions,
    NoiseOptions,
    TargetOptions,
    EpsOptions,
    LimitOptions,
):
    """Options of `lscli.check` and `lscli check`."""

    ci: Annotated[None, ALWAYS] = None  # type: ignore[assignment]
