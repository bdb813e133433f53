"""Arrays whose rows do not lie one after another in a file, such as transposed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.stored import Bytes

BLOCK = 1 << 24  # bytes


def gathered(
    source: Bytes, offset: int, shape: Sequence[int], strides: Sequence[int], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Read a strided array into memory, in C order.

    What is read at a time spans some indices along the axis with the longest stride. So everything is read once, from
    front to back, and memory holds the array and one such block.

    Args:
        source: the bytes that hold the elements.
        offset: the position of the first element, in elements.
        shape: at least one dimension, none of them 0.
        strides: in elements; if elements overlap, the array and its span should fit into a block.
        dtype: the type of the elements, in any byte order.
    """
    out = np.empty(shape, dtype)
    axis = max(range(len(shape)), key=lambda place: (shape[place] > 1, strides[place]))
    inner = 1 + sum((shape[place] - 1) * strides[place] for place in range(len(shape)) if place != axis)
    step = max(1, (BLOCK // dtype.itemsize - inner) // max(1, strides[axis]) + 1)
    target = np.moveaxis(out, axis, 0)
    for start in range(0, shape[axis], step):
        count = min(step, shape[axis] - start)
        block = np.empty(inner + (count - 1) * strides[axis], dtype)
        source.read_into(block.view(np.uint8), (offset + start * strides[axis]) * dtype.itemsize)
        part = [count if place == axis else length for place, length in enumerate(shape)]
        view = as_strided(block, part, [stride * dtype.itemsize for stride in strides])
        target[start : start + count] = np.moveaxis(view, axis, 0)
    return out
