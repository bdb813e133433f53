"""Refuse, skip or count rows: values that are not finite, masked classes, probabilities that do not sum to 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.views import SUM
from lscli.scan.kind_hints import kind_hint
from lscli.text import rounded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.kernels.rowstate import RowState
    from lscli.options import MaskedClasses, Nonfinite

# Probabilities of some classes that are rounded to two decimals sum to 1 within this distance.
_ROUNDED = 0.05


class RowChecks:
    """Checks rows by their states, from any thread.

    Args:
        logits: [N, K]; errors name a row by its file and its number there.
        nonfinite: for a row with a nan, with +inf, or of -inf alone: raise an `error`, or `skip` the row.
        masked_classes: for logits of -inf: `keep` them as classes of probability 0, `exclude` them from their row, or
            raise an `error`; `auto` keeps them.
        counted: [N] bool, the rows of the file whose classes of probability 0 are counted; None for all.
        labelled: whether the rows have labels, of which one may be such a class.

    Attributes:
        fields: the optional fields of the row state that the checks read.
    """

    def __init__(
        self,
        logits: Logits,
        nonfinite: Nonfinite,
        masked_classes: MaskedClasses,
        counted: NDArray[np.bool_] | None = None,
        *,
        labelled: bool = True,
    ) -> None:
        self._logits = logits
        self._nonfinite = nonfinite
        self._masked_classes = masked_classes
        self._are_probabilities = logits.kind != "logits"
        # The shift shows masked classes, since it is then -inf: it is always computed.
        self.fields = frozenset({"shift"})
        if self._are_probabilities:
            self.fields |= {"tail"}
        if masked_classes == "exclude":
            self.fields |= {"open_classes", "open_shift"}
        self._counted = counted
        self._labelled = labelled
        self._masked: list[int] = []
        self._zero_labels: list[NDArray[np.intp]] = []

    @property
    def masked(self) -> int:
        """The number of finite rows so far that have a masked class."""
        return sum(self._masked)

    @property
    def zero_labels(self) -> NDArray[np.intp]:
        """The numbers in the file, in ascending order, of the finite rows so far whose label has probability 0.

        A soft label has it if any of its classes does.
        """
        return np.sort(np.concatenate([np.empty(0, np.intp), *self._zero_labels]))

    def check(self, rows: NDArray[np.intp], state: RowState) -> NDArray[np.intp]:
        """Check the rows with the numbers `rows`, [n]; return the indices of those to skip, [m].

        Raises:
            InputError: a row is refused; the message names the first one.
        """
        wrong = ~np.isfinite(state.largest)
        if state.open_shift is not None:  # where a class is masked and the sum of the others overflows
            wrong |= np.isnan(state.open_shift)
        bad = np.flatnonzero(wrong)
        if len(bad) and self._nonfinite == "error":
            raise self._not_finite(int(rows[bad[0]]), float(state.largest[bad[0]]))
        masked = np.flatnonzero(np.isneginf(state.shift) & ~wrong)
        if len(masked):
            of_label = state.label_logit if state.soft_shift is None else state.soft_shift
            zero = np.isneginf(of_label[masked]) & self._labelled
            self._check_masked(rows[masked], zero, soft=state.soft_shift is not None)
            in_file = self._logits.first + rows[masked]
            counted = np.ones(len(masked), np.bool_) if self._counted is None else self._counted[in_file]
            self._masked.append(int(np.count_nonzero(counted)))
            self._zero_labels.append(in_file[zero & counted])
        if self._are_probabilities:
            check_sums(self._logits, rows, state.largest, state.tail)
        return bad

    def _not_finite(self, row: int, largest: float) -> InputError:
        hint = "look at the run that wrote it, or skip such rows with --nonfinite skip"
        if self._are_probabilities:
            hint = kind_hint(self._logits) or hint
        if np.isfinite(largest):
            return self._refused(row, "has logits so far apart that float64 cannot hold the sum of their gaps", hint)
        if self._logits.is_of_usable_members(row):
            what = f"row {row} has no class that is open (above -inf) in every member, so their logits have no mean"
            hint = "take the mean of the probabilities: --ensemble-of probs"
            return InputError(what, hint, where=self._logits.name)
        what = "nan" if np.isnan(largest) else "+inf" if largest > 0 else "nothing but -inf"
        if self._logits.kind != "logits":  # the pass sees other values than the file has
            given = self._logits.given(row)
            if what == "nan" and given is not None and given.size == 1:
                called = "probability" if self._logits.kind == "probs" else "log-probability"
                what = f"{float(given[0])}, which is no {called}"
        if self._logits.kind == "probs":
            what = {"nan": "nan or a negative probability", "nothing but -inf": "nothing but 0"}.get(what, what)
        return self._refused(row, f"has {what}", hint)

    def _check_masked(self, rows: NDArray[np.intp], zero: NDArray[np.bool_], *, soft: bool) -> None:
        """Check rows [m] with masked classes; `zero` tells whether their label has probability 0, [m]."""
        is_masked = f"has {self._masked_class}"
        if self._masked_classes == "error":
            hint = "to leave such classes out of their row, say --masked-classes exclude"
            if zero[0]:
                is_masked += ", which is its label" if not soft else ", which is part of its soft label"
                hint = "to raise its probability to 1e-7, say --masked-classes keep and --min-prob 1e-7"
            raise self._refused(int(rows[0]), is_masked, hint)
        if self._masked_classes == "exclude" and soft and zero.any():
            hint = "say --masked-classes keep, which makes the loss infinite"
            raise self._refused(int(rows[zero.argmax()]), f"{is_masked} that is part of its soft label", hint)

    @property
    def _masked_class(self) -> str:
        return "a class of probability 0" if self._logits.kind == "probs" else "a masked class (-inf)"

    def _refused(self, row: int, what: str, hint: str) -> InputError:
        return _refused(self._logits, row, what, hint)


def check_sums(
    logits: Logits, rows: NDArray[np.intp], largest: NDArray[np.floating[Any]], tail: NDArray[np.floating[Any]]
) -> None:
    """Refuse finite rows whose probabilities do not sum to 1.

    Args:
        logits: [N, K], logarithms of probabilities.
        rows: the numbers of the rows, [n].
        largest: the largest value of each, [n].
        tail: the sum of exp(x - largest) over the other values, [n].

    Raises:
        InputError: a row is refused; the message names the first one.
    """
    with np.errstate(all="ignore"):  # a signalling nan warns when it is widened
        largest = largest.astype(np.float64)
        sums = np.exp(largest) * (1.0 + tail)
    wrong = np.flatnonzero(np.isfinite(largest) & ~(np.abs(sums - 1) <= SUM))
    if len(wrong):
        what = f"of {logits.kind} sums to {rounded(sums[wrong[0]], 6)}, not to 1"
        hint = "most rows are as declared: look at the run that wrote this one"
        if logits.kind == "probs" and abs(sums[wrong[0]] - 1) <= _ROUNDED:
            hint = "if the probabilities are rounded, divide each row by its sum"
        hint = kind_hint(logits) or hint
        raise _refused(logits, int(rows[wrong[0]]), what, hint)


def _refused(logits: Logits, row: int, what: str, hint: str) -> InputError:
    name, own_row = logits.located(row)
    return InputError(f"row {own_row} {what}", hint, where=name)
