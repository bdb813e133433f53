"""Files of the names of the classes, as people write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import lscli
from lscli.io.class_names import open_class_names

NAMES = ["cat", "New York, NY", 'the "dog"']


@pytest.mark.parametrize(
    "text",
    [
        'cat\nNew York, NY\nthe "dog"\n',
        'cat\nNew York, NY\nthe "dog"',
        'cat\r\nNew York, NY\r\nthe "dog"\r\n',
        '\ufeffcat\nNew York, NY\nthe "dog"\n',
        '  cat\t\nNew York, NY \n\u00a0the "dog"\n',
        'cat\nNew York, NY\nthe "dog"\n\n  \n\r\n',
        '"cat"\n"New York, NY"\n"the ""dog"""\n',
    ],
    ids=["plain", "no end", "CRLF", "BOM", "spaces", "blank end", "quoted as in CSV"],
)
def test_a_name_is_a_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(text.encode())
    found = open_class_names(path)
    assert found is not None
    assert (str(path), NAMES) == (found.source, [*found.names])


def test_a_blank_line_inside_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("\ncat\n\ndog\n\n")
    found = open_class_names(str(tmp_path / "names.txt"))
    assert found is not None
    assert ["", "cat", "", "dog"] == [*found.names]


@pytest.mark.parametrize("names", [["cat ", "dog"], ("cat", "dog"), np.array(["cat", "dog"])])
def test_names_are_a_list_in_python(names: object) -> None:
    found = open_class_names(names)
    assert found is not None
    assert ("class_names", ["cat", "dog"]) == (found.source, [*found.names])


def test_no_names_are_none() -> None:
    assert open_class_names(None) is None


def test_the_names_are_an_input_of_the_report(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("caf\u00e9\ndog\n", encoding="utf-8")
    report = lscli.evaluate([[1.5, 3.0]], ["dog"], class_names=path, metrics="accuracy")
    expected = {"role": "class_names", "path": str(path), "shape": [2], "dtype": "text", "size": 8}
    assert expected == report.inputs[2]
    assert str(path) == report.settings["class_names"].value


def test_names_may_be_typed_with_commas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = open_class_names("no, yes")
    assert found == ("class_names", ["no", "yes"])
    monkeypatch.chdir(tmp_path)
    Path("no,yes").write_text("a\nb\nc\n")  # a file of this name is read
    found = open_class_names("no,yes")
    assert found is not None
    assert (found.source, [*found.names]) == ("no,yes", ["a", "b", "c"])
