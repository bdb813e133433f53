"""Arrays in memory give the figures of their values, whatever their layout, and are never written to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import lscli
from lscli.errors import InputError
from lscli.io.logits import Logits
from lscli.io.memory import TensorArray
from lscli.io.views import interpreted
from lscli.options import Kernel
from tests.io.make import figures, same_figures, some_labels, some_logits

LAYOUTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "contiguous": lambda x: x,
    "every other row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every other column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "rows reversed": lambda x: x[::-1].copy()[::-1],
    "columns reversed": lambda x: x[:, ::-1].copy()[:, ::-1],
    "within a wider array": lambda x: np.pad(x, 3)[3:-3, 3:-3],
    "Fortran order": np.asfortranarray,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "big-endian in Fortran order": lambda x: np.asfortranarray(x.astype(x.dtype.newbyteorder(">"))),
    "unaligned": lambda x: np.frombuffer(b"x" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "a subclass": lambda x: x.view(type("Sub", (np.ndarray,), {})),
}
TENSORS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.T.contiguous().T,
    "every other row": lambda x: x.repeat_interleave(2, dim=0)[::2],
    "requires_grad": lambda x: x.clone().requires_grad_(),
    "within a graph": lambda x: x.clone().requires_grad_() * 1,
    "a parameter": torch.nn.Parameter,
}
CHUNK = 7


def of_type(dtype: str, classes: int) -> NDArray[Any]:
    return some_logits(20, classes, dtype)


def expected(values: NDArray[Any]) -> list[str]:
    """The figures of the same values in a plain array of the type that is computed with."""
    plain = np.ascontiguousarray(values, np.float64 if values.dtype == np.float64 else np.float32)
    return figures(lscli.evaluate(plain, some_labels(20, 3), metrics="all"))


def actual(logits: Any, **options: Any) -> list[str]:
    return figures(lscli.evaluate(logits, some_labels(20, 3), metrics="all", chunk_rows=CHUNK, **options))


@pytest.mark.parametrize("classes", [3, 130])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_array_of_any_layout_gives_its_figures_and_is_not_written_to(layout: str, dtype: str, classes: int) -> None:
    values = of_type(dtype, classes)
    logits = LAYOUTS[layout](values)
    whole = np.asarray(logits if logits.base is None else logits.base)
    before = whole.tobytes()
    assert expected(values) == actual(logits)
    assert before == whole.tobytes()


@pytest.mark.parametrize("classes", [3, 130])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("layout", ["contiguous", "Fortran order", "big-endian"])
def test_a_read_only_array_is_read(layout: str, dtype: str, classes: int) -> None:
    logits = LAYOUTS[layout](of_type(dtype, classes)).copy(order="K")
    logits.setflags(write=False)
    assert expected(of_type(dtype, classes)) == actual(logits)


@pytest.mark.parametrize("writeable", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_torch_kernel_takes_any_layout(layout: str, writeable: bool) -> None:
    values = of_type("float32", 130)
    logits = LAYOUTS[layout](values)
    if not writeable:
        logits.setflags(write=False)
    assert actual(values, kernel="torch") == actual(logits, kernel="torch")


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [3, 130, 1000])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_neither_kernel_writes_to_the_array(dtype: str, classes: int, kernel: str) -> None:
    logits = of_type(dtype, classes)
    before = logits.copy()
    actual(logits, kernel=kernel)
    assert before.tobytes() == logits.tobytes()


@pytest.mark.parametrize("classes", [3, 130])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("layout", TENSORS)
def test_a_tensor_of_any_layout_gives_its_figures_and_is_not_written_to(
    layout: str, dtype: torch.dtype, classes: int
) -> None:
    values = torch.from_numpy(of_type("float64", classes)).to(dtype)
    logits = TENSORS[layout](values)
    assert expected(values.numpy()) == actual(logits)
    assert torch.equal(values, logits.detach())


def test_a_part_of_a_conjugate_is_read() -> None:
    values = torch.from_numpy(of_type("float32", 3))
    assert expected(values.numpy()) == actual(torch.complex(values, -values).conj().imag)


@pytest.mark.parametrize("classes", [3, 130])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "every other row", "requires_grad"])
def test_bfloat16_gives_the_figures_of_its_values(layout: str, kernel: Kernel, classes: int) -> None:
    values = torch.from_numpy(of_type("float32", classes)).bfloat16()
    logits = TENSORS[layout](values)
    report = lscli.evaluate(logits, some_labels(20, 3), metrics="all", chunk_rows=CHUNK, kernel=kernel)
    wide = lscli.evaluate(values.float(), some_labels(20, 3), metrics="all", kernel=kernel)
    same_figures(wide, report)
    assert "bfloat16" == report.inputs[0]["dtype"]
    assert torch.equal(values, logits.detach())


@pytest.mark.parametrize("classes", [3, 130])
def test_a_map_of_bfloat16_is_that_of_its_values(classes: int) -> None:
    rng = np.random.default_rng(0)
    values = torch.from_numpy(3 * rng.standard_normal((3000, classes))).bfloat16()
    labels = (values.double().numpy() / 1.6 + rng.gumbel(size=(3000, classes))).argmax(axis=1)
    found, wide = (lscli.fit(each, labels).calibrator for each in (values, values.float()))
    assert found is not None
    assert wide is not None
    assert wide.to_json() == found.to_json()  # after as many passes, too


@pytest.mark.parametrize("make", [list, tuple])
def test_nested_lists_are_float64(make: Callable[[Any], Any]) -> None:
    values = of_type("float64", 3)
    assert expected(values) == actual(make(make(row) for row in values.tolist()))


@pytest.mark.parametrize(
    "make",
    [
        list,
        tuple,
        np.asarray,
        torch.tensor,
        lambda values: np.repeat(values, 2)[::2],
        lambda values: np.asarray(values, ">i2"),
        lambda values: torch.tensor(values, dtype=torch.uint8),
        lambda values: torch.tensor(values, dtype=torch.int32).repeat_interleave(2)[::2],
        lambda values: torch.tensor(values, dtype=torch.uint16),
    ],
    ids=["list", "tuple", "array", "tensor", "strided", "big-endian", "uint8", "strided tensor", "uint16 tensor"],
)
def test_labels_in_memory_are_read_and_not_written_to(make: Callable[[Any], Any]) -> None:
    logits, values = of_type("float32", 3), some_labels(20, 3).tolist()
    labels = make(values)
    report = lscli.evaluate(logits, labels)
    assert figures(lscli.evaluate(logits, np.array(values, np.int64))) == figures(report)
    assert values == [int(value) for value in labels]


def test_ignored_labels_are_not_written_to() -> None:
    labels = some_labels(20, 3).astype(np.int32)
    labels[3] = -100
    before = labels.copy()
    lscli.evaluate(of_type("float32", 3), labels)
    assert before.tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("logits", "says"),
    [
        (torch.zeros(20, 3).to_sparse(), "layout torch.sparse_coo"),
        (torch.zeros(20, 3, dtype=torch.int64), "int64 values are refused"),
        (torch.zeros(20, 3, dtype=torch.bool), "dtype bool"),
        (torch.zeros(20, 3, dtype=torch.complex64), "dtype complex64"),
        (torch.zeros(20, 3, dtype=torch.float8_e4m3fn), "float8_e4m3fn"),
        (torch.zeros(20), r"need logits of shape \(N, K\), got \(20,\)"),
        (np.zeros((20, 3), int), "int64 values are refused"),
        (np.zeros((20, 3), np.longdouble), "dtype (float128|longdouble)"),
        ([[0.0, 1.0], [0.0]], "is not an array"),
        ([[None, 1.0]] * 20, "object arrays are refused"),
        ([["a", "b"]] * 20, "dtype str"),
        ([], r"need logits of shape \(N, K\), got \(0,\)"),
        (np.zeros((0, 3)), "no rows"),
        (np.zeros((20, 1)), "at least 2 classes"),
        (1.5, r"need logits of shape \(N, K\), got \(\)"),
    ],
)
def test_what_is_no_matrix_of_logits_is_refused(logits: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        lscli.evaluate(logits, some_labels(20, 3))
    assert "logits" == caught.value.where
    assert caught.value.hint


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0.0] * 20, r"not integer labels \(float64\)"),
        (torch.zeros(20), r"not integer labels \(float32\)"),
        (torch.zeros(20, dtype=torch.bfloat16), r"not integer labels \(bfloat16\)"),
        (torch.zeros(20, dtype=torch.bool), r"not integer labels \(bool\)"),
        (torch.zeros(20, 3), "multi-label rows of 0 and 1: row 0 has 0 of 3 classes"),
        (torch.full((20, 3), 0.5), r"need labels of shape \(N,\), got \(20, 3\)"),
        (torch.zeros(20, dtype=torch.int64).to_sparse(), "layout torch.sparse_coo"),
        ([True] * 20, r"not integer labels \(bool\)"),
        (["a"] * 20, "not integer labels"),
        ([2**70] * 20, "object arrays are refused"),
        ([], "no"),
        (3, r"need labels of shape \(N,\), got \(\)"),
        ([0] * 19, "rows differ: logits has 20, the labels have 19"),
    ],
)
def test_what_are_no_labels_is_refused(labels: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        lscli.evaluate(of_type("float32", 3), labels)
    assert "labels" == caught.value.where
    assert caught.value.hint


def test_two_arrays_in_the_wrong_order_are_called_swapped() -> None:
    with pytest.raises(InputError, match="the two inputs are swapped"):
        lscli.evaluate(some_labels(20, 3), of_type("float32", 3))


@pytest.mark.parametrize(("shape", "binary"), [((4, 2), False), ((4,), True)])
def test_probabilities_on_a_device_keep_the_name_of_their_type(shape: tuple[int, ...], *, binary: bool) -> None:
    """Their rounding is that of the type in which they were given; one of the CPU shows the same steps."""
    given = TensorArray(torch.full(shape, 0.5, dtype=torch.bfloat16), "logits")
    assert "bfloat16" == Logits(interpreted(given, "probs", binary=binary), "probs").stored
