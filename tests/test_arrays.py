"""What callers give as an array: what is read, and what is refused since it holds no numbers or hides some."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch._subclasses import FakeTensorMode
from torch.masked import masked_tensor

import lscli
from lscli.arrays import as_array, as_list
from lscli.errors import InputError

X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.arange(8) % 3
HIDDEN = np.ma.array(Y, mask=Y == 1)


class Image(torch.Tensor):
    """A subclass whose values are its own, as those of images are."""


def fake() -> torch.Tensor:
    with FakeTensorMode():
        return torch.ones(3, 3)


@pytest.mark.parametrize(
    "given",
    [
        X.tolist(),
        tuple(map(tuple, X.tolist())),
        np.ma.array(X),
        np.ma.array(X, mask=np.zeros(X.shape, bool)),
        pd.DataFrame(X),
        torch.tensor(X),
        torch.tensor(X, requires_grad=True),
        torch.nn.Parameter(torch.tensor(X)),
        torch.tensor(X).as_subclass(Image),
        [*torch.tensor(X)],
    ],
    ids=lambda given: type(given).__name__,
)
def test_the_values_of_whatever_holds_numbers_are_read(given: Any) -> None:
    assert np.array_equal(X, as_array(given, "x"))
    assert lscli.evaluate(X, Y)["loss_hard"] == pytest.approx(lscli.evaluate(given, Y)["loss_hard"], rel=1e-6)


def test_bfloat16_becomes_float32_of_the_same_values() -> None:
    assert [0.5, 1.0078125] == as_array(torch.tensor([0.5, 1.0078125], dtype=torch.bfloat16), "x").tolist()


@pytest.mark.filterwarnings(
    "ignore:.*prototype stage:UserWarning", "ignore:Sparse CSR:UserWarning", "ignore:.*quantize:UserWarning"
)
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: masked_tensor(torch.ones(2), torch.tensor([True, False])), "MaskedTensor"),
        (fake, "FakeTensor"),
        (lambda: torch.nn.UninitializedParameter(), "UninitializedParameter"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), "nested"),
        (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged), "nested"),
        (lambda: torch.eye(3).to_sparse(), "torch.sparse_coo"),
        (lambda: torch.eye(3).to_sparse_csr(), "torch.sparse_csr"),
        (lambda: torch.ones(2, device="meta"), "meta"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "quantized"),
        (lambda: torch.ones(2).to(torch.float8_e4m3fn), "float8_e4m3fn"),
        (lambda: {"a": X}, "dict"),
        (lambda: iter(X), "iterator"),
        (lambda: [[1], [1, 2]], "is not an array"),
        (lambda: X.astype(object), "object arrays are refused"),
        (lambda: 10**30, "object arrays are refused"),
    ],
)
def test_what_holds_no_numbers_is_refused(make: Any, says: str) -> None:
    for role in ("logits", "labels", "weights"):
        given: dict[str, Any] = {"logits": X, "labels": Y, role: make()}
        with pytest.raises(InputError, match=f"^{role}: .*{says}") as caught:
            lscli.evaluate(**given)
        assert caught.value.hint


@pytest.mark.parametrize("transform", ["vmap", "grad"])
def test_a_tensor_inside_a_transform_has_no_values(transform: str) -> None:
    def loss(logits: torch.Tensor) -> torch.Tensor:
        lscli.evaluate(logits, Y)
        return logits.sum()

    with pytest.raises(InputError, match=r"transform of torch\.func"):
        getattr(torch.func, transform)(loss)(torch.tensor(X))


MASKED_TABLE = lscli.SampleTable.from_confidences
CALLS: list[tuple[str, Any]] = [
    ("labels", lambda hidden: lscli.evaluate(X, hidden)),
    ("weights", lambda hidden: lscli.evaluate(X, Y, weights=hidden)),
    ("groups", lambda hidden: lscli.evaluate(X, Y, groups=hidden)),
    ("labels", lambda hidden: lscli.smooth_labels(hidden, 3, 0.1)),
    ("confidence", lambda hidden: MASKED_TABLE(hidden / 3, Y > 1)),
    ("correct", lambda hidden: MASKED_TABLE(Y / 3, hidden > 1)),
    ("weight", lambda hidden: MASKED_TABLE(Y / 3, Y > 1, weight=hidden)),
    ("logits", lambda hidden: lscli.per_bin(np.ma.array(X, mask=np.outer(hidden.mask, [True] * 3)), Y)),
    ("logits", lambda hidden: lscli.sweep(X, Y, others=[np.ma.array(X, mask=np.outer(hidden.mask, [1, 0, 0]))])),
    ("prior", lambda hidden: lscli.evaluate(X, Y, smoothing="prior", prior=(hidden[:3] + 1) / 6)),
    ("class_weights", lambda hidden: lscli.per_class(X, Y, class_weights=hidden[:3] + 1)),
    ("class_names", lambda hidden: lscli.per_class(X, Y, class_names=hidden[:3])),
]


@pytest.mark.parametrize(("role", "call"), CALLS)
def test_masked_values_are_refused_and_a_mask_that_hides_nothing_is_not(role: str, call: Any) -> None:
    with pytest.raises(InputError, match=f"^{role}: some values are masked") as caught:
        call(HIDDEN)
    assert "filled" in caught.value.hint
    call(np.ma.array(Y, mask=np.zeros(8, bool)))


@pytest.mark.parametrize(
    "given", [[np.ma.masked, 1.0], [np.ma.array([1, 2], mask=[False, True]), [1, 2]], ([[np.ma.masked]],)]
)
def test_masked_values_inside_lists_are_found(given: Any) -> None:
    with pytest.raises(InputError, match="masked"):
        as_array(given, "x")
    with pytest.raises(InputError, match="masked"):
        as_list(given, "x")


@pytest.mark.parametrize("given", [["a", "b"], np.array(["a", "b"]), pd.Series(["a", "b"]), np.array([["a"], ["b"]])])
def test_a_list_has_one_item_for_each_place(given: Any) -> None:
    assert ["a", "b"] == as_list(given, "x")


@pytest.mark.parametrize("given", [5, None, "ab", b"ab", {"a": 1}, iter("ab"), np.ones((2, 2)), itertools.count()])
def test_what_is_no_list_is_refused(given: Any) -> None:
    with pytest.raises(InputError, match=r"^x: is not a list of values"):
        as_list(given, "x")


def test_lists_within_lists_end() -> None:
    itself: list[Any] = []
    itself.append(itself)
    for given in (itself, [math.inf, itself]):
        with pytest.raises(InputError):
            as_array(given, "x")
