"""The options of questions about one model, such as `eval` and `bins`, and of `explain`, `inspect` and `smooth`."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import TYPE_CHECKING, Annotated, Any, Literal

from lscli.checked_options import Option, Options
from lscli.options.descriptions import (
    ALLOW_TRAILING,
    CALIBRATION,
    CLASS_NAMES,
    EPS,
    IGNORE_INDEX,
    INPUT_FORMAT,
    LABELS_COLUMN,
    LABELS_FROM,
    LABELS_KEY,
    METRICS,
    NO_CLUSTERS,
    NO_MAP,
    PRIOR,
    PROGRESS,
    SMOOTHING,
    file_option,
)
from lscli.options.measuring import (
    CalibrationOptions,
    CompatOptions,
    EpsOptions,
    IntervalOptions,
    LevelOptions,
    NegativeEpsOptions,
    NoiseOptions,
    NormOptions,
    PriorOptions,
    TargetOptions,
)
from lscli.options.reading import LogitsOptions, PositiveClassOptions, ReadingOptions, SoftLabelOptions, ThreadOptions
from lscli.options.values import Amounts, InputFormat, Progress, Words, WorstBy

if TYPE_CHECKING:
    from lscli.options.values import Data


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

    clusters: Annotated[None, NO_CLUSTERS] = None


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
        "Data | None", file_option("Class weights to try besides none; one number per class.", SMOOTHING)
    ] = None


_NO_GROUPS = Option(hidden=True, hint="a loss is explained by all samples: leave it out")


class ExplainOptions(LogitsOptions, TriedWeightOptions, TriedOptions):
    """Options of `lscli.explain`. There are no groups, because a printed loss is one of all samples."""

    groups: Annotated[None, _NO_GROUPS] = None
    group_by: Annotated[None, _NO_GROUPS] = None
    clusters: Annotated[None, NO_CLUSTERS] = None
    calibrator: Annotated[None, NO_MAP] = None
    temperature: Annotated[None, NO_MAP] = None
    cross_fit: Annotated[None, NO_MAP] = None


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
