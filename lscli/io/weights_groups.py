"""Read one value per row beside the logits: weights, and the column that splits the samples into groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.axes import check_samples
from lscli.smoothing.checks import OF_ROWS, check_range
from lscli.text import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.axes import Samples, Shape
    from lscli.io.row_values import RowFile, RowTable

    Array = NDArray[Any]

_EMPTY = "(empty)"


class Weights:
    """Weight of each row, read as a count; one number per row.

    Attributes:
        name: the path as typed, or `weights`.
        values: [N] float64, not negative.
        described: their entry in the provenance of a report.
    """

    def __init__(self, name: str, values: Array, dtype: str) -> None:
        self.name = name
        self.values = values
        shape, size = list(values.shape), values.nbytes
        self.described = {"role": "weights", "path": name, "shape": shape, "dtype": dtype, "size": size}


def open_weights(value: Any, samples: Shape, kept: Array) -> Weights | None:
    """Read weights [N] from a file or an array.

    Args:
        value: a path or an array; None for no weights.
        samples: the shape of the samples, (N,), or (N, T) if they were flattened.
        kept: [N] bool, the rows whose label is not ignored.

    Raises:
        InputError: the shape is not that of the samples, a value is not a number, a weight is negative, not finite
            or out of range, or no kept row has a weight above 0.
    """
    if value is None:
        return None
    from lscli.io.open import open_numbers

    name, raw, element = open_numbers(value, "weights", "weight")
    if raw.dtype.kind not in "fiu":
        raise InputError(f"not numbers ({element})", "one weight per row, not negative", where=name)
    check_samples("weights", raw.shape, samples, name)
    values = raw.astype(np.float64).ravel()
    bad = ~((values >= 0) & np.isfinite(values))
    if bad.any():
        row = int(bad.argmax())
        what = "negative" if values[row] < 0 else "not finite"
        what = f"the weight of row {row} is {what} ({values[row]:g})"
        raise InputError(what, "give finite weights of at least 0", where=name)
    check_range(values, OF_ROWS, "row", name)
    if not (values[kept] > 0).any():
        raise InputError("no weight is above 0", "give the rows with a label a weight above 0", where=name)
    return Weights(name, values, element)


def open_groups(
    value: Any, table: RowFile | RowTable | None, column: str | None, samples: Samples
) -> tuple[list[str], Array | None]:
    """Read the group of each row.

    Args:
        value: one value per row; None for no groups. It is not looked at if there is a `table`.
        table: the table of the groups, a file or in memory, or None.
        column: the column or array of the file; None for the only one.
        samples: the axes of the samples.

    Returns:
        The names of the groups, all samples ("") first; and the number of each row's group, [N], from 0 for the first
        group after "", or None without groups.

    Raises:
        UsageError: the file has several columns and none is named, or a column is named without a file.
        InputError: the shape is not that of the samples, or there is no such column.
    """
    if value is None:
        if column is not None:
            raise UsageError(
                "no file is given for this column", "add --groups META.csv, one row per sample", where="group-by"
            )
        return [""], None
    from lscli.io.row_values import of_given  # imported only for groups

    found = of_given(value, "groups") if table is None else table.values(column, samples.lengths, "--group-by")
    codes = samples.fitted(found.codes, "rows of metadata", found.name)
    called = [printable(str(each)) or _EMPTY for each in found.values]
    names = sorted(set(called), key=_natural)
    place = {group: code for code, group in enumerate(names)}
    return ["", *names], np.array([place[name] for name in called], np.intp)[codes]


def _natural(text: str) -> tuple[float, str]:
    """A sort key: numbers by value, then words."""
    try:
        number = float(text)
    except ValueError:
        return float("inf"), text
    return (number, text) if number == number else (float("inf"), text)
