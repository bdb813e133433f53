"""Fit a map of logits to logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.api.loss_targets import parse_eps
from lscli.errors import UsageError
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.fit_rows import CheckedRows
    from lscli.options import FitWordsOptions
    from lscli.recalibrators.base import FitRows

    Array = NDArray[Any]


def smoothing(options: FitWordsOptions) -> float:
    """The amount of smoothing in the loss that a temperature minimises; 0 for the hard loss.

    Raises:
        UsageError: `eps` is not one number from 0 to below 1.
    """
    if options.objective == "loss_hard":
        return 0.0
    (eps, *more) = parse_eps(options.eps, allow_negative=False)
    if more or not eps < 1:
        raise UsageError("takes one amount below 1 here", "0.1 is usual", where="eps")
    return eps


def fitted(method: str, checked: CheckedRows, rows: FitRows | None = None) -> Calibrator:
    """The calibrator of a method.

    Args:
        method: a name of `METHODS`.
        checked: the rows.
        rows: the same rows with other weights, such as those of a group.

    Raises:
        InputError: there is no optimum.
        UsageError: the rows have a smoothed loss, which only a temperature minimises.
    """
    rows = rows or checked.rows
    if rows.eps and method != "temperature":
        raise UsageError(f"{method} minimises no smoothed loss", "only temperature does", where="objective")
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
