"""Beta calibration of one class: g = A ln c - B ln (1 - c) + m with A, B >= 0 (Kull, Silva Filho & Flach 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators import top_label
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.binary_rows import BinaryRows, binary_rows
from lscli.recalibrators.logistic import Logistic, gradient, logistic
from lscli.recalibrators.top_label import log_sigmoid
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]


class Beta(NamedTuple):
    """The parameters of the map."""

    temperature: float
    uniform: float
    A: float
    B: float
    m: float


def _log_odds(t: Any, parameters: Beta, xp: Any) -> Any:
    return parameters.A * log_sigmoid(t, xp) - parameters.B * log_sigmoid(-t, xp) + parameters.m


def mapped(z: Any, parameters: Beta, xp: Any) -> Any:
    return top_label.mapped(z, parameters, lambda t: _log_odds(t, parameters, xp), xp)


def fit(rows: FitRows) -> Fit:
    """A, B and m with the smallest mean binary nll.

    Raises:
        InputError: no temperature is best, or no A, B and m.
    """
    seen = binary_rows(rows)
    seen.check_overlap("beta")
    columns = np.array([log_sigmoid(seen.groups, np), -log_sigmoid(-seen.groups, np)])
    found, free = _best(columns, seen)
    at = np.zeros(3)
    at[[*free, 2]] = found.coefficients
    a, b, m = at.tolist()
    parameters = Beta(*seen.prepared, a, b, m)
    slope = gradient(columns, _log_odds(seen.groups, parameters, np), seen.outcomes)
    after = _log_odds(seen.log_odds, parameters, np)
    at_floor = seen.at_floor(after)
    certificate: dict[str, float | int] = {
        "gradient": float(np.abs(slope[[*free, 2]]).max()),
        "excess": found.decrement,
        "steps": found.steps,
        "rows_at_floor": at_floor,
    }
    # At 0 the loss must not fall as the parameter grows.
    certificate |= {f"gradient_{'AB'[k]}": float(slope[k]) for k in range(2) if k not in free}
    return Fit(parameters, seen.nll(seen.before), seen.nll(after), certificate, notes=seen.notes(at_floor))


def _best(columns: Array, seen: BinaryRows) -> tuple[Logistic, Sequence[int]]:
    """The best fit with A, B >= 0, and which of the two are free.

    The loss is convex. So if the best A and B of any sign are not both >= 0, or do not exist, one of them is 0.
    """
    if not seen.interval:
        found = logistic(columns, seen.outcomes)
        if (found.coefficients[:2] >= 0).all():
            return found, (0, 1)
    sides = []
    for k in (0, 1) if not seen.reversed else ():
        found = logistic(columns[[k]], seen.outcomes)
        if found.coefficients[0] > 0:
            sides.append((found, (k,)))
    return min(sides, key=lambda side: side[0].loss) if sides else (logistic(columns[:0], seen.outcomes), ())


def check(parameters: Beta) -> None:
    top_label.check(parameters)
    for name in "AB":
        value = getattr(parameters, name)
        if value < 0:
            raise InputError(f"{name} is {shown(value)}, and not at least 0", "fit it again")


METHOD = Method(
    name="beta",
    title="beta calibration",
    gist="the log odds of the confidence c become A ln c - B ln (1 - c) + m",
    parameters=Beta,
    shapes={},
    mapped=mapped,
    fit=fit,
    check=check,
    minimises="binary nll",
    keeps="order of confidence",
)
