"""Probabilities with a lower bound, so that a probability of 0 has a finite logarithm.

Probabilities below the bound P are raised to P, and the others of their row are scaled down, so that the row keeps its
sum. Of all distributions without a smaller probability than P, this is the one with the least KL divergence to the row.

For two classes it is the clip to [P, 1-P] of scikit-learn's `log_loss` (P is the epsilon of the type) and of Keras's
crossentropies (1e-7). For K classes both clip without scaling: the loss of a label that is raised is -ln P here, too;
the loss of another label is larger here, by at most -ln(1 - K P).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import UsageError
from lscli.io.memory import TensorArray
from lscli.io.stored import STORAGE
from lscli.io.views import FEW, Computed, Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray
    from lscli.options import ValueOptions

_BLOCK = 1 << 16  # elements that are raised together on the host, so that temporary arrays stay small
_DEVICE_BLOCK = 1 << 24
_WHERE = "min-prob"


class Raised(Computed):
    """Logits or logarithms of probabilities [N, K], whose probabilities are at least `least`.

    Args:
        array: closed with this one.
        least: P, above 0 and below 1/K.
        wide: whether float32 becomes float64.
    """

    def __init__(self, array: StoredArray, least: float, *, wide: bool) -> None:
        self._computed = array if isinstance(array, Computed) else Floats(array)
        super().__init__(self._computed, array.shape, wide=wide)
        self.stored = self._computed.stored
        self.columns = array.columns
        self.log_likelihoods = array.log_likelihoods
        self._least = least

    def keep_stated(self, *, largest: bool = False) -> NDArray[np.float64]:
        return self._computed.keep_stated(largest=largest)

    def given(self, row: int) -> NDArray[Any]:
        return self._computed.given(row)

    def floats(self, start: int, stop: int) -> NDArray[Any]:
        return self._computed.floats(start, stop)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        rows = max(1, _BLOCK // self.shape[1])
        buffer = np.empty((min(rows, stop - start), self.shape[1]), self._computed.dtype)
        with np.errstate(all="ignore"):  # rows that are not finite are refused elsewhere
            for first in range(start, stop, rows):
                last = min(first + rows, stop)
                x = self._computed.read(first, last, buffer[: last - first]).astype(self.dtype)
                out[first - start : last - start] = raised(x, self._least, np)
        return out


def raised(x: Any, least: float, xp: Any) -> Any:
    """Rows of logits [n, K] whose probabilities are at least `least`; each row keeps its log-sum-exp.

    A row without smaller probabilities, or with a nan, +inf or nothing but -inf, is returned as it is.

    Args:
        x: an array of numpy or a tensor.
        least: P, above 0 and below 1/K.
        xp: numpy or torch.
    """
    bound = math.log(least)
    top = xp.amax(x, 1)[:, None]
    e = xp.exp(x - top)
    total = xp.sum(e, 1)[:, None]
    base = top + xp.log(total)
    log_p = x - base
    low = log_p < bound
    while True:
        any_low = xp.any(low, 1)[:, None]
        if not bool(xp.any(any_low)):
            return x
        kept = xp.sum(xp.where(low, 0.0, e), 1)[:, None]
        free = xp.log1p(-least * xp.sum(low, 1, dtype=x.dtype))[:, None]
        shift = xp.where(any_low, free - xp.log(kept / total), 0.0)
        # Scaling may move further classes below the bound; all of them only by rounding, if P is nearly 1/K.
        more = low | (log_p + shift < bound)
        if bool(xp.all(more == low)):
            return xp.where(low, base + bound, xp.where(any_low, x + shift, x))
        low = more


def check_min_prob(options: ValueOptions, array: StoredArray) -> None:
    """Check that the bound fits the number of classes and the treatment of classes of probability 0.

    Raises:
        UsageError: it does not.
    """
    treatment = options.masked_classes
    if treatment == "auto" and array.ragged:
        what = "cannot be used if questions have different numbers of choices: a missing choice has no probability"
        raise UsageError(what, "leave out --min-prob", where=_WHERE)
    if treatment in ("exclude", "error"):
        what = f"leaves no class of probability 0, and --masked-classes {treatment} is about such classes"
        raise UsageError(what, "say --masked-classes keep, or leave out --min-prob", where=_WHERE)
    classes = array.shape[1]
    if options.min_prob is not None and options.min_prob * classes >= 1:
        what = f"must be below 1/{classes} for {classes} classes, got {options.min_prob:g}"
        raise UsageError(what, "a usual value is --min-prob 1e-7", where=_WHERE)


def with_min_prob(array: StoredArray, options: ValueOptions, device: str) -> StoredArray:
    """The logits [N, K] with the lower bound of these options; as they are without one.

    Raises:
        UsageError: the bound does not fit the other options or the number of classes.
    """
    least = options.min_prob
    if least is None or len(array.shape) != 2 or 0 in array.shape or array.element not in STORAGE:
        return array  # a shape or type that is no matrix of logits is refused elsewhere
    check_min_prob(options, array)
    wide = array.shape[1] < FEW
    if not isinstance(array, TensorArray):
        return Raised(array, least, wide=wide and device != "mps")
    import torch

    wide = wide and array.tensor.device.type != "mps"
    z = array.tensor.double() if wide or array.element == "float64" else array.tensor.float()
    rows = max(1, _DEVICE_BLOCK // array.shape[1])
    x = torch.cat([raised(z[first : first + rows], least, torch) for first in range(0, len(z), rows)])
    return TensorArray(x, array.name, stated=array.stated, stored=array.stored)
