"""Several paths in a row: which are logits, and whether the last one is labels. Only headers are read."""

from __future__ import annotations

import lzma
import os
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from lscli.sources.files import RegularFile
from lscli.sources.npy import MAGIC, MAX_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

# Loose: it only sorts the paths. Whoever reads the file proves its header.
_SHAPE = re.compile(rb"""['"]shape['"]\s*:\s*\(([^)]*)\)""")
# NotImplementedError and what an encrypted archive raises are RuntimeErrors.
_DAMAGE = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)


class Roles(NamedTuple):
    """What each of several paths is for.

    Attributes:
        logits: the first.
        labels: the last, or None where it is logits too.
        others: those between.
    """

    logits: str
    labels: str | None
    others: list[str]


def roles(paths: Sequence[str], logits_key: str | None = None, labels_key: str | None = None) -> Roles:
    """The roles of paths, at least one: the last is labels if its array is one-dimensional.

    An archive that holds logits is a model, whatever else it holds.

    Raises:
        InputError: the last path names no file.
        ReadWriteError: it cannot be read.
    """
    first, *others = paths
    if others and _is_labels(others[-1], logits_key, labels_key):
        return Roles(first, others[-1], others[:-1])
    return Roles(first, None, others)


def _is_labels(path: str, logits_key: str | None, labels_key: str | None) -> bool:
    if os.path.splitext(path)[1].lower() == ".csv":
        return True
    shape = stored_shape(path, logits_key, "logits") or ()
    if len(shape) == 2:
        return shape[1] == 1  # labels that were saved askew: whoever reads them says so
    return len(stored_shape(path, labels_key, "labels") or ()) == 1


def stored_shape(path: str | bytes | os.PathLike[str], key: str | None, default: str) -> tuple[int, ...] | None:
    """The shape of the array in an `.npy` or `.npz` file as its header has it, or None where that says nothing.

    Args:
        path: the file.
        key: the array of an archive; without one that of the name `default`, or the only one.
        default: see `key`.

    Raises:
        InputError: there is no such file.
        ReadWriteError: it cannot be read.
    """
    name = os.fsdecode(path)
    file = RegularFile(name)
    try:
        with file.stream() as stream:
            if os.path.splitext(name)[1].lower() != ".npz":
                return _shape(stream)
            with zipfile.ZipFile(stream) as archive:
                members = {member.removesuffix(".npy"): member for member in archive.namelist()}
                only = next(iter(members)) if len(members) == 1 else default
                member = members.get(key or (default if default in members else only))
                if member is None:
                    return None
                with archive.open(member) as inside:
                    return _shape(inside)  # type: ignore[arg-type]  # it reads as any stream does
    except _DAMAGE:
        return None
    finally:
        file.close()


def _shape(stream: BinaryIO) -> tuple[int, ...] | None:
    head = stream.read(12 + MAX_HEADER)
    found = _SHAPE.search(head)
    if not head.startswith(MAGIC) or found is None:
        return None
    return tuple(int(number) for number in found[1].split(b",") if number.strip())
