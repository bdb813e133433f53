"""Which samples belong together: the document, patient or prompt of each row."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.io.argument import is_path
from lscli.io.row_values import RowFile, RowTable, of_given
from lscli.text import nearest, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.axes import Samples
    from lscli.io.row_values import RowValues

    Array = NDArray[Any]

NONE, FIRST_AXIS = "none", "first-axis"
_WHERE = "clusters"


class Clusters(NamedTuple):
    """The cluster of each row.

    Attributes:
        codes: [N] numbers of clusters from 0 on.
        values: what the clusters are called, by their numbers: whole numbers, or strings.
        shown: the value of the option in a report; None for the value that was given.
        described: their entry in the provenance of a report; None if no input holds them.
        of_table: whether they are a column of the metadata.
        note: what the user may not have intended; may be empty.
    """

    codes: Array
    values: Sequence[str | int]
    shown: str | None = None
    described: dict[str, Any] | None = None
    of_table: bool = False
    note: str = ""


def are_named(value: Any) -> bool:
    """Whether the option names clusters: it is there, and is not `none`."""
    return value is not None and not (isinstance(value, str) and value == NONE)


def open_clusters(value: Any, table: RowFile | RowTable | None, samples: Samples, kept: Array) -> Clusters | None:
    """Read the cluster of each row.

    Args:
        value: a path, the name of a column of `table`, `none`, `first-axis`, or one value per row; None for the first
            axis of samples that have several, and else for no clusters.
        table: the metadata that `--groups` names, or None.
        samples: the axes of the samples.
        kept: [N] bool, the rows whose label is not ignored.

    Raises:
        UsageError: a file has several columns; or `first-axis` is given for samples with one axis.
        InputError: there is no such column or file, the shape does not fit the samples, or a kept row has no cluster.
    """
    if value is None:
        return _of_first_axis(samples) if samples.dependent else None
    if isinstance(value, str) and value == NONE:
        return None
    if isinstance(value, str) and value == FIRST_AXIS:
        if not samples.entries:
            hint = "name a file of one value per row, or a column of --groups"
            raise UsageError("the samples have one axis", hint, where=_WHERE)
        return _of_first_axis(samples)
    path = os.fsdecode(value) if is_path(value) else None
    of_table, note = table is not None and path in table.names(), ""
    if table is not None and path is not None and of_table:
        found = table.values(path, samples.lengths)
        if os.path.lexists(path):
            note = f"{path} is a column of {table.name} and a file: the column is read; for the file, write ./{path}"
    elif path is not None:
        _check_file(path, table)
        with RowFile(path, _WHERE) as file:
            found = file.values(None, samples.lengths, "--groups FILE --clusters")
    else:
        found = of_given(value, _WHERE)
    codes = samples.fitted(found.codes, "clusters", found.name)
    check_complete(found, codes, kept)
    described = {"role": _WHERE, "path": found.name, "shape": list(found.codes.shape)}
    return Clusters(
        codes, found.values, None, {**described, "dtype": found.element, "size": found.size}, of_table, note
    )


def _of_first_axis(samples: Samples) -> Clusters:
    return Clusters(samples.first_axis(), range(samples.entry_count), FIRST_AXIS)


def _check_file(path: str, table: RowFile | RowTable | None) -> None:
    """Raise InputError if this is neither a column nor a file."""
    if path in ("", "-") or os.path.lexists(path) or any(character in path for character in "*?["):
        return
    if table is not None:
        hint = nearest(path, table.names()) or "name one of its columns, or a file of one value per row"
        raise InputError(f"{shown(path)} is neither a column of {table.name} nor a file", hint, where=_WHERE)
    if os.path.basename(path) == path and not os.path.splitext(path)[1]:
        hint = "for a column of metadata, add --groups META.csv"
        raise InputError(f"{shown(path)} is not a file", hint, where=_WHERE)


def check_complete(found: RowValues, codes: Array, kept: Array | None = None) -> None:
    """Check that every row has a value, or every kept one.

    Args:
        found: the values.
        codes: [N], the value of each row.
        kept: [N] bool; None for all.

    Raises:
        InputError: a row lacks its value.
    """
    if "" not in found.values:
        return
    missing = codes == list(found.values).index("")
    missing = missing if kept is None else missing & kept
    if missing.any():
        hint = "if the row belongs to no other row, give it a cluster of its own"
        raise InputError(f"row {int(missing.argmax())} has no cluster", hint, where=found.name)
