"""Notice rows that look like something other than logits, though they were declared as logits.

Each look is a statement about every row. It is possible until one row contradicts it, so real logits are acquitted by
their first rows, and later rows cost nothing.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.io.views import SUM

if TYPE_CHECKING:
    from numpy.typing import NDArray

Look = Literal["probabilities", "percentages", "losses", "scores", "probability"]

_ROUNDING = 1e-3  # of a probability near 1, as float16 and exp(log p) have it

# With fewer rows, logits may lie between 0 and 1.
_ROWS = 3
_NEAR_0 = 0.05
_COLUMNS = 1 << 16

_OF_CLASSES: tuple[Look, ...] = ("probabilities", "percentages", "losses", "scores")
_BINARY: tuple[Look, ...] = ("probability",)


class Looks:
    """Tracks what all rows look like; chunks come from any thread, in any order.

    Args:
        binary: whether the rows are (0, z) of one value z per sample.
    """

    def __init__(self, *, binary: bool) -> None:
        self._lock = threading.Lock()
        self._possible: tuple[Look, ...] = _BINARY if binary else _OF_CLASSES
        self._rows = 0
        self._broken = False  # whether there is a value that is not whole
        self._unsure = False  # whether there is a row without a value near 0

    @property
    def open(self) -> bool:
        """Whether the rows may still look like something other than logits."""
        return bool(self._possible)

    def add(self, x: NDArray[Any]) -> None:
        """Look at rows [n, K]."""
        possible = {look for look in self._possible if _STATEMENTS[look](x)}
        few = x[:, :_COLUMNS]  # of very wide rows, no copy is made
        broken = bool((few != np.rint(few)).any())
        with self._lock:
            self._rows += len(x)
            self._broken = self._broken or broken
            self._unsure = self._unsure or ("losses" in possible and bool(x.min(axis=1).max() > _NEAR_0))
            # Another thread may have ruled out further looks in the meantime.
            self._possible = tuple(look for look in self._possible if look in possible)

    def found(self) -> Look | None:
        """What all rows look like; None for logits."""
        if not self._rows:
            return None
        # A few values between 0 and 1, or whole ones, say little, unless each row has the same sum; and a row of which
        # one value is 0 and all others are large is also that of logits.
        sure = self._broken and self._rows >= _ROWS
        proved = {"scores": sure, "probability": sure, "losses": sure and self._unsure}
        return next((look for look in self._possible if proved.get(look, True)), None)


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


def _probability(x: NDArray[Any]) -> bool:
    return _in_unit_interval(x[:, 1:])


_STATEMENTS = {
    "probabilities": _probabilities,
    "percentages": _percentages,
    "losses": _losses,
    "scores": _in_unit_interval,
    "probability": _probability,
}
