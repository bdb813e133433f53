"""Maps that are fitted without the samples that they map: folds, their fits, and logits after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.kernels.value_hash import folds
from lscli.recalibrators.methods import METHODS
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from lscli.api.fit_rows import CheckedRows
    from lscli.api.row_data import RowData
    from lscli.io.clusters import Clusters
    from lscli.recalibrators.base import Fit

    Array = NDArray[Any]

FOLDS = 5
_HINT = "to measure the logits as they are, leave out --cross-fit"


def fold_of(checked: CheckedRows, rows: RowData) -> Array:
    """The fold of each row, [N]: equal rows are in the same fold, and so are the rows of a cluster.

    It depends on the values of the row, or on the name of its cluster, and not on the order of the rows.
    """
    return folds(checked.hashes, FOLDS) if rows.clusters is None else fold_of_cluster(rows, rows.clusters)


def fold_of_cluster(rows: RowData, clusters: Clusters) -> Array:
    """The fold of the cluster of each row, [N], by its name."""
    from hashlib import blake2b  # imported only for clusters

    names = [blake2b(str(name).encode("utf-8", "surrogatepass"), digest_size=8) for name in rows.cluster_names]
    hashes = np.array([int.from_bytes(each.digest(), "little") for each in names], np.uint64)
    return folds(hashes, FOLDS)[clusters.codes]


class CrossFit(NamedTuple):
    """The map of each row that was fitted without its fold.

    Attributes:
        method: the name of the method.
        fold: [N], the fold of each row.
        fits: by the number of the fold that each of them leaves out.
    """

    method: str
    fold: Array
    fits: Mapping[int, Fit]

    def __call__(self, x: Array, first: int) -> Array:
        """As `RowMap`."""
        own = self.fold[first : first + len(x)]
        out = np.empty_like(x)
        for number, fit in self.fits.items():
            rows = own == number
            if rows.any():
                out[rows] = METHODS[self.method].mapped(x[rows], fit.parameters, np)
        return out

    @property
    def temperatures(self) -> str:
        """The range of the temperatures, in words; empty for maps that have none."""
        found = [float(each.parameters.temperature) for each in self.fits.values() if "temperature" in _names(each)]
        if not found:
            return ""
        low, high = rounded(min(found), 4), rounded(max(found), 4)
        return f"T = {low}" if low == high else f"T from {low} to {high}"


def _names(fit: Fit) -> tuple[str, ...]:
    names: tuple[str, ...] = fit.parameters._fields
    return names


def cross_fitted(checked: CheckedRows, fold: Array, method: str) -> CrossFit:
    """Fit a map without each fold. A fold whose samples all have no weight has none.

    Raises:
        InputError: a fit has no optimum, or no samples; the message names the fold. Or there are too many classes.
    """
    rows = checked.rows
    most = METHODS[method].most_classes
    if most is not None and rows.classes > most:
        what = f"has {rows.classes} classes, and {method} is for at most {most}"
        raise InputError(what, "name another method", where=rows.name)
    used = rows.weight > 0
    numbers: list[int] = np.flatnonzero(np.bincount(fold[used], minlength=FOLDS)).tolist()
    if len(numbers) == 1:
        what = f"fold {numbers[0]} has all samples, so none is left to fit on: they are all equal, or of one cluster"
        raise InputError(what, _HINT, where=rows.name)
    without = [(np.where(fold == number, 0.0, rows.weight), f"{rows.name} without fold {number}") for number in numbers]
    fits: dict[int, Fit] = {}
    for number, part in zip(numbers, rows.parts(without), strict=True):
        try:
            fits[number] = METHODS[method].fit(part)
        except InputError as error:
            if error.where != part.name:
                raise
            raise InputError(error.message, _HINT, where=part.name) from error
    # A sample without weight is in no fit, so any of them may map it.
    fold = np.where(used, fold, next(iter(fits))).astype(np.int8)
    return CrossFit(method, fold, fits)
