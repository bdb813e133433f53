"""A `.npy` array, written block by block: of smoothed labels, or of logits after a map."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import UsageError
from lscli.listings import Listing, LogitArray, SmoothedLabels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.render.renderers import Screen


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The targets as an array [N, K] of float64, or the logits in their shape, which `numpy.load` reads.

    Raises:
        UsageError: the answer is not an array of numbers.
    """
    if not isinstance(answer, SmoothedLabels | LogitArray):
        raise UsageError("this answer is not an array of numbers", "use -f csv")
    shape, dtype = (
        (answer.shape, answer.dtype) if isinstance(answer, LogitArray) else (answer.rows.shape, np.dtype("<f8"))
    )
    header, dtype = io.BytesIO(), dtype.newbyteorder("<")
    np.lib.format.write_array_header_1_0(header, {"descr": dtype.str, "fortran_order": False, "shape": shape})
    # The header is written with the first block, so that nothing is written if that block fails.
    start = header.getvalue()
    for block in answer.rows.blocks:
        yield start + block.astype(dtype, copy=False).tobytes()
        start = b""
