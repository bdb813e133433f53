"""Smoothed targets of the labels of a file, computed one block of rows at a time, so that memory stays flat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, warn
from lscli.smoothing.labels import of_classes, of_values, row_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.labels import Labels
    from lscli.io.soft_labels import SoftLabels
    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]

_VALUES = 1 << 16  # targets in a block: 512 KiB


class ClassNumbers:
    """Class numbers [N]: they are in memory, and checked before the first row of targets.

    Attributes:
        num_classes: K.
        ignored: the number of ignored labels.
        notes: warnings to give before the first row.
    """

    def __init__(self, labels: Labels, num_classes: int, ignore_index: int, labels_from: int) -> None:
        self.num_classes = num_classes
        self._label, self.ignored, note = labels.checked(num_classes, ignore_index, labels_from)
        self.notes = [note] if note else []
        if self.ignored:
            self.notes.append(_ignored(labels.name, self.ignored, len(self._label)))

    def shares(self) -> Array:
        """The share of each class among the kept labels, [K]."""
        counts = np.bincount(self._label[self._label >= 0], minlength=self.num_classes)
        shares: Array = counts / counts.sum()
        return shares

    def blocks(self, targets: Targets, eps: float) -> Iterator[Array]:
        """The targets in blocks, [n, K] each."""
        step = _rows_of_a_block(self.num_classes)
        for start in range(0, len(self._label), step):
            yield of_classes(self._label[start : start + step], targets, eps, self.num_classes)

    def close(self) -> None:
        """Do nothing: the file was closed after reading."""


class Rows:
    """Sets of classes or distributions [N, K]: they are checked as they are read.

    Attributes:
        num_classes: K.
        ignored, notes: None and empty, because ignored rows are counted as they are read.

    Raises:
        InputError: the labels do not have `num_classes` classes.
    """

    ignored, notes = None, ()

    def __init__(self, labels: SoftLabels, num_classes: int | None, ignore_index: int) -> None:
        self._labels, self._ignore_index = labels, ignore_index
        self.num_classes = labels.shape[1]
        if num_classes not in (None, self.num_classes):
            labels.close()
            what = f"labels of {self.num_classes} classes, not {num_classes}"
            raise InputError(what, "leave out --classes", where=labels.name)

    def shares(self) -> Array:
        """The share of each class in the sum of all rows, [K], from a separate pass over the rows."""
        sums: Array = np.zeros(self.num_classes)
        for first, values in self._read():
            sums += np.add.reduce(self._checked(values, first)[0], axis=0)
        total = sums.sum()
        if not total > 0:
            raise InputError("no row has a class", "give a prior: --prior FILE", where=self._labels.name)
        shares: Array = sums / total
        return shares

    def blocks(self, targets: Targets, eps: float) -> Iterator[Array]:
        """The targets in blocks, [n, K] each, then a warning if rows were ignored."""
        ignored, name = 0, self._labels.name
        try:
            for first, values in self._read():
                q, left_out = self._checked(values, first)
                ignored += int(np.count_nonzero(left_out))
                yield of_values(q, left_out, targets, eps)
        finally:
            self.close()
        if ignored:
            warn(_ignored(name, ignored, self._labels.shape[0]))

    def close(self) -> None:
        self._labels.close()

    def _read(self) -> Iterator[tuple[int, Array]]:
        """The number of the first row of each block, and its values."""
        first = 0
        for values in self._labels.blocks(_rows_of_a_block(self.num_classes)):
            yield first, values
            first += len(values)

    def _checked(self, values: Array, first: int) -> tuple[Array, Array]:
        return row_values(values, self.num_classes, self._ignore_index, first=first, name=self._labels.name)


def _rows_of_a_block(num_classes: int) -> int:
    return max(1, _VALUES // num_classes)


def _ignored(name: str, count: int, rows: int) -> str:
    return f"{name}: {count} of {rows} labels are ignored: their targets are 0"
