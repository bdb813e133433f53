"""Shapes of logits and labels are compared whole, and the message names the axis that holds the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.errors import InputError, LscliError, UsageError
from lscli.io.axes import class_axes, same_samples
from tests.io.make import figures

RANDOM = np.random.default_rng(5)
N, T, K, H, W = 4, 3, 7, 2, 5
TOKENS, OF_TOKENS = RANDOM.normal(size=(N, T, K)), RANDOM.integers(0, K, (N, T))
IMAGES, OF_IMAGES = RANDOM.normal(size=(N, K, H, W)), RANDOM.integers(0, K, (N, H, W))
MATRIX, FLAT = TOKENS.reshape(-1, K), OF_TOKENS.ravel()
CLASSES_FIRST = np.moveaxis(TOKENS, -1, 1)
WEIGHTS = RANDOM.random((N, T))
# The rows are compared with those of a matrix, which are independent; see tests/cli/test_clusters.py.
ALONE: dict[str, Any] = {"clusters": "none"}


def refused(kind: type[LscliError], says: str, *arguments: Any, **options: Any) -> LscliError:
    with pytest.raises(kind) as caught:
        lscli.evaluate(*arguments, **options)
    assert says in str(caught.value)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("shape", "samples", "same"),
    [
        ((2, 3), (2, 3), True),
        ((3, 2), (2, 3), False),
        ((6,), (2, 3), True),
        ((2, 3), (6,), True),
        ((5,), (2, 3), False),
        ((2, 1, 3), (2, 3), True),
        ((2, 3), (2, 3, 1), True),
        ((4, 3, 2), (4, 2, 3), False),
        ((6, 4), (2, 3, 4), False),
    ],
)
def test_entries_are_in_the_same_order(shape: tuple[int, ...], samples: tuple[int, ...], same: bool) -> None:
    assert same == same_samples(shape, samples)


def test_the_axis_of_the_classes_is_the_one_that_labels_lack() -> None:
    assert [2] == class_axes((2, 3, 4), (2, 3))
    assert [1] == class_axes((2, 4, 5, 6), (2, 5, 6))
    assert [0] == class_axes((4, 9), (9,))
    assert [2, 1] == class_axes((2, 4, 4), (2, 4))
    assert [] == class_axes((2, 3, 4), (3, 2))


@pytest.mark.parametrize("save", [False, True])
def test_labels_whose_axes_are_swapped_are_refused(tmp_path: Path, save: bool) -> None:
    x: Any = TOKENS
    y: Any = OF_TOKENS.T
    if save:
        np.save(x := tmp_path / "x.npy", TOKENS)
        np.save(y := tmp_path / "y.npy", OF_TOKENS.T)
    says = "labels (3, 4) do not fit logits (4, 3, 7); they must be (N, T) = (4, 3): the axes are swapped"
    assert "save labels.T" == refused(InputError, says, x, y, flatten=True).hint
    assert figures(lscli.evaluate(MATRIX, FLAT)) == figures(lscli.evaluate(x, OF_TOKENS, **ALONE, flatten=True))


def test_the_hint_for_swapped_axes_leads_to_the_right_number() -> None:
    swapped = OF_IMAGES.transpose(2, 0, 1)
    error = refused(InputError, "with class_axis=1 they must be (N, H, W)", IMAGES, swapped, class_axis=1)
    assert "save labels.transpose(1, 2, 0)" == error.hint
    expected = figures(lscli.evaluate(IMAGES, OF_IMAGES, **ALONE, class_axis=1))
    assert expected == figures(lscli.evaluate(IMAGES, swapped.transpose(1, 2, 0), **ALONE, class_axis=1))
    # Where two axes are equally long, the order is not known.
    square = RANDOM.normal(size=(2, 2, 3, K))
    hint = refused(InputError, "the axes are swapped", square, np.zeros((2, 3, 2), int), flatten=True).hint
    assert "save them with their axes in the order of the logits" == hint


def test_swapped_axes_are_named_before_flatten_is_said() -> None:
    assert "swapped" in refused(InputError, "need logits of shape (N, K)", TOKENS, OF_TOKENS.T).hint


def test_flat_labels_are_in_c_order() -> None:
    expected, column = figures(lscli.evaluate(MATRIX, FLAT)), OF_TOKENS[..., None]
    for logits, labels in (
        (TOKENS, FLAT),
        (MATRIX, OF_TOKENS),
        (TOKENS[:, None], OF_TOKENS),
        (TOKENS, column),
    ):
        assert expected == figures(lscli.evaluate(logits, labels, **ALONE, flatten=True))


@pytest.mark.parametrize("options", [{}, {"flatten": True}])
@pytest.mark.parametrize(
    ("logits", "labels"), [(CLASSES_FIRST, OF_TOKENS), (IMAGES, OF_IMAGES), (IMAGES[0], OF_IMAGES[0])]
)
def test_classes_on_another_axis_are_named(
    logits: NDArray[Any], labels: NDArray[Any], options: dict[str, bool]
) -> None:
    axis = logits.shape.index(K)
    error = refused(InputError, f"labels {labels.shape} show that the classes", logits, labels, **options)
    assert f"say class_axis={axis}" == error.hint
    expected = figures(lscli.evaluate(np.moveaxis(logits, axis, -1).reshape(-1, K), labels.ravel()))
    assert expected == figures(lscli.evaluate(logits, labels, **ALONE, class_axis=axis))


def test_transposed_logits_are_named() -> None:
    says = "logits (7, 12) are transposed: labels (12,) are one per column"
    assert "say class_axis=0, or save logits.T" == refused(InputError, says, MATRIX.T, FLAT).hint
    expected = figures(lscli.evaluate(MATRIX, FLAT))
    assert expected == figures(lscli.evaluate(MATRIX.T, FLAT, **ALONE, class_axis=0))
    # Labels of more classes than there are rows are not those of transposed logits.
    refused(InputError, "rows differ", MATRIX.T, np.full(12, 7))
    refused(InputError, "labels (12,) show that the classes of logits (12, 7) are axis 1", MATRIX, FLAT, class_axis=0)


def test_every_axis_that_fits_is_named() -> None:
    square = RANDOM.normal(size=(N, K, K))
    hint = refused(InputError, "need logits of shape", square, RANDOM.integers(0, K, (N, K))).hint
    assert "if axis 2 holds the classes, say flatten=True; if axis 1 holds the classes, say class_axis=1" == hint
    either = RANDOM.normal(size=(2, 3, 2))
    hint = refused(InputError, "are axis 0", either, RANDOM.integers(0, 2, (3, 2)), flatten=True).hint
    assert "if axis 0 holds the classes, say class_axis=0; if the axes of the labels are swapped, save labels.T" == hint


def test_an_axis_that_is_not_there_is_refused() -> None:
    for axis in (3, -4):
        assert "from 0 to 2" in refused(UsageError, f"have no axis {axis}", TOKENS, OF_TOKENS, class_axis=axis).hint
    refused(UsageError, "class_axis: must be a whole number", TOKENS, OF_TOKENS, class_axis=1.5)
    refused(
        UsageError, "binary logits have no axis of classes", TOKENS[:, :, 0], OF_TOKENS % 2, binary=True, class_axis=1
    )


def test_shapes_are_in_the_message_if_rows_differ() -> None:
    says = "rows differ: logits has 12, the labels have 11; their shapes are (12, 7) and (11,)"
    refused(InputError, says, MATRIX, FLAT[:11])
    refused(InputError, "labels (4, 2) do not fit logits (4, 3, 7)", TOKENS, OF_TOKENS[:, :2], flatten=True)


def test_binary_values_of_several_dimensions() -> None:
    z, bits = TOKENS[:, :, 0], OF_TOKENS % 2
    assert "say flatten=True" == refused(InputError, "need one value per sample", z, bits, binary=True).hint
    refused(InputError, "labels (3, 4) do not fit logits (4, 3)", z, bits.T, binary=True, flatten=True)
    expected = figures(lscli.evaluate(z.ravel(), bits.ravel(), binary=True))
    assert expected == figures(lscli.evaluate(z[..., None], bits, binary=True, **ALONE, flatten=True))


def test_inputs_in_the_wrong_order_are_named() -> None:
    refused(InputError, "the two inputs are swapped", OF_TOKENS, TOKENS, flatten=True)
    refused(InputError, "the two inputs are swapped", OF_IMAGES, IMAGES, class_axis=1)


@pytest.mark.parametrize("shape", [(N, T), (N * T,), (N, 1, T)])
def test_weights_and_groups_have_the_shape_of_the_samples(shape: tuple[int, ...]) -> None:
    groups = np.where(WEIGHTS > 0.5, "a", "b")
    expected = figures(lscli.evaluate(MATRIX, FLAT, weights=WEIGHTS.ravel(), groups=groups.ravel()))
    given: dict[str, Any] = {"weights": WEIGHTS.reshape(shape), "groups": groups.reshape(shape)}
    assert expected == figures(lscli.evaluate(TOKENS, OF_TOKENS, **ALONE, flatten=True, **given))


@pytest.mark.parametrize(("name", "called"), [("weights", "weights"), ("groups", "rows of metadata")])
def test_weights_and_groups_of_another_shape_are_refused(name: str, called: str) -> None:
    says = f"{called} (3, 4) do not fit the samples, which are (4, 3)"
    refused(InputError, says, TOKENS, OF_TOKENS, flatten=True, **{name: WEIGHTS.T})
    refused(InputError, f"need {called} of shape (N,), got (3, 4)", MATRIX, FLAT, **{name: WEIGHTS.T})
    refused(InputError, f"rows differ: 12 logits, 5 {called}", MATRIX, FLAT, **{name: WEIGHTS.ravel()[:5]})


SOFT = RANDOM.dirichlet(np.ones(K), size=(N, T))


def test_soft_labels_have_their_classes_where_the_logits_have_them_or_last() -> None:
    how: dict[str, Any] = {"soft_labels": True, "metrics": "loss_hard,loss_smoothed"}
    expected = figures(lscli.evaluate(MATRIX, SOFT.reshape(-1, K), **how))
    first, flat = np.moveaxis(SOFT, -1, 1), SOFT.reshape(-1, K)
    assert expected == figures(lscli.evaluate(TOKENS, SOFT, **ALONE, flatten=True, **how))
    for logits, labels, axis in (
        (CLASSES_FIRST, first, 1),
        (CLASSES_FIRST, SOFT, 1),
        (CLASSES_FIRST, flat, -2),
        (MATRIX.T, flat, 0),
        (MATRIX.T, flat.T, 0),
    ):
        assert expected == figures(lscli.evaluate(logits, labels, **ALONE, class_axis=axis, **how))


def test_soft_labels_that_do_not_fit_are_refused() -> None:
    soft: dict[str, Any] = {"soft_labels": True}
    says = "soft labels (3, 4, 7) do not fit logits (4, 3, 7); they must be distributions for (N, T) = (4, 3)"
    refused(InputError, says, TOKENS, SOFT.transpose(1, 0, 2), flatten=True, **soft)
    refused(InputError, "are transposed", MATRIX.T, SOFT.reshape(-1, K), **soft)
    first = np.moveaxis(SOFT, -1, 1)
    assert "class_axis" in refused(InputError, "not to 1", CLASSES_FIRST, first, flatten=True, **soft).hint


def test_shards_are_compared_pair_by_pair(tmp_path: Path) -> None:
    for number, rows, length in ((0, slice(0, 2), 3), (1, slice(2, 4), 2)):  # sequences of other lengths
        np.save(tmp_path / f"x{number}.npy", TOKENS[rows, :length])
        np.save(tmp_path / f"y{number}.npy", OF_TOKENS[rows, :length])
    x = np.concatenate([TOKENS[:2].reshape(-1, K), TOKENS[2:, :2].reshape(-1, K)])
    y = np.concatenate([OF_TOKENS[:2].ravel(), OF_TOKENS[2:, :2].ravel()])
    pair = (tmp_path / "x*.npy", tmp_path / "y*.npy")
    assert figures(lscli.evaluate(x, y)) == figures(lscli.evaluate(*pair, **ALONE, flatten=True))
    np.save(tmp_path / "y0.npy", OF_TOKENS[:2].T)
    error = refused(InputError, "labels (3, 2) do not fit logits (2, 3, 7)", *pair, flatten=True)
    assert str(tmp_path / "y0.npy") == error.where


def test_several_models_of_other_shapes_are_refused() -> None:
    with pytest.raises(InputError, match=r"model 1: has logits of shape \(4, 7, 3\), model 0 of \(4, 3, 7\)"):
        lscli.sweep(TOKENS, OF_TOKENS, others=[CLASSES_FIRST], flatten=True)
    expected = figures(lscli.sweep(MATRIX, FLAT, others=MATRIX + 1))
    assert expected == figures(lscli.sweep(CLASSES_FIRST, OF_TOKENS, others=CLASSES_FIRST + 1, **ALONE, class_axis=1))


def test_a_loss_of_images_is_explained() -> None:
    labels = np.where(OF_TOKENS == 1, -100, OF_TOKENS)
    expected = list(lscli.explain("2.5", MATRIX, labels.ravel()).rows)
    assert expected == list(lscli.explain("2.5", CLASSES_FIRST, labels, class_axis=1).rows)
