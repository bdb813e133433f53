"""`.safetensors` files give the figures of their tensors; their headers are proved."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_tensors

import lscli
from lscli.errors import InputError
from tests.io.make import descriptors, figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.safetensors"


def refused(path: Path, says: str, **options: Any) -> InputError:
    before = descriptors()
    with pytest.raises(InputError, match=says) as caught:
        lscli.evaluate(path, **{"labels": LABELS, **options})
    assert before == descriptors()
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("chunk_rows", [1, 7, None])
def test_both_come_from_one_file(path: Path, chunk_rows: int | None) -> None:
    save_file({"labels": LABELS, "features": np.zeros((3, 2)), "logits": LOGITS}, path)
    before = descriptors()
    report = lscli.evaluate(path, chunk_rows=chunk_rows)
    assert EXPECTED == figures(report)
    assert [f"{path}[logits]", f"{path}[labels]"] == [entry["path"] for entry in report.inputs]
    assert before == descriptors()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("classes", [5, 130])
def test_each_float_type_gives_the_figures_of_its_values(path: Path, dtype: torch.dtype, classes: int) -> None:
    logits, labels = torch.tensor(some_logits(40, classes)).to(dtype), some_labels(40, classes)
    save_tensors({"logits": logits}, path)
    report = lscli.evaluate(path, labels, metrics="all", chunk_rows=3)
    assert figures(lscli.evaluate(logits, labels, metrics="all")) == figures(report)
    assert str(dtype).removeprefix("torch.") == report.inputs[0]["dtype"]


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_labels_of_any_integer_type(path: Path, dtype: str) -> None:
    save_file({"labels": LABELS.astype(dtype)}, path)
    assert EXPECTED == figures(lscli.evaluate(LOGITS, path))


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(40, 5, dtype=torch.float8_e4m3fn),
        torch.zeros(40, 5, dtype=torch.bool),
        torch.zeros(40, 5, dtype=torch.int32),
    ],
)
def test_other_types_are_no_logits(path: Path, tensor: torch.Tensor) -> None:
    save_tensors({"logits": tensor}, path)
    assert f"{path}[logits]" == refused(path, "dtype|are refused").where


def test_keys_choose_the_tensors(path: Path) -> None:
    save_file({"a": LOGITS, "b": LABELS, "logits": LOGITS + 1}, path)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="a", labels_key="b"))
    assert "did you mean 'logits'?" == refused(path, "holds no array 'logit'", logits_key="logit").hint


def test_a_file_with_no_tensor_holds_none(path: Path) -> None:
    save_file({}, path)
    refused(path, "holds no array")


def test_metadata_and_odd_names_do_no_harm(path: Path) -> None:
    save_file({"logits": LOGITS, "\x1b[2J": LABELS}, path, metadata={"logits": "x"})
    assert EXPECTED == figures(lscli.evaluate(path, labels_key="\x1b[2J"))
    assert r"\x1b[2J" in refused(path, "holds no array", labels_key="zz", labels=None).hint


def test_a_header_with_room_at_its_end_is_read(path: Path) -> None:
    header = json.dumps({"logits": {"dtype": "F32", "shape": [40, 5], "data_offsets": [0, 800]}}).encode() + b" " * 77
    path.write_bytes(struct.pack("<Q", len(header)) + header + LOGITS.tobytes())
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))


def test_the_file_is_read_where_it_was_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaced after it was opened, it is read as it was."""
    from lscli.io.formats import safetensors

    save_file({"logits": LOGITS}, path)
    proved = safetensors._tensors

    def replaced(file: Any) -> Any:
        other = path.with_name("other")
        save_file({"logits": LOGITS + 1}, other)
        other.replace(path)
        return proved(file)

    monkeypatch.setattr(safetensors, "_tensors", replaced)
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    save_file({"logits": LOGITS, "labels": LABELS}, path)
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    for size in [*range(0, header, 3), *range(header, len(data), 101), len(data) - 1]:
        path.write_bytes(data[:size])
        refused(path, "corrupt safetensors|empty file", labels=None)


@pytest.mark.parametrize("at", range(0, 200, 3))
def test_a_flipped_byte_of_the_header_is_an_error_or_no_matter(path: Path, at: int) -> None:
    save_file({"logits": LOGITS, "labels": LABELS}, path)
    data = bytearray(path.read_bytes())
    data[at] ^= 0x20
    path.write_bytes(data)
    with contextlib.suppress(InputError, lscli.UsageError):
        assert 40 == lscli.evaluate(path).rows[0].n
