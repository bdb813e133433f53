"""A `.npy` array of float64, written block by block: for smoothed labels only."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import UsageError
from lscli.listings import Listing, SmoothedLabels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.render.renderers import Screen


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The targets as an array [N, K], which `numpy.load` reads.

    Raises:
        UsageError: the answer is not an array of numbers.
    """
    if not isinstance(answer, SmoothedLabels):
        raise UsageError("this answer is not an array of numbers", "use -f csv")
    header, rows = io.BytesIO(), answer.rows
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": rows.shape})
    # The header is written with the first block, so that nothing is written if that block fails.
    start = header.getvalue()
    for block in rows.blocks:
        yield start + block.astype("<f8", copy=False).tobytes()
        start = b""
