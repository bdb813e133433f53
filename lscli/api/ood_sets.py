"""The ID samples and the sets of OOD samples, and what each is called."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.api.models import names_given
from lscli.decisions.detection import MEAN
from lscli.errors import UsageError
from lscli.io.argument import is_path, is_stdin
from lscli.io.model_names import distinct
from lscli.text import printable

if TYPE_CHECKING:
    from lscli.options import Words


class NamedLogits(NamedTuple):
    """The logits of a set of samples.

    Attributes:
        name: no two sets have the same.
        logits: [N, K].
    """

    name: str
    logits: Any


def id_set(logits: Any) -> NamedLogits:
    """The ID samples."""
    return NamedLogits(os.fsdecode(logits) if is_path(logits) else "id_logits", logits)


def ood_sets(id_logits: Any, given: Any, names: Words | None) -> list[NamedLogits]:
    """The sets of OOD samples, in order.

    Args:
        id_logits: the ID samples.
        given: one set, several in a list, or several by name.
        names: the names of the sets, which come before all others; None for their keys, paths or numbers.

    Raises:
        UsageError: there is no set, names do not fit the sets, or standard input is named twice.
    """
    found, keys = _listed(given)
    if not found:
        raise UsageError("has no OOD samples", "name a file of them after the ID samples", where="ood")
    if sum(map(is_stdin, [id_logits, *found])) > 1:
        raise UsageError("standard input can be read only once", "name a file for all but one of the inputs", where="-")
    called = names_given(names, len(found), "OOD file" if is_path(found[0]) else "OOD set")
    if called is None:
        numbered = (f"ood {place}" if len(found) > 1 else "ood" for place in range(1, len(found) + 1))
        paths = (os.fsdecode(each) if is_path(each) else name for each, name in zip(found, numbered, strict=True))
        called = distinct(map(printable, keys) if keys else paths)
    if len(found) > 1 and MEAN in called:
        what = f"{MEAN!r} is what the mean of all sets is called"
        raise UsageError(what, "give the sets other names, with --names A,B and so on", where="names")
    return [NamedLogits(*each) for each in zip(called, found, strict=True)]


def _listed(given: Any) -> tuple[list[Any], list[str]]:
    """The sets, and their names in a mapping."""
    if isinstance(given, Mapping):
        return [*given.values()], [str(key) for key in given]
    several = isinstance(given, Sequence) and not is_path(given) and not (given and _is_row(given[0]))
    return [*given] if several else [given], []


def _is_row(value: Any) -> bool:
    """Whether an item of a list is a number or a row of logits, so that the list is one set."""
    if is_path(value) or isinstance(value, Mapping):
        return False
    dimensions = getattr(value, "ndim", None)
    if isinstance(dimensions, int):
        return dimensions < 2
    if isinstance(value, Sequence):
        return not value or isinstance(value[0], int | float)
    return isinstance(value, int | float)
