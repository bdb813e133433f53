"""Isotonic regression of an outcome on a value: its blocks, in each of which the fitted share is constant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.limits import check_room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

# Address space that scipy's libraries take, measured.
SCIPY_ROOM = 132 << 20


class Outcomes(NamedTuple):
    """The weight of the right and of the wrong samples of each group, [B] each."""

    right: Array
    wrong: Array

    @property
    def size(self) -> Array:
        size: Array = self.right + self.wrong
        return size

    def pooled(self, starts: Array) -> Outcomes:
        """Join the groups from each start to the next."""
        return Outcomes(np.add.reduceat(self.right, starts), np.add.reduceat(self.wrong, starts))


def isotonic_blocks(groups: Outcomes) -> Array:
    """Where each block of the isotonic regression begins, ascending from 0.

    Args:
        groups: [V] groups of equal values, by ascending value, none of them empty.
    """
    check_room("scipy", SCIPY_ROOM)
    from scipy.optimize import isotonic_regression  # half a second that only these need

    fit = isotonic_regression(groups.right / groups.size, weights=groups.size)
    starts: Array = fit.blocks[:-1]
    return starts
