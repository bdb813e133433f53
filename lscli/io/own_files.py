"""Whether a file is one that lscli wrote for an option, which no argument for logits and labels takes."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Literal, NamedTuple

from lscli.errors import InputError

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

OwnKind = Literal["calibrator", "saved-threshold"]


class _Own(NamedTuple):
    called: str
    hint: str


# The schema and the version end the file.
_END = 4096
_SCHEMA = re.compile(rb'"schema"\s*:\s*"lscli\.(calibrator|saved-threshold)/')
_OWN: dict[OwnKind, _Own] = {
    "calibrator": _Own(
        "a calibrator", "name it with --calibrator after the logits and labels; lscli inspect says what it is"
    ),
    "saved-threshold": _Own(
        "a threshold", "name it with lscli check --threshold after the logits and labels; lscli inspect says what it is"
    ),
}


def own_kind(file: RegularFile) -> OwnKind | None:
    """What a file says that it is, of any version: a calibrator, a threshold, or neither."""
    start = file.read(_END, 0)
    if not start.removeprefix(BOM_UTF8).lstrip().startswith(b"{"):
        return None
    found = _SCHEMA.search(file.read(_END, max(0, file.size - _END)))
    return None if found is None else next(kind for kind in _OWN if kind.encode() == found[1])


def check_not_own(file: RegularFile) -> None:
    """Raise InputError if a file of logits or labels is a calibrator or a threshold."""
    kind = own_kind(file)
    if kind is not None:
        raise InputError(f"is {_OWN[kind].called}, not logits or labels", _OWN[kind].hint, where=file.name)
