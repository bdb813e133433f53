"""A spool gives back what was added, as float32 if that is exact, wherever it was kept."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lscli.io import spool
from lscli.io.memory import read_all
from lscli.io.spool import Spool

BLOCKS = st.lists(st.lists(st.floats(width=32) | st.floats(), max_size=5), max_size=6)


@given(blocks=BLOCKS, in_memory=st.integers(0, 100))
def test_what_was_added_comes_back(blocks: list[list[float]], in_memory: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spool, "_IN_MEMORY", in_memory)
        kept = Spool("x")
        for block in blocks:
            kept.add(np.array(block, float))
        values = np.array([number for block in blocks for number in block], float)
        with contextlib.closing(kept.array((len(values),), "x")) as array, np.errstate(over="ignore"):
            exact = np.array_equal(values.astype(np.float32), values, equal_nan=True)
            assert ("float32" if exact else "float64") == array.element
            assert np.array_equal(values, read_all(array), equal_nan=True)
