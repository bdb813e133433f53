"""Every type of floats is read alike, wherever numbers are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from safetensors.torch import save_file

import lscli
from lscli.arrays import as_array, widened
from lscli.errors import InputError
from lscli.report import Report
from tests.io.make import figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
PER_ROW = torch.arange(40) % 4 * 0.5  # exact in every type of floats
PER_CLASS = torch.tensor([0.25, 0.125, 0.5, 0.0625, 0.0625])
ONE_HOT = torch.nn.functional.one_hot(torch.tensor(LABELS).long(), 5).float()
# The values of each role, and the options beside them.
ROLES: dict[str, tuple[torch.Tensor, dict[str, Any]]] = {
    "weights": (PER_ROW, {}),
    "class_weights": (PER_CLASS, {}),
    "prior": (PER_CLASS, {"smoothing": "prior"}),
    "labels": (ONE_HOT, {"soft_labels": True}),
    "groups": (PER_ROW, {"metrics": "accuracy"}),
}
TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def evaluated(role: str, value: Any) -> Report:
    given = {"labels": LABELS, **ROLES[role][1], role: value}
    return lscli.evaluate(LOGITS, **given)


def values(report: Report) -> list[Any]:
    """The figures by group, whose names are those of the numbers."""
    return [(float(row.group or -1), *row[2:]) for row in report.rows]


@pytest.mark.filterwarnings("ignore:.*soft labels have losses")
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("role", ROLES)
def test_a_tensor_of_any_type_of_floats_is_its_numbers(role: str, dtype: torch.dtype) -> None:
    given = ROLES[role][0]
    assert values(evaluated(role, given.double().numpy())) == values(evaluated(role, given.to(dtype)))


@pytest.mark.filterwarnings("ignore:.*soft labels have losses")
@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize("role", [role for role in ROLES if role != "groups"])
def test_a_file_of_any_type_of_floats_is_its_numbers(
    tmp_path: Path, role: str, suffix: str, dtype: torch.dtype
) -> None:
    given, path = ROLES[role][0], tmp_path / f"x{suffix}"
    tensors = {role: given.to(dtype)}
    torch.save(tensors, path) if suffix == ".pt" else save_file(tensors, path)
    report = evaluated(role, path)
    assert figures(evaluated(role, given.double().numpy())) == figures(report)
    place = 1 if role == "labels" else -1
    assert str(dtype).removeprefix("torch.") == report.inputs[place]["dtype"]


@pytest.mark.parametrize("descr", [">f2", ">f4", ">f8", "<f2"])
@pytest.mark.parametrize("role", ["weights", "class_weights", "prior"])
def test_an_npy_file_of_any_byte_order_is_its_numbers(tmp_path: Path, role: str, descr: str) -> None:
    given = ROLES[role][0].double().numpy()
    np.save(tmp_path / "x.npy", given.astype(descr))
    assert figures(evaluated(role, given)) == figures(evaluated(role, tmp_path / "x.npy"))


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.float64()])
def test_a_column_of_any_type_of_floats_is_its_numbers(tmp_path: Path, kind: pa.DataType) -> None:
    given = PER_ROW.numpy()
    parquet.write_table(pa.table({"weight": pa.array(given.astype(kind.to_pandas_dtype()))}), tmp_path / "x.parquet")
    assert figures(evaluated("weights", given)) == figures(evaluated("weights", tmp_path / "x.parquet"))


def test_bytes_without_a_type_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", PER_ROW.bfloat16().view(torch.int16).numpy().view("V2"))
    with pytest.raises(InputError, match="without a type") as caught:
        evaluated("weights", tmp_path / "x.npy")
    assert "save them as float32" in caught.value.hint


@pytest.mark.parametrize("function", ["smooth", "confidences"])
def test_functions_of_arrays_take_every_type_of_floats(function: str) -> None:
    def called(value: torch.Tensor) -> Any:
        if function == "smooth":
            return lscli.smooth_labels(value[:5], 5, 0.1, "prior", PER_CLASS.to(value.dtype)).tolist()
        table = lscli.SampleTable.from_confidences(value[:, 0], value[:, 1], weight=value[:, 2])
        return table.total, table["confidence"].tolist()

    assert {str(called(ONE_HOT))} == {str(called(ONE_HOT.to(dtype))) for dtype in TYPES}


def test_bfloat16_is_what_torch_says() -> None:
    every = torch.arange(1 << 16).to(torch.uint16)
    expected = every.view(torch.bfloat16).float().numpy()
    assert np.array_equal(expected, widened(every.numpy(), "bfloat16"), equal_nan=True)
    assert np.array_equal(expected, as_array(every.view(torch.bfloat16), "x"), equal_nan=True)


@pytest.mark.parametrize("tensor", [torch.eye(3).to_sparse(), torch.zeros(3, dtype=torch.float8_e4m3fn)])
def test_what_numpy_lacks_is_refused_by_name(tensor: torch.Tensor) -> None:
    with pytest.raises(InputError, match=r"a tensor of (layout|dtype)"):
        as_array(tensor, "x")


@pytest.mark.filterwarnings("ignore:.*soft labels have losses")
@pytest.mark.parametrize("role", ROLES)
def test_an_array_of_bfloat16_is_its_numbers(role: str) -> None:
    given = ROLES[role][0].double().numpy()
    assert values(evaluated(role, given)) == values(evaluated(role, given.astype(ml_dtypes.bfloat16)))


def test_logits_of_bfloat16_are_those_of_a_tensor() -> None:
    narrow = torch.tensor(LOGITS).bfloat16()
    report = lscli.evaluate(narrow.float().numpy().astype(ml_dtypes.bfloat16), LABELS)
    assert figures(lscli.evaluate(narrow, LABELS)) == figures(report)
    assert "bfloat16" == report.inputs[0]["dtype"]


def test_functions_of_arrays_take_bfloat16() -> None:
    confidence = np.array([0.5, 0.75]).astype(ml_dtypes.bfloat16)
    table = lscli.SampleTable.from_confidences(confidence, [1, 0], weight=confidence)
    assert ([0.5, 0.75], 1.25) == (table["confidence"].tolist(), table.total)
