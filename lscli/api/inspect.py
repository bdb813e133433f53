"""The arrays of a file, their roles in `lscli eval`, and the command to type next."""

from __future__ import annotations

import math
import os
import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli._version import __version__
from lscli.api.keywords import of_file
from lscli.api.settings import settings_of
from lscli.errors import LscliError
from lscli.io.format_table import FORMATS
from lscli.io.labels import Labels
from lscli.io.logits import Logits
from lscli.io.open import contents_of, opened_entry
from lscli.io.path_roles import stored_shape
from lscli.io.paths import STDIN, files_of
from lscli.io.value_summary import ValueSummary, summarise
from lscli.io.views import flattened, interpreted
from lscli.listings import ArrayRow, Contents
from lscli.options import InspectOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.keywords import Path


@of_file(InspectOptions)
def inspect(path: Path, options: InspectOptions) -> Contents:
    """List the arrays of a file: shape, type, range of values, and role in `lscli.evaluate`.

    All values are read, one block at a time.

    Args:
        path: a file of any input format, a pattern of shards, or `-`.

    Returns:
        A listing, one row per array. `min` and `max` are over the finite values, `sum_to_1` is the share of rows that
        sum to 1, `command` is the command to type next.

    Raises:
        InputError: the file cannot be used.
        ReadWriteError: the file cannot be read.
        UsageError: an unknown format.
    """
    input_format, progress = options.input_format, options.progress
    name = os.fsdecode(path)
    found = []
    for file, format_name, entries in contents_of(name, input_format):
        for entry in entries:
            array = None
            try:
                array = opened_entry(file, format_name, entry)
                found.append(_Found.of(file.name, format_name, entry.key, array, summarise(array, progress)))
            except LscliError as error:
                shape = () if entry.shape is None else entry.shape
                found.append(
                    _Found(file.name, format_name, entry.key, shape, entry.element, 0, None, "", [], error.message)
                )
            finally:
                if array is not None:
                    array.close()
        file.close()
    rows = [_row(name, array, _next(name, found, array, input_format)) for array in found]
    return Contents(
        rows=rows,
        conclusion=_conclusion(found),
        inputs=[{"role": "file", "path": name, "size": sum(array.size for array in found)}],
        settings=settings_of(options),
        versions={"lscli": __version__},
    )


class _Found(NamedTuple):
    """An array, and its role in `lscli eval`.

    Attributes:
        file, format, key, shape, element, size: where the array is, its shape, type and bytes.
        look: the summary of its values; None if they are not numbers.
        role: `logits`, `labels`, or empty.
        options: the options that `lscli eval` needs to read it in this role.
        why: why it has no role.
    """

    file: str
    format: str
    key: str
    shape: tuple[int, ...]
    element: str
    size: int
    look: ValueSummary | None
    role: str
    options: list[str]
    why: str

    @classmethod
    def of(cls, file: str, format_name: str, key: str, array: Any, seen: ValueSummary | None) -> _Found:
        size = math.prod(array.shape) * array.dtype.itemsize
        role, options, why = _taken_for(array, seen)
        return cls(file, format_name, key, array.shape, array.element, size, seen, role, options, why)


def _taken_for(array: Any, seen: ValueSummary | None) -> tuple[str, list[str], str]:
    """The role of an array, the options that it needs, and why it has no role."""
    whole = array.element.lstrip("u").startswith("int")
    if whole and len(array.shape) == 1:
        return "labels", [], ""
    if whole and len(array.shape) == 2 and array.shape[1] != 1:
        hot = seen is not None and seen.low == 0 and seen.high == 1
        return "labels", ["--soft-labels" if hot else "--flatten"], ""
    options = []
    if array.element == "void16":
        options.append("--dtype bfloat16")
    binary = len(array.shape) == 1 or (len(array.shape) == 2 and array.shape[1] == 1)
    if len(array.shape) == 3:
        array = flattened(array, 2)
        options.append("--flatten")
    if seen is not None and (seen.sum_to_1 > 0.99 or (binary and seen.low >= 0 and seen.high <= 1)):
        options.append("--kind probs")
    if binary:
        options.append("--binary")
    if seen is not None and (seen.nan or seen.posinf):
        options.append("--nonfinite skip")
    try:
        if array.element != "void16":
            Logits(interpreted(array, "logits", binary=binary))
    except LscliError as error:
        return "", [], _why_no_labels(array) if whole else error.message
    return "logits", options, ""


def _why_no_labels(array: Any) -> str:
    try:
        Labels(array)
    except LscliError as error:
        return error.message
    return ""


def _row(source: str, array: _Found, command: str) -> ArrayRow:
    where = source if source == STDIN else array.file
    shape = "x".join(map(str, array.shape))
    taken_for = " ".join([array.role, *array.options]) if array.role else f"neither: {array.why}"
    values = array.look or [math.nan] * 6
    return ArrayRow._make(
        (where, array.format, array.key, shape, array.element, array.size, *values, taken_for, command)
    )


class _UntypedError(Exception):
    """A name has a character that cannot be typed in a shell."""


def _next(path: str, found: Sequence[_Found], array: _Found, input_format: str | None) -> str:
    """The command that evaluates this array; empty if a name in it cannot be typed."""
    try:
        return _command(path, found, array, input_format)
    except _UntypedError:
        return ""


def _command(path: str, found: Sequence[_Found], array: _Found, input_format: str | None) -> str:
    """The command that evaluates this array, with labels from the same file or from one next to it."""
    if not array.role:
        return ""
    words = ["lscli eval"]
    options = list(array.options)
    if input_format:
        options.append(f"--input-format {input_format}")
    own = _name(path)
    logits = [other for other in found if other.role == "logits" and other.file == array.file]
    if array.role == "labels" and logits:
        return _command(path, found, next((o for o in logits if o.key == "logits"), logits[0]), input_format)
    if array.role == "labels":
        return " ".join([*words, _beside(path, array, "labels", "logits") or "LOGITS", own, *options])
    found_by_itself = array.format in _TABLES and len(logits) == 1
    if array.key and array.key != "logits" and len(found) > 1 and not found_by_itself:
        options.append(f"--logits-key {_name(array.key)}")
    beside = [other for other in found if other.file == array.file and other.shape[:1] == array.shape[:1]]
    labels = [other for other in beside if other.role == "labels"]
    named = [other for other in labels if other.key in ("labels", "label")]
    if named or (len(labels) == 1 and labels[0].key):
        chosen = (named or labels)[0]
        if chosen.key != "labels" and not (chosen.key == "label" and chosen.format in _TABLES):
            options.append(f"--labels-key {_name(chosen.key)}")
        return " ".join([*words, own, *options])
    return " ".join([*words, own, _beside(path, array, "logits", "labels") or "LABELS", *options])


_TABLES = tuple(name for name, own in FORMATS.items() if own.table)


def _beside(path: str, array: _Found, role: str, other: str) -> str:
    """A file next to this one that has as many rows and the name of the other role."""
    folder, base = os.path.split(path)
    names = [base.replace(role, other)] if role in base else []
    names += [f"{other}{suffix}" for suffix in (os.path.splitext(base)[1], ".npy", ".csv")]
    for name in dict.fromkeys(names):
        candidate = os.path.join(folder, name)
        if name == base or not os.path.isfile(files_of(candidate)[0]):
            continue
        try:
            shape = stored_shape(candidate, None, other) or ()
        except LscliError:
            continue
        same = shape[:1] == array.shape[:1] or candidate != files_of(candidate)[0]
        if same and len(shape) == (len(array.shape) + 1 if role == "labels" else max(1, len(array.shape) - 1)):
            return _name(candidate)
    return ""


def _name(text: str) -> str:
    if not text.isprintable():
        raise _UntypedError
    return shlex.quote(text)


def _conclusion(found: Sequence[_Found]) -> str:
    roles = [array.role for array in found]
    if "logits" in roles and "labels" in roles:
        return "eval takes it for logits with their labels."
    if "logits" in roles:
        return "eval takes it for logits."
    return "eval takes it for labels." if "labels" in roles else "eval takes nothing in it."
