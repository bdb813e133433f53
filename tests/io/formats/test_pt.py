"""`.pt` files give the figures of their tensors; what is more than tensors is never run."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lscli
from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.formats import pt, strided
from lscli.io.memory import read_all
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
import os, sys, warnings, lscli
from lscli.api import reading
warnings.simplefilter("ignore", lscli.LscliWarning)
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
    assert "logits_key: 0, 1" in refused(path, "none is called logits", labels=None).hint


def test_pth_is_the_same(tmp_path: Path) -> None:
    assert EXPECTED == figures(lscli.evaluate(saved(tmp_path / "x.pth", TENSOR), LABELS))


def test_keys_choose_the_tensors(path: Path) -> None:
    saved(path, {"a": TENSOR, "b": CLASSES, 7: TENSOR + 1})
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="a", labels_key="b"))
    assert "it holds a, b, 7" == refused(path, "holds no array 'zz'", logits_key="zz").hint
    assert "leave out logits_key" == refused(saved(path, TENSOR), "holds one tensor", logits_key="a").hint


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"logits": [1.0, 2.0]}, r"need logits of shape \(N, K\), got \(2,\)"),
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


# Records


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None], compression: int = zipfile.ZIP_STORED) -> Path:
    """The archive with records that are changed, or left out for None; the checksums are right."""
    with zipfile.ZipFile(path) as source:
        records = {name: source.read(name) for name in source.namelist()}
    with zipfile.ZipFile(path, "w", compression) as target:
        for name, data in records.items():
            new = change(name.partition("/")[2], data)
            if new is not None:
                target.writestr(name, new)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_records_that_another_program_compressed_are_read_right(path: Path, compression: int) -> None:
    saved(path, {"logits": TENSOR, "labels": CLASSES})
    rewritten(path, lambda name, data: data, compression)
    assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=7))


def test_a_record_shorter_or_longer_than_its_storage(path: Path) -> None:
    for change in (lambda data: data[:-40], lambda data: data + bytes(40), lambda data: b""):
        saved(path, TENSOR)
        rewritten(path, lambda name, data, change=change: change(data) if name == "data/0" else data)  # type: ignore[misc]
        refused(path, r"corrupt archive: its record has \d+ bytes, its storage 800")


def test_a_tensor_that_ends_after_its_record(path: Path) -> None:
    start = b"QK\0K("  # after its storage: the offset, and the number of rows
    for there, here in ((start, b"QK\5K("), (start, b"QK\0K)"), (start, b"QJ\xff\xff\xff\x7fK(")):
        saved(path, TENSOR)
        rewritten(path, lambda name, data, there=there, here=here: data.replace(there, here))  # type: ignore[misc]
        refused(path, "corrupt archive: the tensor ends after its record")


def test_a_record_that_is_missing(path: Path) -> None:
    rewritten(saved(path, TENSOR), lambda name, data: None if name == "data/0" else data)
    refused(path, "corrupt archive: its record data/0 is missing")


@pytest.mark.parametrize("layout", [lambda x: x, lambda x: torch.cat([x, x])[40:], lambda x: x.T.contiguous().T])
@pytest.mark.parametrize("chunk_rows", [1, None])
def test_a_flipped_bit_anywhere_in_a_record_is_an_error(
    path: Path, layout: Callable[[torch.Tensor], torch.Tensor], chunk_rows: int | None
) -> None:
    data = saved(path, layout(TENSOR)).read_bytes()
    with zipfile.ZipFile(path) as opened:
        size = opened.getinfo(next(name for name in opened.namelist() if name.endswith("/data/0"))).file_size
    start = data.index((TENSOR if layout(TENSOR).is_contiguous() else TENSOR.T).contiguous().numpy().tobytes())
    for at in range(start, start + size, 41):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        refused(path, "corrupt archive", chunk_rows=chunk_rows)


@pytest.mark.parametrize("record", ["data.pkl", "byteorder"])
def test_a_flipped_bit_in_the_small_records_is_an_error(path: Path, record: str) -> None:
    data = saved(path, TENSOR).read_bytes()
    with zipfile.ZipFile(path) as opened:
        content = opened.read(next(name for name in opened.namelist() if name.endswith(f"/{record}")))
    start = data.index(content)
    for at in range(start, start + len(content)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        refused(path, "corrupt archive|holds|neither text")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("layout", [lambda x: x, lambda x: x.T.contiguous().T])
def test_a_file_from_a_big_endian_machine(
    path: Path, dtype: torch.dtype, layout: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    tensor = TENSOR.to(dtype)
    size = tensor.element_size()
    expected = figures(lscli.evaluate(saved(path, layout(tensor)), LABELS))

    def swapped(name: str, data: bytes) -> bytes:
        if name == "data/0":
            return np.frombuffer(data, f"u{size}").byteswap().tobytes()
        return b"big" if name == "byteorder" else data

    assert expected == figures(lscli.evaluate(rewritten(path, swapped), LABELS))


def test_the_byte_order_is_known(path: Path) -> None:
    rewritten(saved(path, TENSOR), lambda name, data: None if name == "byteorder" else data)  # as by torch before 2.1
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))
    rewritten(saved(path, TENSOR), lambda name, data: b"middle" if name == "byteorder" else data)
    refused(path, "corrupt archive: its byte order is unknown")


def test_tensors_that_share_a_record(path: Path) -> None:
    both = torch.cat([TENSOR.T + 1, TENSOR.T])
    saved(path, {"a": both[:5].T, "b": both.T[:, 5:], "labels": CLASSES})
    with zipfile.ZipFile(path) as opened:
        assert 2 == sum("/data/" in name for name in opened.namelist())
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="b"))


SHAPES = st.lists(st.integers(0, 5), min_size=0, max_size=4)


@given(SHAPES, st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_view_has_the_values_that_torch_loads(path: Path, shape: list[int], data: st.DataObject) -> None:
    dtype = data.draw(
        st.sampled_from([torch.float32, torch.float64, torch.float16, torch.int64, torch.uint8, torch.bool])
    )
    strides = [data.draw(st.integers(0, 12)) for _ in shape]
    offset = data.draw(st.integers(0, 5))
    base = (torch.arange(300) % 251).to(dtype)
    tensor = torch.as_strided(base, shape, strides, offset)
    saved(path, tensor)
    expected = torch.load(path, weights_only=True).numpy()
    array = read_all(pt.open_array(RegularFile(str(path)), ArrayRequest("logits")))
    assert (expected.shape, expected.dtype) == (array.shape, array.dtype)
    assert np.array_equal(expected, array)


def test_a_large_view_is_gathered_in_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strided, "BLOCK", 200)
    wide = torch.cat([TENSOR, TENSOR + 1], dim=1)
    for tensor in (TENSOR.T.contiguous().T, wide[:, :5], TENSOR.flip(0).repeat_interleave(2, dim=0)[::2].flip(0)):
        assert EXPECTED == figures(lscli.evaluate(saved(path, tensor), LABELS))


def test_an_expanded_tensor_is_bounded_by_its_file(path: Path) -> None:
    saved(path, {"logits": TENSOR, "labels": torch.zeros(1, dtype=torch.int64).expand(40)})
    assert figures(lscli.evaluate(LOGITS, LABELS * 0)) == figures(lscli.evaluate(path))
    saved(path, {"logits": torch.zeros(1, 5).expand(1 << 26, 5), "labels": CLASSES})
    assert path.stat().st_size < 4096
    error = refused(path, "elements are used more than once", labels=None)
    assert "save tensor.clone()" == error.hint
    assert "elements are used more than once" in lscli.inspect(path).rows[0].taken_for


# Pickles


def crafted(path: Path, pickle: bytes) -> Path:
    """A file of torch with any pickle."""
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("x/data.pkl", pickle)
        target.writestr("x/byteorder", b"little")
        target.writestr("x/version", b"3\n")
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_any_protocol_of_pickle(path: Path, protocol: int) -> None:
    saved(path, {"logits": TENSOR, "labels": CLASSES, "note": "é", "n": 2**70, 3: b"x"}, pickle_protocol=protocol)
    assert EXPECTED == figures(lscli.evaluate(path))


# A tuple of a tuple ... of itself twice: 60 values, and 2^60 ways through them.
DOUBLED_TUPLE = b"K\0\x85q\0" + b"".join(bytes([0x68, n, 0x68, n, 0x86, 0x71, n + 1]) for n in range(60))
DOUBLED_LIST = b"]q\0" + b"".join(bytes([0x5D, 0x71, n + 1, 0x28, 0x68, n, 0x68, n, 0x65]) for n in range(60))


@pytest.mark.parametrize(
    ("pickle", "says"),
    [
        (b"\x80\x02" + DOUBLED_TUPLE + b"}h\x3cK\1s.", "a key is a tuple, neither text nor a whole number"),
        (b"\x80\x02}(]K\1NK\2u.", "a key is a list"),
        (b"\x80\x02}\x88K\1s.", "a key is a bool"),
        (b"\x80\x02}G" + bytes(8) + b"K\1s.", "a key is a float"),
        (b"\x80\x02}(K\1NX\1\0\0\0001Nu.", "two of its keys read '1', such as a number and its text"),
        (b"\x80\x02}(U\1aNu.", "instruction that torch.save does not write"),
        (b"\x80\x02.", "its pickle is damaged"),
        (b"\x80\x02N.N.", "bytes follow its pickle"),
        (b"\x80\x02N", "its pickle is damaged"),
        (b"\x80\x02h\1.", "its pickle is damaged"),
        (b"\x80\x02u.", "its pickle is damaged"),
        (b"\x80\x02NNR.", "its pickle is damaged"),
        (b"\x80\x02K\1(u.", "its pickle is damaged"),
        (b"\x80\x02K\1Na.", "its pickle is damaged"),
        (b"\x80\x02K\1Nb.", "its pickle is damaged"),
        (b"\x80\x02}(NNNu.", "its pickle is damaged"),
        (b"\x80\x02ctorch\nTensor\nK\x28K\5\x86R.", "a tensor whose values were not saved"),
        (b"\x80\x02cbuiltins\nbytearray\nJ\xff\xff\xff\x7f\x85R.", "a bytearray, not a tensor"),
        (b"\x80\x02cos\nsystem\nX\2\0\0\0ls\x85R.", "its pickle could run code, and is refused"),
    ],
)
def test_a_crafted_pickle_is_refused(path: Path, pickle: bytes, says: str) -> None:
    crafted(path, pickle)
    start = time.process_time()
    error = refused(path, says)
    assert time.process_time() - start < 5
    assert len(str(error)) + len(error.hint) < len(str(path)) + 300


@pytest.mark.parametrize(
    ("before", "value"),
    [
        (DOUBLED_LIST, b"h\x3c"),
        (DOUBLED_TUPLE, b"h\x3c"),
        (b"", b"]q\0h\0a"),  # a list that holds itself
        (b"", b"]" * 50_000 + b"a" * 49_999),
        (b"", b"N" + b"\x85" * 50_000),
        (b"", b"X\x00\x00\x10\x00" + b"a" * (1 << 20)),
    ],
    ids=["doubled lists", "doubled tuples", "in itself", "deep lists", "deep tuples", "long text"],
)
def test_a_value_that_grows_without_end_does_no_harm(path: Path, before: bytes, value: bytes) -> None:
    crafted(path, b"\x80\x02" + before + b"}(X\6\0\0\0logits" + value + b"X\1\0\0\0bNu.")
    start = time.process_time()
    refused(path, "not a tensor")
    assert ["logits", "b"] == [row.key for row in lscli.inspect(path).rows]
    assert time.process_time() - start < 10


def text(value: str) -> bytes:
    """The instruction that makes a text."""
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


# A tensor without elements: what it says is looked at, but not a record.
PART = b"((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0000X\3\0\0\0cpuK\0tQK\0h\0)\x89Nt"


@pytest.mark.parametrize(
    ("before", "each", "count"),
    [
        (b"(" + b"K\1" * 20_000 + b"tq\0", b"ctorch._utils\n_rebuild_tensor_v2\n" + PART + b"R", 5000),
        (b"]q\0(" + b"N" * 20_000 + b"e", b"h\0", 5000),
        (b"Nq\0", b"ctorch._utils\n_rebuild_parameter\nh\0\x85Rq\0", 20_000),
    ],
    ids=["long shape", "long list", "wrapped again and again"],
)
def test_what_many_values_share_is_not_looked_at_as_often(path: Path, before: bytes, each: bytes, count: int) -> None:
    pairs = b"".join(text(str(number)) + each for number in range(count))
    crafted(path, b"\x80\x02" + before + b"}(" + pairs + b"u.")
    start = time.process_time()
    assert count == len(lscli.inspect(path).rows)
    assert time.process_time() - start < 10


def test_a_compressed_pickle_does_not_expand_without_end(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("x/data.pkl", b"\x80\x02" + b"}" * 3_000_000 + b".")
    assert path.stat().st_size < 10_000
    refused(path, "its pickle expands as malicious ones do")


def test_one_damaged_tensor_is_listed_beside_the_others(path: Path) -> None:
    saved(path, {"logits": TENSOR, "labels": CLASSES})

    def change(name: str, data: bytes) -> bytes:
        return data.replace(b"K(\x85", b"K(J\xff\xff\xff\xff\x86") if name == "data.pkl" else data

    rows = {row.key: row.taken_for for row in lscli.inspect(rewritten(path, change)).rows}
    assert {"logits": "logits", "labels": "neither: the description of the tensor is damaged"} == rows


def test_an_empty_key_is_a_key(path: Path) -> None:
    saved(path, {"": TENSOR + 1, "logits": TENSOR, "labels": CLASSES})
    assert EXPECTED == figures(lscli.evaluate(path))
    assert figures(lscli.evaluate(LOGITS + 1, LABELS)) == figures(lscli.evaluate(path, logits_key=""))
    assert ["", "logits", "labels"] == [row.key for row in lscli.inspect(path).rows]
    assert {"40x5", "40"} == {row.shape for row in lscli.inspect(path).rows}


@pytest.mark.parametrize(
    ("value", "says", "hint"),
    [
        ({"val": {"x": TENSOR}, "y": CLASSES}, "several arrays and none is called logits", "logits_key: y, val/x"),
        ({"a": {"logits": TENSOR}, "b": {"logits": TENSOR}}, "holds 2 arrays called logits", "a/logits, b/logits"),
        ({"logits": {"x": TENSOR}}, "'logits' is a dict of arrays", "name an array in it with logits_key: logits/x"),
        ({"logits": LOGITS.astype(object)}, "a numpy array of dtype 'O8', not of numbers", "array.astype('float32')"),
        ({"logits": LOGITS.astype(str)}, "a numpy array of dtype 'U", "array.astype('float32')"),
        ({"logits": [TENSOR, TENSOR[:, :4]]}, r"batch 1 has K = 4, expected 5", "all batches must be alike"),
        ({"logits": [TENSOR, TENSOR.double()]}, r"batch 1 has dtype float64, expected float32", "all batches"),
        ({"logits": [*TENSOR]}, r"a list of 40 arrays of shape \(5,\)", "torch.stack(logits)"),
        ({"logits": [2**70, 1.5]}, r"need logits of shape \(N, K\), got \(2,\)", "binary=True"),
        ({"logits": {1, 2}}, "a set, not a tensor", "torch.save("),
        (torch.zeros(40, 5, device="meta"), "holds no data", "with its values"),
    ],
)
def test_what_else_a_file_holds_is_named(path: Path, value: Any, says: str, hint: str) -> None:
    assert hint in refused(saved(path, value), says).hint
    lscli.inspect(path)


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_a_nested_tensor_is_named(path: Path, layout: torch.layout) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its interface is a prototype
        nested = torch.nested.nested_tensor([TENSOR[0], TENSOR[1, :3]], layout=layout)
        saved(path, {"logits": nested, "labels": CLASSES})
    for labels in (None, LABELS):
        assert "to_padded_tensor" in refused(path, r"x\.pt\[logits\]: a nested tensor", labels=labels).hint
    assert "a nested tensor" in lscli.inspect(path).rows[0].taken_for
    for value in (nested, torch.zeros(40, 5, device="meta")):
        with pytest.raises(InputError, match=r"a nested tensor|holds no data"):
            lscli.evaluate(value, LABELS)
        with pytest.raises(InputError, match=r"a nested tensor|holds no data"):
            lscli.evaluate(LOGITS, value)


def test_other_values_beside_the_tensors_do_not_matter(path: Path) -> None:
    model = torch.nn.Linear(2, 2)
    other = {"acc": np.float64(1), "array": LOGITS, "opt": torch.optim.Adam(model.parameters()).state_dict()}
    more = {"model": model.state_dict(), "set": {1}, "complex": 1j, "device": torch.device("cpu"), "size": TENSOR.shape}
    saved(path, {**other, **more, "dtype": torch.float32, "logits": TENSOR, "labels": CLASSES})
    assert EXPECTED == figures(lscli.evaluate(path))


def test_meta_labels_are_no_labels(path: Path) -> None:
    saved(path, {"logits": TENSOR, "labels": torch.zeros(40, dtype=torch.int64, device="meta")})
    refused(path, r"x\.pt\[labels\]: holds no data", labels=None)


def test_a_torchscript_archive_is_named(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), path)
    refused(path, "holds a TorchScript program, not tensors")


def test_the_oldest_form_is_named(path: Path) -> None:
    with tarfile.open(path, "w") as target:
        target.addfile(tarfile.TarInfo("sys_info"))
    refused(path, "a tar archive")


def test_a_file_without_checksums_is_told_how_to_have_them(path: Path) -> None:
    try:
        torch.serialization.set_crc32_options(False)
        saved(path, TENSOR)
    finally:
        torch.serialization.set_crc32_options(True)
    assert "set_crc32_options(True)" in refused(path, "was saved without checksums").hint


def test_a_tensor_of_a_subclass_or_with_attributes(path: Path) -> None:
    tensor = TENSOR.clone()
    tensor.note = "x"  # type: ignore[attr-defined]
    assert EXPECTED == figures(lscli.evaluate(saved(path, tensor), LABELS))


def test_torch_is_not_imported(path: Path) -> None:
    saved(path, {"logits": TENSOR, "labels": CLASSES})
    code = "import sys, lscli; lscli.evaluate(sys.argv[1]); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert "False" == done.stdout.strip()
