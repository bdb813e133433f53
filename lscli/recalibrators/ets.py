"""Ensemble temperature scaling: a mixture of the tempered, the given and the uniform probabilities of each row.

Zhang, Kailkhura and Han 2020 ("Mix-n-Match") fit T and then the weights, both by the squared error. Here T and the
weights minimise the mean nll together, so on the rows of the fit the loss is not above that of temperature scaling.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators.base import Fit, FitRows, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lscli.scan.blocks import Block

    Array = NDArray[Any]
    # The smallest loss at b, given weights near those that have it.
    At = Callable[[float, Array], "_Point"]

LOWEST, HIGHEST = 1 / 20, 20.0  # the bounds of T
# On both sides of T = 1, temperatures that are tried on some of the rows.
_STARTS = [[2.0**-4, 2.0**-3, 2.0**-2, 2.0**-1, 0.9], [1.1, 2.0, 4.0, 8.0, 16.0]]
_ROWS, _BYTES, _FEWEST = 2048, 32 << 20, 64  # of these rows: the most, the bytes of more, and the fewest
_TILE = 1 << 16  # elements, so that the arrays of a tile stay in the cache
_STEP = 1e-10  # relative to b: a smaller step is not made
_MOST = 50  # steps
_ROUNDING = 2.0**-50  # of a loss, relative to it
# Where the weights may differ from 0. Of two that are equally good, the first one is taken: the map that changes
# nothing, then temperature scaling.
_SUPPORTS = [list(each) for each in ((1,), (0,), (2,), *combinations(range(3), 2), (0, 1, 2))]


class EnsembleTemperature(NamedTuple):
    """The parameters of the map ln(w1 softmax(z / T) + w2 softmax(z) + w3 / K), with w = `weights`."""

    temperature: float
    weights: Array


def mapped(z: Any, parameters: EnsembleTemperature, xp: Any) -> Any:
    masked, largest = xp.isneginf(z), xp.amax(z, axis=-1, keepdims=True)
    d, flat = z - largest, xp.where(masked, z, largest) - largest
    parts = (_log_of(d / parameters.temperature, xp), _log_of(d, xp), _log_of(flat, xp))
    w = xp.asarray(parameters.weights, dtype=z.dtype)
    log_w = xp.where(w > 0, xp.log(xp.where(w > 0, w, 1)), -math.inf)  # without a branch, as torch.export needs it
    total = parts[0] + log_w[0]
    for k in (1, 2):
        total = xp.logaddexp(total, parts[k] + log_w[k])
    return xp.where(masked, z, total)


def _log_of(d: Any, xp: Any) -> Any:
    """ln softmax of rows whose maximum is 0."""
    return d - xp.log(xp.sum(xp.exp(d), axis=-1, keepdims=True))


class _Columns(NamedTuple):
    """Of each row, [n]: ln u with u = softmax(b z)_y, and -u'/u and u''/u by b."""

    log_u: Array
    s: Array
    bend: Array


def _columns(x: Array, label: Array, b: float) -> _Columns:
    """The columns of rows x [n, K] at b."""
    columns, step = _Columns(*np.empty((3, len(x)))), max(1, _TILE // x.shape[1])
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        of_tile = _of_tile(x[rows], label[rows], b)
        for column, part in zip(columns, of_tile, strict=True):
            column[rows] = part
    return columns


def _of_tile(x: Array, label: Array, b: float) -> _Columns:
    d = x.astype(np.float64)
    d -= np.maximum.reduce(d, axis=1, keepdims=True)
    e = np.exp(b * d)
    d[np.isneginf(d)] = 0.0  # where e is 0
    own = d[np.arange(len(d)), label]
    tail = np.add.reduce(e, axis=1)
    e *= d
    mean = np.add.reduce(e, axis=1) / tail
    e *= d
    variance = np.maximum(np.add.reduce(e, axis=1) / tail - mean * mean, 0.0)
    s = mean - own
    return _Columns(b * own - np.log(tail), s, s * s - variance)


class _Point(NamedTuple):
    """The smallest loss at one b.

    Attributes:
        b: 1/T.
        weights: [3], those with that loss.
        loss: the mean nll.
        slope, curvature: how that loss changes with b.
        violation: by how much the weights miss the conditions of an optimum.
    """

    b: float
    weights: Array
    loss: float
    slope: float
    curvature: float
    violation: float

    @property
    def step(self) -> float:
        """Newton's step of b; where the loss is not convex, one downhill without an end."""
        if self.curvature > 0:
            return -self.slope / self.curvature
        return math.copysign(math.inf, -self.slope) if self.slope else 0.0


class _Given(NamedTuple):
    """What does not depend on b, [n]: ln p_y, ln 1/K, and the weights of the rows, whose sum is 1."""

    log_p: Array
    log_uniform: Array
    share: Array

    def at(self, columns: _Columns, b: float, start: Array) -> _Point:
        """The smallest loss at b; `start` are weights near those that have it."""
        logs = (columns.log_u, self.log_p, self.log_uniform)
        largest = np.maximum.reduce(logs)
        parts = [np.exp(each - largest) for each in logs]
        w, gradient, hessian = _best_weights(parts, self.share, 0.99 * start + 0.01 / 3)
        mixed = _mixed(w, parts)
        first = -parts[0] * columns.s / mixed  # the derivative of u, over the mixture
        of_both = np.array([w[0] * _sum(self.share * first * part / mixed) for part in parts])
        of_both[0] -= _sum(self.share * first)
        of_b = _sum(self.share * (w[0] * first) ** 2) - w[0] * _sum(self.share * parts[0] * columns.bend / mixed)
        free = np.flatnonzero(w)
        along = of_both[free] @ _solved(hessian[np.ix_(free, free)], of_both[free])
        return _Point(
            b,
            w,
            loss=0.0 - _sum(self.share * (np.log(mixed) + largest)),
            slope=-float(w[0]) * _sum(self.share * first),
            curvature=float(of_b - along),
            violation=max(0.0, *np.where(w > 0, np.abs(gradient), -gradient).tolist()),
        )


def _sum(values: Array) -> float:
    return float(np.add.reduce(values))


def _mixed(w: Array, parts: Sequence[Array]) -> Array:
    mixed: Array = w[0] * parts[0] + w[1] * parts[1] + w[2] * parts[2]
    return mixed


def _solved(matrix: Array, right: Array) -> Array:
    """The solution, the shortest one where the matrix is singular."""
    solution: Array = np.linalg.lstsq(matrix, right, rcond=1e-13)[0]
    return solution


def _best_weights(parts: Sequence[Array], share: Array, start: Array) -> tuple[Array, Array, Array]:
    """The weights w >= 0 that minimise sum w - sum share ln(w . parts), whose sum is 1; its gradient and Hessian there.

    Newton's method, where the quadratic model is minimised over w >= 0 exactly.
    """

    def loss_of(w: Array) -> float:
        with np.errstate(divide="ignore"):
            return float(np.add.reduce(w)) - _sum(share * np.log(_mixed(w, parts)))

    w, loss = start, loss_of(start)
    for _ in range(_MOST):
        scaled = [part / _mixed(w, parts) for part in parts]
        gradient = np.array([1 - _sum(share * each) for each in scaled])
        hessian = np.array([[_sum(share * one * other) for other in scaled] for one in scaled])
        step = _model_minimum(hessian, hessian @ w - gradient) - w
        if np.abs(step).max() <= 1e-14:
            break
        most, length = loss + _ROUNDING * (1 + abs(loss)), 1.0
        while (new := loss_of(w + length * step)) > most + 1e-4 * length * float(gradient @ step) and length > 1e-6:
            length /= 2
        w, loss = w + length * step, new
    return w, gradient, hessian


def _model_minimum(hessian: Array, linear: Array) -> Array:
    """The w >= 0 that minimises w . hessian w / 2 - linear . w."""
    best, lowest = np.zeros(3), math.inf
    for support in _SUPPORTS:
        w = np.zeros(3)
        w[support] = _solved(hessian[np.ix_(support, support)], linear[support])
        value = float(w @ hessian @ w) / 2 - float(linear @ w)
        if (w >= 0).all() and value < lowest - 1e-15:
            best, lowest = w, value
    return best


def _minimum(at: At, point: _Point, low: float, high: float) -> _Point:
    """A point between two b where the loss is smallest, by Newton's method in a bracket of the signs of the slope."""
    for _ in range(_MOST):
        if point.slope < 0:
            low = point.b
        elif point.slope > 0:
            high = point.b
        new = min(max(point.b + point.step, low), high)
        if new in (low, high) and new != point.b:
            middle = math.sqrt(point.b * new)
            new = middle if abs(middle - new) > 1e-3 * new else new
        if abs(new - point.b) <= _STEP * point.b:
            break
        point = at(new, point.weights)
    return point


def _first_pass(rows: FitRows, number: Array) -> tuple[_Given, _Given, Sequence[Array]]:
    """What does not depend on b, of all rows and of some rows of them, and the logits and labels of those.

    Args:
        rows: the rows.
        number: [N], the place of each row among those that have a weight.
    """
    count = int(number[-1]) + 1
    most = min(count, max(_FEWEST, min(_ROWS, _BYTES // (8 * rows.classes))))
    chosen = np.arange(most) * count // most
    share = rows.weight[rows.weight > 0] / rows.total
    given = _Given(np.empty(count), np.empty(count), share)
    kept: list[tuple[Array, Array]] = []

    def work(block: Block) -> tuple[Array, Array]:
        places = number[block.rows]
        given.log_p[places] = _columns(block.x, block.label, 1.0).log_u
        given.log_uniform[places] = -np.log(np.count_nonzero(~np.isneginf(block.x), axis=1))
        own = np.isin(places, chosen)
        return block.x[own], block.label[own]

    rows.read(work, kept.append)
    few = _Given(*(each[chosen] for each in given))
    few = few._replace(share=few.share / np.add.reduce(few.share))
    return given, few, [np.concatenate(each) for each in zip(*kept, strict=True)]


def fit(rows: FitRows) -> Fit:
    """T in [1/20, 20] and the weights with the smallest mean nll, together."""
    number = np.cumsum(rows.weight > 0) - 1
    given, few, (x, label) = _first_pass(rows, number)
    passes = 1

    def of_few(b: float, start: Array) -> _Point:
        return few.at(_columns(x, label, b), b, start)

    def of_all(b: float, start: Array) -> _Point:
        nonlocal passes
        passes += 1
        columns = _Columns(*np.empty((3, len(given.share))))

        def work(block: Block) -> None:
            places = number[block.rows]
            for column, part in zip(columns, _columns(block.x, block.label, b), strict=True):
                column[places] = part

        rows.read(work, lambda _: None)
        return given.at(columns, b, start)

    found: list[_Point] = []
    # At T = 1 the loss is the largest of all, since softmax(z) takes part at any T: each side has a minimum.
    for temperatures, low, high in zip(_STARTS, (1.0, 1 / HIGHEST), (1 / LOWEST, 1.0), strict=True):
        first = min((of_few(1 / t, np.full(3, 1 / 3)) for t in temperatures), key=lambda point: point.loss)
        found.append(_minimum(of_few, first, low, high))
    if len(few.share) < len(given.share):
        lowest = min(point.loss for point in found)
        near = [point for point in found if point.loss <= lowest + 10 / len(few.share)]
        found = []
        for point in near:
            low, high = (1.0, 1 / LOWEST) if point.b > 1 else (1 / HIGHEST, 1.0)
            found.append(_minimum(of_all, of_all(point.b, point.weights), low, high))
    best = min(found, key=lambda point: point.loss)
    return _described(best, 0.0 - _sum(given.share * given.log_p), passes)


def _described(point: _Point, before: float, passes: int) -> Fit:
    """The fit of a point, with its certificate."""
    t, w = 1 / point.b, point.weights / np.add.reduce(point.weights)
    notes: tuple[str, ...] = ()
    if w[0] == 0:
        t, notes = 1.0, ("T means nothing, since the weight of its part is 0",)
    elif point.b >= 1 / LOWEST * (1 - _STEP) or point.b <= 1 / HIGHEST * (1 + _STEP):
        t = LOWEST if t < 1 else HIGHEST
        notes = (f"T means nothing, since it is at the bound {t:g}",)
    elif not point.slope and not point.curvature:
        notes = ("T means nothing, since any T has the same loss",)
    certificate = {"gradient": point.slope, "violation": point.violation, "passes": passes}
    return Fit(EnsembleTemperature(t, w), before, point.loss, certificate, notes=notes)


def check(parameters: EnsembleTemperature) -> None:
    t, w = parameters
    if not LOWEST <= t <= HIGHEST:
        raise InputError(f"the temperature {t!r} is not from 1/20 to 20", "fit it again")
    if len(w) != 3 or not (np.asarray(w) >= 0).all() or abs(float(np.add.reduce(w)) - 1) > 1e-9:
        raise InputError("the weights are not three numbers of at least 0 whose sum is 1", "fit it again")


METHOD = Method(
    name="ets",
    title="ensemble temperature scaling",
    gist="ln(w1 softmax(z / T) + w2 softmax(z) + w3 / K)",
    parameters=EnsembleTemperature,
    shapes={"weights": ("steps",)},
    mapped=mapped,
    fit=fit,
    check=check,
    keeps="order in the row",
)
