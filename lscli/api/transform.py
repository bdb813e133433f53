"""Recalibrated logits of logits in a file or in memory, as an array."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api.group_maps import check_classes
from lscli.errors import InputError
from lscli.io.argument import Argument
from lscli.io.array_request import ArrayRequest
from lscli.io.axes import Axes
from lscli.io.class_axis import rows_of
from lscli.io.logits import Logits
from lscli.io.mapped import MappedLogits
from lscli.io.min_prob import with_min_prob
from lscli.io.views import interpreted
from lscli.scan.blocks import pass_over

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray
    from lscli.options import ApplyOptions, Data
    from lscli.recalibrators.calibrator import Calibrator
    from lscli.scan.blocks import Block

    Array = NDArray[Any]


class Rows:
    """The rows of an array of logits, to be mapped.

    Args:
        calibrator: the map.
        stored: [N, K]; of more axes with `flatten` or `class_axis`; with `binary` one value per sample.
        options: how to read it.

    Attributes:
        logits: [N, K].
        wide: whether the result is float64.

    Raises:
        LscliError: the array is no such logits, or has another number of classes.
    """

    def __init__(self, calibrator: Calibrator, stored: StoredArray, options: ApplyOptions) -> None:
        self._axes = Axes.of(options)
        self._shape = stored.shape
        self._skip = options.nonfinite == "skip"
        rows = stored
        if self._axes.flatten:
            rows = rows_of(stored, None if self._axes.binary else self._axes.class_axis(stored.shape))
        rows = interpreted(rows, options.kind, binary=options.binary)
        self.logits = Logits(with_min_prob(rows, options, "cpu"), options.kind)
        self.wide = self.logits.stored == "float64"
        check_classes(calibrator, self.logits.shape[1], self.logits.name)

    def shaped(self, rows: Any, xp: Any) -> Any:
        """Rows [N, K] in the shape of the array, given the module of their arrays; one value per sample if it had."""
        if self._axes.binary:
            return (rows[:, 1] - rows[:, 0]).reshape(self._shape)
        if not self._axes.flatten:
            return rows
        axis, classes = self._axes.class_axis(self._shape), rows.shape[1]
        return xp.moveaxis(rows.reshape((*self._axes.samples(self._shape), classes)), -1, axis)

    def check_finite(self, row: int, values: Array) -> None:
        """Raise InputError for a row whose largest value is not finite, unless such rows are skipped."""
        if self._skip:
            return
        largest = float(values.max())
        what = "nan" if math.isnan(largest) else "+inf" if largest > 0 else "nothing but -inf"
        name, row = self.logits.located(row)
        hint = "look at the run that wrote it, or pass such rows on as they are with --nonfinite skip"
        raise InputError(f"row {row} has {what}", hint, where=name)


def transformed(calibrator: Calibrator, logits: Data, options: ApplyOptions) -> Array:
    """Recalibrated logits of the shape of the logits.

    Args:
        calibrator: the map.
        logits: [N, K], or with `flatten` and `class_axis` of more axes; with `binary` one value per sample.
        options: how to read them.

    Returns:
        Logits, also of probabilities: float64 for float64, else float32. A binary classifier has one logit per sample.

    Raises:
        LscliError: the logits cannot be read, have another number of classes, or have a row that is not finite.
    """
    with contextlib.ExitStack() as stack:
        argument = Argument.of(logits, "logits", stack, options.input_format)
        request = ArrayRequest("logits", "numbers" if options.binary else "matrix", options.logits_key, "--logits-key")
        request = request._replace(allow_trailing=options.allow_trailing, dtype=options.dtype)
        rows = Rows(calibrator, argument.joined(argument.parts(request, stack)), options)
        out = np.empty(rows.logits.shape, np.float64 if rows.wide else np.float32)
        total = len(out)
        odd: list[int] = []

        def work(block: Block) -> None:
            out[block.rows] = block.x
            odd.extend(block.rows[~np.isfinite(np.maximum.reduce(block.x, axis=1))].tolist())

        mapped = MappedLogits(rows.logits, lambda x, first: calibrator.mapped(x))
        labels, weights = np.zeros(total, np.int64), np.ones(total)
        pass_over(mapped, labels, weights, work, lambda _: None, options.threads, options.progress)
        if odd:
            first = min(odd)
            rows.check_finite(first, out[first])
    shaped: Array = rows.shaped(out, np)
    return shaped
