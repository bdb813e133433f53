"""The minimum of a convex mean nll in b = 1/T, with a bound of the distance to it.

Let g, h, k be its first three derivatives at b, and R the largest difference of two logits of a row. As the next
derivatives are at most R h e^(R |x|) and R^2 h e^(R |x|) at a distance x, the derivative after a step x is at most
G = |g + h x + k x^2/2| + (h/R) (e^q - 1 - q - q^2/2), q = R |x|, and with D = R G e^q / h < 1 the minimum is at most
-ln(1 - D)/R away. No pass over the rows at the new b is needed.
"""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

_EPS = sys.float_info.epsilon
# Where e^u with u below this comes from, a class has no weight within twice or half of b, whatever its logit.
_FARTHEST = 1500.0
_MOST = 200  # steps; about five are taken


class Sums(NamedTuple):
    """Weighted means over the rows at one b.

    Attributes:
        loss: of the nll.
        slope, curvature, third: of its derivatives.
        square, cross: of the squared slope, and of the slope times the curvature.
    """

    loss: float
    slope: float
    curvature: float
    third: float
    square: float
    cross: float


class Minimum(NamedTuple):
    """The minimum.

    Attributes:
        b: 1/T.
        bound: the most that b may differ from the exact minimum.
        gradient: the most that the derivative at b may be.
        step: from the b of the last pass.
        sums: of the last pass.
        curvature: at the minimum.
    """

    b: float
    bound: float
    gradient: float
    step: float
    sums: Sums
    curvature: float


class Search:
    """A safeguarded search: third-order steps, inside the bracket that the signs of the derivative give.

    Args:
        b: where the first sums are computed.
        spread: R.
        tolerance: the bound to reach, as a share of b.

    Attributes:
        b: where the next sums are to be computed.
        passes: the number of sums taken.
    """

    def __init__(self, b: float, spread: float, tolerance: float) -> None:
        self.b, self.passes = b, 0
        self._spread, self._tolerance = spread, tolerance
        self._low, self._high, self._factor = 0.0, math.inf, 2.0

    def take(self, at: Sums) -> Minimum | None:
        """Take the sums at `b`: the minimum, or None, and `b` is where to go on."""
        self.passes += 1
        b, g, h, k = self.b, at.slope, at.curvature, at.third
        if g <= 0:
            self._low = b
        if g >= 0:
            self._high = b
        step = _step(g, h, k)
        if h > 0 and (self._low < b + step < self._high or step == 0 or b + step == b):
            found = self._bounded(b, step, at)
            if found.bound < self._tolerance * found.b or abs(step) <= 4 * _EPS * b or self.passes >= _MOST:
                return found
            self.b = found.b
        elif self._low > 0 and self._high < math.inf:
            self.b = math.sqrt(self._low) * math.sqrt(self._high)
        else:
            self.b = b * self._factor if g < 0 else b / self._factor
            self._factor = min(self._factor**2, 2.0**64)
        return None

    def move(self, at: Sums) -> None:
        """Go to where sums at `b` that are not exact say that the minimum is; they bound nothing."""
        self.passes += 1
        new = self.b + _step(at.slope, at.curvature, at.third)
        if 0 < new < math.inf:
            self.b = new

    def _bounded(self, b: float, step: float, at: Sums) -> Minimum:
        new = b + step
        step = new - b  # exact
        _, g, h, k, square, _ = at
        spread = min(self._spread, _FARTHEST / b)
        q = spread * abs(step)
        more = q**3 / 6 * math.exp(q) if q < 1e-2 else math.expm1(min(q, 100.0)) - q - q * q / 2
        gradient = abs(g + h * step + k * step * step / 2) + h / spread * more
        ratio = spread * gradient * math.exp(min(q, 100.0)) / h
        bound = -math.log1p(-ratio) / spread if ratio < 1 else math.inf
        rounding = 4 * _EPS * new + 16 * _EPS * math.sqrt(square) / h
        return Minimum(new, bound + rounding, gradient, step, at, h + k * step)


def _step(g: float, h: float, k: float) -> float:
    """The step to the zero of g + h x + k x^2/2, or Newton's where it has none; nan without curvature."""
    if not h > 0:
        return math.nan
    root = h * h - 2 * g * k
    return -2 * g / (h + math.sqrt(root)) if root >= 0 else -g / h
