"""Arrays computed as they are read: logarithms of probabilities, both classes of binary logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import widened
from lscli.errors import InputError
from lscli.io.axes import is_flat
from lscli.io.memory import TensorArray
from lscli.io.stored import STORAGE, StoredArray

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.options import Kind

FEW = 128  # with fewer classes, logarithms are float64, as in the kernels: so few rounding errors do not average out
SUM = 0.01  # probabilities that sum to 1 within this distance are accepted and renormalised


class Computed(StoredArray):
    """An array of floats computed from another array, which is closed with it.

    Half precision becomes float32, so that a logarithm keeps its digits.

    Args:
        array: closed with this one.
        shape: the shape of the result.
        wide: whether float32 becomes float64.

    Attributes:
        stated: the values of the other array that were read so far, or the largest of each row, float64; None unless
            `keep_stated` was called.
    """

    stated: NDArray[np.float64] | None = None
    _largest = False

    def keep_stated(self, *, largest: bool = False) -> NDArray[np.float64]:
        """From now on, write the values of the other array, as they are read, into the array that is returned.

        With `largest`, it has only the largest value of each row.
        """
        self.stated = np.empty(self._source.shape[:1] if largest else self._source.shape)
        self._largest = largest
        return self.stated

    def __init__(self, array: StoredArray, shape: tuple[int, ...], *, wide: bool = False) -> None:
        self._source: StoredArray = array
        self.name = array.name
        self.shape = shape
        self.stored = array.element
        self.shards = array.shards
        self.element = "float64" if wide or array.element == "float64" else "float32"
        self.dtype = np.dtype(self.element)
        self.sequential = array.sequential

    def located(self, row: int) -> tuple[str, int]:
        return self._source.located(row)

    def given(self, row: int) -> NDArray[Any]:
        return self.floats(row, row + 1).reshape(-1)

    def floats(self, start: int, stop: int) -> NDArray[Any]:
        """The rows of the other array in this one's type: a new array, or a view."""
        shape = (stop - start, *self._source.shape[1:])
        raw = self._source.read(start, stop, np.empty(shape, self._source.dtype.newbyteorder("=")))
        values = widened(raw, self.stored).astype(self.dtype, copy=False)
        if self.stated is not None:
            self.stated[start:stop] = values.max(axis=-1) if self._largest else values
        return values


class Floats(Computed):
    """The elements of an array as float32 or float64."""

    def __init__(self, array: StoredArray) -> None:
        super().__init__(array, array.shape)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        return self.floats(start, stop)


class LogOf(Computed):
    """ln p of probabilities [N, K]: nan for a negative one, -inf for 0."""

    def __init__(self, array: StoredArray, *, wide: bool) -> None:
        super().__init__(array, array.shape, wide=wide)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        with np.errstate(invalid="ignore", divide="ignore"):
            np.log(self.floats(start, stop), out=out)
        return out


class Binary(Computed):
    """Both classes of one value per sample, [N, 2]: (0, z) of a logit z, or ln(1 - p) and ln p."""

    def __init__(self, array: StoredArray, kind: Kind, *, wide: bool) -> None:
        super().__init__(array, (array.shape[0], 2), wide=wide)
        self._kind = kind

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        z = self.floats(start, stop).reshape(-1)
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


def interpreted(array: StoredArray, kind: Kind, *, binary: bool, device: str = "auto") -> StoredArray:
    """The logits [N, K] that `array` represents.

    Args:
        array: [N, K]; with `binary`, [N] or [N, 1].
        kind: what its values are.
        binary: whether `array` has one value per sample of a binary classifier.
        device: where they will be computed: mps has no float64.

    Raises:
        InputError: a binary array has another shape.
    """
    if binary and not is_flat(array.shape, binary=True):
        what = f"need one value per sample with --binary, got shape {array.shape}"
        raise InputError(what, "leave out --binary", where=array.name)
    if (not binary and kind != "probs") or array.element not in STORAGE:
        return array
    wide = kind != "logits" and (binary or array.shape[-1] < FEW)
    if isinstance(array, TensorArray):
        return _on_device(array, kind, binary=binary, wide=wide and array.tensor.device.type != "mps")
    wide = wide and device != "mps"
    return Binary(array, kind, wide=wide) if binary else LogOf(array, wide=wide)


def _on_device(array: TensorArray, kind: Kind, *, binary: bool, wide: bool) -> TensorArray:
    z = array.tensor.double() if wide or array.element == "float64" else array.tensor.float()
    if not binary:
        return TensorArray(z.log(), array.name, stated=z, stored=array.element)
    import torch

    z = z.reshape(-1)
    if kind == "logits":
        pair = (torch.zeros_like(z), z)
    elif kind == "probs":
        pair = (torch.log1p(-z), z.log())
    else:
        pair = (torch.where(z > -math.log(2), torch.log(-torch.expm1(z)), torch.log1p(-z.exp())), z)
    return TensorArray(torch.stack(pair, dim=1), array.name, stated=z, stored=array.element)
