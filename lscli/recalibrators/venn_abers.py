"""Venn-Abers calibration of one class (Vovk, Petej & Fedorova 2015), fitted by the package venn-abers.

The package fits two isotonic regressions of a on c, in which a sample of this c is added with a = 0 and with a = 1. The
map needs their steps only, not the package.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.extras import needed
from lscli.limits import check_memory
from lscli.recalibrators import top_label
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.binary_rows import BinaryRows, binary_rows
from lscli.recalibrators.top_label import like, sigmoid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

_SAMPLE = 150  # bytes that the package takes for a sample


class VennAbers(NamedTuple):
    """The parameters of the map: p0 and p1 at each c.

    p0 stays the same up to the next c, and is 0 below the first; p1 is that of the next c, and 1 above the last.
    """

    temperature: float
    uniform: float
    c: Any
    p0: Any
    p1: Any


def _log_odds(t: Any, parameters: VennAbers, xp: Any) -> Any:
    c = parameters.c
    at = sigmoid(like(t, c), xp)
    near = at * (1e-13 * (1 - at) + 2.0**-51)  # what `sorted_values.rounding_of_probability` calls equal
    below = xp.searchsorted(c, at + near, side="right") - 1
    above = xp.searchsorted(c, at - near, side="left")
    last = len(c) - 1
    p0 = xp.where(below < 0, 0, parameters.p0[xp.clip(below, 0, last)])
    p1 = xp.where(above > last, 1, parameters.p1[xp.clip(above, 0, last)])
    return xp.log(p1) - xp.log1p(-p0)


def mapped(z: Any, parameters: VennAbers, xp: Any) -> Any:
    return top_label.mapped(z, parameters, lambda t: _log_odds(t, parameters, xp), xp)


def _package() -> Callable[[Array, Array], tuple[Array, Array, Array]]:
    try:
        with np.errstate():  # which the package changes as it is imported
            from venn_abers import calc_p0p1
    except ImportError as error:
        raise needed("venn-abers", "the method venn-abers", where="method") from error
    found: Callable[[Array, Array], tuple[Array, Array, Array]] = calc_p0p1
    return found


def _steps(seen: BinaryRows, calc_p0p1: Callable[[Array, Array], tuple[Array, Array, Array]]) -> tuple[Array, ...]:
    """c, p0 and p1 where one of them changes."""
    right, wrong = (each.astype(np.int64) for each in seen.outcomes)
    if not (np.array_equal(right, seen.outcomes.right) and np.array_equal(wrong, seen.outcomes.wrong)):
        raise seen.rows.refused("venn-abers needs weights that are whole numbers", "use isotonic, which takes any")
    count = int(right.sum() + wrong.sum())
    check_memory(_SAMPLE * count, f"venn-abers on {count} samples", "use isotonic, which takes less")
    c = sigmoid(seen.groups, np)
    each = np.repeat(np.concatenate([c, c]), np.concatenate([right, wrong]))
    a = np.repeat([1.0, 0.0], [right.sum(), wrong.sum()])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        p0, p1, at = calc_p0p1(np.column_stack([1 - each, each]), a)
    # The rounding of the package's slopes must not leave the order.
    p0, p1 = np.maximum.accumulate(p0[1:, 1]), np.minimum.accumulate(p1[:-1, 1][::-1])[::-1]
    changes = np.diff(p0, prepend=0) != 0
    changes |= np.diff(p1, append=1) != 0
    return at[changes], p0[changes], p1[changes]


def fit(rows: FitRows) -> Fit:
    """The steps of p0 and p1.

    Raises:
        UsageError: the package is not installed.
        InputError: no temperature is best, or a weight is not a whole number.
        ReadWriteError: memory does not suffice.
    """
    calc_p0p1 = _package()
    seen = binary_rows(rows)
    c, p0, p1 = _steps(seen, calc_p0p1)
    parameters = VennAbers(*seen.prepared, c, p0, p1)
    after = _log_odds(seen.log_odds, parameters, np)
    at_floor = seen.at_floor(after)
    certificate: dict[str, float | int] = {
        "thresholds": len(c),
        "largest_p1_minus_p0": float((p1 - p0).max(initial=0.0)),
        "rows_at_floor": at_floor,
    }
    return Fit(parameters, seen.nll(seen.before), seen.nll(after), certificate, notes=seen.notes(at_floor))


def check(parameters: VennAbers) -> None:
    top_label.check(parameters)
    top_label.check_steps(parameters.c)
    p0, p1 = parameters.p0, parameters.p1
    between = (p0 >= 0).all() and (p0 < 1).all() and (p1 > 0).all() and (p1 <= 1).all()
    if not between or (np.diff(p0) < 0).any() or (np.diff(p1) < 0).any():
        raise InputError("p0 or p1 is not between 0 and 1, or falls", "fit it again")


METHOD = Method(
    name="venn-abers",
    title="Venn-Abers calibration",
    gist="the confidence c becomes p1 / (1 - p0 + p1) of two isotonic regressions",
    parameters=VennAbers,
    shapes={"c": ("steps",), "p0": ("steps",), "p1": ("steps",)},
    mapped=mapped,
    fit=fit,
    check=check,
    minimises="binary nll",
    keeps="order of confidence",
    needs="venn_abers",
)
