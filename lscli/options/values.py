"""The words and the types that options allow."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

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
OutputFormat = Literal[
    "auto",
    "table",
    "csv",
    "tsv",
    "json",
    "markdown",
    "latex",
    "parquet",
    "npy",
    "github",
    "junit",
    "svg",
    "pdf",
    "png",
    "html",
]
ChartName = Literal[
    "reliability",
    "corp",
    "smooth",
    "confidence",
    "risk-coverage",
    "smoothing",
    "gaps",
    "classes",
    "temperature",
    "threshold",
]
Progress = Callable[[int, int], None]
Amounts = float | str | Iterable[float | str]
Words = str | Iterable[str]
# Limits of metrics: `ece=0.05`, several of these, or numbers by the metric.
Limits = str | Iterable[str] | Mapping[str, float]
