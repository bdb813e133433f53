"""Warnings about predictions and labels of a table that may be written differently, or not belong together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.api.plausibility import plausibility_notes
from lscli.table import SampleTable
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[Any]

# Class numbers up to this one are compared with chance.
_MOST = 1 << 16


def comparison_notes(
    name: str, predicted: Array, label: Array, values: Sequence[float | str], weight: Array | None
) -> list[str]:
    """Warn if predictions and labels are written differently, have no value in common, or agree only by chance.

    Args:
        name: the table.
        predicted, label: [n], positions in `values`.
        values: the values of both.
        weight: [n], or None.
    """
    alike = _alike(predicted, label, values)
    if alike:
        what = f"{alike} of {len(label)} predictions differ from their label only in spaces or capital letters"
        return [f"{name}: {what}, and count as wrong"]
    if all(isinstance(value, int) and 0 <= value < _MOST for value in values):
        number = np.array(values, np.int64)
        columns = {"label": number[label], "predicted": number[predicted]}
        notes = plausibility_notes(name, SampleTable(columns, int(number.max()) + 1, weight))
        if notes:
            return notes
    of_predictions, of_labels = np.unique(predicted), np.unique(label)
    if np.intersect1d(of_predictions, of_labels).size:
        return []
    one, other = (shown(values[codes[0]]) for codes in (of_predictions, of_labels))
    examples = f"predictions such as {one}, labels such as {other}"
    return [f"{name}: predictions and labels have no value in common: {examples}"]


def _alike(predicted: Array, label: Array, values: Sequence[float | str]) -> int:
    """The number of predictions that would equal their label without spaces around them, in small letters."""
    plain: dict[float | str, int] = {}
    codes = [
        plain.setdefault(value.strip().casefold() if isinstance(value, str) else value, len(plain)) for value in values
    ]
    if len(plain) == len(values):
        return 0
    number = np.array(codes)
    return int(np.count_nonzero((number[predicted] == number[label]) & (predicted != label)))
