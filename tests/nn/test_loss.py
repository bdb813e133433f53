"""The label-smoothed loss: published numbers, its parts, the module and refused arguments."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from lscli import UsageError
from lscli.nn import LabelSmoothingCrossEntropy, Parts, label_smoothing_cross_entropy

INF, NAN = math.inf, math.nan


def f64(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def loss(logits: Any, target: Any, *args: Any, **options: Any) -> Tensor:
    """The loss of float64 logits; a target of lists of lists is class probabilities."""
    if not isinstance(target, Tensor):
        target = f64(target) if isinstance(target[0], list) else torch.tensor(target)
    result = label_smoothing_cross_entropy(f64(logits), target, *args, **options)
    assert isinstance(result, Tensor)
    return result


def assert_close(expected: Any, actual: Tensor, tolerance: float = 1e-12) -> None:
    expected = expected if isinstance(expected, Tensor) else torch.tensor(expected, dtype=actual.dtype)
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


def gradient(value: Tensor, of: Tensor) -> Tensor:
    (result,) = torch.autograd.grad(value.sum(), of)
    return result


# Numbers from the tests of other libraries, recomputed in float64.

B20 = [
    *([0.1735, 0.2191], [-0.1377, 0.3467], [-0.2162, 0.2021], [-0.1177, 0.2157], [-0.1232, 0.2620]),
    *([-0.1578, 0.4038], [-0.0209, 0.3298], [-0.0639, 0.2317], [-0.3914, 0.2106], [-0.4211, 0.3420]),
]
B20_LABELS = [0, -1, 0, 0, 0, 0, 0, 0, -1, 0]
W20 = {"weight": f64([1.0, 16.0]), "ignore_index": -1}
KERAS = [[1, 9, 0], [1, 8, 1]]
NONE, SUM = {"reduction": "none"}, {"reduction": "sum"}
B16 = {"weight": f64([0.1, 0.9]), "eps": 0.1}
B17 = [[0.2, 0.3, 0.5], [0.5, 0.2, 0.3]]
W17 = {"weight": f64([2.0, 4.0, 6.0])}
B21 = [[0.3, 0.4], [1.0, 2.0]]
W21 = {"weight": f64([0.3, 0.6])}

# logits, target, options, expected
PUBLISHED: list[tuple[Any, Any, dict[str, Any], Any]] = [
    # mmpretrain (from timm, ClassyVision and itself), ClassyVision, Keras
    ([[1, -1]], [0], {}, 0.2269280110429726),
    ([[1, -1]], [0], {"smoothing": "classy"}, 0.21783710195206352),
    ([[1, -1, 0]], [[0.6, 0.0, 0.4]], {}, 0.8676059644443805),
    ([[1, -1]] * 2, [0, 1], NONE, [0.2269280110429726, 2.0269280110429726]),
    ([[0, 7, 0, 0, 2]], [[0, 0, 0, 0, 1]], {"smoothing": "classy", "eps": 0.5}, 5.0760956664977055),
    ([[1, 2], [0, 2]], [0, 1], {"smoothing": "classy", "eps": 0.2}, 0.7617615159472644),
    ([[1, 2], [0, 2]], [0, 1], {"eps": 0.2 / 1.2}, 0.7617615159472644),
    ([[100, -100, -100]], [0], {}, 13.333333333333334),
    (KERAS, [1, 2], {}, 3.667807101704245),
    (KERAS, [1, 2], NONE, [0.5671254338488977, 6.768488769559592]),
    (KERAS, [1, 2], {"eps": 0.0}, 3.501140435037578),
    # pytorch#104776
    ([[0, 1]], [[1, 0]], B16, 0.13885663625),
    ([[0.85, 0.15]], [[1, 0]], B16, 0.08794604684),
    ([[1, 0]], [[1, 0]], B16, 0.08885663625),
    # pytorch#25571
    (B17, [2, 1], {**W17, **NONE, "eps": 0}, [5.638986365066761, 4.95932424337784]),
    (B17, [2, 1], {**W17, **SUM, "eps": 0}, 10.598310608444601),
    (B17, [2, 1], {**W17, "eps": 0}, 1.05983106084446),
    (B17, [2, 1], {**W17, **NONE}, [5.497686819564536, 4.91932424337784]),
    (B17, [2, 1], {**W17, **SUM}, 10.417011062942377),
    (B17, [2, 1], W17, 1.0417011062942376),
    (B17, [[0, 0, 1], [0, 1, 0]], W17, 5.208505531471188),
    # pytorch#69339, pytorch#72056
    ([[1, 2], [3, 0.4]], [-100, 1], {"weight": f64([0.2, 0.3])}, 2.540450613768209),
    (B20, B20_LABELS, W20, 1.2842268096161926),
    (B20, B20_LABELS, {**W20, **SUM}, 10.273814476929541),
    (B20, B20_LABELS, {"ignore_index": -1}, 0.8943345162092529),
]
# torch's test_cross_entropy_label_smoothing_weight_ignore_indices
for ignored in (-100, -2, 2):
    at: dict[str, Any] = {"ignore_index": ignored, "eps": 0.05}
    PUBLISHED += [
        (B21, [ignored, 1], {**at, **NONE}, [0, 0.33826168751822283]),
        (B21, [ignored, 1], {**at, **SUM}, 0.33826168751822283),
        (B21, [ignored, 1], at, 0.33826168751822283),
        (B21, [ignored, 1], {**at, **W21, **NONE}, [0, 0.19310754985454706]),
        (B21, [ignored, 1], {**at, **W21, **SUM}, 0.19310754985454706),
        (B21, [ignored, 1], {**at, **W21}, 0.32184591642424504),
        (B21, [ignored, 1], {**at, "eps": 0.15}, 0.3882616875182228),
        (B21, [ignored, 1], {**at, **W21, **SUM, "eps": 0.15}, 0.20340862454177372),
        (B21, [ignored, 1], {**at, **W21, "eps": 0.15}, 0.3390143742362895),
    ]


@pytest.mark.parametrize(("logits", "target", "options", "expected"), PUBLISHED)
def test_published_numbers(logits: Any, target: Any, options: dict[str, Any], expected: Any) -> None:
    digits = 1e-11 if options is B16 else 1e-12  # B16 was published with fewer digits
    assert_close(expected, loss(logits, target, **options), digits)


def test_the_caller_applies_sample_weights_to_unreduced_losses() -> None:
    rows = loss([[1, -1], [1, -1]], [0, 1], reduction="none")
    assert_close(0.5 * (0.2269280110429726 + 2.0269280110429726) / 2, (0.5 * rows).mean())


def test_probabilities_are_not_divided_by_their_sum() -> None:
    logits, target = [[0.4, 0.8, 0.6], [0.3, 0.0, 0.5]], [[0.2, 0.9, 0.4], [0.1, 0.8, 0.5]]
    assert_close(1.5940835968360691, loss(logits, target, 0.0))
    assert_close(1.5462339413337618, loss(logits, target, 0.1))
    # pytorch#134767: torch silently takes -3 for 0. The loss is 1.5940836 - 3 (1.5462339 - 1.5940836) / 0.1.
    with pytest.raises(UsageError, match=r"eps: must be in \[0, 1\], got -3"):
        loss(logits, target, -3)
    assert_close(3.0295732619, loss(logits, target, -3, allow_negative_eps=True), 1e-10)


def test_class_weights_move_the_optimum() -> None:
    best = f64([0.6785714285714286, 0.3214285714285714])  # w q' / sum(w q') at w = (.1, .9), y = 0, eps = .1
    logits = best.log()[None].requires_grad_()
    at_best = label_smoothing_cross_entropy(logits, torch.tensor([0]), 0.1, weight=f64([0.1, 0.9]))
    assert_close([[0.0, 0.0]], gradient(at_best, logits), 1e-15)


# One example in all conventions.

GOLDEN = [[1.0, 2.0, 3.0], [2.0, 0.0, -1.0], [0.0, 0.0, 0.0], [0.5, 2.5, -1.0]]
GOLDEN_LABELS = [2, 0, -100, 0]
PRIOR = f64([0.5, 0.3, 0.2])
H, U = 0.9102100637076515, 1.7435433970409848
ROWS = {
    "uniform": [0.5076059644443804, 0.3365126862229524, 0.0, 2.1365115404556216],
    "off-target": [0.5576059644443805, 0.41984601955628575, 0.0, 2.1281782071222883],
}


@pytest.mark.parametrize("smoothing", ROWS)
def test_golden_example(smoothing: str) -> None:
    rows = ROWS[smoothing]
    assert_close(rows, loss(GOLDEN, GOLDEN_LABELS, reduction="none", smoothing=smoothing))
    assert_close(sum(rows), loss(GOLDEN, GOLDEN_LABELS, reduction="sum", smoothing=smoothing))
    assert_close(sum(rows) / 3, loss(GOLDEN, GOLDEN_LABELS, smoothing=smoothing))


def test_golden_example_against_a_prior_and_in_classy_terms() -> None:
    assert_close(0.9835433970409848, loss(GOLDEN, GOLDEN_LABELS, smoothing="prior", prior=PRIOR))
    assert_close((H + 0.1 * U) / 1.1, loss(GOLDEN, GOLDEN_LABELS, smoothing="classy"))
    assert_close(0.8176174711150588, loss(GOLDEN, GOLDEN_LABELS, -1 / 9, allow_negative_eps=True))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("weight", [None, f64([2.0, 0.5, 1.0])])
@pytest.mark.parametrize(
    ("options", "e"),
    [
        ({}, 0.1),
        ({"smoothing": "off-target"}, 0.15),
        ({"smoothing": "prior", "prior": PRIOR}, 0.1),
        ({"eps": 0.0}, 0.0),
        ({"eps": 1.0}, 1.0),
        ({"eps": -0.5, "allow_negative_eps": True}, -0.5),
    ],
)
@pytest.mark.parametrize("soft", [False, True])
def test_the_parts_make_the_loss(
    reduction: str, weight: Tensor | None, options: dict[str, Any], e: float, soft: bool
) -> None:
    logits = f64(GOLDEN).requires_grad_()
    target = f64(GOLDEN).softmax(1) if soft else torch.tensor(GOLDEN_LABELS)
    given = {"reduction": reduction, "weight": weight, **options}
    result, parts = label_smoothing_cross_entropy(logits, target, **given, return_parts=True)
    assert_close(label_smoothing_cross_entropy(logits, target, **given), result)
    assert_close((1 - e) * parts.hard + e * parts.uniform, result.detach())
    for name, part in zip(Parts._fields, parts, strict=True):
        assert not part.requires_grad
        end = 0.0 if name == "hard" else 2 / 3 if "off-target" in options.values() else 1.0
        assert_close(label_smoothing_cross_entropy(logits, target, **{**given, "eps": end}).detach(), part)


# The module and refused arguments.


def test_the_module_is_the_function() -> None:
    logits, labels = f64(GOLDEN), torch.tensor(GOLDEN_LABELS)
    for options in (
        {"eps": 0.3, "reduction": "sum", "weight": f64([1.0, 2.0, 3.0])},
        {"ignore_index": 0, "smoothing": "off-target"},
        {"smoothing": "prior", "prior": PRIOR},
        {"eps": -0.2, "allow_negative_eps": True, "reduction": "none"},
    ):
        given: Any = options
        target = torch.where(labels == -100, given.get("ignore_index", -100), labels)
        module = LabelSmoothingCrossEntropy(**given)
        assert_close(label_smoothing_cross_entropy(logits, target, **given), module(logits, target), 0)
        for twin in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
            assert_close(module(logits, target), twin(logits, target), 0)
    result, parts = LabelSmoothingCrossEntropy(return_parts=True)(logits, labels)
    assert_close([0.9 * H + 0.1 * U, H, U], torch.stack([result, parts.hard, parts.uniform]))


def test_weight_and_prior_are_saved_and_move_with_the_module() -> None:
    given: Any = {"weight": torch.tensor([1.0, 2.0, 3.0]), "smoothing": "prior", "prior": PRIOR}
    module = LabelSmoothingCrossEntropy(**given)
    assert ["weight", "prior"] == list(module.state_dict())
    assert [] == list(LabelSmoothingCrossEntropy().state_dict())
    assert [] == list(module.parameters())
    other = LabelSmoothingCrossEntropy(weight=torch.ones(3), smoothing="prior", prior=torch.full((3,), 1 / 3))
    other.load_state_dict(module.state_dict())
    assert_close(
        module(f64(GOLDEN), torch.tensor(GOLDEN_LABELS)), other(f64(GOLDEN), torch.tensor(GOLDEN_LABELS)), 1e-7
    )
    assert {torch.float64} == {buffer.dtype for buffer in module.double().buffers()}
    assert {"meta"} == {buffer.device.type for buffer in module.to("meta").buffers()}


def test_eps_may_change_between_steps_but_not_to_nan() -> None:
    module = LabelSmoothingCrossEntropy()
    module.eps = 0.0
    assert_close(H, module(f64(GOLDEN), torch.tensor(GOLDEN_LABELS)))
    assert "LabelSmoothingCrossEntropy(eps=0.0, reduction='mean', ignore_index=-100, smoothing='uniform')" == repr(
        module
    )
    assert "ignore_index=<int" in repr(LabelSmoothingCrossEntropy(ignore_index=10**5000))
    module.eps = NAN
    with pytest.raises(UsageError):
        module(f64(GOLDEN), torch.tensor(GOLDEN_LABELS))


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"reduction": "avg"}, "reduction: unknown value 'avg'", "none, mean or sum"),
        ({"reduction": "means"}, "reduction: unknown value 'means'", "did you mean 'mean'?"),
        ({"smoothing": "off_target"}, "smoothing: unknown value 'off_target'", "did you mean 'off-target'?"),
        ({"smoothing": "prior"}, "prior: smoothing='prior' needs a prior", "sum 1"),
        ({"prior": PRIOR}, "prior: smoothing='uniform' has no prior", "smoothing='prior'"),
        ({"smoothing": "prior", "prior": f64([0.5, 0.3, 0.3])}, "prior: must sum to 1, got 1.1", "divide"),
        ({"smoothing": "prior", "prior": f64([1.5, -0.5, 0.0])}, "prior: a value is negative", "at least 0"),
        (
            {"smoothing": "prior", "prior": f64([NAN, 0.5, 0.5])},
            "prior: a value is negative or not finite",
            "at least 0",
        ),
        ({"smoothing": "prior", "prior": PRIOR[None]}, "prior: must be a tensor", "per class"),
        ({"weight": f64([1.0, -1.0, 1.0])}, "weight: a value is negative", "at least 0"),
        ({"weight": f64([1.0, INF, 1.0])}, "weight: a value is negative or not finite", "at least 0"),
        ({"weight": [1.0, 1.0, 1.0]}, "weight: must be a tensor", "per class"),
    ],
)
def test_bad_arguments(options: Any, message: str, hint: str) -> None:
    for call in (lambda: loss(GOLDEN, GOLDEN_LABELS, **options), lambda: LabelSmoothingCrossEntropy(**options)):
        with pytest.raises(UsageError) as error:
            call()
        assert str(error.value).startswith(message)
        assert hint in error.value.hint
        assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("logits", "target", "options", "message"),
    [
        (torch.zeros(4, 3), torch.zeros(3).long(), {}, "target: labels (3,) do not fit logits (4, 3)"),
        (torch.zeros(4, 3), torch.zeros(4, 3).long(), {}, "target: labels (4, 3) do not fit logits (4, 3)"),
        (torch.zeros(4, 3), torch.zeros(4), {}, "target: class probabilities (4,) do not fit logits (4, 3)"),
        (torch.zeros(3), torch.zeros(3).long(), {}, "target: labels (3,) do not fit logits (3,)"),
        (torch.zeros(2, 5, 3), torch.zeros(2, 5).long(), {}, "target: labels (2, 5) do not fit logits (2, 5, 3)"),
        (torch.zeros(4, 3), torch.zeros(4).bool(), {}, "target: must be labels or probabilities, got torch.bool"),
        (torch.zeros(4, 3).long(), torch.zeros(4).long(), {}, "logits: must be floating"),
        (torch.tensor(1.0), torch.tensor(0), {}, "logits: must be floating, [K] or [N, K, ...]"),
        (torch.zeros(4, 0), torch.zeros(4).long(), {}, "logits: must be floating, [K] or [N, K, ...]"),
        (torch.zeros(4, 3), torch.zeros(4).long(), {"weight": torch.ones(4)}, "weight: (4,) does not fit 3 classes"),
        (torch.zeros(3), torch.tensor(0), {"weight": torch.ones(1)}, "weight: (1,) does not fit 3 classes"),
        (
            torch.zeros(4, 2),
            torch.zeros(4).long(),
            {"smoothing": "prior", "prior": PRIOR},
            "prior: (3,) does not fit 2 classes",
        ),
    ],
)
def test_shapes_that_do_not_fit(logits: Tensor, target: Tensor, options: Any, message: str) -> None:
    for call in (label_smoothing_cross_entropy, LabelSmoothingCrossEntropy(**options)):
        given = options if call is label_smoothing_cross_entropy else {}
        with pytest.raises(UsageError) as error:
            call(logits, target, **given)
        assert str(error.value).startswith(message)


@pytest.mark.parametrize("label", [3, -1])
def test_a_label_that_is_no_class_is_an_error(label: int) -> None:
    with pytest.raises(RuntimeError, match="out of bounds"):
        loss(GOLDEN, [0, 1, 2, label], weight=f64([1.0, 1.0, 1.0]))
