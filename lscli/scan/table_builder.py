"""The table under construction."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from lscli.errors import InputError
from lscli.io.views import SUM
from lscli.kernels.rowstate import DTYPES, SHAPES, RowState, fields_for, write_columns
from lscli.table import SampleTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits


class Filler:
    """Puts the states of rows into a table at their places, from any thread.

    Args:
        logits: [N, K], for their name and shape.
        label: [N], from 0 to K-1, or -1 for a sample to leave out.
        columns: names of `kernels.rowstate.COLUMNS`, and `row`, a row's number in the file.
        nonfinite: `error` or `skip`.
        fields: those of the row state that are computed besides what the columns need.
        masked_classes: `keep`, `exclude` or `error`.
        vectors: columns -sum_k c_k log p_k by name, each of a c [K].
        entropies: columns with the entropies of soft labels, in the order of the state's.
    """

    def __init__(
        self,
        logits: Logits,
        label: NDArray[np.int32],
        columns: Iterable[str],
        nonfinite: str,
        fields: frozenset[str] = frozenset(),
        masked_classes: str = "keep",
        vectors: Mapping[str, NDArray[np.float64]] = MappingProxyType({}),
        entropies: Sequence[str] = (),
    ) -> None:
        self._logits = logits
        self._first = logits.first
        self._distributions = logits.kind != "logits"
        self._num_classes = logits.shape[1]
        self._skip = nonfinite == "skip"
        self._masked_classes = masked_classes
        self.vectors = vectors
        self._entropies = entropies
        self.label = label
        self._ignores = bool((label < 0).any())
        kept = int(np.count_nonzero(label >= 0))
        self._columns = {
            name: np.empty((kept, *SHAPES.get(name, ())), DTYPES.get(name, np.float64))
            for name in {*columns, *vectors, *entropies}
        }
        # Masked classes and probabilities show in the row sums, so the shift is always computed.
        own = fields_for(self._columns.keys() - {"row", *vectors, *entropies})
        self.fields = own | fields | {"shift"} | ({"tail"} if vectors or self._distributions else set())
        if masked_classes == "exclude":
            self.fields |= {"open_classes", "open_shift"}
        self._bad: list[NDArray[np.intp]] = []
        self._left_out: list[NDArray[np.intp]] = []
        self._masked: list[int] = []
        self._unlike_probabilities = False

    def put(self, start: int, place: int, state: RowState) -> int:
        """Fill the columns from `place` on with the rows from `start` on; returns how many were kept."""
        rows = np.arange(start, start + len(state.top))
        if self._ignores:
            keep = self.label[rows] >= 0
            rows, state = rows[keep], state.mapped(lambda part: part[keep])
        out = {name: c[place : place + len(rows)] for name, c in self._columns.items()}
        if "row" in out:
            out.pop("row")[:] = self._first + rows
        write_columns(state, self._num_classes, out, self.vectors, self._entropies)
        places = np.arange(place, place + len(rows))
        if state.ignored is not None and state.ignored.any():
            left = ~state.ignored
            self._left_out.append(places[~left])
            self._check(rows[left], places[left], state.mapped(lambda part: part[left]))
        else:
            self._check(rows, places, state)
        return len(rows)

    def _check(self, rows: NDArray[np.intp], places: NDArray[np.intp], state: RowState) -> None:
        """Look for what is refused or skipped in rows, by their numbers and their places in the table."""
        bad = np.flatnonzero(~np.isfinite(state.largest))
        if len(bad):
            if not self._skip:
                raise self._not_finite(int(rows[bad[0]]), float(state.largest[bad[0]]))
            self._bad.append(places[bad])
        masked = np.flatnonzero(np.isneginf(state.shift) & np.isfinite(state.largest))
        if len(masked):
            self._check_masked(rows, masked, state)
        self._masked.append(len(masked))
        if self._distributions:
            self._check_sums(state, rows)
        else:
            self._look_for_probabilities(state)

    def table(self) -> SampleTable:
        """The finished table, without the rows that are skipped, or that turned out to be ignored."""
        table = SampleTable(self._columns, self._num_classes)
        dropped = [*self._bad, *self._left_out]
        if not dropped:
            return table
        keep = np.ones(len(table), np.bool_)
        keep[np.concatenate(dropped)] = False
        return table.select(keep)

    @property
    def skipped(self) -> int:
        return sum(map(len, self._bad))

    @property
    def ignored(self) -> int:
        """How many samples turned out to be ignored when their soft labels were read."""
        return sum(map(len, self._left_out))

    @property
    def masked(self) -> int:
        return sum(self._masked)

    @property
    def look_like_probabilities(self) -> bool:
        return not self._distributions and not self._unlike_probabilities

    def _check_masked(self, rows: NDArray[np.intp], masked: NDArray[np.intp], state: RowState) -> None:
        """Refuse masked classes where that was said, and those that are left out but by the label."""
        if self._masked_classes == "error":
            name, row = self._logits.located(int(rows[masked[0]]))
            raise InputError(
                f"row {row} has a masked class (-inf)",
                "--masked-classes exclude leaves such classes out of their row",
                where=name,
            )
        if self._masked_classes == "exclude" and state.soft_shift is not None:
            labelled = masked[np.isneginf(state.soft_shift[masked])]
            if len(labelled):
                name, row = self._logits.located(int(rows[labelled[0]]))
                raise InputError(
                    f"row {row} has a masked class (-inf) that its soft label has a share of",
                    "it cannot be left out: use --masked-classes keep, for an infinite loss",
                    where=name,
                )

    def _check_sums(self, state: RowState, rows: NDArray[np.intp]) -> None:
        """Refuse rows, but for those that are not finite, whose probabilities do not sum to 1."""
        with np.errstate(all="ignore"):  # a signalling nan warns when it is widened
            largest = state.largest.astype(np.float64)
            sums = np.exp(largest) * (1.0 + state.tail)
        wrong = np.flatnonzero(np.isfinite(largest) & ~(np.abs(sums - 1) <= SUM))
        if len(wrong):
            name, row = self._logits.located(int(rows[wrong[0]]))
            raise InputError(
                f"row {row} of {self._logits.kind} sums to {sums[wrong[0]]:.6g}, not to 1",
                "if these are raw scores, leave --kind out",
                where=name,
            )

    def _look_for_probabilities(self, state: RowState) -> None:
        if self._unlike_probabilities:
            return
        with np.errstate(all="ignore"):
            largest = state.largest.astype(np.float64)
            sums = state.shift + self._num_classes * largest
        if not ((largest > 0) & (largest <= 1) & (np.abs(sums - 1) < SUM)).all():
            self._unlike_probabilities = True

    def _not_finite(self, row: int, largest: float) -> InputError:
        what = "nan" if np.isnan(largest) else "+inf" if largest > 0 else "nothing but -inf"
        if self._logits.kind == "probs":  # of which these are the logarithms
            what = {"nan": "nan or a negative probability", "nothing but -inf": "nothing but 0"}.get(what, what)
        name, own_row = self._logits.located(row)
        return InputError(
            f"row {own_row} has {what}",
            "look at the run that wrote it, or leave such rows out with --nonfinite skip",
            where=name,
        )
