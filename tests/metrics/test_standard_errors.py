"""Standard errors by simulation, of a few metrics; `standard_errors.py` has all."""

from __future__ import annotations

import pytest

from tests.metrics.standard_errors import DESIGNS, Design, ratios

# Of one family each, and none that takes long.
FEW = ("loss_hard", "excess_undershoot", "accuracy", "confidence_on_errors", "brier", "logit_gap_mean")


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_a_standard_error_is_the_deviation_of_many_sets(design: Design) -> None:
    found = ratios(design, FEW, 250)
    assert len(found) > len(FEW) - 2
    # The ratio itself varies by .045.
    assert all(0.86 < ratio < 1.14 for ratio in found.values()), found
