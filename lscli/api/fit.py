"""Fit a map of logits to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.fit_rows import CheckedRows
    from lscli.recalibrators.base import FitRows

    Array = NDArray[Any]


def fitted(method: str, checked: CheckedRows, rows: FitRows | None = None) -> Calibrator:
    """The calibrator of a method.

    Args:
        method: a name of `METHODS`.
        checked: the rows.
        rows: the same rows with other weights, such as those of a group.

    Raises:
        InputError: there is no optimum.
    """
    rows = rows or checked.rows
    found = METHODS[method].fit(rows)
    described = {
        "rows": int(np.count_nonzero(rows.weight)),
        "weight": rows.total,
        "ignored": len(rows.weight) - int(np.count_nonzero(checked.rows.weight)),
        "loss_before": found.before,
        "loss_after": found.after,
    }
    versions = {"lscli": __version__, "numpy": np.__version__}
    return Calibrator(method, rows.classes, found.parameters, described, found.certificate, checked.data, versions)
