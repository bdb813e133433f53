"""The ways in which a loss is made of samples, and who computes it so.

Each is a function of a few sums, so that every one of them costs nothing after one pass.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Sums(NamedTuple):
    """What recipes are made of, for the targets of one convention at one eps: (1-e) hard + e spread.

    A sample counts as often as its weight says. What the data do not have is nan, and so is what follows from it.

    Attributes:
        e: the share of what is mixed in.
        hard: the sum of -log p_y over the kept samples.
        spread: that of what is mixed in: the uniform loss, that of the other classes, or that against the prior.
        entropy: that of the targets' entropy.
        kept: N, how many samples are kept.
        every: M, how many there are with those that are ignored; nan where none are.
        ignored: the sum of the uniform loss over those that are ignored.
        classes: K.
        by: the sum of the class weights of the labels.
        hard_by, spread_by: the sums of both losses, each times the class weight of its label.
        spread_tilted: the sum of what is mixed in with every class weighed, as torch does.
    """

    e: float
    hard: float
    spread: float
    entropy: float
    kept: float
    every: float
    ignored: float
    classes: int
    by: float
    hard_by: float
    spread_by: float
    spread_tilted: float

    @property
    def loss(self) -> float:
        """The sum of the smoothed loss over the kept samples."""
        return _mixed(self.e, self.hard, self.spread)

    @property
    def divergence(self) -> float:
        """The sum of KL(q' || p): the loss less the targets' entropy."""
        return self.loss - self.entropy

    @property
    def with_uniform(self) -> float:
        """What is mixed in, with the ignored samples in it."""
        return self.spread + self.ignored

    @property
    def tilted(self) -> float:
        """The sum of -sum_k w_k q'_k log p_k."""
        return _mixed(self.e, self.hard_by, self.spread_tilted)

    @property
    def by_label(self) -> float:
        """The sum of the smoothed loss, each times the class weight of its label."""
        return _mixed(self.e, self.hard_by, self.spread_by)


class Recipe(NamedTuple):
    """A way to make one number of the losses of all samples.

    Attributes:
        name: what it is, to follow "the".
        formula: with {L} for the mean of the loss.
        compute: sums to the number.
        who: the frameworks that compute it so, by convention; it is not tried with others.
        unusual: 0 for what everybody prints, more for what few do.
    """

    name: str
    formula: str
    compute: Callable[[Sums], float]
    who: Mapping[str, str]
    unusual: int


# Conventions in the order of how usual they are; `none` is no smoothing at all.
NONE, EMPIRICAL = "none", "prior:empirical"
LOSSES = {
    NONE: "H",
    "uniform": "(1-eps) H + eps U",
    "off-target": "(1-eps) H + eps (K U - H)/(K-1)",
    "classy": "(H + eps U)/(1+eps)",
    "prior": "(1-eps) H + eps P",
    EMPIRICAL: "(1-eps) H + eps P",
}


def formula(recipe: Recipe, smoothing: str) -> str:
    """What the recipe computes of the targets of a convention."""
    return recipe.formula.replace("{L}", LOSSES[smoothing])


def _mixed(e: float, hard: float, spread: float) -> float:
    # At 0 and 1 the other part is left out, where 0 * inf is nan.
    return (hard, spread)[int(e)] if e in (0, 1) else (1.0 - e) * hard + e * spread


def _over(total: float, count: float) -> float:
    return total / count if count else math.nan


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


def _all(who: str) -> dict[str, str]:
    """The same for every convention."""
    return dict.fromkeys(LOSSES, who)


def _smoothed(who: str) -> dict[str, str]:
    """The same for every convention; without smoothing the recipe is another one."""
    return {smoothing: who for smoothing in LOSSES if smoothing != NONE}


_TARGETS_OF_TORCH = "torch with these targets as probabilities"

RECIPES = (
    Recipe(
        "mean over kept samples",
        "{L}",
        lambda s: s.loss / s.kept,
        {
            NONE: "every framework: the cross-entropy, or nll",
            "uniform": "torch, timm, Keras, optax, Hugging Face, Paddle, flash-attention, Liger, apex",
            "off-target": "fairseq's targets since 2021-02; tensor2tensor's and ESPnet's, whose entropy they subtract",
            "classy": "ClassyVision, MMPretrain of mode classy_vision",
            "prior": "Paddle with prior_dist",
            EMPIRICAL: "unigram smoothing",
        },
        0,
    ),
    Recipe(
        "mean by class weights",
        "mean of w-weighed loss: sum_i sum_k w_k q'_k (-log p_k) / sum_i w_y",
        lambda s: _over(s.tilted, s.by),
        _all("torch, with weight= and class numbers as labels"),
        0,
    ),
    Recipe(
        "sum over kept samples",
        "N ({L})",
        lambda s: s.loss,
        {
            NONE: "torch with reduction='sum'; fairseq's nll before it is divided",
            "uniform": "torch with reduction='sum'; fairseq before 2021-02",
            "off-target": "fairseq since 2021-02",
            "classy": "ClassyVision's targets",
            "prior": _TARGETS_OF_TORCH,
            EMPIRICAL: _TARGETS_OF_TORCH,
        },
        1,
    ),
    Recipe(
        "sum by class weights",
        "sum_i sum_k w_k q'_k (-log p_k)",
        lambda s: s.tilted,
        _all("torch with weight= and reduction='sum'"),
        1,
    ),
    Recipe(
        "mean over all samples",
        "N/M ({L})",
        lambda s: s.loss / s.every,
        _all("torch with reduction='none' and .mean(); Keras with a sample_weight of 0"),
        2,
    ),
    Recipe(
        "mean with the uniform part over all samples",
        "(1-eps) H + eps (sum of all u)/M",
        lambda s: (1.0 - s.e) * s.hard / s.kept + s.e * s.with_uniform / s.every,
        {"uniform": "fastai's LabelSmoothingCrossEntropy and its many copies: ignored samples are in the uniform part"},
        2,
    ),
    Recipe(
        "sum with the uniform part over all samples",
        "(1-eps) N H + eps (sum of all u)",
        lambda s: (1.0 - s.e) * s.hard + s.e * s.with_uniform,
        {"uniform": "fastai's LabelSmoothingCrossEntropy with reduction='sum', and its many copies"},
        3,
    ),
    Recipe(
        "mean with ignored samples as uniform targets",
        "(N ({L}) + sum of ignored u)/M",
        lambda s: (s.loss + s.ignored) / s.every,
        {"classy": "ClassyVision", "uniform": "targets smoothed after the ignored labels were set to 0"},
        2,
    ),
    Recipe(
        "mean KL divergence",
        "{L} - H(q')",
        lambda s: s.divergence / s.kept,
        {
            "uniform": "torch's KLDivLoss with reduction='batchmean'",
            "off-target": "tensor2tensor, TF official transformer, ESPnet",
            "classy": "torch's KLDivLoss with reduction='batchmean'",
            "prior": "torch's KLDivLoss with reduction='batchmean'",
            EMPIRICAL: "torch's KLDivLoss with reduction='batchmean'",
        },
        2,
    ),
    Recipe(
        "sum of KL divergences",
        "N ({L} - H(q'))",
        lambda s: s.divergence,
        dict.fromkeys(("uniform", "off-target"), "torch's KLDivLoss with reduction='sum'"),
        3,
    ),
    Recipe(
        "KL divergence per sample and class",
        "({L} - H(q'))/K",
        lambda s: s.divergence / s.kept / s.classes,
        dict.fromkeys((NONE, "uniform", "off-target"), "torch's KLDivLoss as it is unless told otherwise"),
        3,
    ),
    Recipe(
        "mean in base 2",
        "({L}) / ln 2",
        lambda s: s.loss / s.kept / math.log(2),
        {NONE: "fairseq's nll_loss", "uniform": "fairseq before 2021-02", "off-target": "fairseq since 2021-02"},
        2,
    ),
    Recipe(
        "mean in base 10",
        "({L}) / ln 10",
        lambda s: s.loss / s.kept / math.log(10),
        dict.fromkeys((NONE, "uniform", "off-target"), "log10 for ln, as in pytorch issue 130342"),
        4,
    ),
    Recipe(
        "perplexity",
        "exp({L})",
        lambda s: _exp(s.loss / s.kept),
        {
            NONE: "fairseq's ppl, Hugging Face's example scripts",
            "uniform": "Hugging Face's example scripts: exp(eval_loss)",
            "off-target": "exp of the loss",
        },
        2,
    ),
    Recipe(
        "sum by class weights per kept sample",
        "sum_i sum_k w_k q'_k (-log p_k) / N",
        lambda s: s.tilted / s.kept,
        _all("torch with weight= and probabilities as labels, or with reduction='none' and .mean()"),
        2,
    ),
    Recipe(
        "mean by the labels' class weights",
        "sum_i w_y ({L})_i / sum_i w_y",
        lambda s: _over(s.by_label, s.by),
        _smoothed("losses of samples weighed by their label"),
        2,
    ),
    Recipe(
        "mean of losses times the labels' class weights",
        "sum_i w_y ({L})_i / N",
        lambda s: s.by_label / s.kept,
        _smoothed("Keras with class_weight"),
        2,
    ),
    Recipe(
        "sum of losses times the labels' class weights",
        "sum_i w_y ({L})_i",
        lambda s: s.by_label,
        _smoothed("losses of samples weighed by their label"),
        3,
    ),
)
