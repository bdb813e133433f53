"""Maps of the prepared logits whose parameters are held small: their mean nll with a ridge, and its certificate.

The ridge makes the objective strongly convex, with the modulus 2K/N. So wherever the search stops, the objective lies
above its minimum by at most |gradient|^2 N/(4K), which needs no second computation to be trusted.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.recalibrators import temperature
from lscli.recalibrators.arithmetic import floored
from lscli.recalibrators.base import Fit
from lscli.recalibrators.lbfgs import Evaluated, minimised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from lscli.recalibrators.base import FitRows
    from lscli.scan.blocks import Block

    Array = NDArray[Any]

_EXCESS = 1e-10
_TILE = 1 << 16  # elements, so that the arrays of a tile stay in the cache
_NARROW = 200  # up to as many classes, a tile lies in memory by class: numpy is slow on short rows
# The gradient of float32 rows is off by 1e-8 to 4e-7 (of 1,000 classes). With 400 rows a class this adds at most 2e-11
# to the excess; with more of them, and with few classes, rows are computed in float64.
_WIDE_CLASSES, _ROWS_PER_CLASS = 128, 400


class Linear(NamedTuple):
    """Logits that are linear in P parameters, all of them 0 for the prepared logits themselves.

    Attributes:
        penalty: [P], the factor of each square, times N.
        logits: new logits [n, K], from the parameters [P] and prepared logits x [n, K].
        slopes: [P], the sum over rows of the derivatives, from x and the derivatives by the new logits r [n, K].
        squares: [P], the sum over rows of q [n, K] times the square of what a parameter multiplies, from x and q.
        masked: whether rows may have classes at -inf.
    """

    penalty: Array
    logits: Callable[[Array, Array], Array]
    slopes: Callable[[Array, Array], Array]
    squares: Callable[[Array, Array], Array]
    masked: bool


class Fitted(NamedTuple):
    """The parameters of the map, [P], and those of the prepared logits."""

    temperature: float
    uniform: float
    linear: Array


def fit(rows: FitRows, linear: Linear) -> tuple[Fitted, Fit]:
    """The parameters with the smallest penalised mean nll, and all of the fit but its parameters.

    Raises:
        InputError: no temperature is best, or a row has a class at -inf.
    """
    first = temperature.fit(rows)
    t, uniform = first.parameters.temperature, 1 / (rows.total + 1)
    tiles = partial(_tiles, rows, t, uniform, linear.masked)
    size, penalty = len(linear.penalty), linear.penalty / rows.total

    def objective(at: Array, total: Array) -> Evaluated:
        mean = total / rows.total
        return Evaluated(float(mean[0] + np.add.reduce(penalty * at * at)), mean[1 : size + 1] + 2 * penalty * at)

    def at_0(block: Block) -> Array:
        return _sums(tiles(block), linear, np.zeros(size), squares=True)

    total = _summed(rows, at_0, 1 + 2 * size)
    diagonal = total[size + 1 :] / rows.total + 2 * penalty
    bound = rows.total / (4 * rows.classes)

    def evaluated(at: Array) -> Evaluated:
        return objective(at, _summed(rows, lambda block: _sums(tiles(block), linear, at), 1 + size))

    found = minimised(evaluated, objective(np.zeros(size), total), diagonal, math.sqrt(_EXCESS / bound))
    excess = found.gradient**2 * bound
    certificate = {"objective": found.value, "gradient": found.gradient, "excess": excess, "passes": found.passes}
    late = f"the search stopped early: its objective may lie {excess:.1g} above the smallest"
    after = found.value - float(np.add.reduce(penalty * found.at * found.at))
    notes = () if excess <= _EXCESS else (late,)
    return Fitted(t, uniform, found.at), Fit(None, first.before, after, certificate, notes=notes)


def mapped(z: Any, y: Any, xp: Any) -> Any:
    """The new logits y [n, K], but of z a class at -inf stays there, and so does a row of one other class."""
    masked = z == -math.inf
    stays = masked | (xp.sum(~masked, axis=-1, keepdims=True) == 1)
    return xp.where(stays, z, y)


def check(parameters: Any) -> None:
    """Check the parameters of the prepared logits."""
    t, uniform = parameters.temperature, parameters.uniform
    if not t > 0:
        raise InputError(f"the temperature {t!r} is not above 0", "fit it again")
    if not 0 < uniform < 1:
        raise InputError(f"uniform is {uniform!r}, not between 0 and 1", "fit it again")


def _summed(rows: FitRows, work: Callable[[Block], Array], size: int) -> Array:
    total = np.zeros(size)

    def take(found: Array) -> None:
        np.add(total, found, out=total)

    rows.read(work, take)
    return total


class _Tile(NamedTuple):
    """Some rows of a block: x [n, K], and where there are any, the classes at -inf as True."""

    x: Array
    masked: Array | None
    label: Array
    weight: Array


def _tiles(rows: FitRows, t: float, uniform: float, may_mask: bool, block: Block) -> Iterator[_Tile]:
    size = max(1, _TILE // rows.classes)
    wide = block.x.dtype == np.float64 or rows.classes < _WIDE_CLASSES or rows.total > _ROWS_PER_CLASS * rows.classes
    for start in range(0, len(block.x), size):
        part = slice(start, start + size)
        z = np.asarray(block.x[part], np.float64 if wide else np.float32, order="F" if rows.classes <= _NARROW else "C")
        masked = z == -np.inf
        some = bool(masked.any())
        if some and not may_mask:
            raise _masked(rows, int(block.rows[part][masked.any(axis=1).argmax()]))
        with np.errstate(over="ignore"):  # logits further apart than float32 reaches: a probability of 0
            x = floored(z, t, uniform, np)
        yield _Tile(x, masked if some else None, block.label[part], block.weight[part])


def _masked(rows: FitRows, row: int) -> InputError:
    name, own_row = rows.logits.located(row)
    masked = "a class of probability 0" if rows.logits.kind == "probs" else "a class at minus infinity"
    return InputError(
        f"row {own_row} has {masked}, which sms cannot map", "svs leaves such classes as they are", where=name
    )


def _sums(tiles: Iterator[_Tile], linear: Linear, at: Array, *, squares: bool = False) -> Array:
    """Of a block: the sum of the losses, those of their first derivatives, and at 0 those of their second ones.

    [1 + P], or [1 + 2 P].
    """
    return _sums_of(tiles, linear, at, squares=squares)


def _sums_of(tiles: Iterator[_Tile], linear: Linear, at: Array, *, squares: bool) -> Array:
    losses, slopes, second = 0.0, np.zeros(len(at)), np.zeros(len(at))
    for x, masked, label, weight in tiles:
        y = linear.logits(at, x)
        own = np.arange(len(y)), label
        if masked is not None:
            y[masked] = -np.inf
        y -= np.maximum.reduce(y, axis=1, keepdims=True)
        of_label = y[own].astype(np.float64)
        np.exp(y, out=y)
        total = np.add.reduce(y, axis=1, keepdims=True)
        losses += np.add.reduce(weight * (np.log(total[:, 0].astype(np.float64)) - of_label))
        y /= total
        by_row = weight[:, None].astype(y.dtype)
        if squares:
            second += linear.squares(x, y * (1 - y) * by_row)
        y[own] -= 1
        y *= by_row
        slopes += linear.slopes(x, y)
    return np.concatenate(([losses], slopes, second if squares else second[:0]))
