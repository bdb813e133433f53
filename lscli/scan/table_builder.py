"""Build the table: threads write the columns of their rows into arrays that are allocated beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.kernels.rowstate import RowState, column_type, fields_for, write_columns
from lscli.table import SampleTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.scan.row_checks import RowChecks


class TableBuilder:
    """Builds a SampleTable from row states, which any thread may add in any order.

    Args:
        logits: [N, K].
        label: [N], from 0 to K-1, or -1 for an ignored sample.
        columns: names of `kernels.rowstate.COLUMNS`, or `row`, the row's number in the file.
        vectors: columns -sum_k c_k log p_k by name, each with its c, [K].
        of_labels: the columns of the field `soft_columns`, in its order.
        checks: refuse or skip rows.

    Attributes:
        label: as given.
        fields: the optional fields of the row state that the columns and the checks need.
        weights: the c of all vectors, [V, K], or None without any.
    """

    def __init__(
        self,
        logits: Logits,
        label: NDArray[np.int32],
        columns: Iterable[str],
        vectors: Mapping[str, NDArray[np.float64]],
        of_labels: Sequence[str],
        checks: RowChecks,
    ) -> None:
        self.label = label
        self._first = logits.first
        self._num_classes = logits.shape[1]
        self._vectors = vectors
        self.weights = np.array(list(vectors.values())) if vectors else None
        self._of_labels = of_labels
        self._checks = checks
        self._any_ignored = bool((label < 0).any())
        kept = int(np.count_nonzero(label >= 0))
        self._columns = {}
        for name in {*columns, *vectors, *of_labels}:
            dtype, shape = column_type(name, self._num_classes, logits.dtype)
            self._columns[name] = np.empty((kept, *shape), dtype)
        self.fields = fields_for(self._columns.keys() - {"row", *vectors, *of_labels}) | checks.fields
        if vectors:
            self.fields |= {"tail"}
        self._skipped: list[NDArray[np.intp]] = []
        self._ignored: list[NDArray[np.intp]] = []

    def add(self, start: int, place: int, state: RowState) -> int:
        """Write the rows from `start` on into the table from `place` on; return how many are not ignored.

        Raises:
            InputError: a check refuses a row.
        """
        rows = np.arange(start, start + len(state.top))
        if self._any_ignored:
            keep = self.label[rows] >= 0
            rows, state = rows[keep], state.mapped(lambda part: part[keep])
        out = {name: column[place : place + len(rows)] for name, column in self._columns.items()}
        if "row" in out:
            out.pop("row")[:] = self._first + rows
        write_columns(state, self._num_classes, out, self._vectors, self._of_labels)
        added, places = len(rows), np.arange(place, place + len(rows))
        if state.ignored is not None and state.ignored.any():
            kept = ~state.ignored
            self._ignored.append(places[state.ignored])
            rows, places, state = rows[kept], places[kept], state.mapped(lambda part: part[kept])
        skipped = self._checks.check(rows, state)
        if len(skipped):
            self._skipped.append(places[skipped])
        return added

    def table(self) -> SampleTable:
        """The finished table, without the rows that are skipped or have an ignored soft label."""
        table = SampleTable(self._columns, self._num_classes)
        dropped = [*self._skipped, *self._ignored]
        if not dropped:
            return table
        keep = np.ones(len(table), np.bool_)
        keep[np.concatenate(dropped)] = False
        return table.select(keep)

    @property
    def skipped(self) -> int:
        """The number of rows that the checks skipped."""
        return sum(map(len, self._skipped))

    @property
    def ignored(self) -> int:
        """The number of rows whose soft label is ignored."""
        return sum(map(len, self._ignored))
