"""Select one array from a file that may hold several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from lscli.errors import InputError
from lscli.text import listed, nearest, printed

if TYPE_CHECKING:
    from collections.abc import Collection

    from lscli.options import ChoiceScore, Dtype

Wants = Literal["matrix", "integers", "numbers"]


class ArrayRequest(NamedTuple):
    """The array to read from a file.

    Attributes:
        role: `logits`, `labels` or another name for errors; also the default key.
        wants: a `matrix` [N, K], or one column [N] of `integers` or of `numbers`; this decides how text is read.
        key: the key of the array, or the column of a table; None for the default.
        option: the option that sets `key`, for hints.
        labels: a column of a table that is not part of the logits; nor are `label` and `labels`.
        allow_trailing: whether to ignore bytes after the data of an `.npy` array.
        dtype: the type of elements that are stored as raw bytes without a type (`--dtype`), or None.
        shared: whether logits and labels are in this one file; its only array is then not taken for the labels.
        column: the column of a table, used if `key` is None.
        choice_score: what the logit of a choice is in samples of lm-evaluation-harness.
        names: the names of the classes, if they are known: a first line that is one of them is a label, not a header.
    """

    role: str
    wants: Wants = "matrix"
    key: str | None = None
    option: str = ""
    labels: str | None = None
    allow_trailing: bool = False
    dtype: Dtype | None = None
    shared: bool = False
    column: str | None = None
    choice_score: ChoiceScore = "sum"
    names: Collection[str] = ()


class Entry(NamedTuple):
    """An array in a file, as `inspect` lists it.

    Attributes:
        key: its name; None if the file is one array without a name.
        shape: None if the value is not an array.
        element: the name of the element type.
    """

    key: str | None
    shape: tuple[int, ...] | None
    element: str


def choose(where: str, keys: Collection[str], request: ArrayRequest, again: str) -> str:
    """Choose the requested key: the given one, the one named like the role, or the only one.

    Args:
        where: the file, for errors.
        keys: the keys in the file; of a type that finds one of many at once, such as a dict.
        request: the array to read.
        again: a hint on how to save such a file.

    Raises:
        InputError: the key is missing, or the choice is ambiguous.
    """
    if not keys:
        raise InputError("holds no array", again, where=where)
    names = listed(keys)
    if request.key is not None:
        if request.key in keys:
            return request.key
        hint = nearest(request.key, keys) or f"it holds {names}"
        raise InputError(f"holds no array {request.key!r}", hint, where=where)
    if request.role in keys:
        return request.role
    if request.shared and request.role == "labels":
        hint = "name the file of the labels after the logits"
        if len(keys) > 1:
            hint += f", or their array with {request.option}: it holds {names}"
        raise InputError("holds no array 'labels'", hint, where=where)
    if len(keys) == 1:
        return next(iter(keys))
    hint = f"name one with {request.option}: {names}"
    if not request.option:
        hint = f"save one as {request.role!r}: it holds {names}"
    raise InputError(f"holds several arrays and none is called {request.role}", hint, where=where)


def array_name(file: str, key: str) -> str:
    """The name of an array in a file, for errors."""
    return f"{file}[{printed(key)}]"
