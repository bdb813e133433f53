"""Soft labels in the loop: each thread reads them beside the logits, and its own kernel sees both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.kernels.soft import TILES, SoftKernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.io.soft_labels import SoftLabels
    from lscli.scan.table_builder import Filler
    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]


class Soft(NamedTuple):
    """Labels that are distributions.

    Attributes:
        labels: [N, K].
        ignore_index: rows of nothing but this are left out.
        targets: how the labels are smoothed.
        entropies: columns by name, the entropy of each sample's smoothed label, with the eps of each.
    """

    labels: SoftLabels
    ignore_index: int
    targets: Targets
    entropies: Mapping[str, float]

    def kernel(self, logits: Logits, filler: Filler, vectors: Array | None) -> SoftKernel:
        """A kernel for the thread that makes it."""
        eps = list(self.entropies.values())
        return SoftKernel(logits.shape[1], logits.dtype, filler.fields, vectors, self._distributions, self.targets, eps)

    def reader(self, rows: int) -> Callable[[int, int], Array]:
        """What reads the rows of a chunk, at most so many, as they are stored; they are good until the next ones."""
        buffer = np.empty((rows, self.labels.shape[1]), self.labels.storage)
        return lambda start, stop: self.labels.read(start, stop, buffer[: stop - start])

    @property
    def row_bytes(self) -> int:
        """What a row takes, as it is stored."""
        return self.labels.shape[1] * self.labels.storage.itemsize

    @property
    def tiles(self) -> int:
        """How many buffers of the size of a tile a kernel has."""
        return TILES

    def _distributions(self, values: Array, first: int, out: Array) -> Array:
        return self.labels.distributions(values, first, self.ignore_index, out)
