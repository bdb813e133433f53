"""The file of a calibrator: it comes back bit for bit, and what is not one is refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lscli.errors import InputError, ReadWriteError, UsageError
from lscli.recalibrators.base import Method
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS
from lscli.recalibrators.temperature import Temperature
from tests.cli.inprocess import Run, assert_refused
from tests.command import LABELS, LOGITS

SOUND: dict[str, Any] = {
    "schema": "lscli.calibrator/1",
    "method": "temperature",
    "classes": 10,
    "parameters": {"temperature": 1.5},
    "fit": {"rows": 20, "loss_before": 0.5},
    "certificate": {"gradient": 1e-12, "bracket": [0.5, 2.0], "passes": 2, "state": "at the optimum"},
    "data": {"fingerprint": "0" * 16, "distinct": 20, "sketch": ["00000000000000ff"]},
    "versions": {"lscli": "0.1.0"},
}


class Arrays(NamedTuple):
    """Parameters of a method with arrays of each kind."""

    shift: float
    v: Any
    matrix: Any
    c: Any
    r: Any


def _check(parameters: Arrays) -> None:
    if not parameters.shift >= 0:
        raise InputError("the shift is below 0", "fit it again")


METHOD = Method(
    "arrays",
    "arrays",
    "z + v",
    Arrays,
    {"v": ("K",), "matrix": ("K", "K"), "c": ("steps",), "r": ("steps",)},
    lambda z, p, xp: z + p.v,
    lambda rows: pytest.fail("not fitted"),
    _check,
    "nothing",
    most_classes=5,
)


@pytest.fixture(autouse=True)
def _with_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METHODS, "arrays", METHOD)


def text(**changes: Any) -> str:
    """A sound file with some keys replaced; None removes one."""
    return json.dumps({key: value for key, value in {**SOUND, **changes}.items() if value is not None})


def test_a_sound_file_is_read() -> None:
    found = Calibrator.from_json(text(), "cal.json")
    assert ("temperature", 10, Temperature(1.5)) == (found.method, found.classes, found.parameters)
    assert SOUND == found.to_dict()


def test_a_short_file_written_by_hand_is_read() -> None:
    given = {key: SOUND[key] for key in ("schema", "method", "classes")} | {"parameters": {"temperature": 2}}
    found = Calibrator.from_json(json.dumps(given), "cal.json")
    assert (2.0, float) == (found.parameters.temperature, type(found.parameters.temperature))


finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.floats(1e-300, 1e300), st.data())
def test_parameters_come_back_bit_for_bit(t: float, data: st.DataObject) -> None:
    assert t == Calibrator.from_json(Calibrator("temperature", 3, Temperature(t)).to_json(), "x").parameters[0]
    steps = data.draw(st.integers(1, 4))
    sizes = ((3,), (3, 3), (steps,), (steps,))
    arrays = [
        np.array(data.draw(st.lists(finite, min_size=n, max_size=n))).reshape(shape)
        for shape in sizes
        for n in (int(np.prod(shape)),)
    ]
    before = Calibrator("arrays", 3, Arrays(abs(data.draw(finite)), *arrays), {"rows": 3})
    after = Calibrator.from_json(before.to_json(), "x")
    assert before.to_json() == after.to_json()
    for one, other in zip(before.parameters, after.parameters, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_the_text_has_sorted_keys_and_no_time() -> None:
    made = Calibrator.from_json(text(), "x").to_json()
    assert list(json.loads(made)) == sorted(json.loads(made))
    assert made.endswith("}\n")
    assert made == Calibrator.from_json(made, "x").to_json()


def test_groups_come_back() -> None:
    of_map = {key: SOUND[key] for key in ("parameters", "fit", "certificate", "data")}
    other = {"parameters": {"temperature": 0.25}}
    given = text(parameters=None, certificate=None, groups={"b\n": of_map, "": other})
    found = Calibrator.from_json(given, "x")
    assert {"b\n": 1.5, "": 0.25} == {name: each.parameters.temperature for name, each in found.groups.items()}
    assert found.to_json() == Calibrator.from_json(found.to_json(), "x").to_json()
    with pytest.raises(UsageError, match="a map for each group"):
        found.mapped(np.zeros((2, 10)))


WRONG = {
    "no text": ("", "is not valid JSON"),
    "cut": (text()[:-5], "is not valid JSON"),
    "a list": ("[1]", "is a list, and a calibrator is an object"),
    "a number": ("3", "is a number"),
    "nothing": ("{}", "has no schema"),
    "another schema": (text(schema="lscli.calibrator/2"), "has the schema 'lscli.calibrator/2'; this version reads"),
    "a schema of another type": (text(schema=["x" * 9999]), "has the schema"),
    "an unknown method": (text(method="magic\x1b[2J"), "has the unknown method 'magic\\x1b[2J'"),
    "a method of another type": (text(method={"a": 1}), "has the unknown method"),
    "no method": (text(method=None), "has no method"),
    "no classes": (text(classes=None), "has no classes"),
    "one class": (text(classes=1), "classes must be from 2 to"),
    "classes as a number": (text(classes=10.0), "classes must be a whole number, got a number"),
    "classes as true": (text(classes=True), "classes must be a whole number, got true or false"),
    "too many classes": (text(method="arrays", classes=6), "has 6 classes, and arrays is for at most 5"),
    "no parameters": (text(parameters=None), "has no parameters"),
    "parameters as a list": (text(parameters=[1]), "parameters must be an object, got a list"),
    "no temperature": (text(parameters={}), "lacks the parameter 'temperature'"),
    "two parameters": (text(parameters={"temperature": 1, "x": 1}), "has the unknown parameter 'x'"),
    "a temperature of 0": (text(parameters={"temperature": 0}), "temperature 0.0 is not above 0"),
    "a temperature below 0": (text(parameters={"temperature": -1.5}), "is not above 0"),
    "a temperature as text": (text(parameters={"temperature": "1"}), "temperature must be a number, got a text"),
    "a temperature as true": (text(parameters={"temperature": True}), "must be a number, got true or false"),
    "a temperature of null": (text().replace("1.5", "null"), "must be a number, got null"),
    "a temperature in a list": (text(parameters={"temperature": [1]}), "must be a number, got a list"),
    "nan": (text().replace("1.5", "NaN"), "has NaN, which is no number"),
    "infinity": (text().replace("1.5", "-Infinity"), "has -Infinity, which is no number"),
    "beyond float64": (text().replace("1.5", "1e999"), "has a number beyond float64"),
    "a whole number beyond float64": (text().replace("1.5", "9" * 400), "has a number beyond float64"),
    "thousands of digits": (text().replace("1.5", "9" * 5000), "has a number with too many digits"),
    "a doubled key": (text().replace('"method"', '"classes": 3, "method"'), "has the key 'classes' twice"),
    "a doubled parameter": (text().replace("1.5", '1.5, "temperature": 2'), "has the key 'temperature' twice"),
    "an unknown key": (text(methods="x"), "has the unknown key 'methods'"),
    "deep": ('{"schema": ' + "[" * 100_000, "is nested too deeply"),
    "fit as a number": (text(fit=3), "fit must be an object, got a number"),
    "fit with an object": (text(fit={"a": {}}), "fit: a must be a number, got an object"),
    "rows as a text": (text(fit={"rows": "20"}), "fit: rows must be a whole number, got a text"),
    "rows as null": (text(fit={"rows": None}), "fit: rows must be a whole number, got null"),
    "rows in a list": (text(fit={"rows": [1, 2]}), "fit: rows must be a whole number, got a list"),
    "fit beyond float64": (text(fit={"a": 10**400}), "fit: a has a number beyond float64"),
    "a certificate with lists of lists": (
        text(certificate={"a": [[1]]}),
        "a must be a number, got a list",
    ),
    "data as a text": (text(data="x"), "data must be an object, got a text"),
    "no fingerprint": (text(data={"distinct": 1, "sketch": []}), "data: has no fingerprint"),
    "another fingerprint": (text(data={**SOUND["data"], "fingerprint": "xyz"}), "data: 'xyz' is no hash"),
    "a long sketch": (text(data={**SOUND["data"], "sketch": ["0" * 16] * 65}), "at most 64 hashes"),
    "a sketch of numbers": (text(data={**SOUND["data"], "sketch": [3]}), "data: 3 is no hash"),
    "distinct below 0": (text(data={**SOUND["data"], "distinct": -1}), "data: distinct must be from 0"),
    "versions as a list": (text(versions=[]), "versions must be an object of texts"),
    "no groups": (text(parameters=None, certificate=None, groups={}), "groups must be an object with a map for each"),
    "groups and a map": (text(groups={"a": {"parameters": {"temperature": 1}}}), "has both groups and a map"),
    "a group of another type": (text(parameters=None, certificate=None, groups={"a": 3}), "group 'a': is a number"),
    "groups in groups": (
        text(parameters=None, certificate=None, groups={"a": {"groups": {}}}),
        "group 'a': has the unknown key 'groups'",
    ),
    "a group without parameters": (
        text(parameters=None, certificate=None, groups={"a": {}}),
        "group 'a': has no param",
    ),
    "a group of T below 0": (
        text(parameters=None, certificate=None, groups={"a": {"parameters": {"temperature": -1}}}),
        "group 'a': the temperature -1.0 is not above 0",
    ),
}
V, M, C = [0, 0], [[1, 0], [0, 1]], [0.5]
OF_ARRAYS: dict[str, Any] = {"shift": 0, "v": V, "matrix": M, "c": C, "r": C}
WRONG_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "an array as a number": ({"v": 3}, "v must be a list of 2, got a number"),
    "a short array": ({"v": [1]}, "v has 1 values, not 2"),
    "a flat matrix": ({"matrix": [1, 2]}, "matrix must be a list of 2, got a number"),
    "a ragged matrix": ({"matrix": [[1, 2], [1]]}, "matrix has 1 values, not 2"),
    "a text in an array": ({"v": [0, "1"]}, "v must be a number, got a text"),
    "steps of different lengths": ({"r": [1, 2]}, "r has 2 values, not 1"),
    "no steps": ({"c": [], "r": []}, "c has 0 values, not 1"),
    "a parameter that the method refuses": ({"shift": -1}, "the shift is below 0"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_one_line(name: str) -> None:
    given, says = WRONG[name]
    with pytest.raises(InputError) as caught:
        Calibrator.from_json(given, "cal.json")
    assert caught.value.message.isprintable()
    assert says in caught.value.message
    assert caught.value.hint
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("name", WRONG_ARRAYS)
def test_wrong_arrays_are_one_line(name: str) -> None:
    changes, says = WRONG_ARRAYS[name]
    Calibrator.from_json(text(method="arrays", classes=2, parameters=OF_ARRAYS), "x")
    with pytest.raises(InputError, match=says):
        Calibrator.from_json(text(method="arrays", classes=2, parameters={**OF_ARRAYS, **changes}), "x")


def test_bytes_that_are_no_calibrator(run: Run, tmp_path: Path) -> None:
    cal = tmp_path / "cal.json"
    command = ("eval", LOGITS, LABELS, "--calibrator", cal)
    assert_refused(run(*command), 3, "not found")
    for data, words in (
        (b"", "empty file"),
        (b'{"a": "\xff\xfe"}', "is not a text in UTF-8"),
        (Path(LOGITS).read_bytes()[:500], "is a .npy file, not a calibrator"),
        (text(classes=3).encode(), "is for 3 classes"),
    ):
        cal.write_bytes(data)
        assert_refused(run(*command), 3, words)
        assert_refused(run("apply", cal, LOGITS), 3, words)
    assert_refused(run("eval", LOGITS, LABELS, "--calibrator", tmp_path), 3, "is a directory")


def test_a_large_file_is_not_read(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "cal.json").open("wb") as file:
        file.write(b"{")
        file.truncate(1 << 30)
    assert_refused(run("apply", tmp_path / "cal.json", LOGITS), 3, "1 GiB, more than the 64 MiB of any calibrator")


def test_a_calibrator_is_saved_whole_or_not_at_all(tmp_path: Path) -> None:
    made = Calibrator("temperature", 3, Temperature(1.25))
    made.save(tmp_path / "cal.json")
    assert made.to_json() == Calibrator.load(tmp_path / "cal.json").to_json() == (tmp_path / "cal.json").read_text()
    with pytest.raises(ReadWriteError, match="cannot be written"):
        made.save(tmp_path / "none" / "cal.json")
