"""Values and gradients of the loss: equal to torch, and correct where torch gives nan or refuses."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lscli import UsageError
from lscli.nn import LabelSmoothingCrossEntropy, Reduction, label_smoothing_cross_entropy
from tests.nn.test_loss import GOLDEN, GOLDEN_LABELS, assert_close, f64, gradient, loss

INF, NAN = math.inf, math.nan


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


WEIGHT = f64([0.5, 0.0, 2.0, 1.5])
SHAPES = [(4,), (6, 4), (3, 4, 5), (2, 4, 3, 2)]


def targets(shape: tuple[int, ...], kind: str) -> Tensor:
    """Labels (some ignored), one-hot rows or probabilities for logits of this shape."""
    dim = min(1, len(shape) - 1)
    labels = drawn(*shape, seed=1).argmax(dim)
    if kind == "index":
        return torch.where(drawn(*labels.shape, seed=2) > 0.9, -100, labels)
    if kind == "one-hot":
        return F.one_hot(labels, 4).movedim(-1, dim).double()
    return (3 * drawn(*shape, seed=3)).softmax(dim)


@pytest.mark.parametrize("eps", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("kind", ["index", "one-hot", "probabilities"])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients_are_those_of_torch(
    shape: tuple[int, ...], kind: str, weight: Tensor | None, reduction: Reduction, eps: float
) -> None:
    logits = (5 * drawn(*shape)).requires_grad_()
    target = targets(shape, kind)
    # At eps = 1 the loss does not depend on the target.
    of = [logits] if kind == "index" or eps == 1 else [logits, target.requires_grad_()]
    expected = F.cross_entropy(logits, target, weight=weight, reduction=reduction, label_smoothing=eps)
    actual = loss_of(logits, target, eps, reduction, weight=weight)
    assert_close(expected, actual)
    # With unequal factors an exchange of the gradients of two rows is a failure.
    factor = 1 + torch.arange(actual.numel()).view(actual.shape)
    gradients = [torch.autograd.grad((factor * value).sum(), of) for value in (expected, actual)]
    for of_torch, ours in zip(*gradients, strict=True):
        assert_close(of_torch, ours)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("kind", ["index", "one-hot", "probabilities"])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_gradients_are_those_of_the_values(shape: tuple[int, ...], kind: str, reduction: Reduction) -> None:
    logits, target = drawn(*shape).requires_grad_(), targets(shape, kind)
    inputs = (logits,) if kind == "index" else (logits, target.requires_grad_())

    def call(logits: Tensor, soft: Tensor = target) -> Tensor:
        return loss_of(logits, soft, 0.2, reduction, weight=WEIGHT, smoothing="prior", prior=f64([0.1, 0.2, 0.0, 0.7]))

    assert torch.autograd.gradcheck(call, inputs)
    assert torch.autograd.gradgradcheck(call, inputs)


def loss_of(*args: Any, **options: Any) -> Tensor:
    result = label_smoothing_cross_entropy(*args, **options)
    assert isinstance(result, Tensor)
    return result


def test_gradients_of_single_samples() -> None:
    """Under vmap no branch may depend on a value."""
    logits, labels = drawn(6, 4), targets((6, 4), "index")
    each = torch.func.vmap(torch.func.grad(loss_of))(logits, labels)
    leaf = logits.clone().requires_grad_()
    assert_close(gradient(loss_of(leaf, labels, reduction="sum"), leaf), each)


COMPILER: Any = torch.compiler  # its reset has no types
CLASSES = st.integers(2, 40)
EPS = st.floats(0, 1)


@given(CLASSES, EPS, st.integers(0, 99))
def test_conventions_with_converted_eps_give_one_loss(classes: int, eps: float, seed: int) -> None:
    logits, labels = 4 * drawn(5, classes, seed=seed), torch.arange(5) % classes
    flat = torch.full((classes,), 1 / classes, dtype=torch.float64)
    as_uniform = eps * (classes - 1) / classes
    rows = {"reduction": "none"}
    assert_close(
        loss_of(logits, labels, as_uniform, **rows),
        loss_of(logits, labels, as_uniform * (classes - 1) / classes, smoothing="off-target", **rows),
    )
    assert_close(
        loss_of(logits, labels, eps / (1 + eps), **rows), loss_of(logits, labels, eps, smoothing="classy", **rows)
    )
    assert_close(
        loss_of(logits, labels, eps, **rows), loss_of(logits, labels, eps, smoothing="prior", prior=flat, **rows)
    )


@given(CLASSES, EPS, st.integers(0, 99))
def test_off_target_is_the_loss_against_its_explicit_targets(classes: int, eps: float, seed: int) -> None:
    logits, labels = 4 * drawn(5, classes, seed=seed), torch.arange(5) % classes
    q = torch.full((5, classes), eps / (classes - 1), dtype=torch.float64).scatter(1, labels[:, None], 1 - eps)
    expected = -(q * logits.log_softmax(1)).sum(1)
    assert_close(expected, loss_of(logits, labels, eps, "none", smoothing="off-target"), 1e-11)


@pytest.mark.parametrize("kind", ["index", "probabilities"])
def test_autocast_changes_nothing(kind: str) -> None:
    logits = drawn(6, 4).bfloat16().requires_grad_()
    target = targets((6, 4), kind)
    target = target if kind == "index" else target.bfloat16()
    options: Any = {"weight": WEIGHT.float(), "smoothing": "prior", "prior": torch.full((4,), 0.25)}
    expected = loss_of(logits.float(), target, **options)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        actual = loss_of(logits, target, **options)
    assert torch.float32 == actual.dtype
    assert_close(expected, actual, 1e-6)
    assert torch.bfloat16 == gradient(actual, logits).dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_type_of_the_logits_is_that_of_the_loss(dtype: torch.dtype) -> None:
    logits, labels = drawn(6, 4).to(dtype), targets((6, 4), "index")
    prior = f64([0.25] * 4)
    for weight in (None, WEIGHT, WEIGHT.float(), WEIGHT.bfloat16(), (2 * WEIGHT).long()):
        assert dtype == loss_of(logits, labels, weight=weight, smoothing="prior", prior=prior).dtype


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["index", "probabilities"])
@pytest.mark.parametrize(
    "options",
    [
        {"smoothing": "prior", "prior": f64([0.1, 0.2, 0.0, 0.7]), "weight": WEIGHT, "reduction": "sum"},
        {"return_parts": True},
    ],
    ids=["prior", "parts"],
)
def test_it_compiles_as_one_graph(options: Any, kind: str) -> None:
    COMPILER.reset()
    module = LabelSmoothingCrossEntropy(**options)
    compile_whole: Any = partial(torch.compile, fullgraph=True, backend="aot_eager")
    compiled, compiled_module = compile_whole(label_smoothing_cross_entropy), compile_whole(module)
    for samples in (6, 9):  # the second size makes torch compile a graph for any size
        logits, target = drawn(samples, 4).requires_grad_(), targets((samples, 4), kind)
        results = module(logits, target), compiled_module(logits, target), compiled(logits, target, **options)
        losses = [result[0] if module.return_parts else result for result in results]
        expected, *actual = (gradient(value, logits) for value in losses)
        for result, its_gradient in zip(results[1:], actual, strict=True):
            torch.testing.assert_close(result, results[0], rtol=1e-12, atol=1e-12)
            assert_close(expected, its_gradient)


@pytest.mark.slow
def test_a_schedule_of_eps_compiles() -> None:
    COMPILER.reset()
    module = LabelSmoothingCrossEntropy()
    compiled = torch.compile(module, fullgraph=True, backend="aot_eager")
    logits, labels = drawn(6, 4), targets((6, 4), "index")
    for eps in (0.0, 0.1, 0.2, 0.3, 1.0):
        module.eps = eps
        assert_close(loss_of(logits, labels, eps), compiled(logits, labels))


# Where torch gives nan, refuses or is wrong.


@pytest.mark.parametrize(
    ("eps", "options"),
    [
        *((eps, {}) for eps in (-0.3, 1.1, NAN, INF, -INF, "0.1")),
        *((eps, {"allow_negative_eps": True}) for eps in (1.1, NAN, -INF)),
        (-1.0, {"allow_negative_eps": True, "smoothing": "classy"}),
    ],
)
def test_an_eps_out_of_range_is_refused(eps: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as error:
        loss(GOLDEN, GOLDEN_LABELS, eps, **options)
    assert "eps" == error.value.where
    assert error.value.hint
    with pytest.raises(UsageError):
        LabelSmoothingCrossEntropy(eps, **options)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weight", [None, f64([1.0, 2.0, 3.0])])
def test_a_batch_of_padding_is_0_with_gradients_of_0(reduction: Reduction, weight: Tensor | None) -> None:
    logits = f64(GOLDEN).requires_grad_()
    labels = torch.full((4,), -100)
    result, parts = label_smoothing_cross_entropy(logits, labels, reduction=reduction, weight=weight, return_parts=True)
    expected = f64([0.0] * 4 if reduction == "none" else 0.0)
    for value in (result.detach(), *parts):
        assert_close(expected, value, 0)
    assert_close(torch.zeros_like(logits), gradient(result, logits), 0)


def test_a_mean_over_no_samples_is_0() -> None:
    none = f64([]).view(0, 3)
    assert_close(0.0, label_smoothing_cross_entropy(none, torch.tensor([]).long()), 0)
    assert_close(0.0, label_smoothing_cross_entropy(none, none), 0)


def test_an_ignored_row_adds_nothing_although_classyvision_counts_it() -> None:
    assert_close(0.0, loss([[0, 7]], [-1], 0.2, smoothing="classy", ignore_index=-1), 0)


def test_a_mean_over_labels_of_weight_0_is_0_with_gradients_of_0() -> None:
    logits = f64([[1.0, 2.0, -INF], [0.5, 0.1, 0.2]]).requires_grad_()
    result = label_smoothing_cross_entropy(logits, torch.tensor([0, 0]), weight=f64([0.0, 1.0, 2.0]))
    assert_close(0.0, result.detach(), 0)
    assert_close(torch.zeros_like(logits), gradient(result, logits), 0)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_nan_in_an_ignored_row_changes_no_other_row(reduction: Reduction) -> None:
    logits = f64([[NAN, NAN, NAN], *GOLDEN]).requires_grad_()
    rest = f64(GOLDEN).requires_grad_()
    result = label_smoothing_cross_entropy(logits, torch.tensor([-100, *GOLDEN_LABELS]), 0.1, reduction)
    expected = label_smoothing_cross_entropy(rest, torch.tensor(GOLDEN_LABELS), 0.1, reduction)
    assert_close(expected.sum(), result.sum())
    assert_close(gradient(expected, rest), gradient(result, logits)[1:])


MASKED = [[0.3, -INF, 0.4], [1.0, -INF, 2.0]]
ONE_HOT = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
WITHOUT = [[0.3, 0.4], [1.0, 2.0]]


@pytest.mark.parametrize("target", [[0, 2], ONE_HOT])
def test_a_masked_class_is_excluded_where_its_target_or_weight_is_0(target: Any) -> None:
    # torch gives nan for a one-hot target and for a weight of 0.
    hard = F.cross_entropy(f64(WITHOUT), torch.tensor([0, 1]))
    assert_close(hard, loss(MASKED, target, 0.0))
    assert_close(INF, loss(MASKED, target, 0.1))
    assert_close(INF, loss(MASKED, target, 1.0))
    prior = f64([0.25, 0.0, 0.75])
    for eps in (0.0, 0.1, 1.0):
        both = (f64(WITHOUT).log_softmax(1) @ f64([0.25, 0.75])).mean()
        assert_close((1 - eps) * hard - eps * both, loss(MASKED, target, eps, smoothing="prior", prior=prior))
    weighted = loss(MASKED, target, 0.1, "sum", weight=f64([1.0, 0.0, 2.0]))
    rows = f64(WITHOUT).log_softmax(1) * f64([1.0, 2.0])
    assert_close(-0.9 * (rows[0, 0] + rows[1, 1]) - 0.1 / 3 * rows.sum(), weighted)


@pytest.mark.parametrize("smoothing", ["uniform", "off-target"])
def test_a_masked_label_is_excluded_at_a_mixture_weight_of_1(smoothing: str) -> None:
    """At e = 1 only the uniform part counts, and the class of the label has weight 0 there."""
    eps = 1.0 if smoothing == "uniform" else 2 / 3
    actual = loss(MASKED, [1, 1], eps, "sum", weight=f64([1.0, 0.0, 1.0]), smoothing=smoothing)
    assert_close(-f64(WITHOUT).log_softmax(1).sum() / 3, actual)
    prior = f64([0.5, 0.0, 0.5])
    assert_close(-f64(WITHOUT).log_softmax(1).mean(), loss(MASKED, [1, 1], 1.0, smoothing="prior", prior=prior))


@pytest.mark.parametrize(("target", "eps"), [([0, 2], 0.0), (ONE_HOT, 0.0), ([0, 2], 0.1)])
def test_gradients_of_a_masked_class_are_0_and_finite_elsewhere(target: Any, eps: float) -> None:
    logits = f64(MASKED).requires_grad_()
    q = f64(target) if isinstance(target[0], list) else torch.tensor(target)
    options: Any = {"smoothing": "prior", "prior": f64([0.5, 0.0, 0.5])} if eps else {}
    actual = gradient(label_smoothing_cross_entropy(logits, q, eps, **options), logits)
    assert actual.isfinite().all()
    assert [0.0, 0.0] == actual[:, 1].tolist()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(("shape", "eps", "reduction"), [((8, 50000), 0.1, "none"), ((8000, 100), 0.0, "mean")])
def test_half_precision_is_summed_in_float32(
    dtype: torch.dtype, shape: tuple[int, int], eps: float, reduction: Reduction
) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = (8 * torch.randn(shape, generator=generator)).to(dtype)
    labels = torch.randint(shape[1], shape[:1], generator=generator)
    actual = label_smoothing_cross_entropy(logits, labels, eps, reduction)
    assert torch.float32 == actual.dtype
    expected = F.cross_entropy(logits.double(), labels, label_smoothing=eps, reduction=reduction)
    assert_close(expected, actual.double(), 1e-6)
    soft = label_smoothing_cross_entropy(logits, F.one_hot(labels, shape[1]).to(dtype), eps, reduction)
    assert_close(actual, soft, 1e-6)


@pytest.mark.parametrize("dtype", [torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64, torch.uint16])
def test_labels_of_any_integer_type(dtype: torch.dtype) -> None:
    labels = torch.tensor([2, 0, 1, 0])
    assert_close(loss(GOLDEN, labels), loss(GOLDEN, labels.to(dtype)))


def test_a_uint8_label_is_never_minus_100() -> None:
    logits = torch.linspace(0, 1, 200, dtype=torch.float64)[None]
    label = torch.tensor([156])  # -100 modulo 256
    assert_close(loss(logits.tolist(), label), loss(logits.tolist(), label.to(torch.uint8)))


def test_floating_labels_are_probabilities_and_classes_are_dimension_1() -> None:
    """With K = T, [N, K, T] and [N, T, K] have one shape: the docstring defines the first."""
    logits = torch.arange(18.0, dtype=torch.float64).view(2, 3, 3).sin()
    labels = torch.tensor([[0, 1, 2], [2, 2, 0]])
    turned = logits.transpose(1, 2)
    flat = turned.reshape(6, 3)
    assert_close(label_smoothing_cross_entropy(flat, labels.flatten()), label_smoothing_cross_entropy(logits, labels))
    wrong = label_smoothing_cross_entropy(turned, labels)
    assert abs(wrong.item() - label_smoothing_cross_entropy(logits, labels).item()) > 0.01


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_one_class_costs_nothing(smoothing: str) -> None:
    assert_close(0.0, loss([[3.0], [-2.0]], [0, 0], smoothing=smoothing), 0)
