"""Recipes: how libraries reduce the losses of all samples to one number.

Each recipe is a function of a few sums, so that all recipes together cost no more than the one pass that sums up.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from lscli.smoothing.conventions import CONVENTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Ignored(NamedTuple):
    """Sums that need the ignored samples; nan if no sample is ignored.

    Attributes:
        every: M, the number of all samples, kept and ignored.
        uniform: the sum of the uniform loss of the ignored samples; also nan if one of their logits is not finite.
    """

    every: float = math.nan
    uniform: float = math.nan


class ByClassWeight(NamedTuple):
    """Sums over the kept samples with class weights w; nan without class weights.

    Attributes:
        labels: of w_y, the weights of the labels.
        hard: of w_y times the hard loss.
        spread: of w_y times the loss at the other end, see `Sums.spread`.
        spread_by_class: as `spread`, but with the weight of every class instead of w_y, as in torch.
    """

    labels: float = math.nan
    hard: float = math.nan
    spread: float = math.nan
    spread_by_class: float = math.nan


class Sums(NamedTuple):
    """Sums over the kept samples for one convention at one eps, in nats.

    A sample counts as often as its weight says. The losses of a convention lie on a straight line between the hard
    loss and the loss at the other end, see `lscli.smoothing.conventions.Convention.position`. A sum that the data do
    not define is nan, and so is every recipe that needs it.

    Attributes:
        hard: of the hard loss, -log p_y.
        spread: of the loss at the other end: the uniform loss, the mean loss of the other classes, or the loss against
            a prior.
        kept: N, the number of kept samples.
        classes: K.
        ignored: sums that need the ignored samples.
        weighted: sums with class weights.
        position: the position of eps between the hard loss (0) and the other end (1).
        entropy: of the entropy of the targets.
    """

    hard: float
    spread: float
    kept: float
    classes: int
    ignored: Ignored = Ignored()
    weighted: ByClassWeight = ByClassWeight()
    position: float = 0.0
    entropy: float = 0.0

    @property
    def loss(self) -> float:
        """The sum of the smoothed loss."""
        return self._at(self.hard, self.spread)

    @property
    def divergence(self) -> float:
        """The sum of KL(q' || p): the smoothed loss less the entropy of the targets."""
        return self.loss - self.entropy

    @property
    def with_ignored(self) -> float:
        """The sum of the loss at the other end over all samples, kept and ignored."""
        return self.spread + self.ignored.uniform

    @property
    def class_weighted(self) -> float:
        """The sum of -sum_k w_k q'_k log p_k: torch's loss with class weights."""
        return self._at(self.weighted.hard, self.weighted.spread_by_class)

    @property
    def label_weighted(self) -> float:
        """The sum of the smoothed loss times the class weight of the label."""
        return self._at(self.weighted.hard, self.weighted.spread)

    def _at(self, hard: float, spread: float) -> float:
        # At an end of the line one part is left out, because 0 * inf is nan.
        if self.position in (0, 1):
            return spread if self.position else hard
        return (1.0 - self.position) * hard + self.position * spread


class Recipe(NamedTuple):
    """A way to reduce the losses of all samples to one number.

    Attributes:
        name: a noun phrase that follows "the".
        formula: {L} stands for the mean of the smoothed loss.
        compute: the number from the sums.
        who: the libraries that compute it, by name of `LOSSES`; the recipe is tried with these names only.
        unusual: 0 for what most libraries print, higher for what few print.
    """

    name: str
    formula: str
    compute: Callable[[Sums], float]
    who: Mapping[str, str]
    unusual: int


# What `lscli explain` tries, the most usual first: no smoothing, the conventions, and the prior of the labels.
NONE, EMPIRICAL = "none", "prior:empirical"
LOSSES = {
    NONE: "H",
    **{name: convention.loss_formula for name, convention in CONVENTIONS.items()},
    EMPIRICAL: CONVENTIONS["prior"].loss_formula,
}


def _over(total: float, count: float) -> float:
    return total / count if count else math.nan


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf  # e^710 overflows float64


def _all(who: str) -> dict[str, str]:
    """The same text for all names."""
    return dict.fromkeys(LOSSES, who)


def _smoothed(who: str) -> dict[str, str]:
    """The same text for every convention; without smoothing the recipe equals another one."""
    return {name: who for name in LOSSES if name != NONE}


_TARGETS_OF_TORCH = "torch with these targets as probabilities"

RECIPES = (
    Recipe(
        "mean over kept samples",
        "{L}",
        lambda s: s.loss / s.kept,
        {
            NONE: "every framework: the cross-entropy, or nll",
            **{name: convention.frameworks for name, convention in CONVENTIONS.items()},
            EMPIRICAL: "unigram smoothing",
        },
        0,
    ),
    Recipe(
        "mean by class weights",
        "mean of w-weighed loss: sum_i sum_k w_k q'_k (-log p_k) / sum_i w_y",
        lambda s: _over(s.class_weighted, s.weighted.labels),
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
        lambda s: s.class_weighted,
        _all("torch with weight= and reduction='sum'"),
        1,
    ),
    Recipe(
        "mean over all samples",
        "N/M ({L})",
        lambda s: s.loss / s.ignored.every,
        _all("torch with reduction='none' and .mean(); Keras with a sample_weight of 0"),
        2,
    ),
    Recipe(
        "mean with the uniform part over all samples",
        "(1-eps) H + eps (sum of all u)/M",
        lambda s: (1.0 - s.position) * s.hard / s.kept + s.position * s.with_ignored / s.ignored.every,
        {"uniform": "fastai's LabelSmoothingCrossEntropy and its many copies: ignored samples are in the uniform part"},
        2,
    ),
    Recipe(
        "sum with the uniform part over all samples",
        "(1-eps) N H + eps (sum of all u)",
        lambda s: (1.0 - s.position) * s.hard + s.position * s.with_ignored,
        {"uniform": "fastai's LabelSmoothingCrossEntropy with reduction='sum', and its many copies"},
        3,
    ),
    Recipe(
        "mean with ignored samples as uniform targets",
        "(N ({L}) + sum of ignored u)/M",
        lambda s: (s.loss + s.ignored.uniform) / s.ignored.every,
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
        lambda s: s.class_weighted / s.kept,
        _all("torch with weight= and probabilities as labels, or with reduction='none' and .mean()"),
        2,
    ),
    Recipe(
        "mean by the labels' class weights",
        "sum_i w_y ({L})_i / sum_i w_y",
        lambda s: _over(s.label_weighted, s.weighted.labels),
        _smoothed("losses of samples weighed by their label"),
        2,
    ),
    Recipe(
        "mean of losses times the labels' class weights",
        "sum_i w_y ({L})_i / N",
        lambda s: s.label_weighted / s.kept,
        _smoothed("Keras with class_weight"),
        2,
    ),
    Recipe(
        "sum of losses times the labels' class weights",
        "sum_i w_y ({L})_i",
        lambda s: s.label_weighted,
        _smoothed("losses of samples weighed by their label"),
        3,
    ),
)
