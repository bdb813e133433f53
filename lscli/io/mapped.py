"""Logits whose rows are recalibrated as they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lscli.io.logits import Logits
from lscli.io.views import FEW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class RowMap(Protocol):
    """A map of rows to rows, which threads call at the same time.

    No digit of a row depends on the other rows of the call.
    """

    def __call__(self, x: Array, first: int) -> Array:
        """New logits [n, K] of rows x [n, K], floats, the first of which has the number `first` in the file.

        A row may hold anything; one with a nan, +inf, or -inf alone is not used.
        """


class MappedLogits(Logits):
    """Logits after a map; with fewer than 128 classes they are float64, as logarithms are.

    Args:
        logits: closed with this object.
        rows: the map.
    """

    def __init__(self, logits: Logits, rows: RowMap) -> None:
        self.__dict__.update(logits.__dict__)
        self.before = logits
        self.rows = rows
        self.kind = "logits"
        wide = logits.dtype == "float64" or logits.shape[1] < FEW
        self.dtype = "float64" if wide else "float32"
        self.storage = np.dtype(self.dtype)

    # What was stored is not what is measured; and the rows are read by `scan.members.reader`.

    @property
    def size(self) -> int:
        return self.before.size

    @property
    def members(self) -> None:
        return None

    @property
    def tensor(self) -> None:
        return None

    def stated_probabilities(self) -> None:
        return None

    def stated_rows(self, start: int, stop: int) -> None:
        return None

    def keep_disagreement(self) -> None:
        return None

    def from_device(self, start: int, stop: int) -> None:
        return None
