"""Soft labels in the pass: each thread reads them beside the logits, and its own kernel sees both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.kernels.soft import SoftKernel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from lscli.io.soft_labels import SoftLabels
    from lscli.smoothing.targets import Targets

    Array = NDArray[Any]


class Soft(NamedTuple):
    """Soft labels, and what the pass computes from them.

    Attributes:
        labels: [N, K].
        ignore_index: a row that holds only this value is ignored.
        targets: the smoothing convention of the labels, and class weights.
        entropies: columns by name, each with an eps: the lower bound of the loss against each sample's label, smoothed
            by eps. Without class weights it is the entropy of the label.
        weighted_loss: the name of the column with the losses that have class weights; empty without it.
    """

    labels: SoftLabels
    ignore_index: int
    targets: Targets
    entropies: Mapping[str, float]
    weighted_loss: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the kernel computes itself, in its order."""
        return (*self.entropies, *filter(None, [self.weighted_loss]))

    def kernel(self, num_classes: int, dtype: str, fields: frozenset[str], vectors: Array | None) -> SoftKernel:
        """A kernel for the calling thread."""
        eps = list(self.entropies.values())

        def distributions(values: Array, first: int, out: Array) -> Array:
            return self.labels.distributions(values, first, self.ignore_index, out)

        return SoftKernel(
            num_classes, dtype, fields, vectors, distributions, self.targets, eps, bool(self.weighted_loss)
        )

    def reader(self, rows: int) -> Callable[[int, int], Array]:
        """A function that reads at most `rows` rows as they are stored; its result is valid until the next call."""
        buffer = np.empty((rows, self.labels.shape[1]), self.labels.storage)
        return lambda start, stop: self.labels.read(start, stop, buffer[: stop - start])
