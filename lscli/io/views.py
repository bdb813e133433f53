"""Arrays computed as they are read: logarithms of probabilities, both classes of binary logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.errors import InputError
from lscli.io.memory import TensorArray
from lscli.io.stored import STORAGE, StoredArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import Kind

SUM = 0.01  # probabilities that sum to 1 within this distance are accepted and renormalised


def flattened(array: StoredArray, dimensions: int) -> StoredArray:
    """The same elements in at most `dimensions` dimensions: the leading ones become rows (tokens of sequences)."""
    inner = array.shape[len(array.shape) - dimensions + 1 :]
    if len(array.shape) <= dimensions or 0 in inner:
        return array
    return array.reshaped((math.prod(array.shape) // math.prod(inner), *inner))


class Computed(StoredArray):
    """An array of floats computed from another array, which is closed with it.

    Half precision becomes float32, so that a logarithm keeps its digits.
    """

    def __init__(self, array: StoredArray, shape: tuple[int, ...]) -> None:
        self._source: StoredArray = array
        self.name = array.name
        self.shape = shape
        self.stored = array.element
        self.shards = array.shards
        self.element = "float64" if array.element == "float64" else "float32"
        self.dtype = np.dtype(self.element)
        self.sequential = array.sequential

    def located(self, row: int) -> tuple[str, int]:
        return self._source.located(row)

    def _floats(self, start: int, stop: int) -> NDArray[Any]:
        """The rows of the other array in this one's type: a new array, or a view."""
        shape = (stop - start, *self._source.shape[1:])
        raw = self._source.read(start, stop, np.empty(shape, self._source.dtype.newbyteorder("=")))
        return widened(raw, self.stored).astype(self.dtype, copy=False)


class Floats(Computed):
    """The elements of an array as float32 or float64."""

    def __init__(self, array: StoredArray) -> None:
        super().__init__(array, array.shape)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        return self._floats(start, stop)


class LogOf(Computed):
    """ln p of probabilities [N, K]: nan for a negative one, -inf for 0."""

    def __init__(self, array: StoredArray) -> None:
        super().__init__(array, array.shape)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            np.log(self._floats(start, stop), out=out)
        return out


class Binary(Computed):
    """Both classes of one value per sample, [N, 2]: (0, z) of a logit z, or ln(1 - p) and ln p."""

    def __init__(self, array: StoredArray, kind: Kind) -> None:
        super().__init__(array, (array.shape[0], 2))
        self._kind = kind

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        z = self._floats(start, stop).reshape(-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            if self._kind == "logits":
                out[:, 0], out[:, 1] = 0, z
            elif self._kind == "probs":
                out[:, 0], out[:, 1] = np.log1p(-z), np.log(z)
            else:
                # ln(1 - e^z): each of the two forms keeps its digits on one side of -ln 2.
                near = z > -math.log(2)
                out[:, 0] = np.where(near, np.log(-np.expm1(z)), np.log1p(-np.exp(z)))
                out[:, 1] = z
        return out


def interpreted(array: StoredArray, kind: Kind, *, binary: bool) -> StoredArray:
    """The logits [N, K] that `array` represents.

    Args:
        array: [N, K]; with `binary`, [N] or [N, 1].
        kind: what its values are.
        binary: whether `array` has one value per sample of a binary classifier.

    Raises:
        InputError: a binary array has another shape.
    """
    if binary and not (len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)):
        what = f"need one value per sample with --binary, got shape {array.shape}"
        raise InputError(what, "leave out --binary", where=array.name)
    if (not binary and kind != "probs") or array.element not in STORAGE:
        return array
    if isinstance(array, TensorArray):
        return _on_device(array, kind, binary=binary)
    return Binary(array, kind) if binary else LogOf(array)


def _on_device(array: TensorArray, kind: Kind, *, binary: bool) -> TensorArray:
    import torch

    z = array.tensor if array.element == "float64" else array.tensor.float()
    if not binary:
        return TensorArray(z.log(), array.name)
    z = z.reshape(-1)
    if kind == "logits":
        pair = (torch.zeros_like(z), z)
    elif kind == "probs":
        pair = (torch.log1p(-z), z.log())
    else:
        pair = (torch.where(z > -math.log(2), torch.log(-torch.expm1(z)), torch.log1p(-z.exp())), z)
    return TensorArray(torch.stack(pair, dim=1), array.name)
