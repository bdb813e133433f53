"""The file of a threshold: one JSON object, which is checked completely before it is used.

A file may come from anyone. It holds numbers and words only; whatever is not as `lscli threshold -o` writes it is
refused in one line.
"""

from __future__ import annotations

import math
import re
from typing import Any, get_args

from lscli.decisions.saved_threshold import KIND, SCHEMA, KeptSamples, SavedThreshold
from lscli.errors import InputError
from lscli.io.argument import open_path
from lscli.io.strict_json import WrongError, called, parsed_json, text_of
from lscli.options import ThresholdScore
from lscli.text import nearest, shown

_AGAIN = "write it again with lscli threshold -o"
_NAME_IT = "name the file that lscli threshold -o wrote"
_TEXTS = ("jsonl", "lm-eval", "csv", "tsv")  # which JSON may look like
# A file of 10,000 classes in 10 groups has less.
_MOST_BYTES = 64 << 20
_MOST_CLASSES = 10_000_000
_MOST_ROWS = 1 << 62
_ROUNDING = 1e-12
_DIGEST = re.compile("[0-9a-f]{32}")
_KEYS = ("kind", "score", "max_error", "confidence", "classes", "calibrator", "temperature", "thresholds", "schema")
_OF_ROW = ("group", "class", "threshold", "n", "kept", "coverage", "bound")
_SCORES = get_args(ThresholdScore)
_OTHERS = {
    "lscli.calibrator": "is a calibrator, not a threshold",
    "lscli.report": "is a report, not a threshold",
    "lscli.threshold": "is the answer of lscli threshold, not the file that its -o wrote",
}


def read(path: str) -> SavedThreshold:
    """The thresholds of a file; `-` is standard input.

    Raises:
        InputError: it is not a file of a threshold.
        ReadWriteError: it cannot be read.
    """
    file = open_path(path)
    try:
        return parsed(text_of(file, "threshold", _MOST_BYTES, _AGAIN, _NAME_IT, _TEXTS), file.name)
    finally:
        file.close()


def parsed(text: str, name: str) -> SavedThreshold:
    """The thresholds of a file's text; `name` is what errors call it.

    Raises:
        InputError: the text is not that of a threshold.
    """
    try:
        return _threshold(parsed_json(text, "a threshold"))
    except WrongError as error:
        raise InputError(str(error), error.hint or _AGAIN, where=name) from None


def _threshold(found: Any) -> SavedThreshold:
    if not isinstance(found, dict):
        raise WrongError(f"is {called(found)}, and a threshold is an object", _NAME_IT)
    _check_schema(found.get("schema"))
    _check_keys(found, _KEYS, {"version"}, "")
    if found["kind"] != KIND:
        raise WrongError(f"has the kind {shown(found['kind'])}, not {shown(KIND)}")
    score = found["score"]
    if score not in _SCORES:
        raise WrongError(f"has the unknown score {shown(score)}; this version has {', '.join(_SCORES)}")
    version = found.get("version", "")
    if not isinstance(version, str):
        raise WrongError(f"version must be a text, got {called(version)}")
    digest = found["calibrator"]
    if digest is not None and not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        raise WrongError(f"calibrator: {shown(digest)} is no digest of 32 hexadecimal digits")
    temperature = None if found["temperature"] is None else _number(found["temperature"], "temperature")
    if temperature is not None and temperature <= 0:
        raise WrongError(f"the temperature {temperature:.6g} is not above 0")
    if digest is not None and temperature is not None:
        raise WrongError("has both a calibrator and a temperature")
    max_error = None if found["max_error"] is None else _share(found["max_error"], "max_error", inside=True)
    classes = _whole(found["classes"], "classes", 0, _MOST_CLASSES)
    confidence = _share(found["confidence"], "confidence", inside=True)
    given = found["thresholds"]
    if not isinstance(given, list) or not given:
        raise WrongError(f"thresholds must be a list of at least one, got {called(given)}")
    rows = [_row(entry, f"threshold {place}", classes) for place, entry in enumerate(given)]
    keys = [(row.group, row.number) for row in rows]
    if len({*keys}) < len(keys):
        raise WrongError("has two thresholds of one group and class")
    return SavedThreshold(score, max_error, confidence, classes, digest, temperature, rows, version)


def _check_schema(schema: object) -> None:
    if schema == SCHEMA:
        return
    if schema is None:
        raise WrongError("has no schema, so it is not a threshold", _NAME_IT)
    family, _, version = schema.partition("/") if isinstance(schema, str) else ("", "", "")
    if family in _OTHERS:
        raise WrongError(_OTHERS[family], _NAME_IT)
    if family == SCHEMA.partition("/")[0] and re.fullmatch("[1-9][0-9]{0,8}", version):
        what = f"has the schema {shown(schema)}, which a newer lscli wrote; this one reads {SCHEMA}"
        raise WrongError(what, "install that version, or find the threshold again with this one")
    raise WrongError(f"has the schema {shown(schema)}, not {SCHEMA}", _NAME_IT)


def _check_keys(found: dict[str, Any], needed: tuple[str, ...], others: set[str], where: str) -> None:
    missing = [key for key in needed if key not in found]
    if missing:
        raise WrongError(f"{where}has no {missing[0]}")
    unknown = sorted(found.keys() - {*needed} - others)
    if unknown:
        raise WrongError(f"{where}has the unknown key {shown(unknown[0])}", nearest(unknown[0], needed) or _AGAIN)


def _row(found: object, where: str, classes: int) -> KeptSamples:
    if not isinstance(found, dict):
        raise WrongError(f"{where} is {called(found)}, not an object")
    _check_keys(found, _OF_ROW, set(), f"{where}: ")
    group, number = found["group"], found["class"]
    if not isinstance(group, str):
        raise WrongError(f"{where}: group must be a text, got {called(group)}")
    if number is not None:
        _whole(number, f"{where}: class", 0, (classes or _MOST_CLASSES) - 1)
    n = _whole(found["n"], f"{where}: n", 0, _MOST_ROWS)
    kept = _whole(found["kept"], f"{where}: kept", 0, n)
    threshold, bound = found["threshold"], found["bound"]
    if (threshold is None) != (bound is None):
        raise WrongError(f"{where}: has a threshold without a bound, or a bound without a threshold")
    _check_coverage(found["coverage"], kept, n, where)
    if threshold is None:
        return KeptSamples(group, number, math.nan, n, kept, math.nan)
    own = _number(threshold, f"{where}: threshold")
    return KeptSamples(group, number, own, n, kept, _share(bound, f"{where}: bound"))


def _check_coverage(coverage: object, kept: int, n: int, where: str) -> None:
    """The coverage stands there for readers; it follows from the counts."""
    if (coverage is None) != (n == 0):
        raise WrongError(f"{where}: coverage must be a number if there are samples, and null if there are none")
    if coverage is not None and abs(_number(coverage, f"{where}: coverage") - kept / n) > _ROUNDING:
        raise WrongError(f"{where}: coverage is not kept / n")


def _number(value: object, said: str) -> float:
    """A finite number as a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongError(f"{said} must be a number, got {called(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise WrongError(f"{said} has a number beyond float64")
    return found


def _share(value: object, said: str, *, inside: bool = False) -> float:
    """A number from 0 to 1; `inside` is without the ends."""
    found = _number(value, said)
    if not (0 < found < 1 if inside else 0 <= found <= 1):
        raise WrongError(f"{said} must be {'between' if inside else 'from'} 0 {'and' if inside else 'to'} 1")
    return found


def _whole(value: object, said: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongError(f"{said} must be a whole number, got {called(value)}")
    if not least <= value <= most:
        raise WrongError(f"{said} must be from {least} to {most}, got {shown(value)}")
    return value
