"""Label-smoothed cross-entropy for training: F.cross_entropy's values, and the right ones where it has none.

    >>> criterion = LabelSmoothingCrossEntropy(eps=0.1)
    >>> criterion(model(images), labels).backward()

With return_parts=True the loss comes with the hard and the uniform loss, so that runs of any eps can be compared.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import Literal, NamedTuple, overload

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from lscli.errors import UsageError
from lscli.smoothing.checks import SMOOTHINGS
from lscli.text import nearest

REDUCTIONS = ("none", "mean", "sum")

# Softmax in float32 leaves a prior's sum this near to 1, and nearer.
_SUM_TOLERANCE = 1e-5


class Parts(NamedTuple):
    """The two losses that a smoothed loss is made of, in nats, detached and reduced as it is.

    Attributes:
        hard: H, the cross-entropy against the targets as they are.
        uniform: U, the cross-entropy against 1/K, or against the prior.
    """

    hard: Tensor
    uniform: Tensor


@overload
def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float = ...,
    reduction: str = ...,
    ignore_index: int = ...,
    weight: Tensor | None = ...,
    smoothing: str = ...,
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
    reduction: str = ...,
    ignore_index: int = ...,
    weight: Tensor | None = ...,
    smoothing: str = ...,
    prior: Tensor | None = ...,
    *,
    allow_negative_eps: bool = ...,
    return_parts: Literal[True],
) -> tuple[Tensor, Parts]: ...


def label_smoothing_cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float = 0.1,
    reduction: str = "mean",
    ignore_index: int = -100,
    weight: Tensor | None = None,
    smoothing: str = "uniform",
    prior: Tensor | None = None,
    *,
    allow_negative_eps: bool = False,
    return_parts: bool = False,
) -> Tensor | tuple[Tensor, Parts]:
    """Cross-entropy in nats against q' = (1-e) q + e u, with u uniform over the classes or a prior.

    Args:
        logits: [K], [N, K] or [N, K, d1, ...]; the classes are always the second dimension of a batch.
        target: labels of any integer type and of the logits' shape without K, or class probabilities q, floating and
            of the logits' shape, which are taken as they are: not checked, not divided by their sum.
        eps: how much is smoothed, in [0, 1], in the sense of `smoothing`.
        reduction: none, mean or sum. The mean is over the kept labels, by their weights; over class probabilities it
            is over all samples, whatever the weights, as in torch.
        ignore_index: samples of this label leave both parts and both denominators. Not for class probabilities.
        weight: w_k, [K], not negative: what class k adds to either part counts w_k times. The optimum is then
            w q' / sum(w q'), no longer q'.
        smoothing: uniform (eps/K for every class), off-target (eps/(K-1) for each class but the label), classy
            (q + eps/K, over 1+eps) or prior (eps pi).
        prior: pi, [K], not negative and of sum 1; for smoothing="prior" alone.
        allow_negative_eps: take eps < 0 as well, which torch leaves out without a word.
        return_parts: return the parts H and U too; the loss is (1-e) H + e U.

    Returns:
        The loss, or (loss, Parts), in float32 at least, whatever autocast says: sums in float16 overflow. A mean over
        nothing (all samples ignored, or all of weight 0) is 0 with gradients of 0, where torch gives nan: a batch of
        padding must not end a training run. A class with a logit of -inf is left out where its target or its weight
        is 0; elsewhere the loss is inf (nan if e is not in [0, 1]). Nan logits of an ignored sample reach nothing but
        their own gradient.

    Raises:
        UsageError: an option, a shape, or a value of weight or prior does not fit. (torch.compile leaves the values
            out; the module reads them once, when it is made. A label that is no class is torch's own error.)

    Source: Szegedy et al. 2016, section 7; weights as torch.nn.functional.cross_entropy has them.
    """
    if not torch.compiler.is_compiling():
        _check_vectors(weight, prior)
    settings = (eps, reduction, ignore_index, weight, smoothing, prior, allow_negative_eps, return_parts)
    return _cross_entropy(logits, target, *settings)


class LabelSmoothingCrossEntropy(nn.Module):
    """label_smoothing_cross_entropy as a module, with the same arguments.

    `eps` may be set anew between steps. `weight` and `prior` are buffers, which move with the module and are saved
    with it, as torch.nn.CrossEntropyLoss saves its weight.

    Raises:
        UsageError: an option or a value of weight or prior does not fit.
    """

    weight: Tensor | None
    prior: Tensor | None

    def __init__(
        self,
        eps: float = 0.1,
        reduction: str = "mean",
        ignore_index: int = -100,
        weight: Tensor | None = None,
        smoothing: str = "uniform",
        prior: Tensor | None = None,
        *,
        allow_negative_eps: bool = False,
        return_parts: bool = False,
    ) -> None:
        super().__init__()
        _check_options(eps, reduction, smoothing, prior, allow_negative_eps)
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
        """The loss of logits [N, K, ...] against labels or class probabilities, and its Parts if they are wanted."""
        choices = (self.allow_negative_eps, self.return_parts)
        settings = (self.eps, self.reduction, self.ignore_index, self.weight, self.smoothing, self.prior, *choices)
        return _cross_entropy(logits, target, *settings)

    def extra_repr(self) -> str:
        """The options without the buffers."""
        names = ("eps", "reduction", "ignore_index", "smoothing")
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


def _cross_entropy(
    logits: Tensor,
    target: Tensor,
    eps: float,
    reduction: str,
    ignore_index: int,
    weight: Tensor | None,
    smoothing: str,
    prior: Tensor | None,
    allow_negative_eps: bool,
    return_parts: bool,
) -> Tensor | tuple[Tensor, Parts]:
    _check_options(eps, reduction, smoothing, prior, allow_negative_eps)
    dim = min(1, logits.ndim - 1)
    _check_shapes(logits, target, dim, {"weight": weight, "prior": prior})
    num_classes = logits.shape[dim]
    e = _amount(eps, smoothing, num_classes)

    log_prob = F.log_softmax(logits, dim, dtype=torch.promote_types(logits.dtype, torch.float32))
    by_class = (-1, *[1] * (logits.ndim - dim - 1))
    weight = None if weight is None else weight.to(log_prob.dtype)
    kept = share = None  # share: of each sample in the mean
    if target.is_floating_point():
        hard = -_times(target if weight is None else target * weight.view(by_class), log_prob).sum(dim)
    else:
        target = target.long()  # in uint8, -100 would be 156
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

    # Not 0 * inf at either end.
    mixed = hard if e == 0 else uniform if e == 1 else (1 - e) * hard + e * uniform
    loss = _reduced(mixed, kept, share, reduction)
    if not return_parts:
        return loss
    hard, uniform = (_reduced(part.detach(), kept, share, reduction) for part in (hard, uniform))
    return loss, Parts(hard, uniform)


def _times(factor: Tensor, log_prob: Tensor) -> Tensor:
    """Their product, with 0 log 0 = 0 in value and gradient."""
    if factor.requires_grad:  # the gradient of a target at 0 is log_prob, if that is finite
        return factor * log_prob.masked_fill((factor == 0) & log_prob.isinf(), 0)
    return torch.where(factor == 0, 0, factor * log_prob)


def _reduced(rows: Tensor, kept: Tensor | None, share: Tensor | None, reduction: str) -> Tensor:
    if kept is not None:
        rows = torch.where(kept, rows, 0)  # a product would keep the nan of an ignored sample
    if reduction == "none":
        return rows
    if reduction == "sum":
        return rows.sum()
    if share is None:
        return rows.sum() / max(rows.numel(), 1)
    total = share.sum()
    # The divisor is never 0: behind a where, 0/0 would still be a nan in the gradient.
    return torch.where(total > 0, rows.sum() / torch.where(total > 0, total, 1), 0)


def _check_options(eps: float, reduction: str, smoothing: str, prior: Tensor | None, allow_negative_eps: bool) -> None:
    if not isinstance(eps, Real) or not -math.inf < eps < math.inf:
        raise UsageError(f"must be a finite number, got {eps!r}", "0.1 is usual", where="eps")
    if eps > 1 or (eps < 0 and not allow_negative_eps):
        hint = "0.1 is usual" if eps > 1 else "allow_negative_eps=True takes it"
        raise UsageError(f"must be in [0, 1], got {eps!r}", hint, where="eps")
    if smoothing == "classy" and eps <= -1:
        raise UsageError(f"must be above -1 for classy smoothing, got {eps!r}", "it divides by 1 + eps", where="eps")
    for where, value, known in (("reduction", reduction, REDUCTIONS), ("smoothing", smoothing, SMOOTHINGS)):
        if value not in known:
            hint = nearest(str(value), known) or f"one of {', '.join(known)}"
            raise UsageError(f"unknown {where} {value!r}", hint, where=where)
    if smoothing == "prior" and prior is None:
        raise UsageError("smoothing='prior' needs one", "give a tensor [K] of sum 1", where="prior")
    if smoothing != "prior" and prior is not None:
        raise UsageError(f"smoothing={smoothing!r} takes none", "write smoothing='prior'", where="prior")


def _check_vectors(weight: Tensor | None, prior: Tensor | None) -> None:
    for where, vector in (("weight", weight), ("prior", prior)):
        if vector is None:
            continue
        if not isinstance(vector, Tensor) or vector.ndim != 1:
            raise UsageError("must be a tensor [K]", "one number a class", where=where)
        values = vector.detach().cpu().double()
        if not ((values >= 0) & values.isfinite()).all():
            raise UsageError("a value is negative or not finite", "one number from 0 on a class", where=where)
        if where == "prior" and abs(values.sum().item() - 1) > _SUM_TOLERANCE:
            raise UsageError(f"must sum to 1, got {values.sum().item():.6g}", "divide it by its sum", where=where)


def _check_shapes(logits: Tensor, target: Tensor, dim: int, vectors: dict[str, Tensor | None]) -> None:
    shape = tuple(logits.shape)
    if not logits.is_floating_point() or logits.ndim == 0 or shape[dim] == 0:
        raise UsageError(f"must be floating, [K] or [N, K, ...], got {logits.dtype} {shape}", where="logits")
    if target.dtype == torch.bool or target.is_complex():
        raise UsageError(f"must be labels or probabilities, got {target.dtype}", "convert it first", where="target")
    expected = shape if target.is_floating_point() else shape[:dim] + shape[dim + 1 :]
    if tuple(target.shape) != expected:
        kind = "class probabilities" if target.is_floating_point() else "labels"
        message = f"{kind} {tuple(target.shape)} do not fit logits {shape}"
        raise UsageError(message, f"{expected} would; probabilities are floating, labels are integers", where="target")
    for where, vector in vectors.items():
        if vector is not None and tuple(vector.shape) != (shape[dim],):
            raise UsageError(
                f"{tuple(vector.shape)} does not fit {shape[dim]} classes", "one number a class", where=where
            )


def _amount(eps: float, smoothing: str, num_classes: int) -> float:
    """`lscli.smoothing.targets.uniform_eps` of plain numbers, which a compiler follows; no K = 1 to spread over."""
    if smoothing == "off-target" and num_classes > 1:
        return eps * num_classes / (num_classes - 1)
    return eps / (1 + eps) if smoothing == "classy" else eps
