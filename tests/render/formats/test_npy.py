"""`.npy`: what `numpy.load` reads, for answers that are numbers alone."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lscli.errors import UsageError
from lscli.render.renderers import Screen, render
from tests.render.reports import LISTING, smoothed

SCREEN = Screen(80, False)


def blocks_of(values: NDArray[Any], rows: int) -> Iterator[NDArray[Any]]:
    for start in range(0, len(values), rows):
        yield values[start : start + rows]


@pytest.mark.parametrize("rows", [1, 3, 100])
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "float32"])
def test_the_array_is_read_as_it_was(rows: int, dtype: str) -> None:
    values = np.random.default_rng(0).normal(size=(10, 4)).astype(dtype)
    values[0] = [np.nan, np.inf, -np.inf, -0.0]
    answer = smoothed(values, blocks_of(values, rows))
    found = np.load(io.BytesIO(b"".join(render(answer, "npy", SCREEN))))
    assert ("<f8", (10, 4)) == (found.dtype.str, found.shape)
    np.testing.assert_array_equal(values.astype(float), found)


def test_blocks_are_written_as_they_come() -> None:
    taken = []

    def blocks() -> Iterator[NDArray[Any]]:
        for k in range(3):
            taken.append(k)
            yield np.full((1, 2), float(k))

    pieces = render(smoothed(np.empty((3, 2)), blocks()), "npy", SCREEN)
    first = next(pieces)
    assert ([0], True, np.zeros(2).tobytes()) == (taken, first.startswith(b"\x93NUMPY"), first[-16:])
    assert np.ones(2).tobytes() == next(pieces)
    assert [0, 1] == taken


def test_blocks_that_are_not_contiguous_are_written_by_rows() -> None:
    values = np.arange(12.0).reshape(3, 4).T
    pieces = render(smoothed(values), "npy", SCREEN)
    np.testing.assert_array_equal(values, np.load(io.BytesIO(b"".join(pieces))))


def test_a_listing_that_is_no_array_is_refused() -> None:
    with pytest.raises(UsageError, match="not an array"):
        next(render(LISTING, "npy", SCREEN))


def test_other_formats_take_a_matrix_as_rows() -> None:
    def text(format_name: str) -> str:
        values = np.arange(6.0).reshape(3, 2)
        return b"".join(render(smoothed(values, blocks_of(values, 2)), format_name, SCREEN)).decode()

    assert "q0,q1\n0.0,1.0\n2.0,3.0\n4.0,5.0\n" == text("csv")
    assert '{"q0": 4.0, "q1": 5.0}' in text("json")
    assert "| 2.000 | 3.000 |" in text("markdown")
