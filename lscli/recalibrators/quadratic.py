"""Quadratic scaling of one class: g = q0 + q1 t + q2 t^2, t the log odds of its probability."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators import top_label
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.binary_rows import binary_rows
from lscli.recalibrators.logistic import gradient, logistic
from lscli.recalibrators.top_label import sigmoid
from lscli.text import rounded


class Quadratic(NamedTuple):
    """The parameters of the map; q holds q0, q1 and q2."""

    temperature: float
    uniform: float
    q: Any


def _log_odds(t: Any, parameters: Quadratic) -> Any:
    q = parameters.q
    return q[0] + (q[1] + q[2] * t) * t


def mapped(z: Any, parameters: Quadratic, xp: Any) -> Any:
    return top_label.mapped(z, parameters, lambda t: _log_odds(t, parameters), xp)


def fit(rows: FitRows) -> Fit:
    """q with the smallest mean binary nll.

    Raises:
        InputError: no temperature is best, or no q.
    """
    seen = binary_rows(rows)
    seen.check_overlap("quadratic")
    seen.check_interval("quadratic")
    columns = np.array([seen.groups, seen.groups**2])
    found = logistic(columns, seen.outcomes)
    parameters = Quadratic(*seen.prepared, np.roll(found.coefficients, 1))
    slope = gradient(columns, _log_odds(seen.groups, parameters), seen.outcomes)
    after = _log_odds(seen.log_odds, parameters)
    at_floor = seen.at_floor(after)
    certificate: dict[str, float | int] = {
        "gradient": float(np.abs(slope).max()),
        "excess": found.decrement,
        "steps": found.steps,
        "rows_at_floor": at_floor,
    }
    notes = seen.notes(at_floor)
    _, q1, q2 = parameters.q.tolist()
    turn = -q1 / (2 * q2) if q2 else np.inf
    if seen.groups[0] < turn < seen.groups[-1]:
        certificate["turns_at"] = turn
        way = "falls" if q2 < 0 else "rises"
        notes = (f"the map turns at c = {rounded(float(sigmoid(turn, np)), 3)}: above it {way} as c grows", *notes)
    return Fit(parameters, seen.nll(seen.before), seen.nll(after), certificate, notes=notes)


def check(parameters: Quadratic) -> None:
    top_label.check(parameters)
    if len(parameters.q) != 3:
        raise InputError(f"q has {len(parameters.q)} numbers, and not 3", "fit it again")


METHOD = Method(
    name="quadratic",
    title="quadratic scaling",
    gist="the log odds t of the confidence become q0 + q1 t + q2 t^2",
    parameters=Quadratic,
    shapes={"q": ("steps",)},
    mapped=mapped,
    fit=fit,
    check=check,
    minimises="binary nll",
    keeps="nothing",
)
