"""The conclusion of `lscli conformal`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

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
            f"coverage lies between {100 * low:.1f} % and {100 * high:.1f} % with probability {100 * level:.4g} %."
        ]
    if equal:
        said.append("All calibration scores are equal, so the quantile tells no samples apart.")
    if tested is not None:
        size = f"sets of {tested.mean_size:.3g} classes on average"
        if tested.empty:
            size += f", {100 * tested.empty:.2f} % of them empty"
        if math.isnan(tested.coverage):
            said.append(f"The {tested.n:,} test samples have {size}.")
        else:
            interval = f"{100 * tested.coverage_low:.2f} % to {100 * tested.coverage_high:.2f} %"
            said.append(
                f"They hold the label of {100 * tested.coverage:.2f} % of {tested.n:,} test samples ({interval}): {size}."
            )
    return " ".join(said)
