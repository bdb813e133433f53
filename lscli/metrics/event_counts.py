"""The exact distribution of how many of many independent events happen (Poisson-binomial), or of a sum over them.

Events of nearly equal probability are gathered in cells, so that a million of them take some milliseconds and their
order does not matter. The characteristic function of the sum is a product over the cells, and its Fourier transform is
the distribution (Hong 2013). Probabilities are exact to about 1e-5, and to 1e-12 if those of a cell are equal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_WIDTH = 1 / 256  # of a cell
_CELLS = 129  # for probabilities up to 1/2
# The distribution is computed this many standard deviations, and this many events, to both sides of its mean.
_DEVIATIONS, _EVENTS = 10, 10
_AT_A_TIME = 256  # frequencies


class Events(NamedTuple):
    """Independent events in cells of nearly equal probability and equal step, [C] each.

    Attributes:
        step: what each event of a cell adds to the sum, a whole number.
        size: the number of events, the sum of their weights.
        mean: their mean probability, at most 1/2.
        spread: the sum over the events of the squared distance from that mean.
    """

    step: Array
    size: Array
    mean: Array
    spread: Array

    @classmethod
    def of(cls, probability: Array, step: Array, weight: Array | None) -> Events:
        """Gather events.

        Args:
            probability: [n], at most 1/2: of an event that is likelier, take the opposite one.
            step: [n], whole numbers.
            weight: [n], how often each event is repeated, independently; None for once each.
        """
        lowest = int(step.min())
        cell = (probability / _WIDTH).astype(np.intp) + (step.astype(np.intp) - lowest) * _CELLS
        once = probability if weight is None else probability * weight
        count, first, second = (np.bincount(cell, x) for x in (weight, once, once * probability))
        full = np.flatnonzero(count)
        size, mean = count[full].astype(np.float64), first[full] / count[full]
        return cls(full // _CELLS + lowest, size, mean, np.maximum(second[full] - first[full] * mean, 0.0))


class SumDistribution(NamedTuple):
    """The distribution of the sum of the steps of the events that happen.

    Attributes:
        start: the least sum that has a place in `probability`, a whole number.
        probability: of each sum from `start` on, [M]; others have a probability below 1e-12.
    """

    start: int
    probability: Array

    @classmethod
    def of(cls, events: Events) -> SumDistribution:
        """The distribution of these events."""
        each = events.size * events.mean
        mean = float(np.add.reduce(events.step * each))
        variance = float(np.add.reduce(np.square(events.step) * each * (1 - events.mean)))
        half = math.ceil(_DEVIATIONS * math.sqrt(variance)) + _EVENTS * int(np.abs(events.step).max())
        size = 1 << (2 * half).bit_length()
        transform = np.empty(size // 2 + 1, np.complex128)
        for first in range(0, len(transform), _AT_A_TIME):
            places = np.arange(first, min(first + _AT_A_TIME, len(transform)))
            transform[places] = _characteristic(events, places, size)
        start = round(mean) - size // 2
        probability = np.maximum(np.fft.irfft(transform, size), 0.0)
        return cls(start, np.roll(probability, -(start % size)))

    @property
    def sums(self) -> Array:
        """The sum that each probability is of, [M]."""
        return self.start + np.arange(len(self.probability))

    def where(self, chosen: Array) -> float:
        """The probability of the chosen sums, [M] bool."""
        return min(1.0, float(np.add.reduce(self.probability[chosen])))


def _characteristic(events: Events, places: Array, size: int) -> Array:
    """The conjugate of the characteristic function at the angles 2 pi places / size, [F].

    The logarithm of 1 + q z, summed over the events of a cell, is expanded around their mean probability to the second
    order.
    """
    # Whole turns are taken out first, so that large steps keep their digits.
    turns = np.multiply.outer(events.step, places) % size
    z = np.exp(-2j * np.pi / size * np.arange(size))[turns] - 1
    base = 1 + events.mean[:, None] * z
    logarithm = events.size[:, None] * np.log(base) - 0.5 * events.spread[:, None] * np.square(z / base)
    result: Array = np.exp(np.add.reduce(logarithm, axis=0))
    return result
