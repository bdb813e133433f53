"""How logits and labels, or confidences, are read."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from lscli.checked_options import Option, Options
from lscli.options.descriptions import (
    ALLOW_TRAILING,
    BEST,
    CALIBRATION,
    CLASS_NAMES,
    CONFIDENCES,
    IGNORE_INDEX,
    INPUT_FORMAT,
    LABELS_COLUMN,
    LABELS_FROM,
    LABELS_KEY,
    READING,
    RECALIBRATION,
    SPEED,
    WEIGHTS,
    file_option,
)
from lscli.options.values import (
    ChoiceScore,
    Device,
    Dtype,
    EnsembleOf,
    InputFormat,
    Kernel,
    Kind,
    MaskedClasses,
    Nonfinite,
    Progress,
    RecalibrationMethod,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from lscli.options.values import Data


class RowOptions(Options):
    """Weights, groups and clusters of the rows."""

    weights: Annotated[
        "Data | None", file_option("Weight of each row, read as a count; one number per row.", WEIGHTS)
    ] = None
    groups: Annotated[
        "Data | Mapping[Any, ArrayLike] | None",
        file_option(
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
        file_option(
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
            "Number of threads. On a CPU it changes no digit.", SPEED, "N", least=1, hint=BEST, shown="all processors"
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
            hint=BEST,
            shown="what fits the cache",
        ),
    ] = None


class RecalibrationOptions(Options):
    """A map of the logits, before anything is measured. It changes every number, so that it is typed with each file."""

    calibrator: Annotated[
        "Any",
        Option(
            "Recalibrate the logits with this file of lscli fit. A warning says if it was fitted on these samples.",
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


_ELSEWHERE = Option(
    hidden=True,
    unrecorded=True,
    hint="lscli eval, lscli bins, lscli samples, lscli compare, lscli check, lscli plot, lscli report and "
    "lscli threshold take it",
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
