"""What is known of each row beside its logits and label: its weight, its group and its cluster."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import column_keys
from lscli.errors import InputError
from lscli.io.axes import Samples
from lscli.io.weights_groups import open_groups, open_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.axes import Shape
    from lscli.io.clusters import Clusters
    from lscli.io.row_values import RowFile, RowTable
    from lscli.options import RowOptions
    from lscli.table import SampleTable

    Array = NDArray[Any]


class RowData:
    """Weights, groups and clusters of the rows, read from the files that the options name.

    Args:
        options: name the files.
        samples: the shape of the samples, (N,), or (N, T) if they were flattened.
        kept: [N] bool, the rows whose label is not ignored.
        entries: of samples with several axes, the entries of the first axis and the samples of each, file by file; by
            default they are from one file of the shape `samples`.

    Attributes:
        weight: the weights of the rows, or None.
        names: the names of the groups, all samples ("") first.
        clusters: the clusters of the rows, or None.

    Raises:
        InputError, UsageError: as `open_weights`, `open_groups` and `open_clusters`.
    """

    def __init__(
        self, options: RowOptions, samples: Shape, kept: Array, entries: Sequence[tuple[int, int]] = ()
    ) -> None:
        self.weight = open_weights(options.weights, samples, kept)
        axes, groups = Samples.of(samples, entries), options.groups
        # What most runs do not need is imported only where it is, because start-up time counts.
        with contextlib.ExitStack() as stack:
            table: RowFile | RowTable | None = None
            if groups is not None:
                from lscli.io.row_values import RowFile, RowTable

                if isinstance(groups, str | bytes | os.PathLike):
                    table = stack.enter_context(RowFile(os.fsdecode(groups), "groups"))
                elif column_keys(groups):
                    table = RowTable(groups, "groups")
            self.clusters: Clusters | None = None
            if options.takes("clusters") and (options.clusters is not None or axes.dependent):
                from lscli.io.clusters import open_clusters

                self.clusters = open_clusters(options.clusters, table, axes, kept)
            # A table of which the clusters are a column needs no column of groups.
            if self.clusters is not None and self.clusters.of_table and options.group_by is None:
                groups = None
            self.names, self._codes = open_groups(groups, table, options.group_by, axes)
        self._kept = kept

    @property
    def group_codes(self) -> Array | None:
        """The group of each row, [N], as its place in `names[1:]`; None without groups."""
        return self._codes

    @property
    def columns(self) -> set[str]:
        """The columns that a table needs so that it can be weighted and split."""
        return {"row"} if any(each is not None for each in (self.weight, self._codes, self.clusters)) else set()

    @property
    def described(self) -> list[dict[str, Any]]:
        """The entries of these inputs in the provenance of a report."""
        found = [None if each is None else each.described for each in (self.weight, self.clusters)]
        return [each for each in found if each is not None]

    @property
    def cluster_names(self) -> Sequence[str | int]:
        """The names of the clusters, by their numbers; empty without clusters."""
        return () if self.clusters is None else self.clusters.values

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

    def clustered(self, table: SampleTable) -> SampleTable:
        """The table with the clusters of its samples."""
        return table if self.clusters is None else table.with_clusters(self.clusters.codes[table["row"]])

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
        table = self.clustered(self.weighted(table))
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
        """A note if the weights do not count samples, and on a name of two meanings; `table` has all samples."""
        total = self.weighted(table).total
        if self.weight is not None and total < 2:
            spread = "standard errors, intervals and " if self.clusters is None else ""
            yield (
                f"{self.weight.name}: the weights sum to {total:.3g}: they are read as counts, so means are right; n, "
                f"{spread}what counts samples, such as quantiles, are not"
            )
        if self.clusters is not None and self.clusters.note:
            yield self.clusters.note
