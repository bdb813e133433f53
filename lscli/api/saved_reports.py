"""Read the values of a report that `lscli eval -f json` wrote."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, ReadWriteError
from lscli.report import SCHEMA
from lscli.text import printable, said

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMA_KEY = b'"schema"'
_HEAD = 256
_MOST_BYTES = 1 << 28


class SavedReport(NamedTuple):
    """A saved report.

    Attributes:
        path: its file.
        values: by group, metric and params as text, `key=value;key=value`; nan for a value that is null.
        sizes: the number of samples, by group.
        settings: the value of each setting.
    """

    path: str
    values: Mapping[tuple[str, str, str], float]
    sizes: Mapping[str, float]
    settings: Mapping[str, Any]


def is_saved_report(data: object) -> bool:
    """Whether an input is the path of an answer in JSON, by its first bytes."""
    if not isinstance(data, str | bytes | os.PathLike):
        return False
    path = os.fsdecode(data)
    if not path.endswith(".json") or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            head = file.read(_HEAD).lstrip()
    except OSError:  # the reader of the logits says why
        return False
    return head.startswith(b"{") and head[1:].lstrip().startswith(_SCHEMA_KEY)


def read_report(data: object) -> SavedReport:
    """Read a saved report.

    Raises:
        InputError: the file is no report of `lscli eval` in JSON.
        ReadWriteError: the file cannot be read.
    """
    path = os.fsdecode(data)  # type: ignore[arg-type]
    name, hint = printable(path), "write one with lscli eval LOGITS LABELS -f json -o FILE.json"
    try:
        with open(path, "rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ReadWriteError(f"cannot be read: {error.strerror}", "check its rights", where=name) from error
    if len(text) > _MOST_BYTES:
        raise InputError("is too large for a report", hint, where=name)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not valid JSON: {said(error)}", hint, where=name) from error
    if found.get("schema") != SCHEMA:
        raise InputError("is an answer in JSON, but no report of lscli eval", hint, where=name)
    try:
        values = {
            (str(row["group"]), str(row["metric"]), str(row["params"])): _number(row["value"]) for row in found["rows"]
        }
        sizes = {str(row["group"]): _number(row["n"]) for row in found["rows"]}
        settings = {str(key): setting["value"] for key, setting in found.get("settings", {}).items()}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError("a row or a setting of the report is not as lscli eval writes it", hint, where=name) from error
    return SavedReport(path, values, sizes, settings)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
