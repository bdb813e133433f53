"""The first pass of a fit: every row is read and checked, as for `lscli.evaluate`, and recognised by its hash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.api.plausibility import COLUMNS
from lscli.errors import InputError
from lscli.kernels.softmax_moments import FirstMoments
from lscli.kernels.value_hash import ValueHashes, fingerprint
from lscli.recalibrators.base import FitRows
from lscli.recalibrators.temperature import first_moments, losses_before, start
from lscli.scan.scan import scan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.inputs import Inputs
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
        distinct = _distinct(self.hashes[used])
        return {
            "fingerprint": f"{fingerprint(self.hashes[used], self.rows.label[used]):016x}",
            "distinct": len(distinct),
            "sketch": [f"{each:016x}" for each in distinct[:_SKETCH].tolist()],
        }


def checked_rows(opened: Inputs, eps: float = 0.0) -> CheckedRows:
    """Read and check every row, and compute in the same pass what a temperature is fitted from.

    Args:
        opened: the inputs.
        eps: the amount of smoothing in the loss that temperature minimises; 0 for the labels as they are.

    Raises:
        InputError: a label is at -inf, or with smoothing any class is; or as `lscli.evaluate`.
        LscliError: as `lscli.evaluate`.
    """
    options, logits = opened.options, opened.logits
    label, weight = np.maximum(opened.label, 0), next(opened.rows.weights_by_group())
    moments = FirstMoments(label, logits.shape[1], logits.dtype, start(logits, label, weight, eps), exact=eps > 0)
    of_values = ValueHashes(*logits.shape, logits.dtype)
    result = scan(
        logits,
        opened.label,
        {"row", "loss_hard", *COLUMNS, *opened.columns},
        options,
        watch=opened.watch,
        counted=opened.counted,
        beside=[moments, of_values],
    )
    _check_masked(opened, result, eps)
    kept = np.zeros(len(label), np.bool_)
    kept[result.table["row"]] = True
    weight = np.where(kept, weight, 0.0)
    rows = FitRows(logits, label, weight, options.threads, options.progress, logits.name, eps)
    unused = weight == 0
    moments.leave_out(unused)
    of_values.hashes[unused] = 0
    before = np.zeros(len(label))
    before[result.table["row"]] = result.table["loss_hard"]
    before[unused] = 0
    rows.keep(first_moments, moments)
    rows.keep(losses_before, before)
    return CheckedRows(rows, of_values.hashes, opened.rows.tables(result.table), result)


def _check_masked(opened: Inputs, result: Scan, eps: float) -> None:
    """Refuse labels of probability 0, whose loss is infinite under every map."""
    logits = opened.logits
    what = "of probability 0" if logits.kind == "probs" else "at minus infinity"
    if len(result.zero_labels):
        name, row = logits.located(int(result.zero_labels[0]))
        hint = "look at that row, or raise the probability to 1e-7 with --min-prob 1e-7"
        raise InputError(f"the label of row {row} is {what}: its loss is infinite", hint, where=name)
    if eps and result.masked and opened.options.masked_classes != "exclude":
        found = f"{result.masked} of {len(result.table)} samples have a class {what}: their smoothed loss is infinite"
        raise InputError(
            found, "to leave such classes out of their row, say --masked-classes exclude", where=logits.name
        )


def _distinct(values: Array) -> Array:
    """As `np.unique`, which imports numpy.ma."""
    values = np.sort(values)
    return values[np.concatenate(([True], values[1:] != values[:-1]))[: len(values)]]
