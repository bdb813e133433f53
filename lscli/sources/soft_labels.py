"""Labels of shape [N, K]: sets of classes (0 and 1) or distributions, read by blocks of rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.sources.memory import TensorArray
from lscli.sources.views import shards_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.sources.stored import StoredArray


class SoftLabels:
    """A matrix of labels, of which a block is in memory at a time.

    Attributes:
        name: the path as typed, or the argument's name.
        shards: the files that a pattern named, in their order; none where it is one file.
        shape: (N, K), N >= 1 and K >= 2.
        dtype: the name of a type of numbers.

    Raises:
        InputError: the array is no such matrix.
    """

    def __init__(self, array: StoredArray | TensorArray) -> None:
        self.name = array.name
        self.shards = shards_of(array)
        self.shape: tuple[int, ...] = array.shape
        self.dtype = array.element
        if isinstance(array, TensorArray) or self.dtype == "bfloat16" or array.dtype.kind not in "biuf":
            raise InputError(f"not numbers of numpy's ({self.dtype})", "save them as float32 or uint8", where=self.name)
        if self.shape[0] == 0:
            raise InputError("no rows", "save one row a sample", where=self.name)
        if self.shape[1] < 2:
            raise InputError(f"need at least 2 classes, got shape {self.shape}", "one column a class", where=self.name)
        self._array = array

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self._array.dtype.itemsize

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        """All rows, so many at a time, in the machine's byte order; a block is good until the next one.

        Raises:
            InputError: the file changed in the meantime.
            ReadWriteError: it cannot be read.
        """
        buffer = np.empty((min(rows, self.shape[0]), self.shape[1]), self._array.dtype.newbyteorder("="))
        for start in range(0, self.shape[0], rows):
            stop = min(start + rows, self.shape[0])
            yield self._array.read(start, stop, buffer[: stop - start])
        self._array.check_unchanged()
        self._array.verify()

    def close(self) -> None:
        self._array.close()
