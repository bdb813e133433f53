"""Maps that are fitted without the samples that they map: folds, and logits that are mapped by the fit without them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.io.mapped import MappedLogits
from lscli.kernels.value_hash import folds
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.api.fit_rows import CheckedRows
    from lscli.api.row_data import RowData

    Array = NDArray[Any]

FOLDS = 5


def fold_of(checked: CheckedRows, rows: RowData) -> Array:
    """The fold of each row, [N]: equal rows are in the same fold, and so are the rows of a cluster."""
    if rows.clusters is None:
        return folds(checked.hashes, FOLDS)
    from hashlib import blake2b

    names = [blake2b(str(name).encode("utf-8", "surrogatepass"), digest_size=8) for name in rows.cluster_names]
    hashes = np.array([int.from_bytes(each.digest(), "little") for each in names], np.uint64)
    return folds(hashes, FOLDS)[rows.clusters.codes]


def cross_fitted(checked: CheckedRows, fold: Array, method: str) -> MappedLogits:
    """The logits, each row mapped by the fit on the rows of the other folds.

    Raises:
        InputError: a fit has no optimum.
    """
    rows = checked.rows
    maps = []
    for number in range(FOLDS):
        name = f"{rows.name} without fold {number + 1} of {FOLDS}"
        found = METHODS[method].fit(rows.weighted(np.where(fold == number, 0.0, rows.weight), name))
        maps.append(found.parameters)
    mapped = METHODS[method].mapped

    def by_fold(x: Array, first: int) -> Array:
        own = fold[first : first + len(x)]
        out = np.empty_like(x)
        for number in np.unique(own).tolist():
            chosen = own == number
            out[chosen] = mapped(x[chosen], maps[number], np)
        return out

    return MappedLogits(rows.logits, by_fold)
