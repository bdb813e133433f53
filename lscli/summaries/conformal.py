"""The conclusion of `lscli conformal`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.text import percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.conformal import ConformalRow


def conclude(
    rows: Sequence[ConformalRow],
    tested: ConformalRow | None,
    alpha: float,
    level: float,
    *,
    by_class: bool,
    equal: bool,
) -> str:
    """What is promised, and what the test samples show."""
    what = f"Sets hold the label of at least {100 * (1 - alpha):.4g} % of samples like those of calibration"
    if by_class:
        said = [f"{what}, of each class, on average over calibration sets."]
    else:
        low, high = rows[0].coverage_low, rows[0].coverage_high
        said = [
            f"{what}, on average over calibration sets; for {rows[0].n:,} calibration samples without ties, the "
            f"coverage lies between {percent(low)} and {percent(high)} with probability {100 * level:.4g} %."
        ]
    if equal:
        said.append("All calibration scores are equal, so the quantile tells no samples apart.")
    if tested is not None:
        size = f"sets of {tested.mean_size:.3g} classes on average"
        if tested.empty:
            size += f", {percent(tested.empty, 2)} of them empty"
        if math.isnan(tested.coverage):
            said.append(f"The {tested.n:,} test samples have {size}.")
        else:
            interval = f"{percent(tested.coverage_low, 2)} to {percent(tested.coverage_high, 2)}"
            said.append(
                f"They hold the label of {percent(tested.coverage, 2)} of {tested.n:,} test samples "
                f"({interval}): {size}."
            )
    return " ".join(said)
