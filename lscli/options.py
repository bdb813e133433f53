"""Every option, once: its name, type, default, allowed values, help and group.

The options of a question are the fields of a class. The command line, the signature of the Python function, the check
of a value, the environment (`LSCLI_NAME`), `[tool.lscli]` in pyproject.toml and the settings of a report are all made
from these fields. This file imports no numpy, since help and completion read it.

Fields of the last base class come first, and a report lists its settings in the order of the fields.
"""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lscli.checked_options import Option, Options

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    # A path, a pattern of shards, `-`, or the values themselves: a numpy array, a list or a torch tensor.
    # A list of paths holds the members of an ensemble.
    Data = str | bytes | os.PathLike[str] | os.PathLike[bytes] | Sequence[str | os.PathLike[str]] | ArrayLike
    Device = str | torch.device
else:
    Device = str

Smoothing = Literal["uniform", "off-target", "classy", "prior"]
WeightMode = Literal["torch", "target-only"]
BinEdges = Literal["right", "left"]
Norm = Literal["l1", "l2", "max"]
Library = Literal["torchmetrics", "netcal", "gpleiss", "sklearn", "relplot", "focal"]
Score = Literal["msp", "margin", "entropy", "max_logit", "max_logit_pnorm", "mutual_information"]
# Scores that a threshold can be put on without labels; each is larger for more certain samples.
ThresholdScore = Literal["msp", "margin", "entropy", "max_logit", "energy", "mutual_information"]
OodScore = Literal["msp", "max_logit", "energy", "entropy", "margin"]
ConformalMethod = Literal["lac", "aps", "raps"]
Nonfinite = Literal["error", "skip"]
MaskedClasses = Literal["auto", "keep", "exclude", "error"]
Kind = Literal["logits", "log-probs", "probs"]
InputFormat = Literal["npy", "npz", "safetensors", "pt", "parquet", "arrow", "csv", "tsv", "lm-eval", "jsonl"]
Dtype = Literal["bfloat16"]
EnsembleOf = Literal["probs", "logits"]
ChoiceScore = Literal["sum", "per-character", "per-byte"]
Kernel = Literal["auto", "numpy", "torch"]
RecalibrationMethod = Literal["temperature", "ets", "svs", "sms", "beta", "quadratic", "isotonic", "venn-abers"]
Objective = Literal["loss_hard", "loss_smoothed"]
WorstBy = Literal["loss", "confidence"]
OutputFormat = Literal["auto", "table", "csv", "json", "markdown", "parquet", "npy", "github", "junit"]
Progress = Callable[[int, int], None]
Amounts = float | str | Iterable[float | str]
Words = str | Iterable[str]
# Limits of metrics: `ece=0.05`, several of these, or numbers by the metric.
Limits = str | Iterable[str] | Mapping[str, float]

# The name of a value that is a pair of a name and a number.
PAIRS = "METRIC=NUMBER"
READING, CONFIDENCES, SPEED, OUTPUT = "Reading", "Without logits", "Speed", "Output"
WEIGHTS, SMOOTHING, RECALIBRATION = "Weights and groups", "Label smoothing", "Recalibration"
CALIBRATION, INTERVALS = "Calibration", "Intervals"


def _file(help: str, group: str, metavar: str = "FILE") -> Option:  # noqa: A002
    """An option that names a file, or takes its values."""
    return Option(help, group, metavar, shown=False, file=True)


_BEST = "leave it out for the best value"

EPS = Option(
    "Amount of label smoothing in [0, 1]. Give several with commas, by repeating the option, or as start:stop:step.",
    metavar="EPS",
    several=True,
    hint="for example --eps 0.1",
)
METRICS = Option(
    "Metrics to show, in this order: ids, families, 'default' or 'all', with commas or by repeating the option. id@0.2 "
    "sets the parameter of a metric. See lscli metrics.",
    metavar="NAMES",
    short="-m",
    several=True,
    hint="leave --metrics out for the default set",
)
PRIOR = _file(
    "The distribution that --smoothing prior mixes in: one number per class, or empirical for that of the labels.",
    SMOOTHING,
    "FILE|empirical",
)
IGNORE_INDEX = Option("Leave out samples with this label.", READING, "LABEL")
LABELS_FROM = Option(
    "The label of the first class, such as 1 for labels 1 to K. Answers always count classes from 0.",
    READING,
    "LABEL",
    least=-(10**9),
    most=10**9,
    hint="0 is usual, or 1",
)
LABELS_KEY = Option("The array or column that holds the labels.", READING, "KEY", shown="labels, or the only one")
LABELS_COLUMN = Option(
    "The column of a table that holds the labels, by name or number.",
    READING,
    "COLUMN",
    shown="label, labels or the only one",
)
INPUT_FORMAT = Option(
    "The format of the first file or of standard input, regardless of its suffix.",
    READING,
    "FORMAT",
    shown="by the suffix, or the first bytes",
)
CLASS_NAMES = _file(
    "The names of the classes in the order of the columns of the logits: a file with one per line, or the names with "
    "commas, such as no,yes. Labels may be these names.",
    READING,
)
ALLOW_TRAILING = Option("Ignore bytes after the data of an .npy file.", READING)
PROGRESS = Option(
    "A function that is called with the number of rows that are done, and of all rows.", hidden=True, unrecorded=True
)


_NO_CLUSTERS = Option(hidden=True, hint="clusters only change standard errors, and there are none here: leave it out")


_ALWAYS = Option(hidden=True, unrecorded=True, hint="there are always intervals: leave it out")
_NO_MAP = Option(hidden=True, unrecorded=True, hint="lscli eval takes it")


# Groups of options that several questions share.


class RowOptions(Options):
    """Weights, groups and clusters of the rows."""

    weights: Annotated["Data | None", _file("Weight of each row, read as a count; one number per row.", WEIGHTS)] = None
    groups: Annotated[
        "Data | Mapping[Any, ArrayLike] | None",
        _file(
            "A table with one row per sample, for --group-by and --clusters; or a file with the group of each row.",
            WEIGHTS,
            "META.csv",
        ),
    ] = None
    group_by: Annotated[
        str | None,
        Option(
            "Also report each group of samples with the same value in this column.",
            WEIGHTS,
            "COLUMN",
            shown=False,
        ),
    ] = None
    clusters: Annotated[
        "Data | None",
        _file(
            "For samples that are not independent, such as images of one patient: which of them belong together, by a "
            "column of --groups, a file with one value per row, or first-axis. Makes standard errors and intervals "
            "cluster-robust; none turns this off.",
            WEIGHTS,
            "COLUMN|FILE",
        )._replace(shown="first-axis with --flatten", words=("none", "first-axis")),
    ] = None


class ValueOptions(Options):
    """The meaning of the values of logits and labels."""

    ignore_index: Annotated[int, IGNORE_INDEX] = -100
    labels_from: Annotated[int, LABELS_FROM] = 0
    nonfinite: Annotated[Nonfinite, Option("What to do with rows that contain nan or +inf, or only -inf.", READING)] = (
        "error"
    )
    masked_classes: Annotated[
        MaskedClasses,
        Option(
            "Classes with a logit of -inf: keep them (the uniform loss is infinite), exclude them from their row, or "
            "stop with an error. auto keeps them, but excludes choices that a question does not have.",
            READING,
        ),
    ] = "auto"
    kind: Annotated[
        Kind,
        Option(
            "What the values are: logits, log-probs or probs. Rows of probabilities must sum to 1.", READING, "KIND"
        ),
    ] = "logits"
    min_prob: Annotated[
        float | None,
        Option(
            "Raise probabilities below P to P, so that no loss is infinite, and scale the others of the row down. "
            "Keras clips at 1e-7, scikit-learn at 2.2e-16.",
            READING,
            "P",
            shown=False,
            above=0,
            below=0.5,
            hint="a usual value is --min-prob 1e-7",
        ),
    ] = None
    binary: Annotated[
        bool,
        Option(
            "Two classes with one logit z per sample, (N,) or (N, 1), which stands for (0, z). With --kind probs, z is "
            "the probability of class 1. Calibration is that of class 1.",
            READING,
        ),
    ] = False
    flatten: Annotated[
        bool, Option("Read logits (N, T, K) and labels (N, T), such as tokens, as N x T samples.", READING)
    ] = False
    class_axis: Annotated[
        int | None,
        Option(
            "The axis of the classes: 1 for (N, K, H, W), 0 for (K, N). It implies --flatten.",
            READING,
            "AXIS",
            shown="the last",
        ),
    ] = None


class EnsembleOptions(Options):
    """The members of an ensemble, such as a deep ensemble, dropout at test time or test-time augmentation."""

    ensemble: Annotated[
        bool,
        Option("Evaluate an ensemble: each file of the pattern LOGITS is a member, with all samples.", READING),
    ] = False
    ensemble_axis: Annotated[
        int | None,
        Option(
            "Evaluate an ensemble whose members are along this axis of one array: 0 for (S, N, K).",
            READING,
            "AXIS",
            shown=False,
        ),
    ] = None
    ensemble_of: Annotated[
        EnsembleOf, Option("What to average over the members of an ensemble: their probabilities or logits.", READING)
    ] = "probs"


class PositiveClassOptions(Options):
    """With two classes, the class that calibration is about."""

    positive_class: Annotated[
        int | None,
        Option(
            "With two classes, calibration is that of this class: its probability is compared with its share among the "
            "labels, in calibration errors, bins and the parts of proper scores.",
            CALIBRATION,
            "CLASS",
            shown="1 with --binary",
            least=0,
            most=1,
            hint="of two classes, one is 0 and one is 1",
        ),
    ] = None
    top_label: Annotated[
        bool,
        Option(
            "With --binary, calibration is that of the predicted class: its probability is compared with accuracy, as "
            "for more classes.",
            CALIBRATION,
        ),
    ] = False


class SoftLabelOptions(ValueOptions):
    """The meaning of the values, if labels may be distributions."""

    soft_labels: Annotated[
        bool, Option("Labels are distributions (N, K). Only losses and Brier scores apply.", READING)
    ] = False


class ConfidenceOptions(Options):
    """The columns of a table that has confidences instead of logits."""

    confidence: Annotated[
        str | None,
        Option(
            "For a table without logits: the column, or the array of an archive, with the confidence in each "
            "prediction, in [0, 1]. Add --correct or --predicted.",
            CONFIDENCES,
            "COLUMN",
            shown=False,
            typed=True,
        ),
    ] = None
    confidence_scale: Annotated[
        float | None,
        Option(
            "With --confidence, the value that stands for certainty: 100 for percentages.",
            CONFIDENCES,
            "NUMBER",
            least=1,
            shown="1",
            hint="100 for percentages",
        ),
    ] = None
    correct: Annotated[
        str | None,
        Option(
            "With --confidence, the column that says whether each prediction is right: 1 or 0, true or false.",
            CONFIDENCES,
            "COLUMN",
            shown=False,
            typed=True,
        ),
    ] = None
    predicted: Annotated[
        str | None,
        Option(
            "With --confidence, the column with the predicted labels, if there is no --correct. They are compared with "
            "--labels-column or LABELS.",
            CONFIDENCES,
            "COLUMN",
            shown=False,
            typed=True,
        ),
    ] = None


# Options that need logits: a table of confidences allows only their defaults. Options that only say how fast, or how
# leniently, logits are read are not listed.
OF_LOGITS = {
    *("logits_key", "kind", "binary", "flatten", "class_axis", "soft_labels", "positive_class", "top_label"),
    *("class_weights", "prior", "noise_rate", "choice_score", "kernel", "min_prob", "class_names"),
    *("topk_classes", "classes", "label_log_probs", "ensemble", "ensemble_axis", "ensemble_of"),
    *("calibrator", "temperature", "cross_fit"),
}


class FileOptions(Options):
    """The arrays to read from a file, and how to read them."""

    logits_key: Annotated[
        str | None,
        Option(
            "The array or column that holds the logits; or the columns of the classes, by a pattern or with commas.",
            READING,
            "KEY",
            shown="logits, or the only one",
        ),
    ] = None
    labels_key: Annotated[str | None, LABELS_KEY] = None
    labels_column: Annotated[str | None, LABELS_COLUMN] = None
    class_names: Annotated["Data | None", CLASS_NAMES] = None
    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    pool: Annotated[
        bool,
        Option("Read the files of a pattern as the samples of one model, even if they look like several.", READING),
    ] = False
    dtype: Annotated[
        Dtype | None,
        Option("bfloat16, for 2-byte elements without a type, as ml_dtypes saves them.", READING, "TYPE", shown=False),
    ] = None
    allow_trailing: Annotated[bool, ALLOW_TRAILING] = False
    choice_score: Annotated[
        ChoiceScore,
        Option(
            "The logit of a choice in samples of lm-evaluation-harness: its log-likelihood (sum, as in acc), or that "
            "divided by its length (per-character, as in acc_norm, or per-byte, as in acc_bytes).",
            READING,
            "SCORE",
        ),
    ] = "sum"


class TopKOptions(Options):
    """Top-k log-probabilities: the largest of each row with their class numbers, instead of all logits."""

    topk_classes: Annotated[
        "str | ArrayLike | None",
        Option(
            "For top-k log-probabilities [N, k] instead of logits: the array of the same file with their class numbers "
            "[N, k]; -1 marks an unused place. With --kind probs, the values are probabilities.",
            READING,
            "KEY",
            shown=False,
        ),
    ] = None
    classes: Annotated[
        int | None,
        Option(
            "With --topk-classes, the number of all classes, such as the size of the vocabulary.",
            READING,
            "K",
            shown=False,
            least=2,
            most=10_000_000,
            hint="give the number of all classes, such as 32000 for a vocabulary",
            environment="topk_num_classes",
        ),
    ] = None
    label_log_probs: Annotated[
        "str | ArrayLike | None",
        Option(
            "With --topk-classes, the array of the log-probability of each label [N], for labels outside the top k.",
            READING,
            "KEY",
            shown=False,
        ),
    ] = None


class DeviceOptions(Options):
    """The device and the kernel."""

    device: Annotated[
        Device,
        Option(
            "Where to compute: auto (the CPU), cpu, cuda, cuda:1 or mps.",
            SPEED,
            "DEVICE",
            words=("auto", "cpu", "cuda", "mps"),
            also="torch.device",
        ),
    ] = "auto"
    kernel: Annotated[
        Kernel, Option("The code that reads the logits: auto, numpy or torch. Results agree to 1e-6.", SPEED, "KERNEL")
    ] = "auto"


class ThreadOptions(Options):
    """Threads and progress."""

    threads: Annotated[
        int | None,
        Option(
            "Number of threads. On a CPU it changes no digit.", SPEED, "N", least=1, hint=_BEST, shown="all processors"
        ),
    ] = None
    progress: Annotated[
        Progress | None,
        Option(
            "A function that is called with the number of rows, then of resamples, that are done, and of all.",
            hidden=True,
            unrecorded=True,
        ),
    ] = None


class SpeedOptions(ThreadOptions, DeviceOptions):
    """Where and how fast the rows are read. On the CPU, no digit depends on these options."""

    chunk_rows: Annotated[
        int | None,
        Option(
            "Number of rows read at a time. On a CPU it changes no digit.",
            SPEED,
            "N",
            least=1,
            hint=_BEST,
            shown="what fits the cache",
        ),
    ] = None


class RecalibrationOptions(Options):
    """A map of the logits, before anything is measured. It changes every number, so that it is typed with each file."""

    calibrator: Annotated[
        "Any",
        Option(
            "Recalibrate the logits with this file, which lscli fit wrote. Samples that it was fitted on are noticed.",
            RECALIBRATION,
            "FILE",
            shown=False,
            file=True,
            typed=True,
        ),
    ] = None
    temperature: Annotated[
        float | None,
        Option(
            "Divide the logits by T.",
            RECALIBRATION,
            "T",
            shown=False,
            least=1e-6,
            most=1e6,
            hint="usual values are between 0.5 and 5",
            typed=True,
        ),
    ] = None
    cross_fit: Annotated[
        RecalibrationMethod | None,
        Option(
            "Recalibrate each sample by a map that is fitted on the other four fifths of the samples, which hold no "
            "sample equal to it, and none of its cluster.",
            RECALIBRATION,
            "METHOD",
            shown=False,
            typed=True,
        ),
    ] = None


class ReadingOptions(
    SpeedOptions,
    TopKOptions,
    FileOptions,
    ConfidenceOptions,
    EnsembleOptions,
    RecalibrationOptions,
    ValueOptions,
    RowOptions,
):
    """How logits and labels, or confidences, are read."""


# The command line finds the same words by itself, since other commands have the option.
_ELSEWHERE = Option(
    hidden=True,
    unrecorded=True,
    hint="lscli eval, lscli bins, lscli samples, lscli compare and lscli check take it",
)


class LogitsOptions(ReadingOptions):
    """How logits and labels are read, where confidences or the top k of each row are not enough."""

    confidence: Annotated[None, _ELSEWHERE] = None
    confidence_scale: Annotated[None, _ELSEWHERE] = None
    correct: Annotated[None, _ELSEWHERE] = None
    predicted: Annotated[None, _ELSEWHERE] = None
    topk_classes: Annotated[None, _ELSEWHERE] = None
    classes: Annotated[None, _ELSEWHERE] = None
    label_log_probs: Annotated[None, _ELSEWHERE] = None


class EpsOptions(Options):
    """Amounts of smoothing."""

    eps: Annotated[Amounts, EPS] = 0.1


class PriorOptions(Options):
    """The convention of smoothing."""

    smoothing: Annotated[
        Smoothing,
        Option(
            "What eps means: uniform (eps/K on every class), off-target (eps/(K-1) on each other class), classy or "
            "prior.",
            SMOOTHING,
            "CONVENTION",
        ),
    ] = "uniform"
    prior: Annotated["Data | None", PRIOR] = None


class ClassWeightOptions(Options):
    """Class weights of the losses."""

    class_weights: Annotated[
        "Data | None", _file("Weight of each class in the losses; one number per class.", SMOOTHING)
    ] = None
    weight_mode: Annotated[
        WeightMode,
        Option("Weigh each class of the target as F.cross_entropy does, or the whole sample by its label.", SMOOTHING),
    ] = "torch"


class NegativeEpsOptions(Options):
    """Negative smoothing."""

    allow_negative_eps: Annotated[bool, Option("Allow eps below 0: negative label smoothing.", SMOOTHING)] = False


class TargetOptions(NegativeEpsOptions, ClassWeightOptions, PriorOptions):
    """The targets that losses are computed against."""


class NoiseOptions(Options):
    """Noise in the labels."""

    noise_rate: Annotated[
        float | None,
        Option(
            "Estimate the loss on clean labels, assuming that this share of the labels was redrawn from all classes.",
            SMOOTHING,
            "RHO",
            shown=False,
            least=0,
            below=1,
            hint="for example --noise-rate 0.1",
        ),
    ] = None


class LevelOptions(Options):
    """The level of intervals."""

    level: Annotated[
        float, Option("Level of the intervals.", INTERVALS, "LEVEL", above=0, below=1, hint="for example 0.95")
    ] = 0.95


class BootstrapOptions(Options):
    """Intervals by resampling or simulation."""

    ci: Annotated[
        bool, Option("Add ece_p, and intervals to all metrics but errors by class, p-values and constants.", INTERVALS)
    ] = False
    bootstrap: Annotated[
        int,
        Option(
            "Number of resamples, and of simulations for calibration errors.",
            INTERVALS,
            "B",
            least=2,
            most=1_000_000,
            hint="1000 is usual",
        ),
    ] = 1000
    seed: Annotated[
        int,
        Option(
            "Seed of the resamples and simulations. The same seed gives the same bytes.",
            INTERVALS,
            "SEED",
            least=0,
            hint="any number from 0 on",
        ),
    ] = 0


class IntervalOptions(LevelOptions, BootstrapOptions):
    """Intervals."""


class BinOptions(Options):
    """The bins of confidence."""

    bins: Annotated[
        int | None,
        Option(
            "Number of bins of the calibration errors.",
            CALIBRATION,
            "M",
            least=1,
            most=10000,
            hint="15 is usual",
            shown="15, or what --compat takes",
        ),
    ] = None
    bin_edges: Annotated[
        BinEdges, Option("Which edge belongs to a bin: right for (lo, hi], left for [lo, hi).", CALIBRATION)
    ] = "right"


class NormOptions(BinOptions):
    """The bins, and the norm over them."""

    norm: Annotated[
        Norm, Option("Norm over the bins, for ece_equal_mass, ece_sweep and the errors by class.", CALIBRATION)
    ] = "l1"


class CompatOptions(BinOptions):
    """The bins, by our rule or that of another library."""

    compat: Annotated[
        Library | None,
        Option(
            "Compute ece, rmsce, mce, ece_null and rmsce_debiased with the bins of torchmetrics, netcal, gpleiss, "
            "sklearn, relplot or focal. relplot also changes smece; focal also changes ece_equal_mass and the errors "
            "by class.",
            CALIBRATION,
            "LIBRARY",
            shown=False,
        ),
    ] = None


class CalibrationOptions(CompatOptions, NormOptions):
    """Bins and scores of calibration and selective metrics."""

    score: Annotated[
        Score,
        Option(
            "Score that the selective metrics rank by: msp (the confidence), margin, entropy, max_logit, "
            "max_logit_pnorm or, for an ensemble, mutual_information.",
            CALIBRATION,
            "SCORE",
        ),
    ] = "msp"


class OutputOptions(Options):
    """The destination and the format of the answer."""

    format: Annotated[
        OutputFormat,
        Option(
            "table, csv, json, markdown, parquet, npy for an array, or github and junit for a check. auto takes it "
            "from the suffix of -o, or else prints a table on a terminal and csv in a pipe.",
            OUTPUT,
            "FORMAT",
            short="-f",
        ),
    ] = "auto"
    output: Annotated[
        str, Option("Write to this file, completely or not at all; - is stdout.", OUTPUT, "FILE", short="-o")
    ] = "-"
    no_header: Annotated[bool, Option("Write CSV without its header, to append to a log.", OUTPUT)] = False


class RunOptions(OutputOptions):
    """The output of a command that may take a while."""

    quiet: Annotated[bool, Option("Show no progress bar and no warnings.", OUTPUT, short="-q")] = False


class EvalOutputOptions(RunOptions):
    """The output of `lscli eval`."""

    wide: Annotated[bool, Option("Print one row per source and group, and one column per metric.", OUTPUT)] = False


# The options of each question.


class MetricOptions(EpsOptions):
    """Metrics, and amounts of smoothing."""

    metrics: Annotated[Words, METRICS] = "default"


class ConventionOptions(NegativeEpsOptions):
    """A convention of smoothing that needs no prior."""

    smoothing: Annotated[
        Literal["uniform", "off-target", "classy"],
        Option(
            "What eps means: uniform (eps/K on every class), off-target (eps/(K-1) on each other class) or classy.",
            SMOOTHING,
        ),
    ] = "uniform"


class MeasureOptions(
    ThreadOptions, CalibrationOptions, IntervalOptions, NoiseOptions, ConventionOptions, MetricOptions
):
    """Options of `lscli.measure`."""


class EvaluateOptions(
    ReadingOptions,
    SoftLabelOptions,
    PositiveClassOptions,
    CalibrationOptions,
    IntervalOptions,
    NoiseOptions,
    TargetOptions,
    MetricOptions,
):
    """Options of `lscli.evaluate` and `lscli eval`."""


class SweepOptions(LogitsOptions, SoftLabelOptions, IntervalOptions, TargetOptions, EpsOptions):
    """Options of `lscli.sweep`."""

    eps: Annotated[Amounts, EPS._replace(environment="sweep_eps")] = "0:0.5:0.05"
    others: Annotated[
        Any, Option("Logits of further models on the same samples, [N, K] each.", hidden=True, unrecorded=True)
    ] = ()


class EqualMassOptions(CompatOptions):
    """The bins of the reliability table."""

    equal_mass: Annotated[bool, Option("Use bins of equal count instead of equal width.", CALIBRATION)] = False


class BinsOptions(ReadingOptions, LevelOptions, PositiveClassOptions, EqualMassOptions):
    """Options of `lscli.per_bin` and `lscli bins`."""


class OrderOptions(Options):
    """The classes to show, and their order."""

    sort: Annotated[
        str, Option("Sort by this column, largest first; class and name in ascending order.", metavar="COLUMN")
    ] = "class"
    ascending: Annotated[bool, Option("With --sort, put the smallest first.")] = False
    top: Annotated[
        int | None,
        Option("Show only the first N classes.", None, "N", shown="all", least=1, hint="leave it out for all classes"),
    ] = None


class ClassMetricOptions(Options):
    """Further metrics of each class."""

    metrics: Annotated[Words, METRICS._replace(environment="classes_metrics")] = ()


class ClassesOptions(
    LogitsOptions, NoiseOptions, TargetOptions, EpsOptions, ClassMetricOptions, NormOptions, OrderOptions
):
    """Options of `lscli.per_class` and `lscli classes`. They have no clusters, because there are no standard errors."""

    clusters: Annotated[None, _NO_CLUSTERS] = None


class WorstOptions(Options):
    """Only the worst samples."""

    worst: Annotated[
        int | None,
        Option(
            "Show only the N worst samples, worst first.", None, "N", shown=False, least=1, hint="leave it out for all"
        ),
    ] = None
    by: Annotated[
        WorstBy, Option("What --worst means: the largest hard loss, or the most confident wrong samples.")
    ] = "loss"


class SamplesOptions(ReadingOptions, WorstOptions):
    """Options of `lscli.per_sample` and `lscli samples`."""


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
    ci: Annotated[None, _ALWAYS] = None  # type: ignore[assignment]
    calibrator: Annotated[None, _NO_MAP] = None
    temperature: Annotated[None, _NO_MAP] = None
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
        "Data | None", _file("Weight of each validation row, read as a count; one number per row.", WEIGHTS)
    ] = None
    val_clusters: Annotated[
        "Data | None",
        _file("Which validation rows belong together: a file with one value per row.", WEIGHTS),
    ] = None
    objective: Annotated[None, _NO_OBJECTIVE] = None  # type: ignore[assignment]
    ci: Annotated[None, _ALWAYS] = None  # type: ignore[assignment]
    calibrator: Annotated[None, _NO_MAP] = None
    temperature: Annotated[None, _NO_MAP] = None
    cross_fit: Annotated[None, _NO_MAP] = None


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
    ci: Annotated[None, _ALWAYS] = None  # type: ignore[assignment]
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
        _file(
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
        _file(
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

    ci: Annotated[None, _ALWAYS] = None  # type: ignore[assignment]


_NO_COUNTS = Option(
    hidden=True,
    unrecorded=True,
    hint="the guarantee is of samples that count once and are independent of each other: leave it out",
)
_NO_CROSS_FIT = Option(
    hidden=True, unrecorded=True, hint="a guarantee needs one map, fitted on other samples: use --calibrator"
)
_GUARANTEE = "Guarantee"


class ThresholdOptions(ReadingOptions, LevelOptions):
    """Options of `lscli.threshold` and `lscli threshold`."""

    max_error: Annotated[
        float | None,
        Option(
            "The largest error rate of the samples that are kept.",
            _GUARANTEE,
            "RATE",
            shown=False,
            above=0,
            below=1,
            hint="for example --max-error 0.05",
            environment="threshold_max_error",
        ),
    ] = None
    min_accuracy: Annotated[
        float | None,
        Option(
            "The smallest accuracy of the samples that are kept: 1 - --max-error.",
            _GUARANTEE,
            "RATE",
            shown=False,
            above=0,
            below=1,
            hint="for example --min-accuracy 0.95",
            environment="threshold_min_accuracy",
        ),
    ] = None
    coverage: Annotated[
        float | None,
        Option(
            "Instead of a limit, the share of samples to keep: the answer bounds their error.",
            _GUARANTEE,
            "SHARE",
            shown=False,
            above=0,
            most=1,
            hint="for example --coverage 0.8",
            environment="threshold_coverage",
        ),
    ] = None
    confidence: Annotated[
        "Any",
        Option(
            "The probability that the promise holds, between 0 and 1; it replaces --level. With --correct or "
            "--predicted, the column of confidences of a table without logits, and --level is the probability.",
            _GUARANTEE,
            "LEVEL|COLUMN",
            shown="0.95",
            typed=True,
        ),
    ] = None
    score: Annotated[
        ThresholdScore,
        Option(
            "The score that the threshold is on, larger for more certain samples: msp (the confidence), margin, "
            "entropy (its negative), max_logit, energy (logsumexp of the logits) or, for an ensemble, "
            "mutual_information (its negative).",
            _GUARANTEE,
            "SCORE",
        ),
    ] = "msp"
    per_class: Annotated[
        bool,
        Option(
            "Also find a threshold for each predicted class. Each promise holds by itself, not all at once.",
            _GUARANTEE,
            environment="threshold_per_class",
        ),
    ] = False
    test: Annotated[
        Any,
        Option(
            "Test samples, which the thresholds are measured on: a pair of logits and labels, or a file of both.",
            hidden=True,
            unrecorded=True,
        ),
    ] = ()
    weights: Annotated[None, _NO_COUNTS] = None
    clusters: Annotated[
        "Data | None",
        Option(
            "none: the samples are independent. A threshold of samples in clusters is refused.",
            WEIGHTS,
            "none",
            shown=False,
            words=("none",),
        ),
    ] = None
    cross_fit: Annotated[None, _NO_CROSS_FIT] = None


class ThresholdOutputOptions(RunOptions):
    """The test files and the output of `lscli threshold`."""

    test: Annotated[
        Words,
        Option(
            "Test samples, which the thresholds are then measured on: LOGITS LABELS, also with a comma, or one file "
            "that holds both.",
            None,
            "LOGITS,LABELS",
            shown=False,
            several=True,
            typed=True,
        ),
    ] = ()
    points: Annotated[bool, Option("Print every point of the sequence that was tested.", OUTPUT)] = False
    output: Annotated[
        str,
        Option(
            "Write the threshold to this .json file, completely or not at all; lscli check --threshold reads it. The "
            "answer goes to standard output.",
            OUTPUT,
            "FILE",
            short="-o",
            shown=False,
            environment="threshold_output",
        ),
    ] = "-"


_SETS_ON_HOST = Option(hidden=True, unrecorded=True, hint="sets are computed on the CPU: leave it out")


class ConformalOptions(LogitsOptions, LevelOptions):
    """Options of `lscli.conformal` and `lscli conformal`. Groups are of the test samples."""

    alpha: Annotated[
        float,
        Option(
            "The largest probability that a set misses the label.",
            _GUARANTEE,
            "ALPHA",
            above=0,
            below=1,
            hint="for example --alpha 0.1",
        ),
    ] = 0.1
    method: Annotated[
        ConformalMethod,
        Option(
            "lac (classes of a large enough probability), aps (the most probable classes up to a sum) or raps (aps "
            "with a penalty for large sets).",
            _GUARANTEE,
            "METHOD",
            environment="conformal_method",
        ),
    ] = "lac"
    raps_penalty: Annotated[
        float | None,
        Option(
            "For raps, what each class after --raps-rank adds to the score.",
            _GUARANTEE,
            "NUMBER",
            least=0,
            shown="0.01",
            hint="for example --raps-penalty 0.01",
        ),
    ] = None
    raps_rank: Annotated[
        int | None,
        Option(
            "For raps, the number of classes without a penalty.",
            _GUARANTEE,
            "N",
            least=0,
            shown="5",
            hint="for example --raps-rank 5",
        ),
    ] = None
    randomized: Annotated[
        bool,
        Option(
            "For aps and raps, draw the last class of each set by a hash of its row, for exact coverage.", _GUARANTEE
        ),
    ] = False
    no_empty: Annotated[bool, Option("Put the prediction into sets that are empty.", _GUARANTEE)] = False
    by_class: Annotated[
        bool, Option("Promise the coverage for each class: one quantile for each label.", _GUARANTEE)
    ] = False
    weights: Annotated[None, _NO_COUNTS] = None
    clusters: Annotated[
        "Data | None",
        Option(
            "none: the samples are independent. Sets from samples in clusters are refused.",
            WEIGHTS,
            "none",
            shown=False,
            words=("none",),
        ),
    ] = None
    cross_fit: Annotated[None, _NO_CROSS_FIT] = None
    device: Annotated[None, _SETS_ON_HOST] = None  # type: ignore[assignment]
    kernel: Annotated[None, _SETS_ON_HOST] = None  # type: ignore[assignment]


class ConformalOutputOptions(RunOptions):
    """The output of `lscli conformal`."""

    sets: Annotated[
        str | None,
        Option(
            "Write the set of each test sample to this .parquet, .csv or .jsonl file, completely or not at all.",
            OUTPUT,
            "FILE",
            shown=False,
            typed=True,
        ),
    ] = None


_NO_OOD_LABELS = Option(hidden=True, unrecorded=True, hint="scores read no labels: leave it out")


class OodOptions(LogitsOptions, IntervalOptions):
    """Options of `lscli.ood` and `lscli ood`. They have no labels, weights or groups."""

    score: Annotated[
        Words,
        Option(
            "Scores to compare, larger for samples like those of ID: msp, max_logit, energy (logsumexp of the logits), "
            "entropy (its negative) and margin, with commas.",
            _GUARANTEE,
            "SCORES",
            several=True,
            words=("msp", "max_logit", "energy", "entropy", "margin"),
            hint="for example --score msp,energy",
            environment="ood_score",
        ),
    ] = ("msp", "max_logit", "energy", "entropy", "margin")
    recall: Annotated[
        float,
        Option(
            "The recall of ID samples that the false positive rate is at.",
            _GUARANTEE,
            "SHARE",
            above=0,
            most=1,
            hint="for example --recall 0.95",
        ),
    ] = 0.95
    names: Annotated[
        Words | None,
        Option(
            "The names of the OOD files, in their order.",
            None,
            "NAMES",
            shown="the files",
            several=True,
            hint="give a name for each OOD file, with commas",
            typed=True,
        ),
    ] = None
    ci: Annotated[None, _ALWAYS] = None  # type: ignore[assignment]
    cross_fit: Annotated[None, _NO_CROSS_FIT] = None
    labels_key: Annotated[None, _NO_OOD_LABELS] = None
    labels_from: Annotated[None, _NO_OOD_LABELS] = None  # type: ignore[assignment]
    ignore_index: Annotated[None, _NO_OOD_LABELS] = None  # type: ignore[assignment]
    class_names: Annotated[None, _NO_OOD_LABELS] = None
    weights: Annotated[None, _NO_COUNTS] = None
    groups: Annotated[None, _NO_OOD_LABELS] = None
    group_by: Annotated[None, _NO_OOD_LABELS] = None
    clusters: Annotated[
        "Data | None",
        Option(
            "none: the samples are independent, such as the tokens of --flatten. There are no intervals of clusters.",
            WEIGHTS,
            "none",
            shown=False,
        ),
    ] = None


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
    calibrator: Annotated[None, _NO_MAP] = None
    temperature: Annotated[None, _NO_MAP] = None
    cross_fit: Annotated[None, _NO_MAP] = None
    device: Annotated[None, _ON_HOST] = None  # type: ignore[assignment]
    kernel: Annotated[None, _ON_HOST] = None  # type: ignore[assignment]


_IN_CLASS = Option(hidden=True, unrecorded=True, hint="each method has a class of its own")


class EstimatorOptions(SpeedOptions, FileOptions, ValueOptions):
    """Options of the estimators, such as `lscli.EnsembleTemperatureScaling`."""


class TemperatureOptions(EstimatorOptions, FitWordsOptions):
    """Options of `lscli.TemperatureScaling`, the one method with a choice of what it minimises."""

    method: Annotated[None, _IN_CLASS] = None  # type: ignore[assignment]  # the class says it


class TriedOptions(Options):
    """What to try to explain a loss."""

    eps: Annotated[Amounts | None, EPS._replace(environment="explain_eps")] = None
    candidates: Annotated[
        int,
        Option("Number of candidates to show, best first.", metavar="N", least=1, hint="for example --candidates 10"),
    ] = 10
    prior: Annotated[
        "Data | None",
        PRIOR._replace(metavar="FILE", help="A distribution to try besides that of the labels; one number per class."),
    ] = None


class TriedWeightOptions(Options):
    """Class weights to try."""

    class_weights: Annotated[
        "Data | None", _file("Class weights to try besides none; one number per class.", SMOOTHING)
    ] = None


_NO_GROUPS = Option(hidden=True, hint="a loss is explained by all samples: leave it out")


class ExplainOptions(LogitsOptions, TriedWeightOptions, TriedOptions):
    """Options of `lscli.explain`. There are no groups, because a printed loss is one of all samples."""

    groups: Annotated[None, _NO_GROUPS] = None
    group_by: Annotated[None, _NO_GROUPS] = None
    clusters: Annotated[None, _NO_CLUSTERS] = None
    calibrator: Annotated[None, _NO_MAP] = None
    temperature: Annotated[None, _NO_MAP] = None
    cross_fit: Annotated[None, _NO_MAP] = None


class InspectOptions(Options):
    """Options of `lscli.inspect`."""

    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    progress: Annotated[Progress | None, PROGRESS] = None


class ClassCountOptions(Options):
    """The number of classes."""

    classes: Annotated[int | None, Option("Number of classes.", metavar="K", shown=False)] = None


class OneEpsOptions(Options):
    """One amount of smoothing."""

    eps: Annotated[Amounts, EPS._replace(environment="smooth_eps")] = 0.1


class SmoothOneOptions(NegativeEpsOptions, PriorOptions, OneEpsOptions, ClassCountOptions):
    """Options of the smoothed targets of one label."""

    labels_from: Annotated[int, LABELS_FROM] = 0


class SmoothOptions(SmoothOneOptions):
    """Options of `lscli smooth`."""

    ignore_index: Annotated[int, IGNORE_INDEX] = -100
    labels_key: Annotated[str | None, LABELS_KEY] = None
    labels_column: Annotated[str | None, LABELS_COLUMN] = None
    class_names: Annotated["Data | None", CLASS_NAMES] = None
    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    allow_trailing: Annotated[bool, ALLOW_TRAILING] = False
    label: Annotated[
        int | None,
        Option(
            "Print the targets of this one label, with the floor of the loss and the optimal logit gap.",
            metavar="Y",
            unrecorded=True,
        ),
    ] = None
    progress: Annotated[Progress | None, PROGRESS] = None
