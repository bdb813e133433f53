"""The first pass of a fit: every row is read and checked, as for `lscli.evaluate`, and recognised by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api.plausibility import COLUMNS
from lscli.kernels.value_hash import factors, fingerprint, value_hash
from lscli.recalibrators.base import FitRows
from lscli.scan.blocks import pass_over
from lscli.scan.scan import scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
    from lscli.scan.blocks import Block
    from lscli.scan.scan import Scan
    from lscli.table import SampleTable

    Array = NDArray[Any]

_SKETCH = 64


class CheckedRows(NamedTuple):
    """Rows that can be fitted on.

    Attributes:
        rows: with weight 0 for ignored and skipped rows.
        hashes: [N] uint64, of the values of each row; 0 where its weight is 0.
        tables: of the kept samples by group, all samples ("") first, with `row` and `loss_hard`.
        result: the pass over the rows.
    """

    rows: FitRows
    hashes: Array
    tables: dict[str, SampleTable]
    result: Scan

    @property
    def data(self) -> dict[str, Any]:
        """What recognises these rows: their fingerprint, how many are distinct, and the smallest hashes of these."""
        used = self.rows.weight > 0
        distinct = np.unique(self.hashes[used])
        return {
            "fingerprint": f"{fingerprint(self.hashes[used], self.rows.label[used]):016x}",
            "distinct": len(distinct),
            "sketch": [f"{each:016x}" for each in distinct[:_SKETCH].tolist()],
        }


def checked_rows(opened: Inputs) -> CheckedRows:
    """Read and check every row.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    options = opened.options
    result = scan(
        opened.logits,
        opened.label,
        {"row", "loss_hard", *COLUMNS, *opened.columns},
        options,
        watch=opened.watch,
        counted=opened.counted,
    )
    kept = np.zeros(opened.logits.shape[0], np.bool_)
    kept[result.table["row"]] = True
    weight = np.where(kept, next(opened.rows.weights_by_group()), 0.0)
    label = np.maximum(opened.label, 0)
    rows = FitRows(opened.logits, label, weight, options.threads, options.progress, opened.logits.name)
    hashes = np.zeros(len(label), np.uint64)
    by = factors(rows.classes)

    def work(block: Block) -> None:
        hashes[block.rows] = value_hash(block.x, by)

    pass_over(rows.logits, label, weight, work, lambda _: None, rows.threads)
    return CheckedRows(rows, hashes, opened.rows.tables(result.table), result)
