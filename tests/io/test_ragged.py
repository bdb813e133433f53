"""Rows with different numbers of classes: any block of rows is the same as in the padded matrix."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.errors import InputError
from lscli.io.ragged import RaggedRows

COUNTS = np.array([3, 1, 4, 2, 4])
VALUES = np.arange(14.0)
PADDED = np.full((5, 4), -np.inf)
PADDED[np.arange(4) < COUNTS[:, None]] = VALUES


@pytest.mark.parametrize("classes", [0, 4, 7])
def test_blocks_are_those_of_the_padded_matrix(classes: int) -> None:
    rows = RaggedRows(VALUES, COUNTS, "x").widened(classes)
    expected = np.full((5, max(4, classes)), -np.inf)
    expected[:, :4] = PADDED
    assert expected.shape == rows.shape
    assert rows.ragged
    for start in range(5):
        for stop in range(start, 6):
            out = np.zeros((stop - start, rows.shape[1]))
            assert expected[start:stop].tolist() == rows.read(start, stop, out).tolist()


def test_rows_of_one_width_are_not_ragged_unless_widened() -> None:
    rows = RaggedRows(VALUES, np.full(7, 2), "x")
    assert not rows.ragged
    assert VALUES.reshape(7, 2)[2:5].tolist() == rows.read(2, 5, np.zeros((3, 2))).tolist()
    assert not rows.widened(2).ragged
    assert rows.widened(3).ragged


def test_choices_are_not_flattened() -> None:
    with pytest.raises(InputError, match="samples by choices"):
        RaggedRows(VALUES, COUNTS, "x").reshaped((14,))
