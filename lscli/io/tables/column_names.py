"""A column of a table, and what the names of several tell: which of them are classes, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError
from lscli.io.array_request import Entry
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.io.array_request import ArrayRequest

# What stands beside logits in tables, and is no class.
_BESIDE = {"weight", "weights", "loss", "confidence", "target", "targets", "prediction", "predictions", "pred", "id"}
_DIGITS = "0123456789"
_LONGEST = 9  # digits of a count; names such as those of ImageNet have more


class Column(NamedTuple):
    """A column as a table declares it.

    Attributes:
        name: any text.
        type: what errors call its type; empty where the table does not say.
        element: numpy's name of the type of its numbers; empty where they are none, or the table does not say.
        width: how many each row has; None where it is one, and no list of one.
        of_index: whether pandas says that it is the index of a data frame.
    """

    name: str
    type: str = ""
    element: str = ""
    width: int | None = None
    of_index: bool = False


def check_names(where: str, names: Sequence[str], request: ArrayRequest) -> None:
    """Refuse columns [K] of which one may be no class, or that stand in another order than they are numbered in.

    Raises:
        InputError: they do.
    """
    doubled = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if doubled is not None:
        raise InputError(f"has two columns {doubled!r}", "give each column a name of its own", where=where)
    prefix, family = max(_families(names).items(), key=lambda each: len(each[1]), default=("", []))
    numbered = len(family) > 1
    odd = [name for name in names if (numbered and name not in family) or name.lower() in _BESIDE]
    if odd and request.key != "*":
        pattern = f"{printable(prefix)}[0-9]*" if numbered else "logit_*"
        raise InputError(
            f"column {odd[0]!r} may be no class",
            f"name those of the classes with {request.option} '{pattern}'; '*' is all of them",
            where=where,
        )
    if numbered and not odd:
        _check_order(where, prefix, names)


def entries(columns: Sequence[Column], rows: int) -> list[Entry]:
    """The arrays that a table holds: columns that are numbered are one."""
    found = []
    families = _families([column.name for column in columns if column.width is None and _is_float(column)])
    whole = {name: prefix for prefix, family in families.items() if len(family) > 1 for name in family}
    for column in columns:
        if column.name not in whole:
            shape = (rows,) if column.width is None else (rows, column.width)
            found.append(Entry(column.name, shape, column.element or column.type))
        elif families[whole[column.name]][0] == column.name:
            prefix = whole[column.name]
            found.append(Entry(f"{prefix}[0-9]*", (rows, len(families[prefix])), column.element))
    return found


def _is_float(column: Column) -> bool:
    return column.element.startswith("float")


def _families(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that end in digits, by what is before these."""
    families: dict[str, list[str]] = {}
    for name in names:
        prefix = name.rstrip(_DIGITS)
        if prefix != name:
            families.setdefault(prefix, []).append(name)
    return families


def _check_order(where: str, prefix: str, names: Sequence[str]) -> None:
    digits = [name[len(prefix) :] for name in names]
    numbers = [int(digit) for digit in digits if len(digit) < _LONGEST and digit.isascii()]
    # Names such as n01440764 are no counts.
    if [str(number) for number in numbers] != digits or min(numbers) > 1:
        return
    for name, number, due in zip(names, numbers, range(min(numbers), min(numbers) + len(names)), strict=True):
        if number != due:
            raise InputError(
                f"column {name!r} stands where {prefix + str(due)!r} is due",
                "the columns of the classes have to stand in their order, with none left out",
                where=where,
            )
