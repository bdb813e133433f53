"""Simulated models whose calibration is known: what coverage and false alarms are counted on."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable

Array = NDArray[np.float64]


class Design(NamedTuple):
    """A model with K = 3 classes.

    Attributes:
        name: a phrase for a table.
        highest: the highest confidence; the least is 1/3.
        right: the probability of being right at each confidence [n].
    """

    name: str
    highest: float
    right: Callable[[Array], Array]

    def confidences(self, random: np.random.Generator, n: int) -> Array:
        """The confidences of n samples, [n]: most of them high, as those of a trained network."""
        return 1 / 3 + (self.highest - 1 / 3) * random.beta(2.0, 0.8, n)

    def draw(self, random: np.random.Generator, n: int) -> SampleTable:
        """A table of n samples."""
        confidence = self.confidences(random, n)
        return SampleTable.from_confidences(confidence, random.random(n) < self.right(confidence))

    def expected(self, confidence: Array) -> SampleTable:
        """A table of two weighted samples at each of these confidences, one right and one wrong.

        A metric of it is the one of endlessly many labels.
        """
        right = self.right(confidence)
        both = np.concatenate((confidence, confidence))
        correct = np.repeat([True, False], len(confidence))
        return SampleTable.from_confidences(both, correct, weight=np.concatenate((right, 1 - right)))


CALIBRATED = Design("calibrated", 1.0, lambda c: c)
DESIGNS = (
    CALIBRATED,
    Design("alternating .03", 1.0, lambda c: c + 0.05 * np.sin(11 * c)),
    Design("over by .042", 1.0, lambda c: c - 0.042),
    Design("over by .13", 1.0, lambda c: c - 0.13),
    Design("under by .16", 0.84, lambda c: c + 0.16),
)
