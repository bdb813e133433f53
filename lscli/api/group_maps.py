"""The map of each row by a calibrator, one for all rows or that of the row's group, and the rows that it refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.recalibrators.methods import METHODS
from lscli.text import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.row_data import RowData
    from lscli.io.logits import Logits
    from lscli.io.mapped import RowMap
    from lscli.recalibrators.calibrator import Calibrator

    Array = NDArray[Any]


def row_map(calibrator: Calibrator, logits: Logits, rows: RowData, used: Array) -> RowMap:
    """The map of rows that a calibrator has. It raises InputError for a row that the method does not take.

    Args:
        calibrator: of one map, or of one for each group.
        logits: [N, K].
        rows: with the group of each row.
        used: [N] bool, the rows that matter.

    Raises:
        InputError: it has another number of classes, or no map for a group.
        UsageError: it has maps of groups, and no groups are given.
    """
    check_classes(calibrator, logits.shape[1], logits.name)
    found = _of_groups(calibrator, rows) if calibrator.groups else lambda x, first: calibrator.mapped(x)
    if METHODS[calibrator.method].masked:
        return found

    def checked(x: Array, first: int) -> Array:
        own = np.where(used[first : first + len(x), None], x, 0)
        check_no_masked(calibrator.method, logits, own, first)
        return found(x, first)

    return checked


def check_no_masked(method: str, logits: Logits, x: Array, first: int) -> None:
    """Raise InputError if rows x [n, K], the first of which has the number `first`, have classes at -inf."""
    largest, least = np.maximum.reduce(x, axis=1), np.minimum.reduce(x, axis=1)
    odd = np.isfinite(largest) & np.isneginf(least)
    if odd.any():
        name, row = logits.located(first + int(odd.argmax()))
        what = "a class of probability 0" if logits.kind == "probs" else "a class at minus infinity"
        hint = "svs leaves such classes as they are"
        raise InputError(f"row {row} has {what}, which {method} cannot map", hint, where=name)


def _of_groups(calibrator: Calibrator, rows: RowData) -> RowMap:
    names, codes = rows.names[1:], rows.group_codes
    if codes is None:
        hint = "add --groups FILE, with --group-by COLUMN for a table"
        raise UsageError("has a map for each group, and no groups are given", hint, where="calibrator")
    unknown = [name for name in names if name not in calibrator.groups]
    if unknown:
        hint = "fit it on samples of all groups"
        raise InputError(f"has no map for the group {shown(unknown[0])}", hint, where="calibrator")
    maps, group = [calibrator.groups[name] for name in names], codes

    def mapped(x: Array, first: int) -> Array:
        own = group[first : first + len(x)]
        out = np.empty_like(x)
        for code in np.unique(own).tolist():
            chosen = own == code
            out[chosen] = maps[code].mapped(x[chosen])
        return out

    return mapped


def check_classes(calibrator: Calibrator, classes: int, source: str) -> None:
    """Raise InputError if the logits of this name have another number of classes than the map."""
    if calibrator.classes != classes:
        what = f"is for {calibrator.classes} classes, and {source} has {classes}"
        raise InputError(what, "fit it on logits of the same model", where="calibrator")
