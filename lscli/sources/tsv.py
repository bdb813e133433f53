"""TSV files: logits of one column a class, and single columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.sources import delimited
from lscli.sources.delimited_rows import TAB

if TYPE_CHECKING:
    from lscli.sources.asked import Ask, Entry
    from lscli.sources.files import RegularFile
    from lscli.sources.memory import MemoryArray


def open_array(file: RegularFile, ask: Ask) -> MemoryArray:
    """The columns that are asked for.

    Raises:
        InputError: there are none, or a cell that is no such number.
    """
    return delimited.open_array(file, ask, TAB)


def contents(file: RegularFile) -> list[Entry]:
    """The columns of a file, counted."""
    return delimited.contents(file, TAB)
