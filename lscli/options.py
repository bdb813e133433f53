"""Every option, once: its name, type, default, allowed values, help and group.

The options of a question are the fields of a class. The command line, the signature of the Python function, the check
of a value, the environment (`LSCLI_NAME`), `[tool.lscli]` in pyproject.toml and the settings of a report are all made
from these fields. This file imports no numpy, since help and completion read it.

Fields of the last base class come first, and a report lists its settings in the order of the fields.
"""

# Annotations are evaluated here, unlike elsewhere: the fields carry their `Option`.
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lscli.checked_options import Option, Options

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    # A path, a pattern of shards, `-`, or the values themselves: a numpy array, a list or a torch tensor.
    Data = str | bytes | os.PathLike[str] | os.PathLike[bytes] | ArrayLike

Smoothing = Literal["uniform", "off-target", "classy", "prior"]
WeightMode = Literal["torch", "target-only"]
BinEdges = Literal["right", "left"]
Norm = Literal["l1", "l2", "max"]
Library = Literal["torchmetrics", "netcal", "gpleiss", "sklearn"]
Score = Literal["msp", "margin", "entropy", "max_logit", "max_logit_pnorm"]
Nonfinite = Literal["error", "skip"]
MaskedClasses = Literal["auto", "keep", "exclude", "error"]
Kind = Literal["logits", "log-probs", "probs"]
InputFormat = Literal["npy", "npz", "safetensors", "pt", "parquet", "arrow", "csv", "tsv", "lm-eval"]
Dtype = Literal["bfloat16"]
Kernel = Literal["auto", "numpy", "torch"]
WorstBy = Literal["loss", "confidence"]
OutputFormat = Literal["auto", "table", "csv", "json", "markdown", "parquet", "npy"]
Progress = Callable[[int, int], None]
Amounts = float | str | Iterable[float | str]
Words = str | Iterable[str]

READING, SPEED, OUTPUT = "Reading", "Speed", "Output"
WEIGHTS, SMOOTHING = "Weights and groups", "Label smoothing"
CALIBRATION, INTERVALS = "Calibration", "Intervals"


EPS = Option(
    metavar="EPS",
    several=True,
    help="Amount of label smoothing in [0, 1]. Give several with commas, by repeating the option, or as "
    "start:stop:step.",
)
METRICS = Option(
    metavar="NAMES",
    short="-m",
    several=True,
    help="Metric ids, families, 'default' or 'all', with commas or repeated; id@0.2 sets the metric's parameter. "
    "See lscli metrics.",
)
PRIOR = Option(
    group=SMOOTHING,
    metavar="FILE|empirical",
    shown=False,
    file=True,
    help="The distribution that --smoothing prior mixes in: one number per class, or empirical for that of the labels.",
)
IGNORE_INDEX = Option(group=READING, metavar="LABEL", help="Leave out samples with this label.")
LABELS_KEY = Option(
    group=READING, metavar="KEY", shown="labels, or the only one", help="The array or column that holds the labels."
)
LABELS_COLUMN = Option(
    group=READING,
    metavar="COLUMN",
    shown="label, labels or the only one",
    help="The column of a table that holds the labels, by name or number.",
)
INPUT_FORMAT = Option(
    group=READING,
    metavar="FORMAT",
    shown="by the suffix, or the first bytes",
    help="The format of the first file or of standard input, regardless of its suffix.",
)
ALLOW_TRAILING = Option(group=READING, help="Ignore bytes after the data of an .npy file.")
PROGRESS = Option(
    hidden=True, unrecorded=True, help="A function that is called with how many rows are done, and of how many."
)


# Groups of options, each of which several questions share.


class RowOptions(Options):
    """What stands beside the logits, one value a row."""

    weights: Annotated[
        "Data | None",
        Option(
            group=WEIGHTS,
            metavar="FILE",
            shown=False,
            file=True,
            help="Weight of each row, read as a count; one number per row.",
        ),
    ] = None
    groups: Annotated[
        "Data | None",
        Option(
            group=WEIGHTS,
            metavar="META.csv",
            shown=False,
            file=True,
            help="Metadata for --group-by: a header, then one row per sample.",
        ),
    ] = None
    group_by: Annotated[
        str | None,
        Option(
            group=WEIGHTS,
            metavar="COLUMN",
            shown=False,
            help="Also report each group of samples that share a value in this column of --groups.",
        ),
    ] = None


class ValueOptions(Options):
    """What the values of logits and labels mean."""

    ignore_index: Annotated[int, IGNORE_INDEX] = -100
    nonfinite: Annotated[
        Nonfinite, Option(group=READING, help="What to do with rows that contain nan or +inf, or only -inf.")
    ] = "error"
    masked_classes: Annotated[
        MaskedClasses,
        Option(
            group=READING,
            help="Classes with a logit of -inf: keep them (the uniform loss is infinite), exclude them from their "
            "row, or stop with an error. auto keeps them, but excludes choices that a question does not have.",
        ),
    ] = "auto"
    kind: Annotated[
        Kind,
        Option(
            group=READING,
            metavar="KIND",
            help="What the values are: logits, log-probs or probs. Rows of probabilities must sum to 1.",
        ),
    ] = "logits"
    binary: Annotated[
        bool,
        Option(group=READING, help="Two classes with one logit z per sample, (N,) or (N, 1), which stands for (0, z)."),
    ] = False
    flatten: Annotated[
        bool, Option(group=READING, help="Read logits (N, T, K) and labels (N, T), such as tokens, as N x T samples.")
    ] = False


class SoftLabelOptions(ValueOptions):
    """What the values mean, where labels may be distributions."""

    soft_labels: Annotated[
        bool, Option(group=READING, help="Labels are distributions (N, K). Only losses and Brier scores apply.")
    ] = False


class FileOptions(Options):
    """Which arrays of a file are meant, and how it is read."""

    logits_key: Annotated[
        str | None,
        Option(
            group=READING,
            metavar="KEY",
            shown="logits, or the only one",
            help="The array or column that holds the logits, or a pattern of columns, one per class.",
        ),
    ] = None
    labels_key: Annotated[str | None, LABELS_KEY] = None
    labels_column: Annotated[str | None, LABELS_COLUMN] = None
    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    dtype: Annotated[
        Dtype | None,
        Option(
            group=READING,
            metavar="TYPE",
            shown=False,
            help="bfloat16, for files whose 2-byte elements have no type, as ml_dtypes saves them.",
        ),
    ] = None
    allow_trailing: Annotated[bool, ALLOW_TRAILING] = False


class DeviceOptions(Options):
    """Where the rows are computed."""

    device: Annotated[
        str,
        Option(
            group=SPEED,
            metavar="DEVICE",
            help="Where to compute: auto (the CPU), cpu, cuda, cuda:1 or mps.",
            words=("auto", "cpu", "cuda", "mps"),
        ),
    ] = "auto"
    kernel: Annotated[
        Kernel,
        Option(
            group=SPEED,
            metavar="KERNEL",
            help="The code that reads the logits: auto, numpy or torch. Results agree to 1e-6.",
        ),
    ] = "auto"


class ThreadOptions(Options):
    """Who does the work, and who watches it."""

    threads: Annotated[
        int | None,
        Option(
            group=SPEED,
            metavar="N",
            least=1,
            hint="leave it out for the best value",
            shown="all processors",
            help="Number of threads. On a CPU it changes no digit.",
        ),
    ] = None
    progress: Annotated[
        Progress | None,
        Option(
            hidden=True,
            unrecorded=True,
            help="A function that is called with how many rows, then resamples, are done, and of how many.",
        ),
    ] = None


class SpeedOptions(ThreadOptions, DeviceOptions):
    """Where and how fast the rows are read; on the CPU no digit depends on these options."""

    chunk_rows: Annotated[
        int | None,
        Option(
            group=SPEED,
            metavar="N",
            least=1,
            hint="leave it out for the best value",
            shown="what fits the cache",
            help="Number of rows read at a time. On a CPU it changes no digit.",
        ),
    ] = None


class ReadingOptions(SpeedOptions, FileOptions, ValueOptions, RowOptions):
    """How logits and labels are read."""


class EpsOptions(Options):
    """Amounts of smoothing."""

    eps: Annotated[Amounts, EPS] = 0.1


class PriorOptions(Options):
    """The convention of smoothing."""

    smoothing: Annotated[
        Smoothing,
        Option(
            group=SMOOTHING,
            metavar="CONVENTION",
            help="What eps means: uniform (eps/K on every class), off-target (eps/(K-1) on each other class), "
            "classy or prior.",
        ),
    ] = "uniform"
    prior: Annotated["Data | None", PRIOR] = None


class ClassWeightOptions(Options):
    """How much each class weighs in the losses."""

    class_weights: Annotated[
        "Data | None",
        Option(
            group=SMOOTHING,
            metavar="FILE",
            shown=False,
            file=True,
            help="Weight of each class in the losses; one number per class.",
        ),
    ] = None
    weight_mode: Annotated[
        WeightMode,
        Option(
            group=SMOOTHING,
            help="Weigh each class of the target as F.cross_entropy does, or the whole sample by its label.",
        ),
    ] = "torch"


class NegativeEpsOptions(Options):
    """Whether smoothing may be negative."""

    allow_negative_eps: Annotated[
        bool, Option(group=SMOOTHING, help="Allow eps below 0: negative label smoothing.")
    ] = False


class TargetOptions(NegativeEpsOptions, ClassWeightOptions, PriorOptions):
    """The targets that losses are computed against."""


class NoiseOptions(Options):
    """Noise in the labels."""

    noise_rate: Annotated[
        float | None,
        Option(
            group=SMOOTHING,
            metavar="RHO",
            shown=False,
            least=0,
            below=1,
            hint="for example --noise-rate 0.1",
            help="Estimate the loss on clean labels, assuming that this share of the labels was redrawn from all "
            "classes.",
        ),
    ] = None


class LevelOptions(Options):
    """The level of intervals."""

    level: Annotated[
        float,
        Option(
            group=INTERVALS,
            metavar="LEVEL",
            above=0,
            below=1,
            hint="for example 0.95",
            help="Level of the intervals.",
        ),
    ] = 0.95


class BootstrapOptions(Options):
    """Intervals by the bootstrap."""

    ci: Annotated[
        bool, Option(group=INTERVALS, help="Add bootstrap intervals to all metrics except those by class.")
    ] = False
    bootstrap: Annotated[
        int,
        Option(
            group=INTERVALS,
            metavar="B",
            least=2,
            hint="1000 is usual",
            help="Number of bootstrap resamples.",
        ),
    ] = 1000
    seed: Annotated[
        int,
        Option(
            group=INTERVALS,
            metavar="SEED",
            least=0,
            hint="any number from 0 on",
            help="Seed of the resamples. The same seed gives the same bytes.",
        ),
    ] = 0


class IntervalOptions(LevelOptions, BootstrapOptions):
    """Intervals."""


class BinOptions(Options):
    """The bins of confidence."""

    bins: Annotated[
        int | None,
        Option(
            group=CALIBRATION,
            metavar="M",
            least=1,
            most=10_000,
            hint="15 is usual",
            shown="15, or what --compat takes",
            help="Number of bins of the calibration errors.",
        ),
    ] = None
    bin_edges: Annotated[
        BinEdges, Option(group=CALIBRATION, help="Which edge belongs to a bin: right for (lo, hi], left for [lo, hi).")
    ] = "right"


class NormOptions(BinOptions):
    """The bins, and how their errors are summed."""

    norm: Annotated[
        Norm, Option(group=CALIBRATION, help="Norm over the bins, for ece_equal_mass and the errors by class.")
    ] = "l1"


class CompatOptions(BinOptions):
    """The bins, ours or those of another library."""

    compat: Annotated[
        Library | None,
        Option(
            group=CALIBRATION,
            metavar="LIBRARY",
            shown=False,
            help="Compute ece, rmsce, mce and ece_null with the bins of torchmetrics, netcal, gpleiss or sklearn.",
        ),
    ] = None


class CalibrationOptions(CompatOptions, NormOptions):
    """Bins and scores of calibration and selective metrics."""

    score: Annotated[
        Score,
        Option(
            group=CALIBRATION,
            metavar="SCORE",
            help="Score that the selective metrics rank by: msp, margin, entropy, max_logit or max_logit_pnorm.",
        ),
    ] = "msp"


class OutputOptions(Options):
    """Where the answer goes, and what it looks like."""

    format: Annotated[
        OutputFormat,
        Option(
            group=OUTPUT,
            metavar="FORMAT",
            short="-f",
            help="table, csv, json, markdown, parquet, or npy for an array. auto takes it from the suffix of -o, or "
            "else prints a table on a terminal and csv in a pipe.",
        ),
    ] = "auto"
    output: Annotated[
        str,
        Option(
            group=OUTPUT, metavar="FILE", short="-o", help="Write to this file, completely or not at all; - is stdout."
        ),
    ] = "-"
    no_header: Annotated[bool, Option(group=OUTPUT, help="Write CSV without its header, to append to a log.")] = False


class RunOptions(OutputOptions):
    """The output of a command that may take a while."""

    quiet: Annotated[bool, Option(group=OUTPUT, short="-q", help="Show no progress bar and no warnings.")] = False


class EvalOutputOptions(RunOptions):
    """The output of `lscli eval`."""

    wide: Annotated[
        bool, Option(group=OUTPUT, help="Print one row per source and group, and one column per metric.")
    ] = False


# The options of each question.


class MetricOptions(EpsOptions):
    """Which metrics, at which amounts of smoothing."""

    metrics: Annotated[Words, METRICS] = "default"


class ConventionOptions(NegativeEpsOptions):
    """A convention of smoothing that needs no prior."""

    smoothing: Annotated[
        Literal["uniform", "off-target", "classy"],
        Option(
            group=SMOOTHING,
            help="What eps means: uniform (eps/K on every class), off-target (eps/(K-1) on each other class) or "
            "classy.",
        ),
    ] = "uniform"


class MeasureOptions(
    ThreadOptions, CalibrationOptions, IntervalOptions, NoiseOptions, ConventionOptions, MetricOptions
):
    """Options of `lscli.measure`."""


class EvaluateOptions(
    ReadingOptions, SoftLabelOptions, CalibrationOptions, IntervalOptions, NoiseOptions, TargetOptions, MetricOptions
):
    """Options of `lscli.evaluate` and `lscli eval`."""


class SweepOptions(ReadingOptions, IntervalOptions, TargetOptions, EpsOptions):
    """Options of `lscli.sweep`."""

    eps: Annotated[Amounts, EPS._replace(environment="sweep_eps")] = "0:0.5:0.05"
    others: Annotated[
        Any, Option(hidden=True, unrecorded=True, help="Logits of further models on the same samples, [N, K] each.")
    ] = ()


class EqualMassOptions(CompatOptions):
    """The bins of the reliability table."""

    equal_mass: Annotated[bool, Option(group=CALIBRATION, help="Use bins of equal count instead of equal width.")] = (
        False
    )


class BinsOptions(ReadingOptions, LevelOptions, EqualMassOptions):
    """Options of `lscli.per_bin` and `lscli bins`."""


class OrderOptions(Options):
    """Which classes, in which order."""

    sort: Annotated[
        str, Option(metavar="COLUMN", help="Sort by this column, largest first; class and name in ascending order.")
    ] = "class"
    ascending: Annotated[bool, Option(help="With --sort, put the smallest first.")] = False
    top: Annotated[
        int | None,
        Option(
            metavar="N",
            least=1,
            hint="leave it out for all classes",
            shown="all",
            help="Show only the first N classes.",
        ),
    ] = None
    class_names: Annotated[
        "Data | None",
        Option(
            group=OUTPUT,
            metavar="FILE",
            shown=False,
            file=True,
            unrecorded=True,
            help="Names of the classes, one per line.",
        ),
    ] = None


class ClassMetricOptions(Options):
    """Further metrics of each class."""

    metrics: Annotated[Words, METRICS._replace(environment="classes_metrics")] = ()


class ClassesOptions(
    ReadingOptions, NoiseOptions, TargetOptions, EpsOptions, ClassMetricOptions, NormOptions, OrderOptions
):
    """Options of `lscli.per_class` and `lscli classes`."""


class WorstOptions(Options):
    """Only the worst samples."""

    worst: Annotated[
        int | None,
        Option(
            metavar="N",
            least=1,
            hint="leave it out for all samples",
            shown=False,
            help="Show only the N worst samples, worst first.",
        ),
    ] = None
    by: Annotated[
        WorstBy, Option(help="What --worst means: the largest hard loss, or the most confident wrong samples.")
    ] = "loss"


class SamplesOptions(ReadingOptions, WorstOptions):
    """Options of `lscli.per_sample` and `lscli samples`."""


class TriedOptions(Options):
    """What is tried to explain a loss."""

    eps: Annotated[Amounts | None, EPS._replace(environment="explain_eps")] = None
    candidates: Annotated[
        int,
        Option(
            metavar="N", least=1, hint="for example --candidates 10", help="Number of candidates to show, best first."
        ),
    ] = 10
    prior: Annotated[
        "Data | None",
        PRIOR._replace(
            metavar="FILE",
            help="A distribution to try besides that of the labels; one number per class.",
        ),
    ] = None


class TriedWeightOptions(Options):
    """Class weights that are tried."""

    class_weights: Annotated[
        "Data | None",
        Option(
            group=SMOOTHING,
            metavar="FILE",
            shown=False,
            file=True,
            help="Class weights to try besides none; one number per class.",
        ),
    ] = None


_NO_GROUPS = Option(hidden=True, hint="a loss is explained by all samples: leave it out")


class ExplainOptions(ReadingOptions, TriedWeightOptions, TriedOptions):
    """Options of `lscli.explain`: those of reading without groups, since one loss is of all samples."""

    groups: Annotated[None, _NO_GROUPS] = None
    group_by: Annotated[None, _NO_GROUPS] = None


class InspectOptions(Options):
    """Options of `lscli.inspect`."""

    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    progress: Annotated[Progress | None, PROGRESS] = None


class ClassCountOptions(Options):
    """The number of classes."""

    classes: Annotated[int | None, Option(metavar="K", shown=False, help="Number of classes.")] = None


class OneEpsOptions(Options):
    """One amount of smoothing."""

    eps: Annotated[Amounts, EPS._replace(environment="smooth_eps")] = 0.1


class SmoothOneOptions(NegativeEpsOptions, PriorOptions, OneEpsOptions, ClassCountOptions):
    """Options of the smoothed targets of one label."""


class SmoothOptions(SmoothOneOptions):
    """Options of `lscli smooth`."""

    ignore_index: Annotated[int, IGNORE_INDEX] = -100
    labels_key: Annotated[str | None, LABELS_KEY] = None
    labels_column: Annotated[str | None, LABELS_COLUMN] = None
    input_format: Annotated[InputFormat | None, INPUT_FORMAT] = None
    allow_trailing: Annotated[bool, ALLOW_TRAILING] = False
    label: Annotated[
        int | None,
        Option(
            metavar="Y",
            unrecorded=True,
            help="Print the targets of this one label, with the floor of the loss and the optimal logit gap.",
        ),
    ] = None
    progress: Annotated[Progress | None, PROGRESS] = None
