"""Isotonic calibration of one class: the isotonic regression of a on c, with straight lines between its blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.metrics.isotonic import isotonic_blocks
from lscli.recalibrators import top_label
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.binary_rows import binary_rows
from lscli.recalibrators.top_label import like, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Isotonic(NamedTuple):
    """The parameters of the map: r at each c, a straight line between them, and constant outside.

    r is moved inwards from the share of a = 1 of a block, (N r + 1/2) / (N + 1), so that no probability is 0 or 1.
    """

    temperature: float
    uniform: float
    c: Any
    r: Any


def _log_odds(t: Any, parameters: Isotonic, xp: Any) -> Any:
    c, r = parameters.c, parameters.r
    at = sigmoid(like(t, c), xp)
    above = xp.searchsorted(c, at)
    below = xp.clip(above - 1, 0, len(c) - 1)
    above = xp.clip(above, 0, len(c) - 1)
    width = c[above] - c[below]
    share = xp.where(width > 0, (at - c[below]) / xp.where(width > 0, width, 1), 0)
    found = xp.minimum(r[below] + share * (r[above] - r[below]), r[above])  # rounding leaves the order
    return xp.log(found) - xp.log1p(-found)


def mapped(z: Any, parameters: Isotonic, xp: Any) -> Any:
    return top_label.mapped(z, parameters, lambda t: _log_odds(t, parameters, xp), xp)


def fit(rows: FitRows) -> Fit:
    """The isotonic regression, whose blocks are those of CORP.

    Raises:
        InputError: no temperature is best.
    """
    seen = binary_rows(rows)
    outcomes, total = seen.outcomes, rows.total
    starts = isotonic_blocks(outcomes)
    ends = np.append(starts[1:], len(seen.groups)) - 1
    blocks = outcomes.pooled(starts)
    share = blocks.right / blocks.size
    knots = np.unique(np.concatenate([starts, ends]))
    block = np.searchsorted(ends, np.arange(len(seen.groups)))
    r = ((total * share + 0.5) / (total + 1))[block[knots]]
    parameters = Isotonic(*seen.prepared, sigmoid(seen.groups[knots], np), r)
    after = _log_odds(seen.log_odds, parameters, np)
    at_floor = seen.at_floor(after)
    # Optimal if the shares of the blocks grow, and no first part of a block has a smaller share than the whole.
    missing = np.add.accumulate(share[block] * outcomes.size - outcomes.right)
    missing -= np.append(0.0, missing[ends[:-1]])[block]
    certificate: dict[str, float | int] = {
        "blocks": len(starts),
        "squared_error": float(np.add.reduce(blocks.right * (1 - share))) / total,
        "least_step": float(np.diff(share).min()) if len(share) > 1 else 0.0,
        "violation": max(0.0, float(missing.max())) / total,
        "rows_at_floor": at_floor,
    }
    notes = seen.notes(at_floor)
    return Fit(parameters, seen.squared_error(seen.before), seen.squared_error(after), certificate, notes=notes)


def check(parameters: Isotonic) -> None:
    top_label.check(parameters)
    c, r = parameters.c, parameters.r
    top_label.check_steps(c)
    if not ((r > 0) & (r < 1)).all() or (np.diff(r) < 0).any():
        raise InputError("r is not between 0 and 1, or falls", "fit it again")


METHOD = Method(
    name="isotonic",
    title="isotonic calibration",
    gist="the confidence c becomes the isotonic regression of being right on c",
    parameters=Isotonic,
    shapes={"c": ("steps",), "r": ("steps",)},
    mapped=mapped,
    fit=fit,
    check=check,
    minimises="squared error",
    keeps="order of confidence",
)
