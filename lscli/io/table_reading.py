"""How a table of logits is plainly read, although its columns have other names than those that are looked for."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from lscli.io.confidences import column_names
from lscli.io.format_table import FORMATS
from lscli.io.tables.columns import Columns
from lscli.io.tables.logit_columns import looks_of, reading_of

if TYPE_CHECKING:
    from lscli.io.files import RegularFile
    from lscli.io.tables.logit_columns import Reading


def reading_of_file(
    file: RegularFile, format_name: str, key: str | None = None, label: str | None = None
) -> Reading | None:
    """The options that read a table, if it is plain which columns have the logits and the labels.

    Args:
        file: any file.
        format_name: its format.
        key, label: the values of --logits-key and --labels-column, or None.

    Raises:
        InputError: the file cannot be used.
        ReadWriteError: it cannot be read.
    """
    if not FORMATS[format_name].table:
        return None
    reader = FORMATS[format_name].reader(file.name)
    names = column_names(file, format_name)
    columns: Columns = reader.columns_in(file) if hasattr(reader, "columns_in") else Columns(names)
    if len(columns.first) < len(names) or names == [str(place) for place in range(len(names))]:
        return None
    lists = [column for column in columns.typed if column.lists]
    shapes = {entry.key: entry.shape for entry in reader.contents(file)} if lists else {}
    widths = {each.name: shape[1] for each in lists if (shape := shapes.get(each.name)) is not None and len(shape) == 2}
    floats = {each.name: widths[each.name] for each in lists if each.name in widths and "float" in each.element}
    whole = {name: width for name, width in widths.items() if name not in floats}
    plain = [column.name for column in columns.typed if not column.lists and (column.element or column.texts)]
    single = plain if columns.typed else names
    if not single:
        return None
    with contextlib.closing(file.another()) as another:
        looks = looks_of(single, lambda wanted: reader.read_columns(another, wanted))
    return reading_of(names, looks, floats, whole, key, label)
