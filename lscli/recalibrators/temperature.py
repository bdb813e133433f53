"""Temperature scaling: z / T, the T > 0 with the smallest mean nll."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators.base import Fit, FitRows, Method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.scan.blocks import Block

    Array = NDArray[Any]

NO_OPTIMUM = "no temperature is best: the loss falls for ever as T grows"
SEPARABLE = "no temperature is best: every label has the largest logit of its row, and the loss falls as T nears 0"


class Temperature(NamedTuple):
    """The parameters of the map z / T."""

    temperature: float


def mapped(z: Any, parameters: Temperature, xp: Any) -> Any:
    return z / parameters.temperature


class _Sums(NamedTuple):
    """Weighted sums at one b."""

    loss: float
    slope: float
    curvature: float
    square: float


def _at(rows: FitRows, b: float) -> _Sums:
    total = np.zeros(4)

    def work(block: Block) -> Array:
        z = block.x.astype(np.float64)
        at = np.arange(len(z)), block.label
        d = z - z.max(axis=1, keepdims=True)
        e = np.exp(b * d)
        tail = e.sum(axis=1)
        p = e / tail[:, None]
        d = np.where(np.isneginf(d), 0.0, d)
        mean = (p * d).sum(axis=1)
        s = mean - (z[at] - z.max(axis=1))
        v = (p * (d - mean[:, None]) ** 2).sum(axis=1)
        loss = np.log(tail) - b * (z[at] - z.max(axis=1))
        return np.array([np.add.reduce(block.weight * each) for each in (loss, s, v, s * s)])

    def take(found: Array) -> None:
        total.__iadd__(found)

    rows.read(work, take)
    return _Sums(*(total / rows.total).tolist())


def fit(rows: FitRows) -> Fit:
    """The temperature with the smallest mean nll, by Newton's method on b = 1/T."""
    if _at(rows, 0.0).slope >= 0:
        raise rows.refused(NO_OPTIMUM, "the logits do not order the classes better than chance: look at the labels")
    before = found = _at(rows, 1.0)
    b, passes = 1.0, 2
    while True:
        if not found.curvature > 0:
            raise rows.refused(SEPARABLE, "use more samples, some of which are wrong")
        step = -found.slope / found.curvature
        new = min(max(b + step, b / 4), b * 4)
        if abs(new - b) < 1e-12 * b:
            break
        if new > 1e6:
            raise rows.refused(SEPARABLE, "use more samples, some of which are wrong")
        b, passes = new, passes + 1
        found = _at(rows, b)
    t = 1 / b
    stderr = t * t * math.sqrt(found.square / rows.total) / found.curvature
    certificate = {"gradient": found.slope, "passes": passes}
    return Fit(Temperature(t), before.loss, found.loss, certificate, {"temperature": stderr})


def check(parameters: Temperature) -> None:
    if not parameters.temperature > 0:
        raise InputError(f"the temperature {parameters.temperature!r} is not above 0", "fit it again")


METHOD = Method(
    name="temperature",
    title="temperature scaling",
    gist="z / T",
    parameters=Temperature,
    shapes={},
    mapped=mapped,
    fit=fit,
    check=check,
    keeps="order in the row",
)
