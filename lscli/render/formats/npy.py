"""A `.npy` array of float64, block by block: for answers that are numbers alone."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import UsageError
from lscli.listings import Listing, Matrix, SmoothedLabels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lscli.render.renderers import Screen


def listing(answer: Listing, screen: Screen) -> Iterator[bytes]:
    """The rows without their columns' names, [N, K], as `numpy.load` reads them.

    Raises:
        UsageError: the answer is no array.
    """
    if not isinstance(answer, SmoothedLabels):
        raise UsageError("this answer is not an array of numbers", "use -f csv")
    return _npy(answer.rows)


def _npy(rows: Matrix) -> Iterator[bytes]:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": rows.shape})
    # With the first block: where that is an error, nothing is written.
    start = header.getvalue()
    for block in rows.blocks:
        yield start + block.astype("<f8", copy=False).tobytes()
        start = b""
