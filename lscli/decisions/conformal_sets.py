"""The sets of samples, which are computed while they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Array = NDArray[Any]


class SetBlock(NamedTuple):
    """The sets of consecutive samples.

    Attributes:
        rows: the numbers of the samples, [n].
        label: their labels, [n]; None if they are not known.
        inside: which classes are in the set of each, [n, K] bool.
    """

    rows: Array
    label: Array | None
    inside: Array


class SampleSet(NamedTuple):
    """The set of a sample.

    Attributes:
        row: the number of the sample.
        label: its label; None if it is not known.
        classes: the classes in the set, ascending.
    """

    row: int
    label: int | None
    classes: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Sets(Iterable[SampleSet]):
    """The sets of samples, one `SampleSet` for each that is kept. They are computed anew whenever they are read.

    Attributes:
        blocks: computes the sets, in the order of the rows.
        shape: the number of samples that are kept, and of classes.
        labelled: whether the labels are known.
        class_names: [K], empty if they are not known.
    """

    blocks: Callable[[], Iterator[SetBlock]]
    shape: tuple[int, int]
    labelled: bool
    class_names: Sequence[str] = ()

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[SampleSet]:
        for block in self.blocks():
            labels = [None] * len(block.rows) if block.label is None else block.label.tolist()
            for row, label, classes in zip(block.rows.tolist(), labels, classes_of(block), strict=True):
                yield SampleSet(row, label, tuple(classes.tolist()))

    def __repr__(self) -> str:
        return f"Sets({self.shape[0]:,} samples, {self.shape[1]:,} classes)"

    def to_numpy(self) -> Array:
        """Which classes are in the set of each sample that is kept, [N, K] bool."""
        found = np.empty(self.shape, np.bool_)
        start = 0
        for block in self.blocks():
            found[start : start + len(block.rows)] = block.inside
            start += len(block.rows)
        return found

    def to_frame(self) -> pd.DataFrame:
        """A pandas DataFrame with the columns row, label (if labels are known), size and classes (a tuple)."""
        import pandas as pd

        found = list(self)
        columns: dict[str, Any] = {"row": [each.row for each in found]}
        if self.labelled:
            columns["label"] = [each.label for each in found]
        columns["size"] = [len(each.classes) for each in found]
        columns["classes"] = [each.classes for each in found]
        return pd.DataFrame(columns)


def classes_of(block: SetBlock) -> list[Array]:
    """The classes in the set of each sample."""
    sizes = block.inside.sum(axis=1)
    return np.split(np.nonzero(block.inside)[1], np.cumsum(sizes)[:-1])
