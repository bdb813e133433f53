"""Read the names of the classes: a text file of one name per line, or a list."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from lscli.arrays import as_texts
from lscli.class_names import ClassNames
from lscli.io.argument import is_path
from lscli.io.files import RegularFile
from lscli.io.tables.text import text_of


def open_class_names(given: Any) -> ClassNames | None:
    """Read the names of the classes.

    A name in double quotes is read as a cell of CSV: without them, and with one quote for two. White space around a
    name is left out, and so are blank lines at the end.

    Args:
        given: a path or a list; None for no names. A text with commas that is no file has the names themselves.

    Raises:
        InputError: the file cannot be used, or the value is no list.
        ReadWriteError: the file cannot be read.
    """
    if given is None:
        return None
    if not is_path(given):
        return ClassNames("class_names", [name.strip() for name in as_texts(given, "class_names")])
    path = os.fsdecode(given)
    if "," in path and not os.path.lexists(path):
        return ClassNames("class_names", [name.strip() for name in path.split(",")])
    with contextlib.closing(RegularFile(path)) as file:
        # Not `splitlines`, which also splits at characters that may be in a name.
        names = [_name(line) for line in text_of(file)]
    while names and not names[-1]:
        names.pop()
    return ClassNames(path, names)


def described(names: ClassNames) -> dict[str, Any]:
    """Their entry in the provenance of a report."""
    size = sum(len(name.encode("utf-8", "surrogateescape")) for name in names.names)
    return {"role": "class_names", "path": names.source, "shape": [len(names.names)], "dtype": "text", "size": size}


def _name(line: str) -> str:
    name = line.strip()
    quoted = len(name) > 1 and name[0] == name[-1] == '"'
    return name[1:-1].replace('""', '"').strip() if quoted else name
