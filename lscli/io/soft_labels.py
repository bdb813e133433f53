"""Labels [N, K]: sets of classes (0 and 1) or distributions, read by blocks of rows."""

from __future__ import annotations

import contextlib
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import BFLOAT16, as_array
from lscli.errors import InputError
from lscli.io.memory import TensorArray, open_array
from lscli.io.odd_labels import multi_label
from lscli.io.stored import Checked
from lscli.io.views import SUM, Floats
from lscli.smoothing.labels import row_values
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray

# Elements of a block when the mean distribution is computed.
_BLOCK = 1 << 16


class SoftLabels(Checked):
    """A matrix of labels, read by blocks of rows.

    Args:
        array: [N, K]; closed with this object.
        flattened: whether it had more dimensions, so that its classes may have been another axis.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in order; empty for a single file.
        shape: (N, K), N >= 1 and K >= 2.
        dtype: the name of a numeric type.
        read_lock: held while the next rows are chosen and read; a lock only if they must be read in order.

    Raises:
        InputError: the array is not such a matrix.
    """

    def __init__(self, array: StoredArray, *, flattened: bool = False) -> None:
        self._flattened = flattened
        self.name = array.name
        self.shards = array.shards
        self.shape: tuple[int, ...] = array.shape
        self.dtype = array.element
        if isinstance(array, TensorArray):
            array = open_array(as_array(array.tensor, self.name), self.name)
        if self.dtype == BFLOAT16:
            array = Floats(array)
        if array.dtype.kind not in "biuf":
            raise InputError(f"not numbers ({self.dtype})", "save them as float32 or uint8", where=self.name)
        if len(self.shape) != 2:
            hint = _SHAPES.get(len(self.shape), "one row per sample, one column per class")
            raise InputError(f"need soft labels of shape (N, K), got {self.shape}", hint, where=self.name)
        if self.shape[0] == 0:
            raise InputError("no rows", "save one row per sample", where=self.name)
        if self.shape[1] < 2:
            raise InputError(
                f"need at least 2 classes, got shape {self.shape}", "one column per class", where=self.name
            )
        self._source: StoredArray = array
        self.read_lock: AbstractContextManager[Any] = threading.Lock() if array.sequential else contextlib.nullcontext()

    @property
    def storage(self) -> np.dtype[Any]:
        """numpy's type of an element, in the machine's byte order."""
        return self._source.dtype.newbyteorder("=")

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self._source.dtype.itemsize

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        """Iterate over blocks of `rows` rows; a block is valid until the next one.

        Raises:
            InputError: the file changed in the meantime.
            ReadWriteError: it cannot be read.
        """
        buffer = np.empty((min(rows, self.shape[0]), self.shape[1]), self.storage)
        for start in range(0, self.shape[0], rows):
            stop = min(start + rows, self.shape[0])
            yield self.read(start, stop, buffer[: stop - start])
        self.check_unchanged()
        self.verify()

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`, of type `storage`: a view, or `out` filled."""
        return self._source.read(start, stop, out)

    def distributions(
        self, values: NDArray[Any], first: int, ignore_index: int, out: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Normalise rows as read, [n, K], into `out`; `first` is the number of the first row, for errors.

        Returns:
            Which rows are ignored, [n]: those that hold only `ignore_index`. They are 0 in `out`. In a row with other
            values, `ignore_index` counts as 0.

        Raises:
            InputError: a row has a value outside [0, 1] or does not sum to 1, each within 0.01: the values of mixed
                labels, such as 0.7 and 0.3 of one class, may round to more than 1.
        """
        ignored = np.zeros(len(values), np.bool_)
        if values.min() >= 0 and values.max() <= 1 + SUM:  # false for a nan
            np.copyto(out, values)
        else:
            out[:], ignored = self._with_others(values, first, ignore_index)
        total = np.add.reduce(out, axis=1)
        total[ignored] = 1.0
        wrong = np.flatnonzero(~(np.abs(total - 1.0) <= SUM))
        if len(wrong):
            name, row = self._source.located(first + int(wrong[0]))
            sums = total[wrong[0]]
            if _are_sets(out[wrong[:1]] if sums else out):
                raise multi_label(row, int(sums), self.shape[1], name, flattened=self._flattened)
            hint = _hint(sums, ignore_index)
            if self._flattened and len(wrong) > 1:
                hint = "if another axis holds the classes, name it: --class-axis AXIS; else divide each row by its sum"
            raise InputError(f"row {row} sums to {rounded(sums, 6)}, not to 1", hint, where=name)
        out /= total[:, None]
        return ignored

    def shares(self, ignore_index: int, weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Read all rows and compute the weighted mean distribution, [K], of those that are not ignored.

        Args:
            ignore_index: the value of ignored rows.
            weight: of each row, [N]; None for equal weights.

        Raises:
            InputError: a row is no distribution, or all rows are ignored.
            ReadWriteError: they cannot be read.
        """
        sums = np.zeros(self.shape[1])
        rows = max(1, _BLOCK // self.shape[1])
        q, first = np.empty((min(rows, self.shape[0]), self.shape[1])), 0
        for values in self.blocks(rows):
            part = q[: len(values)]
            self.distributions(values, first, ignore_index, part)
            if weight is not None:
                part *= weight[first : first + len(values), None]
            sums += np.add.reduce(part, axis=0)
            first += len(values)
        total = float(np.add.reduce(sums))
        if not total > 0:
            raise self.all_ignored(ignore_index)
        return sums / total

    def all_ignored(self, ignore_index: int) -> InputError:
        what = f"all {self.shape[0]} samples are ignored (every row holds only {ignore_index})"
        return InputError(what, "check --ignore-index", where=self.name)

    def _with_others(
        self, values: NDArray[Any], first: int, ignore_index: int
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The rows of a block with values outside [0, 1], checked; and which of them are ignored."""
        num_classes, rounded = self.shape[1], (values > 1) & (values <= 1 + SUM)
        whole = np.where(rounded, 1, values)
        try:
            q, ignored = row_values(whole, num_classes, ignore_index)
        except InputError:
            for i in range(len(whole)):  # name the first bad row by its number in its own file
                name, row = self._source.located(first + i)
                row_values(whole[i : i + 1], num_classes, ignore_index, first=row, name=name)
            raise
        q[rounded] = values[rounded]
        return q, ignored


_SHAPES = {
    1: "class numbers are hard labels: leave out --soft-labels",
    3: "for tokens of sequences, (N, T, K), say --flatten",
}


def _are_sets(q: NDArray[np.float64]) -> bool:
    """Whether rows [n, K] hold only 0 and 1, and one of them has several classes."""
    return bool(((q == 0) | (q == 1)).all() and (q.sum(axis=1) > 1).any())


def _hint(total: float, ignore_index: int) -> str:
    if total == 0:
        return f"if this sample has no class, fill its row with {ignore_index}, the ignore index"
    return "a soft label is a distribution: divide each row by its sum"
