"""The map of each row by a calibrator: one for all rows, or that of the row's group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.mapped import RowMap
    from lscli.recalibrators.calibrator import Calibrator

    Array = NDArray[Any]


def row_map(calibrator: Calibrator, classes: int, source: str, names: Sequence[str], codes: Array | None) -> RowMap:
    """The map of rows that a calibrator has.

    Args:
        calibrator: of one map, or of one for each group.
        classes: K of the rows.
        source: the name of the logits.
        names: the names of the groups of the rows.
        codes: [N], the group of each row as its place in `names`; None without groups.

    Raises:
        InputError: it has another number of classes, or no map for a group.
        UsageError: it has maps of groups, and no groups are given.
    """
    check_classes(calibrator, classes, source)
    if not calibrator.groups:
        return lambda x, first: calibrator.mapped(x)
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
