"""Numbers that arrive one after another: kept in memory at first, beyond 64 MiB in an unnamed temporary file."""

from __future__ import annotations

import os
import tempfile
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from lscli.errors import ReadWriteError
from lscli.io.files import RegularFile
from lscli.io.memory import MemoryArray
from lscli.io.stored import RawArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray

_IN_MEMORY = 64 << 20  # bytes
_BLOCK = 1 << 20  # elements


class Spool:
    """Numbers, stored as float32 as long as it represents all of them exactly, else as float64.

    Args:
        name: what they are, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._dtype: np.dtype[Any] = np.dtype(np.float32)
        self._blocks: list[NDArray[Any]] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None

    def add(self, values: NDArray[np.float64]) -> None:
        """Add numbers.

        Raises:
            ReadWriteError: the temporary folder is full.
        """
        if self._dtype == np.float32 and not is_float32(values):
            self._widen()
        self._append(values.astype(self._dtype))

    def array(self, shape: tuple[int, ...], name: str) -> StoredArray:
        """All numbers as an array; nothing can be added afterwards."""
        if self._file is None:
            values = np.concatenate(self._blocks) if self._blocks else np.empty(0, self._dtype)
            return MemoryArray(values.reshape(shape), name)
        with self._file as file:
            file.flush()
            kept = RegularFile(self._name, os.dup(file.fileno()))
        return RawArray(kept, name, 0, shape, self._dtype)

    def _append(self, values: NDArray[Any]) -> None:
        self._bytes += values.nbytes
        try:
            if self._file is None and self._bytes > _IN_MEMORY:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # `array` closes it
                for block in self._blocks:
                    self._file.write(block.data)
                self._blocks = []
            if self._file is None:
                self._blocks.append(values)
            else:
                self._file.write(values.data)
        except OSError as error:
            what = f"cannot be written to a temporary file: {os.strerror(error.errno or 0)}"
            raise ReadWriteError(what, "make room in the temporary folder, or set TMPDIR", where=self._name) from error

    def _widen(self) -> None:
        """Write all numbers again as float64."""
        blocks, file = self._held(), self._file
        self._dtype, self._blocks, self._bytes, self._file = np.dtype(np.float64), [], 0, None
        for block in blocks:
            self._append(block.astype(np.float64))
        if file is not None:
            file.close()

    def _held(self) -> Iterator[NDArray[Any]]:
        file = self._file
        if file is None:
            return iter(self._blocks)
        file.seek(0)
        return (np.frombuffer(data, np.float32) for data in iter(lambda: file.read(4 * _BLOCK), b""))


def is_float32(values: NDArray[np.float64]) -> bool:
    """Whether float32 represents every number."""
    with np.errstate(over="ignore"):
        return np.array_equal(values.astype(np.float32), values, equal_nan=True)
