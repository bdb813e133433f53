"""What is asked of a file that may hold more than one array, and which of these that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from lscli.errors import InputError
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_NAMES = 12
Wants = Literal["matrix", "integers", "numbers"]


class Ask(NamedTuple):
    """One array, for one purpose.

    Attributes:
        role: what it is for, in errors; the key that it has unless another is given.
        wants: a `matrix` [N, K], a column of `integers` [N] or of `numbers` [N]: what a file of text makes of itself.
        key: the array, or the column of a table, that was named; None where nobody did.
        option: what names one, for hints.
        labels: the column of a table that logits leave out, besides `label` and `labels`.
        allow_trailing: whether bytes after the data of an `.npy` array are passed over.
        dtype: how elements of no type are to be read, or None.
        shared: whether the file is the logits' and the labels' too, so that its only array is not both.
        column: the column of a table that has several, where no key was named.
    """

    role: str
    wants: Wants = "matrix"
    key: str | None = None
    option: str = ""
    labels: str | None = None
    allow_trailing: bool = False
    dtype: str | None = None
    shared: bool = False
    column: str | None = None


class Entry(NamedTuple):
    """An array that a file holds, as `inspect` lists it.

    Attributes:
        key: its name; empty where a file holds one array.
        shape: None where the file does not say before everything is read.
        element: the name of the elements' type.
    """

    key: str
    shape: tuple[int, ...] | None
    element: str


def choose(where: str, keys: Sequence[str], ask: Ask, again: str) -> str:
    """The key of the array that is asked for: the one that was named, the one called as its role, or the only one.

    Args:
        where: the file, for errors.
        keys: those that it has.
        ask: see there.
        again: how such a file is saved, for hints.

    Raises:
        InputError: there is none, or several and no saying which.
    """
    if not keys:
        raise InputError("holds no array", again, where=where)
    names = ", ".join(printable(key) for key in keys[:_MOST_NAMES]) + (", ..." if len(keys) > _MOST_NAMES else "")
    if ask.key is not None:
        if ask.key in keys:
            return ask.key
        raise InputError(f"holds no array {ask.key!r}", nearest(ask.key, keys) or f"it holds {names}", where=where)
    if ask.role in keys:
        return ask.role
    if ask.shared and ask.role == "labels":
        raise InputError(
            f"holds no array {ask.role!r}",
            f"name the file of the labels after the logits, or their array with {ask.option}: it holds {names}",
            where=where,
        )
    if len(keys) == 1:
        return keys[0]
    raise InputError(
        f"holds several arrays and none is called {ask.role}",
        f"name one with {ask.option}: {names}" if ask.option else f"it holds {names}",
        where=where,
    )
