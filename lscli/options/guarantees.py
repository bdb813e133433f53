"""The options of `threshold`, `conformal` and `ood`."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import TYPE_CHECKING, Annotated, Any

from lscli.checked_options import Option
from lscli.options.descriptions import ALWAYS, GUARANTEE, NO_COUNTS, NO_CROSS_FIT, OUTPUT, WEIGHTS
from lscli.options.measuring import IntervalOptions, LevelOptions
from lscli.options.output import RunOptions
from lscli.options.reading import LogitsOptions, ReadingOptions
from lscli.options.values import ConformalMethod, ThresholdScore, Words

if TYPE_CHECKING:
    from lscli.options.values import Data


_INDEPENDENT = Option(
    "none: all samples are independent. Samples in clusters are refused.", WEIGHTS, "none", shown=False, words=("none",)
)


class ThresholdOptions(ReadingOptions, LevelOptions):
    """Options of `lscli.threshold` and `lscli threshold`."""

    max_error: Annotated[
        float | None,
        Option(
            "The largest error rate of the samples that are kept.",
            GUARANTEE,
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
            GUARANTEE,
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
            GUARANTEE,
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
            "The probability that the guarantee holds, between 0 and 1; it replaces --level. With --correct or "
            "--predicted, it is the column of confidences of a table without logits, and --level is the probability.",
            GUARANTEE,
            "LEVEL|COLUMN",
            shown="0.95",
            typed=True,
        ),
    ] = None
    score: Annotated[
        ThresholdScore,
        Option(
            "The score that the threshold is compared with, larger for more certain samples: msp (the confidence), "
            "margin, entropy (its negative), max_logit, energy (logsumexp of the logits) or, for an ensemble, "
            "mutual_information (its negative).",
            GUARANTEE,
            "SCORE",
            reasons=(
                ("max_logit_pnorm", "max_logit_pnorm has an exponent that labels choose, which voids the promise"),
            ),
            hint="use --score max_logit, or another score that reads no labels",
        ),
    ] = "msp"
    per_class: Annotated[
        bool,
        Option(
            "Also find a threshold for each predicted class, each with a guarantee of its own.",
            GUARANTEE,
            environment="threshold_per_class",
        ),
    ] = False
    test: Annotated[
        Any,
        Option(
            "Test samples, on which the thresholds are measured: a pair of logits and labels, or a file of both.",
            hidden=True,
            unrecorded=True,
        ),
    ] = ()
    weights: Annotated[None, NO_COUNTS] = None
    clusters: Annotated["Data | None", _INDEPENDENT] = None
    cross_fit: Annotated[None, NO_CROSS_FIT] = None


class ThresholdOutputOptions(RunOptions):
    """The test files and the output of `lscli threshold`."""

    test: Annotated[
        Words,
        Option(
            "Test samples, on which the thresholds are measured: LOGITS LABELS, also with a comma, or one file "
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


class OneMapOptions(LogitsOptions):
    """How logits and labels are read where a guarantee needs one map, fitted on other samples."""

    cross_fit: Annotated[None, NO_CROSS_FIT] = None


class ConformalOptions(OneMapOptions, LevelOptions):
    """Options of `lscli.conformal` and `lscli conformal`. Groups belong to the test samples."""

    alpha: Annotated[
        float,
        Option(
            "The largest probability that a set misses the label.",
            GUARANTEE,
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
            GUARANTEE,
            "METHOD",
            environment="conformal_method",
        ),
    ] = "lac"
    raps_penalty: Annotated[
        float | None,
        Option(
            "For raps, what each class after --raps-rank adds to the score.",
            GUARANTEE,
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
            GUARANTEE,
            "N",
            least=0,
            shown="5",
            hint="for example --raps-rank 5",
        ),
    ] = None
    randomized: Annotated[
        bool,
        Option(
            "For aps and raps, count a random share of a class in its own score, from a hash of the row. Sets are "
            "smaller on average.",
            GUARANTEE,
        ),
    ] = False
    no_empty: Annotated[bool, Option("Put the prediction into sets that are empty.", GUARANTEE)] = False
    by_class: Annotated[
        bool, Option("Guarantee the coverage for each class: a quantile for each label.", GUARANTEE)
    ] = False
    weights: Annotated[None, NO_COUNTS] = None
    clusters: Annotated["Data | None", _INDEPENDENT] = None
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


_NO_OOD_WEIGHTS = Option(hidden=True, unrecorded=True, hint="each sample counts once: leave it out")
_NO_OOD_LABELS = Option(hidden=True, unrecorded=True, hint="scores read no labels: leave it out")


class OodOptions(LogitsOptions, IntervalOptions):
    """Options of `lscli.ood` and `lscli ood`. They have no labels, weights or groups."""

    score: Annotated[
        Words,
        Option(
            "Scores to compare, larger for samples like those of ID: msp, max_logit, energy (logsumexp of the logits), "
            "entropy (its negative) and margin, with commas.",
            GUARANTEE,
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
            "The share of ID samples to keep, at which the false positive rate is measured.",
            GUARANTEE,
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
    ci: Annotated[None, ALWAYS] = None  # type: ignore[assignment]
    cross_fit: Annotated[None, NO_CROSS_FIT] = None
    labels_key: Annotated[None, _NO_OOD_LABELS] = None
    labels_from: Annotated[None, _NO_OOD_LABELS] = None  # type: ignore[assignment]
    ignore_index: Annotated[None, _NO_OOD_LABELS] = None  # type: ignore[assignment]
    class_names: Annotated[None, _NO_OOD_LABELS] = None
    weights: Annotated[None, _NO_OOD_WEIGHTS] = None
    groups: Annotated[None, _NO_OOD_LABELS] = None
    group_by: Annotated[None, _NO_OOD_LABELS] = None
    clusters: Annotated[
        "Data | None",
        Option(
            "none: all samples are independent, also the tokens of --flatten. Samples in clusters have no intervals.",
            WEIGHTS,
            "none",
            shown=False,
        ),
    ] = None
