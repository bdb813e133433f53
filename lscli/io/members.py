"""The members of an ensemble: logits of the same samples and classes, of which each row is computed at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.stored import StoredArray
from lscli.io.tensor_members import Disagreement, mean_on_device
from lscli.io.views import FEW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import EnsembleOf


class Members(StoredArray):
    """The rows of an ensemble, which `lscli.scan.members` computes from those of its members; `read` is not available.

    Args:
        members: at least two; closed with this array.
        name: its name in errors and reports.
        of: what the rows are the mean of: `probs` (the logarithm of the mean) or `logits`.
        wide: whether rows of few classes are float64, as in the kernels; members of float64 always give float64.

    Attributes:
        disagreement: None unless `keep_disagreement` was called.
        faults: [N], the first member that cannot be used in each row, -1 where there is none.

    Raises:
        InputError: a member differs from the first in its shape, or in the names of its columns.
    """

    def __init__(self, members: Sequence[Logits], name: str, of: EnsembleOf, *, wide: bool) -> None:
        first = members[0]
        for each in members[1:]:
            if each.shape != first.shape:
                raise other_shape(each.name, each.shape, first.name, first.shape)
            if list(each.columns) != list(first.columns):
                what = f"its columns differ from those of {first.name}, or are in another order"
                hint = "the members must have the same classes in the same order"
                raise InputError(what, hint, where=each.name)
        self.members = members
        self.name = name
        self.of = of
        self.shape = first.shape
        wide = wide and first.shape[1] < FEW
        self.element = "float64" if wide or any(each.dtype == "float64" for each in members) else "float32"
        self.dtype = np.dtype(self.element)
        self.stored = ", ".join(dict.fromkeys(each.stored for each in members))
        self.columns = first.columns
        self.member_names = [each.name for each in members]
        self.sequential = any(each.sequential for each in members)
        self.ragged = any(each.ragged for each in members)
        self.log_likelihoods = all(each.log_likelihoods for each in members)
        self.disagreement: Disagreement | None = None
        self.faults = np.full(self.shape[0], -1, np.int32)

    def keep_disagreement(self) -> Disagreement:
        """Return an object that is filled with how much the members disagree while their rows are read."""
        rows = self.shape[0]
        self.disagreement = Disagreement(np.full(rows, np.nan), np.full(rows, np.nan))
        return self.disagreement

    def given(self, row: int) -> NDArray[Any] | None:
        return self._at_fault(row).given(row)

    def located(self, row: int) -> tuple[str, int]:
        return self._at_fault(row).located(row)

    def as_stored(self, count: int) -> NDArray[np.float64] | None:
        """The first rows of the first member before any logarithm is taken; see `Logits.as_stored`."""
        return self.members[0].as_stored(count)

    def check_unchanged(self) -> None:
        for each in self.members:
            each.check_unchanged()

    def verify(self) -> None:
        for each in self.members:
            each.verify()

    def close(self) -> None:
        for each in self.members:
            each.close()

    def _at_fault(self, row: int) -> Logits:
        """The member that cannot be used in a row, or the first one."""
        return self.members[max(int(self.faults[row]), 0)]


def mean_of(members: Sequence[Logits], name: str, of: EnsembleOf, device: str) -> StoredArray:
    """The rows of an ensemble: `Members`, or a tensor on the device that holds those of all members.

    Raises:
        InputError: the members do not belong together, or lie on several devices.
    """
    devices = {str(each.tensor.device) if each.tensor is not None else "cpu" for each in members}
    if len(devices) > 1:
        what = f"the members are on several devices: {', '.join(sorted(devices))}"
        raise InputError(what, "move them to one device", where=name)
    if members[0].tensor is None:
        return Members(members, name, of, wide=device != "mps")
    return mean_on_device(members, name, of)


def other_shape(name: str, shape: Sequence[int], first: str, expected: Sequence[int]) -> InputError:
    """The error about a member of another shape than the first."""
    what = f"has logits of shape {tuple(shape)}, {first} of {tuple(expected)}"
    return InputError(what, "the members of an ensemble must have the same samples and classes", where=name)
