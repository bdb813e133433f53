"""`.pt` files give the figures of their tensors; what is more than tensors is never run."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.errors import InputError
from lscli.io.formats import pt
from tests.io.make import descriptors, figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
TENSOR, CLASSES = torch.tensor(LOGITS), torch.tensor(LABELS)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.pt"


def saved(path: Path, value: Any, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


def refused(path: Path, says: str, **options: Any) -> InputError:
    with pytest.raises(InputError, match=says) as caught:
        lscli.evaluate(path, **{"labels": LABELS, **options})
    assert "\n" not in str(caught.value)
    assert "weights_only=False" not in caught.value.hint
    return caught.value


@pytest.mark.parametrize("chunk_rows", [1, 7, None])
def test_both_come_from_one_file(path: Path, chunk_rows: int | None) -> None:
    saved(path, {"epoch": 3, "labels": CLASSES, "logits": TENSOR})
    before = descriptors()
    report = lscli.evaluate(path, chunk_rows=chunk_rows)
    assert EXPECTED == figures(report)
    assert [f"{path}[logits]", f"{path}[labels]"] == [entry["path"] for entry in report.inputs]
    assert before == descriptors()


def test_a_mapped_tensor_is_read_from_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(path, {"logits": TENSOR, "labels": CLASSES})
    read = []
    real = os.preadv

    def preadv(fd: int, buffers: Any, offset: int) -> int:
        read.append(offset)
        return real(fd, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)
    lscli.evaluate(path, chunk_rows=1)
    start = path.read_bytes().index(LOGITS.tobytes())
    assert set(range(start, start + LOGITS.nbytes, 20)) <= set(read)


@pytest.mark.parametrize(
    "layout",
    [
        lambda x: x,
        lambda x: x.T.contiguous().T,
        lambda x: x.repeat_interleave(2, dim=0)[::2],
        lambda x: torch.cat([x, x], dim=1)[:, :5],
        lambda x: torch.cat([x, x])[40:],
        lambda x: x.clone().requires_grad_(),
        torch.nn.Parameter,
        lambda x: torch._neg_view(-x),
    ],
    ids=["plain", "transposed", "every other row", "columns", "rows", "requires_grad", "parameter", "negated"],
)
def test_a_tensor_of_any_layout_gives_its_figures(path: Path, layout: Callable[[torch.Tensor], torch.Tensor]) -> None:
    assert EXPECTED == figures(lscli.evaluate(saved(path, layout(TENSOR)), LABELS, chunk_rows=7))


@pytest.mark.parametrize(
    ("layout", "outcome"),
    [
        (lambda x: x, "changed"),
        (lambda x: x.T.contiguous().T, "read before"),
        (lambda x: torch.cat([x, x], dim=1)[:, :5], "read before"),
    ],
    ids=["in order", "transposed", "columns"],
)
def test_a_file_cut_after_it_was_opened_is_no_crash(
    path: Path, layout: Callable[[torch.Tensor], torch.Tensor], outcome: str
) -> None:
    # In a process of its own: a mapped page that is gone ends the process.
    saved(path, {"logits": layout(TENSOR.repeat(500, 1)), "labels": CLASSES.repeat(500)})
    code = """
import os, sys, lscli
from lscli.api import reading
scan = reading.scan
def cut_before(*arguments, **options):
    os.truncate(sys.argv[1], 4096)
    return scan(*arguments, **options)
reading.scan = cut_before
try:
    lscli.evaluate(sys.argv[1], chunk_rows=50)
    print("read before")
except lscli.InputError as error:
    print("changed" if "changed while reading" in str(error) else error)
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert (0, outcome, "") == (done.returncode, done.stdout.strip(), done.stderr)


def test_a_large_tensor_whose_rows_do_not_lie_together_is_told_the_line_that_saves_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(path, TENSOR.T.contiguous().T)
    monkeypatch.setattr(pt, "MAX_FORTRAN", LOGITS.nbytes)
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))
    monkeypatch.setattr(pt, "MAX_FORTRAN", LOGITS.nbytes - 1)
    assert "tensor.contiguous()" in refused(path, "rows do not lie together").hint
    assert EXPECTED == figures(lscli.evaluate(saved(path, TENSOR), LABELS))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_each_float_type_gives_the_figures_of_its_values(path: Path, dtype: torch.dtype) -> None:
    report = lscli.evaluate(saved(path, TENSOR.to(dtype)), LABELS, metrics="all")
    assert figures(lscli.evaluate(TENSOR.to(dtype), LABELS, metrics="all")) == figures(report)
    assert str(dtype).removeprefix("torch.") == report.inputs[0]["dtype"]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16])
def test_labels_of_any_integer_type(path: Path, dtype: torch.dtype) -> None:
    assert EXPECTED == figures(lscli.evaluate(LOGITS, saved(path, CLASSES.to(dtype))))


def test_a_pair_is_counted(path: Path) -> None:
    saved(path, (TENSOR, CLASSES))
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="0", labels_key="1"))
    assert "--logits-key: 0, 1" in refused(path, "none is called logits", labels=None).hint


def test_pth_is_the_same(tmp_path: Path) -> None:
    assert EXPECTED == figures(lscli.evaluate(saved(tmp_path / "x.pth", TENSOR), LABELS))


def test_keys_choose_the_tensors(path: Path) -> None:
    saved(path, {"a": TENSOR, "b": CLASSES, 7: TENSOR + 1})
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="a", labels_key="b"))
    assert "it holds a, b, 7" == refused(path, "holds no array 'zz'", logits_key="zz").hint
    assert "leave out --logits-key" == refused(saved(path, TENSOR), "holds one tensor", logits_key="a").hint


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"logits": [1.0, 2.0]}, "a list, not a tensor"),
        ("logits", "a str, not a tensor"),
        ({}, "holds no array"),
        (TENSOR.to_sparse(), "a tensor of layout torch.sparse_coo"),
        (torch.zeros(40, 5, dtype=torch.int32), "int32 values are refused"),
        (torch.zeros(40, 5, dtype=torch.complex64), "dtype complex64"),
        (torch.zeros(40, 5, dtype=torch.float8_e4m3fn), "float8_e4m3fn"),
        (torch.zeros(40), "need logits of shape"),
        (torch.zeros(0, 5), "no rows"),
        (torch.zeros(1, 5).expand(39, 5), "rows differ"),
    ],
)
def test_what_is_no_matrix_of_logits_is_refused(path: Path, value: Any, says: str) -> None:
    before = descriptors()
    refused(saved(path, value), says)
    assert before == descriptors()


class Trap:
    def __init__(self, trace: Path) -> None:
        self.trace = str(trace)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.trace,)


@pytest.mark.parametrize("value", [lambda trap: trap, lambda trap: {"logits": TENSOR, "x": trap}])
def test_nothing_in_the_pickle_is_run(path: Path, value: Callable[[Any], Any]) -> None:
    trace = path.with_name("trace")
    saved(path, value(Trap(trace)))
    refused(path, "its pickle could run code, and is refused")
    assert not trace.exists()


@pytest.mark.parametrize("value", [argparse.Namespace(a=1), torch.nn.Linear(2, 2), {1: range(3)}])
def test_objects_are_refused_too(path: Path, value: Any) -> None:
    assert "torch.save(" in refused(saved(path, {"logits": value}), "its pickle could run code").hint


def test_the_old_form_is_told_the_line_that_saves_it_again(path: Path) -> None:
    error = refused(saved(path, TENSOR, _use_new_zipfile_serialization=False), "old form of torch")
    assert "save it again: torch.save(torch.load(path, weights_only=True), path)" == error.hint


@pytest.mark.parametrize("data", [pickle.dumps([1.0], 2), pickle.dumps(Trap(Path("trace")), 4), b"\x80"])
def test_a_bare_pickle_is_never_loaded(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(path, "a bare pickle, which is refused and never loaded")


def test_other_archives_are_told_from_torch_s(path: Path) -> None:
    np.savez(path.with_suffix(".npz"), logits=LOGITS)
    path.with_suffix(".npz").rename(path)
    assert ".npz" in refused(path, "a zip archive that torch did not write").hint


def test_a_script_is_no_tensor(path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("x/data.pkl", pickle.dumps({"a": 1}, 2))
        archive.writestr("x/constants.pkl", pickle.dumps((), 2))
        archive.writestr("x/version", "3\n")
    path.write_bytes(stream.getvalue())
    refused(path, "corrupt archive|holds")


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    data = saved(path, {"logits": TENSOR, "labels": CLASSES}).read_bytes()
    for size in range(0, len(data), 29):
        path.write_bytes(data[:size])
        refused(path, "corrupt archive|empty file", labels=None)


@pytest.mark.parametrize("at", range(0, 2000, 23))
def test_a_flipped_byte_is_an_error_or_no_matter(path: Path, at: int) -> None:
    data = bytearray(saved(path, {"logits": TENSOR, "labels": CLASSES}).read_bytes())
    data[at % len(data)] ^= 0x10
    path.write_bytes(data)
    with contextlib.suppress(InputError):
        assert 40 == lscli.evaluate(path).rows[0].n
