"""The hint for a wrong `--kind`: what the values seem to be instead, from a look at a few rows."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.io.views import SUM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.logits import Logits

_ROWS = 64  # the first rows of the file, which are looked at
_MOST = 8  # columns that a hint lists
_BASES = {"log-probs": math.e, "logarithms to the base 2": 2.0, "logarithms to the base 10": 10.0}
_UNBOUNDED = ("logits", "scores", "shares")
_HINTS = {
    "logits": "these look like logits: leave --kind out",
    "negative": "if these are logits, leave --kind out; if they are log-probabilities, say --kind log-probs",
    "scores": "if these are logits, leave --kind out",
    "probs": "these look like probabilities: say --kind probs",
    "log-probs": "these look like log-probabilities: say --kind log-probs",
    "percentages": "these look like percentages: divide them by 100, and say --kind probs",
    "shares": "if each class has a probability of its own, as of a sigmoid, measure each class k on its own: save "
    "probs[:, k] and (labels == k).astype(int), and say --binary --kind probs",
} | {
    name: f"these look like {name}: multiply them by math.log({base:g}), and say --kind log-probs"
    for name, base in _BASES.items()
    if name != "log-probs"
}


def kind_hint(logits: Logits) -> str:
    """A hint if most of the first rows are of another kind than the declared one; otherwise an empty string.

    Raises:
        InputError: the file changed in the meantime, or is damaged.
        ReadWriteError: it cannot be read.
    """
    with logits.read_lock:
        rows = logits.as_stored(min(_ROWS, logits.shape[0]))
    if rows is None:
        return _HINTS["scores"]
    rows = rows[np.isfinite(rows.max(axis=1))]
    if not len(rows):
        return ""
    found = _one_value(rows) if rows.shape[1] == 1 else _of_most([_seems(row) for row in rows])
    if found == logits.kind:
        return ""
    return _without_whole_numbers(rows, logits.kind) or _HINTS[found]


def _without_whole_numbers(rows: NDArray[Any], kind: str) -> str:
    """A hint if rows [n, K] are of a kind without their columns of whole numbers, such as labels; otherwise empty."""
    whole = (rows == np.rint(rows)).all(axis=0)
    others = rows[:, ~whole]
    if not 0 < others.shape[1] < len(whole):
        return ""
    places = np.flatnonzero(whole).tolist()
    shown = ", ".join(map(str, places[:_MOST])) + (", ..." if len(places) > _MOST else "")
    said = (
        f"column {shown} holds only whole numbers" if len(places) == 1 else f"columns {shown} hold only whole numbers"
    )
    if others.shape[1] > 1:
        alike = _of_most([_seems(row) for row in others]) == kind
        return f"{said}, and the others sum to 1: save only the others" if alike else ""
    if kind != "probs" or _one_value(others) != "probs":
        return ""
    return f"{said}: if the other one is the probability of class 1, save it alone and say --binary"


def _of_most(kinds: list[str]) -> str:
    """The kind that most rows seem to be. A single row of logits may well have no value below 0, or none above 1."""
    counts = Counter("" if kind in _UNBOUNDED else kind for kind in kinds)
    return counts.most_common(1)[0][0] or next(kind for kind in _UNBOUNDED if kind in kinds)


def _seems(row: NDArray[Any]) -> str:
    """What the values of a row [K] seem to be."""
    low, high, total = row.min(), row.max(), row.sum()
    if high <= 0:
        sums = {name: float(np.power(base, row).sum()) for name, base in _BASES.items()}
        return next((name for name, own in sums.items() if abs(own - 1) <= SUM), "logits")
    if abs(total - 1) <= SUM and low >= -SUM:  # a little below 0 is the rounding of a probability
        return "probs"
    if low < 0:
        return "logits"
    return "percentages" if abs(total - 100) <= 100 * SUM else "shares" if high <= 1 else "scores"


def _one_value(values: NDArray[Any]) -> str:
    """What the values [n, 1] of a binary classifier seem to be."""
    low, high = values.min(), values.max()
    if low >= -SUM and high <= 1 + SUM:
        return "probs"
    return "logits" if low < 0 < high else "negative" if high <= 0 else "scores"
