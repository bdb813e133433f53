"""Cells of a column become numbers, booleans or labels, from text or from typed values."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lscli.errors import InputError
from lscli.io.cells import Cells, Numbers, Truths, Values, Vocabulary
from lscli.io.files import RegularFile
from lscli.io.tables import arrow_table

NAN = math.nan


def numbers(*blocks: Any) -> list[float]:
    return list(filled(Numbers("conf"), *blocks).values())


def truths(*blocks: Any) -> list[int]:
    return list(filled(Truths("ok"), *blocks).values())


def filled(cells: Any, *blocks: Any) -> Any:
    first = 0
    for block in blocks:
        cells.add(block, "t.csv", first)
        first += len(block)
    assert first == len(cells)
    return cells


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([["0.5", "1", " 2e-1 "]], [0.5, 1.0, 0.2]),
        ([["0.5"], ["inf", "-Infinity"]], [0.5, math.inf, -math.inf]),
        ([["", "nan", "NA", "None", "null", "n/a", " "]], [NAN] * 7),
        ([[None, 1, 0.5]], [NAN, 1.0, 0.5]),
        ([np.array([1, 2], np.uint8), np.array([0.5], np.float16)], [1.0, 2.0, 0.5]),
        ([np.array(["0.5", "nan"])], [0.5, NAN]),
        ([], []),
    ],
    ids=str,
)
def test_numbers(blocks: Any, expected: list[float]) -> None:
    assert expected == pytest.approx(numbers(*blocks), nan_ok=True)


@pytest.mark.parametrize(
    ("blocks", "says", "hint"),
    [
        ([["0.5"], ["0.1", "high"]], "row 2, column 'conf': 'high' is not a number", "give each row a number"),
        ([["0.5", "1_0"]], "row 1, column 'conf': '1_0' is not a number", "give each row a number"),
        ([["\u0660.\u0665"]], "row 0, column 'conf': '\u0660.\u0665' is not a number", "give each row a number"),
        ([["0.5", "87%"]], "row 1, column 'conf': '87%' is not a number", "write 87 % as 0.87"),
        ([["87 %"]], "is not a number", "write 87 % as 0.87"),
        ([[True]], "row 0, column 'conf': True is not a number", "give each row a number"),
        ([np.array([True])], "row 0, column 'conf': True is not a number", "give each row a number"),
        ([["x" * 500]], "... xxx", "give each row a number"),
        ([["\x1b[2J"]], r"'\x1b[2J' is not a number", "give each row a number"),
    ],
    ids=str,
)
def test_what_is_no_number(blocks: Any, says: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        numbers(*blocks)
    assert "t.csv" == caught.value.where
    assert says in caught.value.message
    assert hint in caught.value.hint
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([["0", "1", "true", "False", "TRUE", " false "]], [0, 1, 1, 0, 1, 0]),
        ([["1.0", "0.0", "", "nan", "None"]], [1, 0, -1, -1, -1]),
        ([[True, None, 0, 1.0, NAN]], [1, -1, 0, 1, -1]),
        ([np.array([True, False]), np.array([1, 0], np.int64), np.array([1.0, 0.0])], [1, 0, 1, 0, 1, 0]),
        ([np.array([1.0, NAN])], [1, -1]),
        ([], []),
    ],
    ids=str,
)
def test_truth_values(blocks: Any, expected: list[int]) -> None:
    assert expected == truths(*blocks)


@pytest.mark.parametrize("cell", ["yes", "2", "-1", "0.5", "1_0", "t", 2, 0.5])
@pytest.mark.parametrize("array", [False, True])
def test_what_is_no_truth_value(cell: Any, array: bool) -> None:
    cells = ["1", "0", cell] if isinstance(cell, str) else [1, 0, cell]
    with pytest.raises(
        InputError, match=r"^t\.csv: row 7, column 'ok': .* is neither 0 nor 1, true nor false"
    ) as caught:
        Truths("ok").add(np.array(cells) if array else cells, "t.csv", 5)
    assert repr(cell) in caught.value.message or repr(float(cell)) in caught.value.message


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([["a", "b", "a"]], ["a", "b", "a"]),
        ([["1", "01", "1.0", "1e0", " 1"]], [1] * 5),
        ([["0.5", ".5"], np.array([0.5])], [0.5] * 3),
        ([["", " ", "nan"], [None, NAN], np.array([NAN])], [None] * 6),
        ([["NA", "None", "inf"]], ["NA", "None", "inf"]),
        ([np.array([3, 3, 7], np.uint8), np.array([True]), ["7"]], [3, 3, 7, 1, 7]),
        ([np.array(["x", "3"]), [3, "x", True]], ["x", 3, 3, "x", 1]),
        ([["9" * 30, "9" * 30 + ".0"]], [int("9" * 30), int(float("9" * 30))]),
        ([["9" * 5000]], ["9" * 5000]),
    ],
    ids=lambda value: str(value)[:40],
)
def test_labels(blocks: Any, expected: list[Any]) -> None:
    vocabulary = Vocabulary()
    codes = filled(Values("label", vocabulary), *blocks).values()
    found = [None if code < 0 else vocabulary.values[code] for code in codes.tolist()]
    assert repr(expected) == repr(found)  # 1 and not 1.0


def test_columns_of_labels_share_their_values() -> None:
    vocabulary = Vocabulary()
    one = filled(Values("pred", vocabulary), ["b", "1", "a"]).values()
    other = filled(Values("label", vocabulary), np.array([1, 2]), ["b"]).values()
    assert (one[1], one[0]) == (other[0], other[2])
    assert ["b", 1, "a", 2] == vocabulary.values


@pytest.mark.parametrize("cells", [[[1, 2]], [b"a"], [{}], np.array([1j]), np.array([b"a"])])
def test_what_is_no_label(cells: Any) -> None:
    with pytest.raises(InputError, match=r"^t\.csv: row 4, column 'label': .* is not a label"):
        Values("label", Vocabulary()).add(cells, "t.csv", 4)


def test_the_base_takes_no_cells() -> None:
    with pytest.raises(NotImplementedError):
        Cells("any").add([], "t.csv", 0)


def test_a_table_of_arrow_that_has_fewer_rows_than_it_says_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    path.write_bytes(b"any")
    table = pa.record_batch({"conf": [0.5, 0.25]})
    file, cells = RegularFile(str(path)), Numbers("conf")
    columns = arrow_table.columns_of(table.schema)
    arrow_table.fill(file, columns, 2, [("conf", cells)], lambda places: [table.select(places)])
    assert [0.5, 0.25] == cells.values().tolist()
    with pytest.raises(ValueError, match="fewer rows than it declares"):
        arrow_table.fill(file, columns, 3, [("conf", Numbers("conf"))], lambda _: [table])
    file.close()
