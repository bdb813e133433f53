"""CSV files: logits of one column a class, and single columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.io.tables import delimited
from lscli.io.tables.delimited_rows import COMMA

if TYPE_CHECKING:
    from lscli.io.array_request import ArrayRequest, Entry
    from lscli.io.files import RegularFile
    from lscli.io.memory import MemoryArray


def open_array(file: RegularFile, request: ArrayRequest) -> MemoryArray:
    """The columns that are asked for.

    Raises:
        InputError: there are none, or a cell that is no such number.
    """
    return delimited.open_array(file, request, COMMA)


def contents(file: RegularFile) -> list[Entry]:
    """The columns of a file, counted."""
    return delimited.contents(file, COMMA)
