"""The file of a calibrator: one JSON object, which is checked completely before it is used.

A file may come from anyone. It holds numbers and words only; whatever is not as a fit writes it is refused in one line.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, LscliError
from lscli.io.argument import open_path
from lscli.io.strict_json import WrongError, called, parsed_json, text_of
from lscli.recalibrators.calibrator import SCHEMA, Calibrator
from lscli.recalibrators.methods import METHODS
from lscli.text import bounded, nearest, printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lscli.recalibrators.base import Method

_AGAIN = "write it again with lscli fit"
_NAME_IT = "name the file that lscli fit -o wrote"
# A file of a matrix of 200 x 200 classes has less than 2 MiB. JSON takes up to 27 times its size as Python objects.
_MOST_BYTES = 64 << 20
_MOST_CLASSES = 10_000_000
_SKETCH = 64
_HASH = re.compile("[0-9a-f]{16}")
_OF_MAP = ("parameters", "fit", "certificate", "data")
_KEYS = frozenset({"schema", "method", "classes", "versions", "groups", *_OF_MAP})


def read(path: str) -> Calibrator:
    """The calibrator of a file; `-` is standard input.

    Raises:
        InputError: it is not a file of a calibrator.
        ReadWriteError: it cannot be read.
    """
    file = open_path(path)
    try:
        return parsed(text_of(file, "calibrator", _MOST_BYTES, _AGAIN, _NAME_IT), file.name)
    finally:
        file.close()


def parsed(text: str, name: str) -> Calibrator:
    """The calibrator of a file's text; `name` is what errors call it.

    Raises:
        InputError: the text is not that of a calibrator.
    """
    try:
        return _calibrator(_object(text))
    except WrongError as error:
        raise InputError(str(error), error.hint or _AGAIN, where=name) from None


def _object(text: str) -> dict[str, Any]:
    """The object of a text in JSON."""
    value = parsed_json(text, "a calibrator")
    if not isinstance(value, dict):
        raise WrongError(f"is {called(value)}, and a calibrator is an object")
    return value


def _calibrator(found: dict[str, Any]) -> Calibrator:
    schema = found.get("schema")
    if schema != SCHEMA:
        if schema is None:
            raise WrongError("has no schema, so it is not a calibrator", _NAME_IT)
        if isinstance(schema, str) and schema.startswith("lscli.saved-threshold/"):
            raise WrongError("is a threshold, not a calibrator", _NAME_IT)
        raise WrongError(f"has the schema {shown(schema)}; this version reads {SCHEMA}")
    unknown = sorted(found.keys() - _KEYS)
    if unknown:
        raise WrongError(f"has the unknown key {shown(unknown[0])}", nearest(unknown[0], _KEYS) or _AGAIN)
    method = _method(_needed(found, "method"))
    classes = _whole(_needed(found, "classes"), "classes", 2, _MOST_CLASSES)
    if method.most_classes is not None and classes > method.most_classes:
        raise WrongError(f"has {classes} classes, and {method.name} is for at most {method.most_classes}")
    versions = _versions(found.get("versions", {}))
    if "groups" not in found:
        return _map(found, method, classes, versions)
    given = found["groups"]
    if not isinstance(given, dict) or not given:
        raise WrongError(f"groups must be an object with a map for each group, got {called(given)}")
    if "parameters" in found or "certificate" in found:
        raise WrongError("has both groups and a map of all samples")
    groups = {}
    for name, entry in given.items():
        where = f"group {shown(name)}: "
        if not isinstance(entry, dict):
            raise WrongError(f"{where}is {called(entry)}, not an object")
        unknown = sorted(entry.keys() - {*_OF_MAP})
        if unknown:
            raise WrongError(f"{where}has the unknown key {shown(unknown[0])}")
        groups[name] = _map(entry, method, classes, versions, where)
    fit, data = _described(found, "fit", ""), _data(found.get("data", {}), "")
    return Calibrator(method.name, classes, None, fit, {}, data, versions, groups)


def _map(
    found: dict[str, Any], method: Method, classes: int, versions: Mapping[str, str], where: str = ""
) -> Calibrator:
    """The map of all samples, or of a group; `where` stands before errors."""
    parameters = _parameters(_needed(found, "parameters", where), method, classes, where)
    return Calibrator(
        method.name,
        classes,
        parameters,
        _described(found, "fit", where),
        _described(found, "certificate", where),
        _data(found.get("data", {}), where),
        versions,
    )


def _method(name: object) -> Method:
    if not isinstance(name, str) or name not in METHODS:
        raise WrongError(f"has the unknown method {shown(name)}; this version has {', '.join(METHODS)}")
    return METHODS[name]


def _parameters(given: object, method: Method, classes: int, where: str) -> Any:
    """The parameters of a method, each of its type and length, and finite.

    Arrays that have steps have the same number of them.
    """
    names = method.parameters._fields
    if not isinstance(given, dict):
        raise WrongError(f"{where}parameters must be an object, got {called(given)}")
    missing, unknown = [name for name in names if name not in given], sorted(given.keys() - {*names})
    if missing or unknown:
        what = f"lacks the parameter {missing[0]!r}" if missing else f"has the unknown parameter {shown(unknown[0])}"
        raise WrongError(f"{where}{what}; those of {method.name} are {', '.join(names)}")
    values: dict[str, Any] = {}
    steps = None
    for name in names:
        axes, value = method.shapes.get(name, ()), given[name]
        said = f"{where}{name}"
        if not axes:
            values[name] = _number(value, said)
            continue
        steps = len(value) if steps is None and axes[0] == "steps" and isinstance(value, list) else steps
        shape = [classes if axis == "K" else (steps or 1) if axis == "steps" else int(axis) for axis in axes]
        values[name] = np.array(_numbers(value, said, shape), np.float64)
    parameters = method.parameters(**values)
    try:
        method.check(parameters)
    except LscliError as error:
        raise WrongError(where + error.message, error.hint or _AGAIN) from None
    return parameters


def _numbers(value: object, said: str, shape: list[int]) -> list[Any]:
    """Lists of this shape, with numbers in the innermost."""
    length, *rest = shape
    if not isinstance(value, list):
        raise WrongError(f"{said} must be a list of {length}, got {called(value)}")
    if len(value) != length:
        raise WrongError(f"{said} has {len(value)} values, not {length}")
    check: Callable[[object], Any] = (lambda x: _numbers(x, said, rest)) if rest else (lambda x: _number(x, said))
    return [check(each) for each in value]


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


def _whole(value: object, said: str, least: int, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WrongError(f"{said} must be a whole number, got {called(value)}")
    if not least <= value <= most:
        raise WrongError(f"{said} must be from {least} to {most}, got {shown(value)}")
    return value


def _described(found: dict[str, Any], key: str, where: str) -> dict[str, Any]:
    """What is said of a fit: numbers, words, and lists of numbers by name."""
    given = found.get(key, {})
    said = f"{where}{key}"
    if not isinstance(given, dict):
        raise WrongError(f"{said} must be an object, got {called(given)}")
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str | bool | type(None)):
                _number(each, f"{said}: {bounded(printable(name), 80)}")
    if key == "fit" and "rows" in given:
        _whole(given["rows"], f"{said}: rows", 0, 1 << 62)
    return given


def _data(given: object, where: str) -> dict[str, Any]:
    """What recognises the rows of the fit: hexadecimal hashes, and how many rows are distinct."""
    said = f"{where}data"
    if not isinstance(given, dict):
        raise WrongError(f"{said} must be an object, got {called(given)}")
    if not given:
        return given
    sketch = _needed(given, "sketch", f"{said}: ")
    _whole(_needed(given, "distinct", f"{said}: "), f"{said}: distinct", 0, 1 << 62)
    if not isinstance(sketch, list) or len(sketch) > _SKETCH:
        raise WrongError(f"{said}: sketch must be a list of at most {_SKETCH} hashes")
    for each in (_needed(given, "fingerprint", f"{said}: "), *sketch):
        if not isinstance(each, str) or not _HASH.fullmatch(each):
            raise WrongError(f"{said}: {shown(each)} is no hash of 16 hexadecimal digits")
    return given


def _versions(given: object) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise WrongError("versions must be an object of texts")
    return given


def _needed(found: dict[str, Any], key: str, where: str = "") -> Any:
    if key not in found:
        raise WrongError(f"{where}has no {key}")
    return found[key]
