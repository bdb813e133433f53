"""What is computed: amounts of smoothing, metrics, bins, intervals."""

from __future__ import annotations

from lscli.cli.options.parameter import option, words

_SMOOTHING, _CALIBRATION, _INTERVALS = "Label smoothing", "Calibration", "Intervals"


def _metrics(incomplete: str) -> list[str]:
    from lscli.metrics import FAMILIES, METRICS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in ("default", "all", *FAMILIES, *METRICS) if name.startswith(last)]


OPTIONS = (
    option(
        "eps",
        list[str],
        ["0.1"],
        "EPS",
        "Amount of label smoothing in [0, 1]; several with commas or repeated, or as start:stop:step.",
    ),
    option(
        "metrics",
        list[str],
        ["default"],
        "NAMES",
        "Ids, families, 'default' or 'all', comma-separated or repeated; id@0.2 sets its parameter. See lscli metrics.",
        short="-m",
        complete=_metrics,
    ),
    option(
        "smoothing",
        str,
        "uniform",
        "CONVENTION",
        "What eps means: uniform (eps/K on every class), off-target (eps/(K-1) on the others), classy or prior.",
        _SMOOTHING,
        complete=words("uniform", "off-target", "classy", "prior"),
    ),
    option(
        "prior",
        str | None,
        None,
        "FILE|empirical",
        "With --smoothing prior: the distribution that is mixed in, one number a class, or that of the labels.",
        _SMOOTHING,
        shown=False,
    ),
    (
        "prior_to_try",
        option(
            "prior",
            str | None,
            None,
            "FILE",
            "A distribution to try besides that of the labels, one number a class.",
            _SMOOTHING,
            shown=False,
        )[1],
    ),
    option(
        "class_weights",
        str | None,
        None,
        "FILE",
        "How much each class weighs in the losses: one number a class.",
        _SMOOTHING,
        shown=False,
    ),
    option(
        "weight_mode",
        str,
        "torch",
        "torch|target-only",
        "Class weights as F.cross_entropy has them, or those of the label for the whole sample.",
        _SMOOTHING,
        complete=words("torch", "target-only"),
    ),
    option("allow_negative_eps", bool, False, None, "Take an eps below 0: negative label smoothing.", _SMOOTHING),
    option(
        "noise_rate",
        float | None,
        None,
        "RHO",
        "Estimate the loss on clean labels, if this share of them was drawn anew from all classes.",
        _SMOOTHING,
        shown=False,
    ),
    option("classes", int | None, None, "K", "How many classes there are.", shown=False),
    option("label", int | None, None, "Y", "The targets of this one label, with their floor and their best gap."),
    option("candidates", int, 10, "N", "How many candidates, best first."),
    option("ci", bool, False, None, "Bootstrap intervals of all metrics but those by class.", _INTERVALS),
    option("bootstrap", int, 1000, "B", "How many resamples an interval is made of.", _INTERVALS),
    option("seed", int, 0, "SEED", "Of the resamples: the same seed gives the same bytes.", _INTERVALS),
    option("level", float, 0.95, "LEVEL", "The share of resamples within an interval.", _INTERVALS),
    option(
        "bins",
        int | None,
        None,
        "M",
        "How many bins the calibration errors have.",
        _CALIBRATION,
        shown="15, or what --compat takes",
    ),
    option(
        "bin_edges",
        str,
        "right",
        "right|left",
        "Which edge belongs to a bin: (lo, hi] or [lo, hi).",
        _CALIBRATION,
        complete=words("right", "left"),
    ),
    option(
        "norm",
        str,
        "l1",
        "l1|l2|max",
        "How ece_equal_mass and the errors by class sum their bins.",
        _CALIBRATION,
        complete=words("l1", "l2", "max"),
    ),
    option(
        "compat",
        str | None,
        None,
        "LIBRARY",
        "torchmetrics, netcal, gpleiss or sklearn: ece and its kin by that library's rule.",
        _CALIBRATION,
        shown=False,
        complete=words("torchmetrics", "netcal", "gpleiss", "sklearn"),
    ),
    option(
        "score",
        str,
        "msp",
        "SCORE",
        "What the selective metrics rank by: msp, margin, entropy, max_logit or max_logit_pnorm.",
        _CALIBRATION,
        complete=words("msp", "margin", "entropy", "max_logit", "max_logit_pnorm"),
    ),
    option("equal_mass", bool, False, None, "Bins of equal count instead of equal width.", _CALIBRATION),
    option("sort", str, "class", "COLUMN", "Largest first, by this column; class and name: in their order."),
    option("ascending", bool, False, None, "With --sort: smallest first."),
    option("top", int | None, None, "N", "Only the first N classes.", shown="all"),
    option("worst", int | None, None, "N", "Only the N worst samples, worst first.", shown=False),
    option(
        "by",
        str,
        "loss",
        "loss|confidence",
        "With --worst: by hard loss, or by confidence among the wrong.",
        complete=words("loss", "confidence"),
    ),
)
