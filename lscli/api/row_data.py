"""What is known of each row beside its logits and label: its weight and its group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.io.weights_groups import open_groups, open_weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.io.axes import Shape
    from lscli.options import RowOptions
    from lscli.table import SampleTable

    Array = NDArray[Any]


class RowData:
    """Weights and groups of the rows, read from the files that the options name.

    Args:
        options: name the files.
        samples: the shape of the samples, (N,), or (N, T) if they were flattened.
        kept: [N] bool, the rows whose label is not ignored.

    Attributes:
        weight: the weights of the rows, or None.
        names: the names of the groups, all samples ("") first.

    Raises:
        InputError, UsageError: as `open_weights` and `open_groups`.
    """

    def __init__(self, options: RowOptions, samples: Shape, kept: Array) -> None:
        self.weight = open_weights(options.weights, samples, kept)
        self.names, self._codes = open_groups(options.groups, options.group_by, samples)
        self._kept = kept

    @property
    def columns(self) -> set[str]:
        """The columns that a table needs so that it can be weighted and split."""
        return {"row"} if self.weight is not None or self._codes is not None else set()

    @property
    def described(self) -> list[dict[str, Any]]:
        """The entries of these inputs in the provenance of a report."""
        return [] if self.weight is None else [self.weight.described]

    def weights_by_group(self) -> Iterator[Array]:
        """The weight of each row in all samples, then in each group: 0 for ignored rows and those of other groups."""
        weight = np.ones(len(self._kept)) if self.weight is None else self.weight.values
        weight = np.where(self._kept, weight, 0.0)
        yield weight
        if self._codes is not None:
            for code in range(len(self.names) - 1):
                yield np.where(self._codes == code, weight, 0.0)

    def weighted(self, table: SampleTable) -> SampleTable:
        """The table with the weights of its samples."""
        return table if self.weight is None else table.with_weights(self.weight.values[table["row"]])

    def groups_of(self, table: SampleTable) -> Array:
        """The name of the group of each sample, [n]."""
        if self._codes is None:
            return np.full(len(table), "", object)
        return np.array(self.names[1:], object)[self._codes[table["row"]]]

    def tables(self, table: SampleTable) -> dict[str, SampleTable]:
        """The table of all samples (""), and one for each group that has samples.

        Raises:
            InputError: no sample has a weight above 0.
        """
        table = self.weighted(table)
        if self.weight is not None and not table.total:
            raise InputError(
                "no row that is kept has a weight above 0", "look at which rows are left out", where=self.weight.name
            )
        tables = {"": table}
        if self._codes is not None:
            of_sample = self._codes[table["row"]]
            for code, name in enumerate(self.names[1:]):
                part = table.select(of_sample == code)
                if len(part) and part.total > 0:
                    tables[name] = part
        return tables

    def notes(self, table: SampleTable) -> Iterator[str]:
        """A note if the weights do not count samples; `table` has all samples."""
        total = self.weighted(table).total
        if self.weight is not None and total < 2:
            yield (
                f"{self.weight.name}: the weights sum to {total:.3g}: they are read as counts, so means are right; n, "
                "standard errors, intervals and what counts samples, such as quantiles, are not"
            )
