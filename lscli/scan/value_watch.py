"""Look at the values as they are read, to say what they may be other than logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.scan.looks import Look, Looks
from lscli.scan.whole_columns import OddColumns, WholeColumns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.logits import Logits

_WIDEST = 1 << 18  # the most classes for which each column is tracked
_BLOCK = 1 << 16  # elements that are looked at together
# The most elements that are looked at, in evenly spaced rows. What is odd about values is odd in every row; where no
# row refutes it, looking at all of them would take long.
_MOST = 1 << 24


class ValueWatch:
    """Looks at chunks of logits, from any thread and in any order; the answer does not depend on either.

    Samples that are ignored and rows with nan or +inf are not looked at. Nor are values that were declared to be
    probabilities, which are checked elsewhere, or that are log-likelihoods by their format.

    Args:
        logits: [N, K]; of an ensemble, the rows of all members are looked at.
        label: [N], -1 for an ignored sample.
        binary: whether the rows are (0, z) of one value z per sample.
    """

    def __init__(self, logits: Logits, label: NDArray[np.int32], *, binary: bool) -> None:
        self._label = label
        self._dtype = logits.dtype
        self._stride = -(-math.prod(logits.shape) // _MOST)
        undeclared = logits.kind == "logits" and not logits.log_likelihoods
        narrow = logits.shape[1] <= _WIDEST
        self._looks = Looks(binary=binary) if undeclared else None
        self._columns = WholeColumns(logits.shape[1], logits.dtype) if undeclared and not binary and narrow else None

    @property
    def open(self) -> bool:
        """Whether further rows can change the answer."""
        return any(part is not None and part.open for part in (self._looks, self._columns))

    def add(self, x: NDArray[Any], first: int) -> None:
        """Look at rows [n, K] as they were read; `first` is the number of the first one."""
        begin = -first % self._stride
        x, row = x[begin :: self._stride], np.arange(first, first + len(x))[begin :: self._stride]
        step = max(1, _BLOCK // x.shape[1])
        for start in range(0, len(x), step):
            if not self.open:
                return
            self._add(x[start : start + step], row[start : start + step])

    def _add(self, x: NDArray[Any], row: NDArray[np.intp]) -> None:
        x = widened(x, self._dtype)
        if x.dtype == np.float16 and x.shape[1] <= _BLOCK:  # float16 is slow, and wide rows take memory
            x = x.astype(np.float32)
        label = self._label[row]
        with np.errstate(invalid="ignore"):  # a signalling nan warns
            keep = (label >= 0) & (x.max(axis=1) < np.inf)
        if not keep.any():
            return
        if not keep.all():
            x, label, row = x[keep], label[keep], row[keep]
        if self._looks is not None and self._looks.open:
            self._looks.add(x)
        if self._columns is not None and self._columns.open:
            self._columns.add(x, label, row)

    @property
    def look(self) -> Look | None:
        """What all rows look like; None for logits."""
        return None if self._looks is None else self._looks.found()

    @property
    def odd_columns(self) -> OddColumns:
        """The columns that hold something other than logits."""
        return OddColumns({}, [], []) if self._columns is None else self._columns.found()

    @property
    def misleading(self) -> bool:
        """Whether the largest value of a row need not be that of the predicted class."""
        return self.look == "losses" or bool(self.odd_columns.all)
