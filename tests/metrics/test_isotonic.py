"""The blocks of the isotonic regression against scikit-learn."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import isotonic_regression

from lscli.metrics.isotonic import Outcomes, isotonic_blocks


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(any), min_size=1, max_size=30))
def test_scikit_learn_has_the_same_shares(groups: list[tuple[int, int]]) -> None:
    right, wrong = np.array(groups, np.float64).T
    outcomes = Outcomes(right, wrong)
    starts = isotonic_blocks(outcomes)
    blocks = outcomes.pooled(starts)
    share = np.repeat(blocks.right / blocks.size, np.diff(starts, append=len(right)))
    np.testing.assert_allclose(
        isotonic_regression(right / outcomes.size, sample_weight=outcomes.size), share, rtol=1e-12, atol=1e-15
    )
    assert (np.diff(blocks.right / blocks.size) > 0).all()
