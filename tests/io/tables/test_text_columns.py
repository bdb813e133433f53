"""Several columns of a text are those that the csv module reads."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lscli.errors import InputError
from lscli.io.cells import Cells, fill
from lscli.io.files import RegularFile
from lscli.io.tables import text_columns
from lscli.io.tables.text import COMMA, TAB


class Kept(Cells):
    """The cells as they are."""

    def __init__(self) -> None:
        super().__init__("any")
        self.cells: list[str] = []

    def add(self, cells: Any, where: str, first: int) -> None:
        assert first == len(self.cells)
        self.cells += cells


def read(path: Path, *names: str, delimiter: Any = COMMA) -> list[list[str]]:
    file = RegularFile(str(path))
    kept = [Kept() for _ in names]
    try:
        fill(kept, text_columns.TextTable(file, delimiter).chosen(names), file.name)
    finally:
        file.close()
    return [each.cells for each in kept]


def written(folder: Path, text: str) -> Path:
    path = folder / "t.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


CELL = st.text(st.sampled_from('ab0.5,"\n\r \té#'), max_size=5)


@settings(max_examples=100, deadline=None)
@given(
    rows=st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=8)),
    style=st.tuples(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"])),
    block=st.sampled_from([1, 7, 1 << 18]),
)
def test_the_cells_are_those_of_the_csv_module(
    rows: list[list[str]], style: tuple[Any, str], block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    width = len(rows[0]) if rows else 1
    rows = [row for row in rows if width > 1 or row[0].strip("\r\n")]  # a blank line of one column is no row
    text = io.StringIO()
    # The csv module of some versions of Python writes a lone CR without quotes.
    quoting: Any = csv.QUOTE_ALL if any("\r" in cell for row in rows for cell in row) else style[0]
    writer = csv.writer(text, quoting=quoting, lineterminator=style[1])
    names = [f"c{place}" for place in range(width)]
    writer.writerows([names, *rows])
    path = written(tmp_path_factory.mktemp("csv"), text.getvalue())
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(text_columns, "_BLOCK", block)
        assert [[row[place] for row in rows] for place in range(width)] == read(path, *names)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("a,b\n1,2\n3,4\n", ("b", "a"), [["2", "4"], ["1", "3"]]),
        ("a,b\n1,2\n3,4", ("b", "b"), [["2", "4"], ["2", "4"]]),
        ("a,b\r\n1,2\r\n\r\n\n", ("b",), [["2"]]),
        ("a,b\r1,2\r3,4\r", ("b",), [["2", "4"]]),
        ("\ufeffa,b\n1,2\n", ("a",), [["1"]]),
        ("# a,b\n1,2\n", ("a",), [["1"]]),
        ("0.5,x\n0.25,y\n", ("0", "1"), [["0.5", "0.25"], ["x", "y"]]),
        ("conf,x\n0.25,y\n", ("0", "1"), [["0.25"], ["y"]]),
        ('"a\nb",c\n1,2\n', ("a\nb", "c"), [["1"], ["2"]]),
        ("a,b\n", ("a",), [[]]),
        ("a\n1\n2\n", ("a",), [["1", "2"]]),
        ("a,b\n\udce9,2\n", ("a",), [["\udce9"]]),
        ("a,b\n\u2028,\x0b\n", ("a", "b"), [["\u2028"], ["\x0b"]]),
    ],
    ids=repr,
)
def test_columns(text: str, names: tuple[str, ...], expected: list[list[str]], tmp_path: Path) -> None:
    assert expected == read(written(tmp_path, text), *names)


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("", "empty file", "one row per line"),
        ("\n1,2\n", "its first line is empty", "one row per line"),
        ("a\0,b\n1,2\n", "not a CSV file", "one row per line"),
        ("a,b\n1,2\n1\n", "row 1 has 1 cells, the first line has 2", "the same number of cells"),
        ("a,b\n1,2\n1,2,3\n", "row 1 has 3 cells, the first line has 2", "put text with a comma in quotes"),
        ("a,b\n1,2,3\n4\n", "row 0 has 3 cells, the first line has 2", "put text with a comma in quotes"),
        ("a,b\n1,2\n\n1,2\n", "row 1 is a blank line", "one row per line"),
        ("a\n1\n\n2\n", "row 1 is a blank line", "one row per line"),
        ('a,b\n1,"2\n1,2\n', "not a CSV file", "close every quote"),
        ('a,b\n1,"2"\n1\n', "row 1 has 1 cells, the first line has 2", "the same number of cells"),
        ("b,c\n1,2\n", "has no column 'a'", "it has b, c"),
        ("a,a\n1,2\n", "has two columns 'a'", "its own name"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("block", [1, 4, 1 << 18])
def test_errors_do_not_depend_on_the_blocks(
    text: str, says: str, hint: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_columns, "_BLOCK", block)
    with pytest.raises(InputError) as caught:
        read(written(tmp_path, text), "a")
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_tabs(tmp_path: Path) -> None:
    path = written(tmp_path, "a\tb\n1\tx, y\n")
    assert [["1"], ["x, y"]] == read(path, "a", "b", delimiter=TAB)
    with pytest.raises(InputError, match="row 0 has 3 cells") as caught:
        read(written(tmp_path, "a\tb\n1\t2\t3\n"), "a", delimiter=TAB)
    assert "comma" not in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a,b\n1,2\n", ["a", "b"]), ("0.5,1\n0.25,0\n", ["0", "1"]), ("# a,b\n", ["a", "b"]), ("cat,0.5\n", ["0", "1"])],
)
def test_the_header_names_the_columns_or_they_have_positions(text: str, expected: list[str], tmp_path: Path) -> None:
    file = RegularFile(str(written(tmp_path, text)))
    try:
        assert expected == text_columns.TextTable(file, COMMA).names_or_positions()
    finally:
        file.close()


def test_a_text_that_changes_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n")

    class Writing(Kept):
        def add(self, cells: Any, where: str, first: int) -> None:
            path.write_text("a,b\n1,2\n3,4\n")

    file = RegularFile(str(path))
    with pytest.raises(InputError, match="changed while reading"):
        fill([Writing()], text_columns.TextTable(file, COMMA).chosen(["a"]), file.name)
    file.close()
