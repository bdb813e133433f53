"""Notice rows that look like something other than logits, though they were declared as logits.

Each look is a statement about every row, which one row can refute. The first rows of real logits refute all of them,
and then later rows cost nothing.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.io.views import SUM

if TYPE_CHECKING:
    from numpy.typing import NDArray

Look = Literal[
    "probabilities", "percentages", "losses", "log2", "log10", "equal sums", "scores", "probability", "percentage"
]

_ROUNDING = 1e-3  # the error of a probability near 1 in float16, or after exp(log p)

# With fewer rows, logits may lie between 0 and 1.
_ROWS = 3
_NEAR_0 = 0.05
# Percentages exceed this number. A logit exceeds it only if its probability is within 1e-17 of 1.
_LARGE = 40
# Rows of K probabilities that are rounded to two decimals sum to 1 within 0.01 sqrt(K), a little more than three
# standard deviations. That many rows of other values do so must be less likely than 2^-20.
_WIDEST, _ODDS = 0.05, 20
# A smaller sum of whole numbers may be the same in all rows by accident.
_VOTES = 10
_COLUMNS = 1 << 16

_OF_CLASSES: tuple[Look, ...] = ("probabilities", "percentages", "losses", "log2", "log10", "equal sums", "scores")
_LOGARITHMS: tuple[Look, ...] = ("losses", "log2", "log10")
_BINARY: tuple[Look, ...] = ("probability", "percentage")


class Looks:
    """Tracks what all rows look like; chunks come from any thread, in any order.

    Args:
        binary: whether the rows are (0, z) of one value z per sample.
    """

    def __init__(self, *, binary: bool) -> None:
        self._lock = threading.Lock()
        self._possible: tuple[Look, ...] = _BINARY if binary else _OF_CLASSES
        self._rows = 0
        self._fractions = False  # whether any value is not a whole number
        self._far_from_0 = False  # whether all values of some row are clearly above 0, or all below
        self._large = False  # whether any value is too large for a usual logit
        self._sums = (math.inf, -math.inf)  # the smallest and the largest sum of a row
        self._tolerance = SUM

    @property
    def open(self) -> bool:
        """Whether the rows may still look like something other than logits."""
        return bool(self._possible)

    def add(self, x: NDArray[Any]) -> None:
        """Look at rows [n, K]. Rows that repeat one value, such as those of samples that failed, say nothing."""
        varied = x.max(axis=1) > x.min(axis=1)
        if not varied.any():
            return
        if not varied.all():  # of very wide rows, no copy is made
            x = x[varied]
        with np.errstate(over="ignore"):  # the sum of huge values is inf, which is none of the sums below
            possible = {look for look in self._possible if _STATEMENTS[look](x)}
            sums = np.add.reduce(x, axis=1, dtype=np.float64) if "equal sums" in possible else np.ones(1)
        few = x[:, :_COLUMNS]
        fractions = bool((few != np.rint(few)).any())
        with self._lock:
            self._rows += len(x)
            self._fractions = self._fractions or fractions
            if not self._far_from_0 and not possible.isdisjoint(_LOGARITHMS):
                self._far_from_0 = bool(max(x.min(axis=1).max(), (-x.max(axis=1)).max()) > _NEAR_0)
            self._large = self._large or bool(x.max() > _LARGE)
            self._tolerance = min(SUM * math.sqrt(x.shape[1]), _WIDEST)
            self._sums = min(self._sums[0], float(sums.min())), max(self._sums[1], float(sums.max()))
            if not self._sums[1] - self._sums[0] <= 2 * self._tolerance * self._sums[1]:
                possible.discard("equal sums")
            # Another thread may have ruled out further looks in the meantime.
            self._possible = tuple(look for look in self._possible if look in possible)

    def found(self) -> Look | None:
        """What all rows look like; None for logits."""
        if not self._rows:
            return None
        # A few values between 0 and 1, or whole numbers alone, prove nothing unless each row has the same sum. A row of
        # which one value is 0 and all others are far from 0 may be one of logits.
        sure = self._fractions and self._rows >= _ROWS
        proved = {"scores": sure, "probability": sure, "percentage": self._large}
        proved |= dict.fromkeys(_LOGARITHMS, sure and self._far_from_0)
        proved["equal sums"] = self._equal_sums()
        return next((look for look in self._possible if proved.get(look, True)), None)

    def _equal_sums(self) -> bool:
        """Whether rows are rounded probabilities or percentages, or equal numbers of votes."""
        low, high = self._sums
        near_1 = "scores" in self._possible and max(1 - low, high - 1) <= self._tolerance
        near_100 = max(100 - low, high - 100) <= 100 * self._tolerance
        whole = not self._fractions and (near_100 or low == high >= _VOTES)
        return self._rows * -math.log2(2 * self._tolerance) >= _ODDS and (near_1 or whole)


def _in_unit_interval(x: NDArray[Any]) -> bool:
    return bool(x.min() >= 0 and x.max() <= 1 + _ROUNDING)


def _sum_to(x: NDArray[Any], total: float) -> bool:
    return bool((np.abs(np.add.reduce(x, axis=1, dtype=np.float64) - total) <= SUM * total).all())


def _probabilities(x: NDArray[Any]) -> bool:
    return _in_unit_interval(x) and _sum_to(x, 1)


def _percentages(x: NDArray[Any]) -> bool:
    return bool(x.min() >= 0) and _sum_to(x, 100)


def _losses(x: NDArray[Any]) -> bool:
    """Whether the values are -log p of probabilities p."""
    return bool(x.min() >= 0) and _sum_to(np.exp(-x), 1)


def _log2(x: NDArray[Any]) -> bool:
    return bool(x.max() <= 0) and _sum_to(np.exp2(x), 1)


def _log10(x: NDArray[Any]) -> bool:
    return bool(x.max() <= 0) and _sum_to(np.power(10.0, x), 1)


def _positive(x: NDArray[Any]) -> bool:
    return bool(x.min() >= 0)


def _probability(x: NDArray[Any]) -> bool:
    return _in_unit_interval(x[:, 1:])


def _percentage(x: NDArray[Any]) -> bool:
    return bool(x.min() >= 0 and x.max() <= 100 * (1 + _ROUNDING))


_STATEMENTS = {
    "probabilities": _probabilities,
    "percentages": _percentages,
    "losses": _losses,
    "log2": _log2,
    "log10": _log10,
    "equal sums": _positive,
    "scores": _in_unit_interval,
    "probability": _probability,
    "percentage": _percentage,
}
