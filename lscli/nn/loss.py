"""Label-smoothed cross-entropy for training. It equals F.cross_entropy, and is defined where that is nan or an error.

    >>> criterion = LabelSmoothingCrossEntropy(eps=0.1)
    >>> criterion(model(images), labels).backward()

With return_parts=True the loss comes with its hard and its uniform part, which compares runs with different eps.
"""

from __future__ import annotations

import math
from numbers import Integral
from typing import TYPE_CHECKING, Literal, NamedTuple, cast, get_args, overload

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from lscli.checked_options import choice
from lscli.errors import UsageError, real
from lscli.smoothing.checks import check_smoothing
from lscli.smoothing.conventions import CONVENTIONS
from lscli.text import shown

if TYPE_CHECKING:
    from lscli.options import Smoothing

Reduction = Literal["none", "mean", "sum"]

# The sum of a float32 softmax differs from 1 by less.
_SUM_TOLERANCE = 1e-5


class Parts(NamedTuple):
    """The two parts of a smoothed loss in nats, detached, with the reduction of the loss.

    Attributes:
        hard: H, the cross-entropy against the unsmoothed targets.
        uniform: U, the cross-entropy against 1/K, or against the prior.
    """

    hard: Tensor
    uniform: Tensor


@overload
def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float = ...,
    reduction: Reduction = ...,
    ignore_index: int = ...,
    weight: Tensor | None = ...,
    smoothing: Smoothing = ...,
    prior: Tensor | None = ...,
    *,
    allow_negative_eps: bool = ...,
    return_parts: Literal[False] = ...,
) -> Tensor: ...


@overload
def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float = ...,
    reduction: Reduction = ...,
    ignore_index: int = ...,
    weight: Tensor | None = ...,
    smoothing: Smoothing = ...,
    prior: Tensor | None = ...,
    *,
    allow_negative_eps: bool = ...,
    return_parts: Literal[True],
) -> tuple[Tensor, Parts]: ...


def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float = 0.1,
    reduction: Reduction = "mean",
    ignore_index: int = -100,
    weight: Tensor | None = None,
    smoothing: Smoothing = "uniform",
    prior: Tensor | None = None,
    *,
    allow_negative_eps: bool = False,
    return_parts: bool = False,
) -> Tensor | tuple[Tensor, Parts]:
    """Cross-entropy in nats against smoothed targets q' = (1-e) q + e u, with u uniform over the classes or a prior.

    Args:
        logits: [K], [N, K] or [N, K, d1, ...]; the classes are always the second dimension of a batch.
        target: integer labels of the shape of the logits without K, or floating class probabilities q of the shape of
            the logits. Probabilities are neither checked nor normalised.
        eps: the amount of smoothing as the convention counts it, in [0, 1].
        reduction: none, mean or sum. With labels the mean is over the kept samples, weighted by the class weights of
            their labels; with class probabilities it is over all samples, whatever the weights, as in torch.
        ignore_index: samples with this label are excluded from both parts of the loss and from both denominators. It
            is not used with class probabilities.
        weight: class weights w, [K], not negative: the term of class k is multiplied by w_k in both parts. The loss
            is then lowest at w q' / sum(w q'), no longer at q'.
        smoothing: uniform (eps/K on every class), off-target (eps/(K-1) on each class but the label), classy
            ((q + eps/K) / (1+eps)) or prior (eps pi).
        prior: pi, [K], not negative and with sum 1; only for smoothing="prior".
        allow_negative_eps: accept an eps below 0, which torch accepts and ignores.
        return_parts: also return the parts H and U; the loss is (1-e) H + e U.

    Returns:
        The loss, or (loss, Parts). The type is at least float32, also under autocast, because float16 sums overflow.
        The mean over no samples (all ignored, or all of weight 0) is 0 with gradients of 0, where torch gives nan,
        so that a batch of padding does not end a training run. A class with a logit of -inf is excluded where its
        target or its weight is 0; elsewhere the loss is inf (nan if e is not in [0, 1]). Nan logits of an ignored
        sample change only their own gradient.

    Raises:
        UsageError: an option or a shape is wrong, or a value of weight or prior is. Under torch.compile these values
            are not checked; the module checks them once, when it is created. torch raises its own error for a label
            outside of 0 to K-1.

    Source: Szegedy et al. 2016, section 7; weights as in torch.nn.functional.cross_entropy.
    """
    if not torch.compiler.is_compiling():
        _check_vectors(weight, prior)
    settings = (eps, reduction, ignore_index, weight, smoothing, prior, allow_negative_eps, return_parts)
    return _cross_entropy(logits, target, *settings)


class LabelSmoothingCrossEntropy(nn.Module):
    """label_smoothing_cross_entropy as a module, with the same arguments.

    `eps` may be changed between steps. `weight` and `prior` are buffers: they move with the module and are saved with
    it, as the weight of torch.nn.CrossEntropyLoss is.

    Raises:
        UsageError: an option is wrong, or a value of weight or prior is.
    """

    weight: Tensor | None
    prior: Tensor | None

    def __init__(
        self,
        eps: float = 0.1,
        reduction: Reduction = "mean",
        ignore_index: int = -100,
        weight: Tensor | None = None,
        smoothing: Smoothing = "uniform",
        prior: Tensor | None = None,
        *,
        allow_negative_eps: bool = False,
        return_parts: bool = False,
    ) -> None:
        super().__init__()
        _check_options(eps, reduction, ignore_index, smoothing, prior, allow_negative_eps)
        _check_vectors(weight, prior)
        self.eps = eps
        self.reduction = reduction
        self.ignore_index = ignore_index
        self.smoothing = smoothing
        self.allow_negative_eps = allow_negative_eps
        self.return_parts = return_parts
        self.register_buffer("weight", weight)
        self.register_buffer("prior", prior)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor | tuple[Tensor, Parts]:
        """The loss of logits [N, K, ...] against labels or class probabilities, and Parts if return_parts is set."""
        choices = (self.allow_negative_eps, self.return_parts)
        settings = (self.eps, self.reduction, self.ignore_index, self.weight, self.smoothing, self.prior, *choices)
        return _cross_entropy(logits, target, *settings)

    def extra_repr(self) -> str:
        """The options, without the buffers."""
        names = ("eps", "reduction", "ignore_index", "smoothing")
        return ", ".join(f"{name}={shown(getattr(self, name))}" for name in names)


def _cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float,
    reduction: Reduction,
    ignore_index: int,
    weight: Tensor | None,
    smoothing: Smoothing,
    prior: Tensor | None,
    allow_negative_eps: bool,
    return_parts: bool,
) -> Tensor | tuple[Tensor, Parts]:
    _check_options(eps, reduction, ignore_index, smoothing, prior, allow_negative_eps)
    for where, tensor in (("logits", logits), ("target", target)):
        if not isinstance(tensor, Tensor):
            hint = "torch.as_tensor makes one of an array"
            raise UsageError(f"must be a tensor, got {type(tensor).__name__}", hint, where=where)
    dim = min(1, logits.ndim - 1)
    _check_shapes(logits, target, dim, {"weight": weight, "prior": prior})
    num_classes = logits.shape[dim]
    e = cast("float", CONVENTIONS[smoothing].mixture_weight(eps, num_classes))

    log_prob = F.log_softmax(logits, dim, dtype=torch.promote_types(logits.dtype, torch.float32))
    by_class = (-1, *[1] * (logits.ndim - dim - 1))
    weight = None if weight is None else weight.to(log_prob.dtype)
    kept = share = None  # share: the weight of each sample in a mean
    if target.is_floating_point():
        hard = -_times(target if weight is None else target * weight.view(by_class), log_prob).sum(dim)
    else:
        target = target.long()  # -100 is 156 in uint8
        kept = target != ignore_index
        label = torch.where(kept, target, 0)
        hard = -log_prob.gather(dim, label.unsqueeze(dim)).squeeze(dim)
        share = kept if weight is None else torch.where(kept, weight[label], 0)
        hard = hard if weight is None else _times(share, hard)
    if e == 0 and not return_parts:
        uniform = hard
    elif weight is None and prior is None:
        uniform = -log_prob.sum(dim) / num_classes
    else:
        pi = log_prob.new_full((num_classes,), 1 / num_classes) if prior is None else prior.to(log_prob.dtype)
        uniform = -_times((pi if weight is None else pi * weight).view(by_class), log_prob).sum(dim)

    # At e = 0 and e = 1 one part is left out, because 0 * inf is nan.
    mixed = hard if e == 0 else uniform if e == 1 else (1 - e) * hard + e * uniform
    loss = _reduced(mixed, kept, share, reduction)
    if not return_parts:
        return loss
    hard, uniform = (_reduced(part.detach(), kept, share, reduction) for part in (hard, uniform))
    return loss, Parts(hard, uniform)


def _times(factor: Tensor, log_prob: Tensor) -> Tensor:
    """The product, with 0 log 0 = 0 in value and gradient."""
    if factor.requires_grad:  # the gradient of a factor of 0 is log_prob where that is finite
        return factor * log_prob.masked_fill((factor == 0) & log_prob.isinf(), 0)
    return torch.where(factor == 0, 0, factor * log_prob)


def _reduced(rows: Tensor, kept: Tensor | None, share: Tensor | None, reduction: str) -> Tensor:
    if kept is not None:
        rows = torch.where(kept, rows, 0)  # nan * 0 would be nan
    if reduction == "none":
        return rows
    if reduction == "sum":
        return rows.sum()
    if share is None:
        return rows.sum() / max(rows.numel(), 1)
    total = share.sum()
    # The divisor is never 0, because the gradient of 0/0 is nan even where `where` does not select it.
    return torch.where(total > 0, rows.sum() / torch.where(total > 0, total, 1), 0)


def _check_options(
    eps: float, reduction: str, ignore_index: int, smoothing: str, prior: Tensor | None, allow_negative_eps: bool
) -> None:
    if not isinstance(ignore_index, Integral):
        raise UsageError(f"must be a whole number, got {shown(ignore_index)}", "-100 is usual", where="ignore_index")
    if not isinstance(allow_negative_eps, bool):
        what = f"must be true or false, got {shown(allow_negative_eps)}"
        raise UsageError(what, "give True or False", where="allow_negative_eps")
    number = eps if isinstance(eps, float | int) and not isinstance(eps, bool) else _real(eps)
    if not -math.inf < number < math.inf:
        raise UsageError(f"must be a finite number, got {shown(eps)}", "0.1 is usual", where="eps")
    if eps > 1 or (eps < 0 and not allow_negative_eps):
        hint = "0.1 is usual" if eps > 1 else "set allow_negative_eps=True"
        raise UsageError(f"must be in [0, 1], got {shown(eps)}", hint, where="eps")
    choice(reduction, get_args(Reduction), "reduction")
    convention = check_smoothing(smoothing)
    convention.position(eps)  # raises if the convention does not define this eps
    if convention.needs_prior and prior is None:
        raise UsageError(f"smoothing={smoothing!r} needs a prior", "give a tensor [K] with sum 1", where="prior")
    if prior is not None and not convention.needs_prior:
        raise UsageError(f"smoothing={smoothing!r} has no prior", "set smoothing='prior'", where="prior")


def _real(eps: object) -> float:
    """A number of another type, such as numpy's; nan for anything else."""
    try:
        return real(eps)
    except TypeError:
        return math.nan


def _check_vectors(weight: Tensor | None, prior: Tensor | None) -> None:
    for where, vector in (("weight", weight), ("prior", prior)):
        if vector is None:
            continue
        if not isinstance(vector, Tensor) or vector.ndim != 1:
            raise UsageError("must be a tensor [K]", "give one number per class", where=where)
        if vector.is_complex() or vector.is_quantized:
            raise UsageError(f"must be numbers, got {vector.dtype}", "give one number per class", where=where)
        if vector.is_meta:  # its values come later
            continue
        values = vector.detach().cpu().double()
        if not ((values >= 0) & values.isfinite()).all():
            raise UsageError("a value is negative or not finite", "give numbers of at least 0", where=where)
        if where == "prior" and abs(values.sum().item() - 1) > _SUM_TOLERANCE:
            raise UsageError(f"must sum to 1, got {values.sum().item():.6g}", "divide it by its sum", where=where)


def _check_shapes(logits: Tensor, target: Tensor, dim: int, vectors: dict[str, Tensor | None]) -> None:
    shape = tuple(logits.shape)
    if not logits.is_floating_point() or logits.ndim == 0 or shape[dim] == 0:
        raise UsageError(f"must be floating, [K] or [N, K, ...], got {logits.dtype} {shape}", where="logits")
    if target.dtype == torch.bool or target.is_complex():
        hint = "give class numbers or probabilities"
        if target.dtype == torch.bool:
            hint = "give target.to(logits.dtype)" if tuple(target.shape) == shape else "give target.long()"
        raise UsageError(f"must be labels or probabilities, got {target.dtype}", hint, where="target")
    expected = shape if target.is_floating_point() else shape[:dim] + shape[dim + 1 :]
    if tuple(target.shape) != expected:
        kind = "class probabilities" if target.is_floating_point() else "labels"
        message = f"{kind} {tuple(target.shape)} do not fit logits {shape}"
        raise UsageError(message, f"give {expected}; labels are integers, probabilities are floating", where="target")
    for where, vector in vectors.items():
        if vector is not None and tuple(vector.shape) != (shape[dim],):
            raise UsageError(
                f"{tuple(vector.shape)} does not fit {shape[dim]} classes", "give one number per class", where=where
            )
