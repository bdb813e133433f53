"""The rows of a fit as a binary map sees them: a confidence c, and a = 1 where it is right.

With more than two classes c is that of the predicted class, with two the probability of class 1, and a is the label.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.metrics.isotonic import Outcomes
from lscli.metrics.sorted_values import SortedValues, rounding_of_probability
from lscli.recalibrators import temperature
from lscli.recalibrators.top_label import LEAD, sigmoid, top_label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.recalibrators.base import FitRows
    from lscli.scan.blocks import Block

    Array = NDArray[Any]

_TILE = 1 << 16  # elements, so that all arrays of a tile stay in the cache


class Prepared(NamedTuple):
    """How the logits of a fit are prepared."""

    temperature: float
    uniform: float


class BinaryRows(NamedTuple):
    """Rows of at least two finite classes, and groups of equal c.

    Attributes:
        rows: all rows of the fit.
        prepared: how their logits are prepared.
        log_odds, before, floor: log odds of each row, [n]: of c, ascending; of the logits as they are; and those below
            which the predicted class would not stay the first.
        right: whether a = 1, [n].
        weight: [n].
        groups: the log odds of the G distinct c, ascending; those that are equal within rounding are one.
        outcomes: the weight of a = 1 and of a = 0 in each group.
    """

    rows: FitRows
    prepared: Prepared
    log_odds: Array
    before: Array
    floor: Array
    right: Array
    weight: Array
    groups: Array
    outcomes: Outcomes

    def nll(self, log_odds: Array) -> float:
        """The mean binary nll of log odds [n]; rows of one finite class add 0."""
        return self._mean(np.logaddexp(0.0, np.where(self.right, -log_odds, log_odds)))

    def squared_error(self, log_odds: Array) -> float:
        """The mean of (c - a)^2, c from log odds [n]; rows of one finite class add 0."""
        return self._mean(np.square(sigmoid(np.where(self.right, -log_odds, log_odds), np)))

    def _mean(self, x: Array) -> float:
        return float(np.add.reduce(self.weight * x)) / self.rows.total

    def at_floor(self, log_odds: Array) -> int:
        """The number of rows that would be predicted otherwise with new log odds [n]."""
        return int(np.count_nonzero(log_odds < self.floor))

    def notes(self, at_floor: int) -> tuple[str, ...]:
        """What to say about the rows at the floor."""
        what = "the map lowers the confidence so far that another class would be predicted"
        of = f"in {at_floor} of {len(self.right)} rows"
        return (f"{of}, {what}: there it leaves the predicted class just ahead",) if at_floor else ()

    @property
    def _words(self) -> tuple[str, str, str]:
        """What samples of a = 1 and of a = 0 are called, and c."""
        if self.rows.classes == 2:
            return "sample of class 1", "sample of class 0", "probability of class 1"
        return "right sample", "wrong sample", "confidence"

    def refused(self, method: str, why: str) -> InputError:
        return self.rows.refused(
            f"no {method} map is best: {why}", "use more samples, or isotonic, which has a fit here"
        )

    def check_overlap(self, method: str) -> None:
        """Refuse rows in which larger log odds mean a = 1 without exception.

        Raises:
            InputError: a has one value, c has one value, or the largest c of a = 0 is at most the least of a = 1.
        """
        right, wrong, c = self._words
        ones, zeros = (np.flatnonzero(weight) for weight in self.outcomes)
        for name, found in ((right, ones), (wrong, zeros)):
            if not len(found):
                raise self.refused(method, f"there is no {name}")
        if len(self.groups) == 1:
            raise self.refused(method, f"all samples have the same {c}")
        if zeros[-1] <= ones[0]:
            raise self.refused(method, f"every {right} has at least the {c} of every {wrong}")

    def check_interval(self, method: str) -> None:
        """Refuse rows in which an interval has all a = 1, or all a = 0, but for its ends.

        Raises:
            InputError: there is such an interval.
        """
        if self.interval:
            right, wrong, c = self._words
            raise self.refused(method, f"an interval of the {c} separates every {right} from every {wrong}")

    @property
    def interval(self) -> bool:
        """Whether an interval of c separates a = 1 from a = 0, but for its ends: then no parabola is best."""
        ones, zeros = (np.flatnonzero(weight) for weight in self.outcomes)
        return not (_inside(ones, zeros) and _inside(zeros, ones))

    @property
    def reversed(self) -> bool:
        """Whether the largest c of a = 1 is at most the least of a = 0."""
        ones, zeros = (np.flatnonzero(weight) for weight in self.outcomes)
        return bool(ones[-1] <= zeros[0])


def _inside(some: Array, others: Array) -> bool:
    """Whether some are between the first and the last of the others."""
    return bool(np.any((some > others[0]) & (some < others[-1])))


def binary_rows(rows: FitRows) -> BinaryRows:
    """c and a of the rows, from one pass after the fit of the temperature.

    Raises:
        InputError: no temperature is best.
    """
    return rows.once(_binary_rows)


def _binary_rows(rows: FitRows) -> BinaryRows:
    prepared = Prepared(float(temperature.fit(rows).parameters.temperature), 1 / (rows.total + 1))
    columns = np.full((4, len(rows.weight)), math.nan)
    tile = max(1, _TILE // rows.classes)

    def work(block: Block) -> None:
        for start in range(0, len(block.rows), tile):
            part = slice(start, start + tile)
            columns[:, block.rows[part]] = _columns(block.x[part].astype(np.float64), block.label[part], prepared)

    rows.read(work, lambda _: None)
    kept = np.flatnonzero(~np.isnan(columns[0]))
    kept = kept[np.argsort(columns[0, kept], kind="stable")]
    log_odds, before, floor, right = columns[:, kept]
    weight = rows.weight[kept]
    ties = SortedValues.of(sigmoid(log_odds, np), rounding_of_probability)
    outcomes = Outcomes(ties.sums(weight * right), ties.sums(weight * (1 - right)))
    groups = log_odds[np.append(ties.starts[1:], len(kept)) - 1]
    return BinaryRows(rows, prepared, log_odds, before, floor, right > 0, weight, groups, outcomes)


def _columns(z: Array, label: Array, prepared: Prepared) -> Array:
    """The log odds of c, those of the logits as they are, the floor and a of rows z [n, K]; nan where one is finite."""
    seen = top_label(z, prepared, np)
    others = np.where(seen.chosen, -math.inf, z)
    with np.errstate(invalid="ignore"):  # in rows of one finite class
        top = np.maximum.reduce(others, axis=1, keepdims=True)
        rest = top + np.log(np.add.reduce(np.exp(others - top), axis=1, keepdims=True))
        before = np.maximum.reduce(np.where(seen.chosen, z, -math.inf), axis=1, keepdims=True) - rest
    floor = seen.next + LEAD - seen.rest if z.shape[1] > 2 else np.full(len(z), -math.inf)[:, None]
    chosen = np.broadcast_to(seen.chosen, z.shape)
    right = chosen[np.arange(len(z)), label][:, None]
    found: Array = np.concatenate([seen.log_odds, before, floor, right], axis=1).T
    found[:, seen.alone[:, 0]] = math.nan
    return found
