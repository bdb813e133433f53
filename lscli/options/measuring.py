"""What is measured: targets, intervals and bins."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import TYPE_CHECKING, Annotated

from lscli.checked_options import Option, Options
from lscli.options.descriptions import CALIBRATION, EPS, INTERVALS, PRIOR, SMOOTHING, file_option
from lscli.options.values import Amounts, BinEdges, Library, Norm, Score, Smoothing, WeightMode

if TYPE_CHECKING:
    from lscli.options.values import Data


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
        "Data | None", file_option("Weight of each class in the losses; one number per class.", SMOOTHING)
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
