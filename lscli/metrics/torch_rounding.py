"""Confidences and edges as torch rounds them, which computes in the type of the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import BFLOAT16

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_NARROW = ("float16", BFLOAT16, "float32")


def rounded_to(x: Array, element: str) -> Array:
    """Numbers [n] rounded to a type, float64; those of another type than the narrow ones are not rounded."""
    if element not in _NARROW:
        return x.astype(np.float64, copy=False)
    if element != BFLOAT16:
        return x.astype(element).astype(np.float64)
    # To the upper half of a float32, ties to even.
    bits = x.astype(np.float32).view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(np.float64)


def as_sigmoid_of(c: Array, element: str) -> Array:
    """The probabilities [n] of one of two classes as the sigmoid of torch gives them for logits of this type, float64.

    With a type below float64 it divides by 1 + e^-x in float32, so that a 1 - c below 6e-8, not 3e-8, makes a
    probability of 1.
    """
    if element not in _NARROW:
        return c
    with np.errstate(divide="ignore", over="ignore"):
        total = (1.0 / c).astype(np.float32).astype(np.float64)
    return rounded_to(1.0 / total, element)


def linspace_of_torch(bins: int, element: str) -> Array:
    """The edges between the bins in torch.linspace(0, 1, bins + 1), [bins - 1] float64.

    It counts its second half down from the end. In float32 and float64 a product and a sum are rounded once (fused
    multiply and add), in narrower types each is rounded.
    """
    i = np.arange(1, bins)
    up, down = i[i < (bins + 1) // 2], bins - i[i >= (bins + 1) // 2]
    if element == "float32":
        step = float(np.float32(1) / np.float32(bins))
        return rounded_to(np.concatenate((step * up, 1.0 - step * down)), element)
    if element in _NARROW:
        step = float(rounded_to(np.array([1 / bins]), element)[0])
        up, down = rounded_to(up, element), rounded_to(down, element)
        return rounded_to(np.concatenate((step * up, 1.0 - rounded_to(step * down, element))), element)
    step = 1.0 / bins
    high = float(np.float32(step))  # so that high * down is exact
    return np.concatenate((step * up, (1.0 - high * down) - (step - high) * down))
