"""L-BFGS for smooth, strongly convex functions whose gradient takes a pass over the rows."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

_PAIRS = 10
# A step is taken where the slope along it has shrunk, or has turned without nearly growing back. The function is
# convex, so the slope alone tells: values near the optimum differ by less than they are rounded.
_SHRUNK, _TURNED = 0.9, 0.8
_LONGEST = 10.0  # times the last trial of a line search


class Evaluated(NamedTuple):
    """The value of the function at a point, and its gradient, [P]."""

    value: float
    gradient: Array


class Minimum(NamedTuple):
    """Where the search stopped.

    Attributes:
        at: [P].
        value: of the function there.
        gradient: the norm of its gradient there.
        passes: the number of gradients computed, with that at the start.
    """

    at: Array
    value: float
    gradient: float
    passes: int


def minimised(
    function: Callable[[Array], Evaluated], start: Evaluated, diagonal: Array, enough: float, most_passes: int = 500
) -> Minimum:
    """The minimum of a function, from 0 on.

    Args:
        function: of a point [P].
        start: the function at 0.
        diagonal: [P], above 0: about the diagonal of the second derivatives, by which the steps are scaled.
        enough: the norm of the gradient at which the search stops.
        most_passes: the search stops after as many gradients.

    Source: Nocedal and Wright, Numerical Optimization, 2006, algorithm 7.4.
    """
    at = np.zeros(len(diagonal))
    value, gradient = start
    pairs: deque[tuple[Array, Array]] = deque(maxlen=_PAIRS)
    passes = 1
    while (norm := _norm(gradient)) > enough and passes < most_passes:
        direction = -_scaled(gradient, pairs, diagonal)
        slope = _dot(gradient, direction)
        low, high, length = 0.0, np.inf, 1.0
        of_low = slope
        while True:
            moved = at + length * direction
            value, new = function(moved)
            passes += 1
            found = _dot(new, direction)
            if _SHRUNK * slope <= found <= -_TURNED * slope or passes >= most_passes:
                break
            if found < 0:
                # Where the slope falls steadily it reaches 0 here; as far as that can be told from two places.
                further = length + (length - low) * found / (of_low - found) if of_low < found else np.inf
                low, of_low = length, found
                length = min(max(further, 1.1 * length), _LONGEST * length, (length + high) / 2)
            else:
                high = length
                secant = low + (length - low) * of_low / (of_low - found)
                length = min(max(secant, low + 0.1 * (high - low)), low + 0.9 * (high - low))
        step, change = moved - at, new - gradient
        if _dot(step, change) > 0:  # but for rounding, it is
            pairs.append((step, change))
        at, gradient = moved, new
    return Minimum(at, value, norm, passes)


def _scaled(gradient: Array, pairs: deque[tuple[Array, Array]], diagonal: Array) -> Array:
    """The product of the gradient and the estimated inverse of the second derivatives, by two loops over the pairs."""
    q = gradient.copy()
    used = []
    for step, change in reversed(pairs):
        weight = _dot(step, q) / _dot(step, change)
        used.append(weight)
        q -= weight * change
    q /= diagonal
    if pairs:
        step, change = pairs[-1]
        q *= _dot(step, change) / _dot(change, change / diagonal)
    for (step, change), weight in zip(pairs, reversed(used), strict=True):
        q += (weight - _dot(change, q) / _dot(step, change)) * step
    return q


def _dot(a: Array, b: Array) -> float:
    return float(np.add.reduce(a * b))


def _norm(a: Array) -> float:
    return float(np.sqrt(_dot(a, a)))
