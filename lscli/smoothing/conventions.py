"""The conventions of label smoothing: what an eps means to different libraries.

Every convention mixes the label's distribution q with another one: q' = (1-e) q + e u, where u is uniform over the K
classes or a prior. The conventions differ in the mixture weight e that an eps stands for. The smoothed cross-entropy
is linear in e, so that all losses of a convention lie on a straight line; see `Convention.position`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lscli.errors import UsageError
from lscli.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import Smoothing

    Array = NDArray[Any]
    Number = float | Array


class Convention:
    """A convention of label smoothing. The methods of this base class describe a mixture with e = eps.

    `num_classes` is K, or [n]: the K of each row, where masked classes are excluded. A result has the shape of
    `num_classes`, or [K] with a prior: one value for each class.

    Attributes:
        name: the value of `--smoothing`.
        loss_formula: the smoothed loss in terms of the mean hard loss H, the uniform loss U and the loss P against
            the prior.
        frameworks: libraries whose eps has this meaning.
        needs_prior: u is a prior, not uniform.
        normalises_labels: a soft label is divided by its sum before it is smoothed.
        others_only: whether the smoothing is spread over the other classes only.
    """

    name: ClassVar[Smoothing]
    loss_formula: ClassVar[str]
    frameworks: ClassVar[str]
    needs_prior: ClassVar[bool] = False
    normalises_labels: ClassVar[bool] = False
    others_only: ClassVar[bool] = False

    def position(self, eps: float) -> float:
        """The position of an eps on the straight line that the loss is.

        The hard loss is at position 0. The loss against u is at position 1; if `others_only`, the mean loss of the
        other classes.

        Raises:
            UsageError: the convention does not define this eps.
        """
        return eps

    def eps_at(self, position: float) -> float:
        """The eps at a position: the inverse of `position`."""
        return position

    def mixture_weight(self, eps: float, num_classes: Number) -> Number:
        """The weight e of u in the targets, which is the eps of `uniform`.

        Raises:
            UsageError: the convention does not define this eps.
        """
        return self.position(eps)

    def eps_of(self, mixture_weight: float, num_classes: int) -> float:
        """The eps with this mixture weight: the inverse of `mixture_weight`. It may be above 1."""
        return self.eps_at(mixture_weight)

    def target_label(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        """The target probability of the label, q'(y)."""
        rest, e = self.target_rest(eps, num_classes, prior), self.mixture_weight(eps, num_classes)
        other = self.target_other(eps, num_classes, prior)
        # The difference rounds less where the label keeps most, the sum where it keeps little.
        label = np.where(np.less(rest, 0.5), 1.0 - rest, (1.0 - e) + other)
        return label if label.ndim else float(label)

    def target_other(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        """The target probability of a class that is not the label."""
        e = self.mixture_weight(eps, num_classes)
        return e / num_classes if prior is None else e * prior

    def target_rest(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        """The target probability of all classes but the label, 1 - q'(y)."""
        e = self.mixture_weight(eps, num_classes)
        return e * (num_classes - 1) / num_classes if prior is None else e * (1.0 - prior)


class Uniform(Convention):
    """(1-eps) + eps/K on the label, eps/K on each other class (Szegedy et al. 2016, section 7)."""

    name = "uniform"
    loss_formula = "(1-eps) H + eps U"
    frameworks = "torch, timm, Keras, optax, Hugging Face, Paddle, flash-attention, Liger, apex"


class OffTarget(Convention):
    """1-eps on the label, eps/(K-1) on each other class.

    The targets have their own formulas, because those of a mixture would round the label's target below 0 at eps = 1.
    A label that is the only class keeps everything.
    """

    name = "off-target"
    loss_formula = "(1-eps) H + eps (K U - H)/(K-1)"
    frameworks = "fairseq's targets since 2021-02; tensor2tensor's and ESPnet's, whose entropy they subtract"
    others_only = True

    def mixture_weight(self, eps: float, num_classes: Number) -> Number:
        return if_several(num_classes, eps * (num_classes / _others(num_classes)), 0.0)

    def eps_of(self, mixture_weight: float, num_classes: int) -> float:
        return mixture_weight * (num_classes - 1) / num_classes

    def target_label(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        return if_several(num_classes, 1.0 - eps, 1.0)

    def target_other(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        return if_several(num_classes, eps / _others(num_classes), 0.0)

    def target_rest(self, eps: float, num_classes: Number, prior: Array | None = None) -> Number:
        return if_several(num_classes, eps, 0.0)


class Classy(Convention):
    """(q + eps/K) / (1+eps): ClassyVision's LabelSmoothingCrossEntropyLoss. The label keeps at least half."""

    name = "classy"
    loss_formula = "(H + eps U)/(1+eps)"
    frameworks = "ClassyVision, MMPretrain of mode classy_vision"
    normalises_labels = True

    def position(self, eps: float) -> float:
        if eps <= -1:
            raise UsageError(
                f"classy divides by 1 + eps: must be above -1, got {shown(eps)}", "for example -0.1", where="eps"
            )
        return eps / (1.0 + eps)

    def eps_at(self, position: float) -> float:
        return position / (1.0 - position) if position < 1 else math.inf


class Prior(Convention):
    """(1-eps) q + eps pi, with a prior pi of the classes, such as their shares among the labels (unigram smoothing)."""

    name = "prior"
    loss_formula = "(1-eps) H + eps P"
    frameworks = "Paddle with prior_dist"
    needs_prior = True


# The most usual convention comes first.
CONVENTIONS: dict[str, Convention] = {each.name: each for each in (Uniform(), OffTarget(), Classy(), Prior())}


def if_several(num_classes: Number, value: Number, alone: float) -> Number:
    """The value where there are several classes, `alone` where the label is the only one."""
    # lscli.nn calls this under torch.compile, which follows plain numbers but no numpy function.
    if isinstance(num_classes, np.ndarray):
        return np.where(num_classes > 1, value, alone)
    return value if num_classes > 1 else alone


def _others(num_classes: Number) -> Number:
    """K - 1, but at least 1, because it is a divisor."""
    return np.maximum(num_classes - 1, 1) if isinstance(num_classes, np.ndarray) else max(num_classes - 1, 1)
