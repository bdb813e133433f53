"""Whether the samples that are measured are those that a map was fitted on, or some of them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.value_hash import factors, fingerprint, value_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.recalibrators.calibrator import Calibrator

    Array = NDArray[Any]

# Of 64 rows of the fit, two are found with 99 % if a tenth of all are here.
_FEWEST = 2
# Where fewer rows of the fit are distinct, equal rows may be different samples.
_DISTINCT = 0.9


class Leakage:
    """Recognises the rows of a fit by their hashes, as rows are read by any thread, in any order and repeatedly.

    Args:
        calibrator: the map, with the fingerprint and the sketch of its rows.
        label: [N], the labels.
        weight: [N], 0 for a row that is not measured.
    """

    def __init__(self, calibrator: Calibrator, label: Array, weight: Array) -> None:
        data, fit = calibrator.data, calibrator.fit
        self._fingerprint = data.get("fingerprint")
        self._sketch = np.array(sorted(int(each, 16) for each in data.get("sketch", ())), np.uint64)
        self._telling = len(self._sketch) >= _FEWEST and data.get("distinct", 0) > _DISTINCT * fit.get("rows", 0)
        self._found = np.zeros(len(self._sketch), np.bool_)
        self._by = factors(calibrator.classes)
        self._label = label
        self._expected = weight > 0
        self._sum = 0
        self._lock = threading.Lock()

    def add(self, x: Array, first: int) -> None:
        """Look at rows x [n, K] as they were read; `first` is the number of the first one."""
        expected = self._expected[first : first + len(x)]
        if self._fingerprint is None or not expected.any():
            return
        rows = np.flatnonzero(expected & np.isfinite(np.maximum.reduce(x, axis=1)))
        expected[:] = False  # a second pass reads the same rows
        hashes = value_hash(x if len(rows) == len(x) else x[rows], self._by)
        places = np.searchsorted(self._sketch, hashes)
        places[places == len(self._sketch)] = 0
        here = places[self._sketch[places] == hashes] if len(self._sketch) else places[:0]
        summed = fingerprint(hashes, self._label[first + rows])
        with self._lock:
            self._found[here] = True
            self._sum = (self._sum + summed) % (1 << 64)

    @property
    def same(self) -> bool:
        """Whether the rows are those of the fit with their labels, once all were read."""
        return f"{self._sum:016x}" == self._fingerprint

    @property
    def share(self) -> float:
        """About the share of the rows of the fit that are among these; 0 if it cannot be told."""
        found = int(np.count_nonzero(self._found))
        return found / len(self._found) if self._telling and found >= _FEWEST else 0.0

    def note(self, name: str, hint: str) -> str:
        """A sentence if the logits `name` have rows of the fit; empty if none were found."""
        if self.same:
            return f"{name}: the calibrator was fitted on these samples, so it looks better here than it is: {hint}"
        if self.share:
            share = f"about {100 * self.share:.2g} % of the samples that the calibrator was fitted on are among these"
            return f"{name}: {share}, so it looks better here than it is: {hint}"
        return ""
