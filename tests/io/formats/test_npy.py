"""The strict `.npy` reader gives what numpy saved, in any version, byte order and memory order."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli.errors import InputError
from lscli.io.files import RegularFile
from lscli.io.formats import npy
from lscli.io.formats.npy import open_npy
from lscli.io.stored import StoredArray
from tests.io.make import figures, forged, saved, some_labels, some_logits, with_header

LABELS = some_labels()


def opened(path: Path, data: bytes, **options: Any) -> StoredArray:
    path.write_bytes(data)
    return open_npy(RegularFile(str(path)), str(path), **options)


def whole(array: StoredArray) -> NDArray[Any]:
    out = np.empty(array.shape, array.dtype.newbyteorder("="))
    out = array.read(0, array.shape[0], out)
    array.close()
    return out


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.npy"


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_each_version_is_read(path: Path, version: tuple[int, int]) -> None:
    assert some_logits().tobytes() == whole(opened(path, saved(some_logits(), version))).tobytes()


@pytest.mark.parametrize("version", [(0, 1), (1, 1), (3, 1), (4, 0)])
def test_other_versions_are_refused(path: Path, version: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=rf"unsupported \.npy version {version[0]}\.{version[1]}"):
        opened(path, with_header("{}", version=version))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_float_type_gives_the_figures_of_its_values(path: Path, dtype: str) -> None:
    logits = some_logits(dtype=dtype)
    np.save(path, logits)
    report = lscli.evaluate(path, LABELS, metrics="all")
    assert dtype == report.inputs[0]["dtype"]
    in_memory = logits.astype(np.float64 if dtype == "float64" else np.float32)
    assert figures(lscli.evaluate(in_memory, LABELS, metrics="all")) == figures(report)


@pytest.mark.parametrize("classes", [3, 130])
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_big_endian_gives_the_figures_of_little_endian(tmp_path: Path, dtype: str, classes: int) -> None:
    logits = some_logits(classes=classes)
    np.save(tmp_path / "little.npy", logits.astype("<" + dtype))
    np.save(tmp_path / "big.npy", logits.astype(">" + dtype))
    little, big = (lscli.evaluate(tmp_path / f"{name}.npy", LABELS, metrics="all") for name in ("little", "big"))
    assert figures(little) == figures(big)


@pytest.mark.parametrize("chunk_rows", [1, 4, 100])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", ">f4", "<f8"])
def test_fortran_order_gives_the_figures_of_c_order(tmp_path: Path, dtype: str, chunk_rows: int) -> None:
    logits = some_logits().astype(dtype)
    np.save(tmp_path / "c.npy", logits)
    np.save(tmp_path / "f.npy", np.asfortranarray(logits))
    assert b"'fortran_order': True" in (tmp_path / "f.npy").read_bytes()
    c, f = (lscli.evaluate(tmp_path / f"{name}.npy", LABELS, chunk_rows=chunk_rows) for name in "cf")
    assert figures(c) == figures(f)


def test_fortran_order_is_refused_beyond_the_limit_with_the_line_that_saves_it_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(np.asfortranarray(some_logits()))
    monkeypatch.setattr(npy, "MAX_FORTRAN", some_logits().nbytes)
    assert some_logits().tobytes() == whole(opened(path, data)).tobytes()
    monkeypatch.setattr(npy, "MAX_FORTRAN", some_logits().nbytes - 1)
    with pytest.raises(InputError, match="Fortran order") as caught:
        opened(path, data)
    assert "np.save(path, np.ascontiguousarray(array))" in caught.value.hint


def test_the_limit_on_fortran_order_is_not_one_on_c_order(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npy, "MAX_FORTRAN", 1)
    assert some_logits().tobytes() == whole(opened(path, saved(some_logits()))).tobytes()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("start", "stop"), [(0, 1), (2, 5), (5, 6), (0, 6), (3, 3)])
def test_rows_are_read_from_anywhere(path: Path, order: str, start: int, stop: int) -> None:
    logits = some_logits(dtype=">f4")
    array = opened(path, saved(np.asarray(logits, order="F" if order == "F" else "C")))
    out = np.full((stop - start, 3), np.nan, np.float32)
    assert logits[start:stop].tolist() == array.read(start, stop, out).tolist()
    array.close()


def test_bytes_after_the_data_are_an_error_unless_allowed(path: Path) -> None:
    data = saved(some_logits())
    with pytest.raises(InputError, match=f"trailing bytes: expected {len(data)} bytes, found {len(data) + 1}"):
        opened(path, data + b"x")
    assert some_logits().tobytes() == whole(opened(path, data + b"x", allow_trailing=True)).tobytes()


def test_missing_bytes_are_an_error_even_where_trailing_ones_are_allowed(path: Path) -> None:
    data = saved(some_logits())
    with pytest.raises(InputError, match=f"truncated: expected {len(data)} bytes, found {len(data) - 1}"):
        opened(path, data[:-1], allow_trailing=True)


def test_a_header_without_padding_is_read(path: Path) -> None:
    assert some_logits().tobytes() == whole(opened(path, forged(data=some_logits().tobytes()))).tobytes()


def test_a_flat_array_may_say_that_it_is_in_fortran_order(path: Path) -> None:
    data = forged("'<i8'", "(6,)", LABELS.tobytes(), fortran="True")
    assert LABELS.tolist() == whole(opened(path, data)).tolist()


@settings(deadline=None, max_examples=200)
@given(
    array=arrays.arrays(
        dtype=st.one_of(
            arrays.floating_dtypes(endianness="?", sizes=(16, 32, 64)),
            arrays.integer_dtypes(endianness="?"),
            arrays.unsigned_integer_dtypes(endianness="?"),
        ),
        shape=arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5),
    ),
    order=st.sampled_from("CF"),
    version=st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
@example(array=np.zeros((0, 3), "f4"), order="F", version=(1, 0))
def test_what_numpy_saves_is_read_back_bit_for_bit(
    tmp_path_factory: pytest.TempPathFactory, array: NDArray[Any], order: str, version: tuple[int, int]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.npy"
    read = opened(path, saved(np.asarray(array, order="F" if order == "F" else "C"), version))
    assert (array.shape, array.dtype) == (read.shape, read.dtype)
    assert array.astype(array.dtype.newbyteorder("=")).tobytes() == whole(read).tobytes()


@settings(deadline=None, max_examples=100, derandomize=True)
@given(
    start=st.integers(0, 140),
    length=st.integers(0, 12),
    put=st.one_of(st.binary(max_size=12), st.sampled_from([b"'O'", b"True", b"-1", b"\xff" * 4, b"(", b"9" * 30])),
)
def test_a_damaged_file_is_an_array_or_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, put: bytes
) -> None:
    data = saved(np.asfortranarray(some_logits()))
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    path.write_bytes(data[:start] + put + data[start + length :])
    with contextlib.suppress(InputError):
        assert 6 == lscli.evaluate(path, LABELS, metrics="accuracy").rows[0].n
