"""Fast arithmetic of rows with a value for each row.

Where an operand is broadcast over rows shorter than numpy's buffer of 8,192 elements, numpy first copies all operands
into such buffers, to take fewer steps: for 1,000 classes that takes three times as long as the subtraction itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUFFER = 128  # elements; a multiple of 16


@contextmanager
def short_buffers() -> Iterator[None]:
    """Keep the buffers of this thread short for a while.

    Not for operations that convert types, which get slower, nor for sums that do, whose order may change.
    """
    before = np.setbufsize(_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)
