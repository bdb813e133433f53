"""A report that `lscli eval -f json` wrote: one JSON object, which is checked completely before it is used.

A file may come from anyone. It holds numbers and words only; whatever is not as a report is written is refused.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, LscliError
from lscli.io.argument import open_path
from lscli.io.paths import STDIN
from lscli.io.strict_json import NAMED, WrongError, called, parsed_json, text_of
from lscli.text import bounded, shown

if TYPE_CHECKING:
    pass

SCHEMA = "lscli.report/1"
_AGAIN = "write the report with lscli eval LOGITS LABELS -f json -o report.json"
# A report of all metrics in 10,000 groups has less. JSON takes many times its size as Python objects.
_MOST_BYTES = 64 << 20
_FAMILY, _VERSION = SCHEMA.split("/")
_START = 4096
_TEXTS = ("jsonl", "lm-eval", "csv", "tsv")  # which JSON may look like
_OTHERS = {
    "lscli.calibrator": "is a calibrator, not a report",
    "lscli.compare": "is a comparison, not a report",
    "lscli.saved-threshold": "is a threshold, not a report",
    "lscli.threshold": "is the answer of lscli threshold, not a report",
    "lscli.check": "is the answer of lscli check, not a report",
    "lscli.wide": "is a report in the wide form, which has no parameters of its metrics",
}


class SavedRow(NamedTuple):
    """A value of a saved report. `params` is text as in the CSV: `key=value;key=value`."""

    group: str
    metric: str
    params: str
    value: float
    ci_low: float
    ci_high: float
    n: float


class SavedReport(NamedTuple):
    """A saved report.

    Attributes:
        name: of the file.
        source: the logits that it is about.
        samples: counts of samples by their names.
        settings: values by their names, as JSON holds them.
        rows: one per group, metric and params.
    """

    name: str
    source: str
    samples: Mapping[str, int]
    settings: Mapping[str, Any]
    rows: Sequence[SavedRow]


def names_saved_answer(path: Any) -> bool:
    """Whether a path names a file with an answer of lscli in JSON, of any kind and version."""
    if not isinstance(path, str | os.PathLike) or os.fspath(path) == STDIN:
        return False
    name = os.fsdecode(path)
    if not name.lower().endswith(".json") or not os.path.isfile(name):
        return False
    try:
        file = open_path(name)
    except LscliError:  # whoever reads the file says why
        return False
    try:
        ends = file.read(_START, 0) + b"\n" + file.read(_START, max(0, file.size - _START))
    except LscliError:
        return False
    finally:
        file.close()
    return re.search(rb'"schema"\s*:\s*"lscli\.', ends) is not None


def read_saved_report(path: str) -> SavedReport:
    """The report of a file; `-` is standard input.

    Raises:
        InputError: it is not a file of a report.
        ReadWriteError: it cannot be read.
    """
    file = open_path(path)
    try:
        return parsed_report(text_of(file, "report in JSON", _MOST_BYTES, _AGAIN, _AGAIN, _TEXTS), file.name)
    finally:
        file.close()


def parsed_report(text: str, name: str) -> SavedReport:
    """The report of a file's text; `name` is what errors call it.

    Raises:
        InputError: the text is not that of a report.
    """
    try:
        return _report(parsed_json(text, "a report"), name)
    except WrongError as error:
        raise InputError(str(error), error.hint or _AGAIN, where=name) from None


def _report(found: Any, name: str) -> SavedReport:
    if not isinstance(found, dict):
        raise WrongError(f"is {called(found)}, and a report is an object")
    _check_schema(found.get("schema"))
    given = _of_type(found.get("rows"), list, "rows")
    if not given:
        raise WrongError("has no rows")
    rows, sources, seen = [], [], set()
    for number, each in enumerate(given):
        entry = _of_type(each, dict, f"row {number}")
        source, row = _row(entry, f"row {number}")
        sources.append(source)
        key = (source, *row[:3])
        if key in seen:
            raise WrongError(f"row {number} has {shown(row.metric)} a second time")
        seen.add(key)
        rows.append(row)
    several = list(dict.fromkeys(sources))
    if len(several) > 1:
        raise WrongError(
            f"holds {len(several)} models", "write a report of each model with lscli eval LOGITS LABELS -f json"
        )
    return SavedReport(name, several[0], _samples(found.get("samples", {})), _settings(found.get("settings", {})), rows)


def _check_schema(schema: object) -> None:
    if schema is None:
        raise WrongError("has no schema, so it is not a report")
    if not isinstance(schema, str):
        raise WrongError(f"the schema is {called(schema)}, not a text")
    if schema == SCHEMA:
        return
    family, _, version = schema.partition("/")
    if family in _OTHERS:
        raise WrongError(_OTHERS[family])
    newer = family == _FAMILY and version.isascii() and version.isdigit() and len(version) < 10
    if newer and int(version) > int(_VERSION):
        raise WrongError(
            f"has the schema {shown(schema)}, which a newer lscli wrote; this one reads {SCHEMA}",
            "install the version of lscli that wrote it, or write the report again with this one",
        )
    raise WrongError(f"has the schema {shown(schema)}, not {SCHEMA}")


def _row(found: dict[str, Any], where: str) -> tuple[str, SavedRow]:
    texts = {key: _of_type(found.get(key), str, f"{where}: {key}") for key in ("source", "group", "metric", "params")}
    if not texts["metric"]:
        raise WrongError(f"{where}: metric is empty")
    if "value" not in found:
        raise WrongError(f"{where}: there is no value")
    numbers = [_number(found.get(key), f"{where}: {key}") for key in ("value", "ci_low", "ci_high", "n")]
    return texts["source"], SavedRow(texts["group"], texts["metric"], texts["params"], *numbers)


def _samples(given: object) -> dict[str, int]:
    found = _of_type(given, dict, "samples")
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise WrongError(f"samples: {shown(key)} is no count")
    return {**found}


def _settings(given: object) -> dict[str, Any]:
    found = {}
    for key, entry in _of_type(given, dict, "settings").items():
        setting = _of_type(entry, dict, f"settings: {shown(key)}")
        if "value" not in setting:
            raise WrongError(f"settings: {shown(key)} has no value")
        found[key] = setting["value"]
    return found


def _number(value: object, where: str) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongError(f"{where} is {called(value)}, not a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongError(f"{where} is beyond float64")
    return number


def _of_type(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, kind):
        raise WrongError(f"{bounded(where, 120)} is {called(value)}, not {NAMED[kind]}")
    return value
