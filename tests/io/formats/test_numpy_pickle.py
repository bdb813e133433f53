"""numpy's arrays in pickles: what numpy writes is read, what it does not write is refused, and nothing is called."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import lscli
from lscli.errors import InputError
from lscli.io.formats.numpy_pickle import is_numpy, numpy_in
from lscli.io.formats.torch_pickle import described
from tests.io.formats.test_pt import crafted, refused, text

KINDS = st.one_of(
    arrays.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
    arrays.integer_dtypes(endianness="?"),
    arrays.unsigned_integer_dtypes(endianness="?"),
    arrays.boolean_dtypes(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.pt"


@given(
    array=arrays.arrays(KINDS, arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)),
    protocol=st.integers(2, pickle.HIGHEST_PROTOCOL),
    fortran=st.booleans(),
)
def test_an_array_is_what_numpy_pickled(array: Any, protocol: int, fortran: bool) -> None:
    array = np.asfortranarray(array) if fortran else array
    value = described(pickle.dumps(array, protocol), 10_000)
    assert is_numpy(value)
    found = numpy_in(value, "x").values()
    assert (array.dtype, array.shape, array.tobytes()) == (found.dtype, found.shape, found.tobytes())
    assert not found.flags.writeable


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("number", [np.float32(1.5), np.int64(-3), np.bool_(True), np.float16(np.inf)])
def test_a_number_is_an_array_without_axes(number: Any, protocol: int) -> None:
    found = numpy_in(described(pickle.dumps(number, protocol), 1000), "x").values()
    assert ((), number.dtype, number) == (found.shape, found.dtype, found[()])


@pytest.mark.parametrize("dtype", [object, "U3", "S3", "M8[s]", "c8", "g", "V2"])
def test_other_elements_than_numbers_are_refused(dtype: str) -> None:
    for array in (np.zeros(3, dtype), np.zeros((2, 2), dtype).T[:1]):
        with pytest.raises(InputError, match=r"not of numbers|is damaged") as caught:
            numpy_in(described(pickle.dumps(array, 2), 1000), "x")
        assert caught.value.hint


NUMPY_ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\1b\x87R"
FLOATS = b"cnumpy\ndtype\nX\2\0\0\0f4\x89\x88\x87R(K\3X\1\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (b"(K\1K\2K\2\x86" + FLOATS + b"\x89C\x10" + bytes(16) + b"tb", ""),
        (b"(K\1K\2K\3\x86" + FLOATS + b"\x89C\x10" + bytes(16) + b"tb", "is damaged"),
        (b"(K\1J\xff\xff\xff\xffJ\xfc\xff\xff\xff\x86" + FLOATS + b"\x89C\x10" + bytes(16) + b"tb", "is damaged"),
        (b"(K\1J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86" + FLOATS + b"\x89C\0tb", "shape too large"),
        (b"(K\1K\2K\2\x86" + FLOATS + b"\x89]tb", "is damaged"),
        (b"(K\1K\2K\2\x86N\x89C\x10" + bytes(16) + b"tb", "is damaged"),
        (b"(K\1K\2K\2\x86" + FLOATS + b"NC\x10" + bytes(16) + b"tb", "is damaged"),
        (b"(K\1K\2K\2\x86" + FLOATS.replace(b"f4", b"f1") + b"\x89C\4" + bytes(4) + b"tb", "dtype 'f1'"),
        (b"(K\1K\2K\2\x86" + FLOATS.replace(b"f4", b"M8") + b"\x89C\x20" + bytes(32) + b"tb", "dtype 'M8'"),
        (b"(K\1K\2K\2\x86" + FLOATS.replace(b"<N", b"?N") + b"\x89C\x10" + bytes(16) + b"tb", "is damaged"),
        (b"N\x85b", "is damaged"),
        (b"", "is damaged"),
    ],
)
def test_a_crafted_array_of_numpy_is_refused(path: Path, state: bytes, says: str) -> None:
    crafted(path, b"\x80\x04}(" + text("logits") + NUMPY_ARRAY + state + text("labels") + b"](K\0K\1eu.")
    if says:
        refused(path, says)
    else:
        lscli.evaluate(path)
