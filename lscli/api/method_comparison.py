"""Compare methods of recalibration on samples that their fits have not seen: cross-fitted loss, Brier score and ece."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.api.cross_fit import cross_fitted, fold_of
from lscli.api.report_rows import group_rows
from lscli.errors import InputError, UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.io.mapped import MappedLogits
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from lscli.recalibrators.fits import RAW, FitRow
from lscli.recalibrators.methods import METHODS
from lscli.scan.scan import scan

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lscli.api.fit import Fitted
    from lscli.api.fit_rows import CheckedRows
    from lscli.api.inputs import Inputs
    from lscli.options import FitOptions

    Array = NDArray[Any]

_METRICS = select("loss_hard,brier,ece", intervals=True)


class MethodComparison(NamedTuple):
    """Methods, and how well they do.

    Attributes:
        order: the names of the methods that have a fit, the smallest loss first; `none` stands for the logits as they
            are.
        rows: the cross-fitted metrics of each, the loss first.
        fits: the fit of each method on all samples.
        refused: why the other methods have none.
    """

    order: list[str]
    rows: dict[str, list[FitRow]]
    fits: dict[str, Fitted]
    refused: dict[str, str]


def compared(
    opened: Inputs, checked: CheckedRows, options: FitOptions, fit_of: Callable[[str], Fitted]
) -> MethodComparison:
    """Fit every method, on all samples and without each fold; a method is chosen by its loss, never by its ece."""
    fold = fold_of(checked, opened.rows)
    rows = {RAW: cross_fit_rows(RAW, opened, checked, fold, options)}
    fits, refused = {}, {}
    for method in METHODS:
        try:
            found = fit_of(method)
            rows[method] = cross_fit_rows(method, opened, checked, fold, options)
            fits[method] = found
        except (InputError, UsageError) as error:  # no optimum, too many classes, or a package that is missing
            where = (error.where or "").removeprefix(opened.logits.name).strip()
            refused[method] = f"{where}: {error.message}" if where not in ("", "method") else error.message
    order = sorted(rows, key=lambda method: rows[method][0].value)
    return MethodComparison(order, rows, fits, refused)


def cross_fit_rows(method: str, opened: Inputs, checked: CheckedRows, fold: Array, options: FitOptions) -> list[FitRow]:
    """The metrics of samples that are each mapped by a fit without their fold, with intervals.

    Raises:
        InputError: a fit has no optimum.
    """
    settings = Settings(positive_class=1 if options.binary else None)
    logits = opened.logits if method == RAW else MappedLogits(opened.logits, cross_fitted(checked, fold, method))
    columns = {name for choice in _METRICS for name in choice.columns(settings)}
    read = opened.options.replaced(progress=None)
    result = scan(logits, opened.label, {*columns, "row"}, read, counted=opened.counted)
    table = opened.rows.tables(result.table)[""]
    bootstrap = Bootstrap(options.bootstrap, options.seed, options.level)
    found = group_rows(opened.source, "", table, _METRICS, settings, Resampling(bootstrap, options.threads, None))
    return [
        FitRow(row.source, "", method, "cross-fit", row.metric, row.value, row.stderr, row.ci_low, row.ci_high)
        for row in found
        if not math.isnan(row.value)
    ]
