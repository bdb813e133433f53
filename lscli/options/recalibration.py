"""The options of `fit`, `recalibrate` and `apply`, and of the estimators."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import TYPE_CHECKING, Annotated, Literal

from lscli.checked_options import Option
from lscli.options.descriptions import (
    ALWAYS,
    EPS,
    METRICS,
    NO_MAP,
    OUTPUT,
    READING,
    RECALIBRATION,
    WEIGHTS,
    file_option,
)
from lscli.options.measuring import CalibrationOptions, EpsOptions, IntervalOptions, TargetOptions
from lscli.options.output import RunOptions
from lscli.options.reading import FileOptions, LogitsOptions, PositiveClassOptions, SpeedOptions, ValueOptions
from lscli.options.values import Amounts, Nonfinite, Objective, RecalibrationMethod, Words

if TYPE_CHECKING:
    from lscli.options.values import Data


class FitWordsOptions(EpsOptions):
    """The map, and what it minimises."""

    method: Annotated[
        Literal[RecalibrationMethod, "all"],
        Option(
            "The map: temperature, ets, svs, sms, beta, quadratic, isotonic or venn-abers. all compares them.",
            RECALIBRATION,
            "METHOD",
        ),
    ] = "temperature"
    objective: Annotated[
        Objective,
        Option("For temperature, the loss to minimise: loss_hard, or loss_smoothed at --eps.", RECALIBRATION),
    ] = "loss_hard"


_NO_INTERVALS = Option(hidden=True, unrecorded=True, hint="standard errors are printed without it: leave it out")


class FitOptions(LogitsOptions, IntervalOptions, FitWordsOptions):
    """Options of `lscli.fit` and `lscli fit`."""

    eps: Annotated[
        Amounts,
        EPS._replace(help="With --objective loss_smoothed, the amount of label smoothing.", group=RECALIBRATION),
    ] = 0.1
    group_by: Annotated[
        str | None,
        Option(
            "The column of --groups with the group of each sample, for --per-group.",
            WEIGHTS,
            "COLUMN",
            shown=False,
        ),
    ] = None
    ci: Annotated[None, _NO_INTERVALS] = None  # type: ignore[assignment]
    calibrator: Annotated[None, NO_MAP] = None
    temperature: Annotated[None, NO_MAP] = None
    cross_fit: Annotated[
        bool,
        Option(
            "Also measure each sample by a map that is fitted on the other four fifths of the samples.",
            RECALIBRATION,
            environment="fit_cross_fit",
        ),
    ] = False  # type: ignore[assignment]  # a flag here
    per_group: Annotated[bool, Option("Fit one map for each group of --groups.", RECALIBRATION)] = False


class FitOutputOptions(RunOptions):
    """The output of `lscli fit` and `lscli recalibrate`: the answer goes to standard output."""

    output: Annotated[
        str,
        Option(
            "Write the calibrator to this .json file, completely or not at all. The answer goes to standard output.",
            OUTPUT,
            "FILE",
            short="-o",
            shown=False,
            environment="calibrator_output",
        ),
    ] = "-"


_NO_OBJECTIVE = Option(hidden=True, unrecorded=True, hint="lscli fit takes it")


class RecalibrateOptions(
    LogitsOptions, PositiveClassOptions, CalibrationOptions, IntervalOptions, TargetOptions, FitWordsOptions
):
    """Options of `lscli.recalibrate` and `lscli recalibrate`. Weights, groups and clusters are of the test samples."""

    metrics: Annotated[Words, METRICS._replace(environment="recalibrate_metrics")] = (
        "loss_hard",
        "brier",
        "accuracy",
        "ece",
    )
    val_weights: Annotated[
        "Data | None", file_option("Weight of each validation row, read as a count; one number per row.", WEIGHTS)
    ] = None
    val_clusters: Annotated[
        "Data | None",
        file_option("Which validation rows belong together: a file with one value per row.", WEIGHTS),
    ] = None
    objective: Annotated[None, _NO_OBJECTIVE] = None  # type: ignore[assignment]
    ci: Annotated[None, ALWAYS] = None  # type: ignore[assignment]
    calibrator: Annotated[None, NO_MAP] = None
    temperature: Annotated[None, NO_MAP] = None
    cross_fit: Annotated[None, NO_MAP] = None


_NO_LABELS = Option(hidden=True, unrecorded=True, hint="apply reads no labels and measures nothing: leave it out")
_ON_HOST = Option(hidden=True, unrecorded=True, hint="maps are computed on the CPU: leave it out")


class ApplyOptions(LogitsOptions):
    """Options of `lscli.apply` and `lscli apply`. They have no labels, and nothing that is for metrics."""

    nonfinite: Annotated[
        Nonfinite,
        Option(
            "What to do with rows that contain nan or +inf, or only -inf: stop with an error, or skip them, so that "
            "they stay as they are in their place.",
            READING,
        ),
    ] = "error"
    group_by: Annotated[
        str | None,
        Option(
            "The column of --groups with the group of each sample, for a calibrator of several groups.",
            WEIGHTS,
            "COLUMN",
            shown=False,
        ),
    ] = None
    labels_key: Annotated[None, _NO_LABELS] = None
    ignore_index: Annotated[None, _NO_LABELS] = None  # type: ignore[assignment]
    labels_from: Annotated[None, _NO_LABELS] = None  # type: ignore[assignment]
    class_names: Annotated[None, _NO_LABELS] = None
    weights: Annotated[None, _NO_LABELS] = None
    clusters: Annotated[None, _NO_LABELS] = None
    calibrator: Annotated[None, NO_MAP] = None
    temperature: Annotated[None, NO_MAP] = None
    cross_fit: Annotated[None, NO_MAP] = None
    device: Annotated[None, _ON_HOST] = None  # type: ignore[assignment]
    kernel: Annotated[None, _ON_HOST] = None  # type: ignore[assignment]


_IN_CLASS = Option(hidden=True, unrecorded=True, hint="each method has a class of its own")


class EstimatorOptions(SpeedOptions, FileOptions, ValueOptions):
    """Options of the estimators, such as `lscli.EnsembleTemperatureScaling`."""


class TemperatureOptions(EstimatorOptions, FitWordsOptions):
    """Options of `lscli.TemperatureScaling`, the one method with a choice of what it minimises."""

    method: Annotated[None, _IN_CLASS] = None  # type: ignore[assignment]  # the class says it
