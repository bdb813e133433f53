"""What is filled beside the table, from the same chunks of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lscli.scan.blocks import pass_over

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import Progress
    from lscli.scan.blocks import Block

    Array = NDArray[Any]


class Beside(Protocol):
    """Values of each row that the table does not have. No digit of a row may depend on the other rows.

    Attributes:
        thread_bytes: an upper bound of the bytes that `add` takes in a thread.
    """

    @property
    def thread_bytes(self) -> int: ...

    def add(self, x: Array, first: int) -> None:
        """Take rows [n, K] as stored, the first of which has the number `first`; called once a row, from any thread.

        x must not be changed. Rows of any values come, before their checks.
        """


def over_host(
    logits: Logits, beside: Sequence[Beside], threads: int | None = None, progress: Progress | None = None
) -> None:
    """Fill `beside` in a pass of its own, on the host; for logits that a device holds, or that no scan reads."""
    every = np.ones(logits.shape[0])

    def work(block: Block) -> None:
        for each in beside:
            each.add(block.x, int(block.rows[0]))

    pass_over(logits, np.zeros(len(every), np.int32), every, work, lambda _: None, threads, progress)
