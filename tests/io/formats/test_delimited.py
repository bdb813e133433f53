"""Logits as text: each number as it was written, or a line that says which cell is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lscli
from lscli.errors import InputError
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS
from lscli.io.formats import delimited
from tests.io.make import descriptors, figures
from tests.io.table_files import LABELS, LOGITS, refused

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
WIDE = LOGITS.astype(np.float64) + 1e-9
ROWS = [",".join(map(repr, row)) for row in LOGITS.astype(np.float64).tolist()]
TEXT = "\n".join(ROWS) + "\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.csv"


def read(path: Path, text: str | bytes, **options: Any) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return figures(lscli.evaluate(path, **{"labels": LABELS, **options}))


def spoilt(path: Path, text: str | bytes, says: str, **options: Any) -> lscli.LscliError:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    error = refused(path, says, **{"labels": LABELS, **options})
    assert str(error).isprintable()
    return error


def with_row(line: str, row: int = 3) -> str:
    return "\n".join([*ROWS[:row], line, *ROWS[row + 1 :]])


@pytest.mark.parametrize("element", ["float32", "float64"])
@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t")])
@pytest.mark.parametrize("header", ["", "a{0}b{0}c{0}d{0}e"])
def test_what_savetxt_writes_gives_the_figures_of_the_array(
    path: Path, header: str, suffix: str, delimiter: str, element: str
) -> None:
    path = path.with_suffix(suffix)
    logits = LOGITS if element == "float32" else WIDE
    np.savetxt(path, logits, delimiter=delimiter, header=header.format(delimiter))
    for chunk_rows in (7, None):
        report = lscli.evaluate(path, LABELS, chunk_rows=chunk_rows)
        assert figures(lscli.evaluate(logits, LABELS)) == figures(report)
        assert element == report.inputs[0]["dtype"]


@pytest.mark.parametrize("index", [False, True])
@pytest.mark.parametrize("header", [False, True])
def test_what_pandas_writes_gives_the_figures_of_the_array_or_is_refused(path: Path, header: bool, index: bool) -> None:
    frame = pd.DataFrame(WIDE)
    frame.to_csv(path, header=header, index=index)
    if not header and not index:
        assert figures(lscli.evaluate(WIDE, LABELS)) == figures(lscli.evaluate(path, LABELS))
        return
    hint = refused(path, "an index, not a class|its first line holds the numbers of the columns", labels=LABELS).hint
    assert "index=False" in hint


def test_every_float64_is_read_back(path: Path) -> None:
    bits = np.random.default_rng(5).integers(0, 1 << 64, (3000, 2), np.uint64)
    values = bits.view(np.float64)
    values = values[(np.isfinite(values) & (np.abs(values) < 1e150)).all(axis=1)]
    path.write_text("".join(f"{a!r},{b!r}\n" for a, b in values.tolist()))
    file = RegularFile(str(path))
    found = FORMATS["csv"].reader("").open_array(file, ArrayRequest("logits"))
    file.close()
    assert values.tolist() == found.read(0, len(values), np.empty(values.shape)).tolist()


@pytest.mark.parametrize(
    "text",
    [
        TEXT[:-1],
        TEXT + "\n\n\n",
        TEXT + "  \n",
        "\ufeff" + TEXT,
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", "\r"),
        TEXT.replace(",", " , "),
        "a,b,c,d,e\n" + TEXT,
        "\ufeffa,b,c,d,e\r\n" + TEXT.replace("\n", "\r\n"),
        '"a, b","c ""d""",e,f,g\n' + TEXT,
        "#a,b,c,d,e\n" + TEXT,
        "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in ROWS),
        with_row(",".join(f'"{cell}"' for cell in ROWS[3].split(","))),
        with_row(ROWS[1].replace(",", ",+").replace("+-", "-"), 1),
    ],
    ids=range(14),
)
def test_every_way_of_writing_the_same_numbers_is_read(path: Path, text: str) -> None:
    assert EXPECTED == read(path, text)


@pytest.mark.parametrize("block", [1, 50, 1000])
def test_no_size_of_blocks_shows(path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(delimited, "_BLOCK", block)
    monkeypatch.setattr(delimited, "_CELLS", block)
    assert EXPECTED == read(path, TEXT)
    assert EXPECTED == read(path, with_row(f'"{ROWS[7].replace(",", chr(34) + "," + chr(34))}"', 7) + "\n\n")
    spoilt(path, with_row("1.5,x,2,3,4", 37), "row 37, column '1': 'x' is not a number")
    spoilt(path, TEXT + "\n" + TEXT, "row 40 is a blank line")
    # The last block decides that none of them is float32.
    assert figures(lscli.evaluate(np.vstack([LOGITS, WIDE]), [*LABELS, *LABELS])) == read(
        path, TEXT + "\n".join(",".join(map(repr, row)) for row in WIDE.tolist()), labels=[*LABELS, *LABELS]
    )


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    "cell", ["", " ", "x", "1_0", "0x1", "1.5.2", "--1", "1e", "NA", "True", "1;2", "1 2", "\u0661"]
)
def test_a_cell_that_is_no_number_is_named_with_its_row_and_column(path: Path, cell: str, quote: str) -> None:
    spoilt(path, with_row(f"1.5,2.5,{quote}{cell}{quote},3.5,4"), "row 3, column '2': .* is not a number")
    spoilt(path, "a,b,c,d,e\n" + with_row(f"1.5,2.5,{quote}{cell}{quote},3.5,4"), "row 3, column 'c': .* is not a")


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_blank_line_at_the_end_of_a_block_is_no_end(path: Path, monkeypatch: pytest.MonkeyPatch, quote: str) -> None:
    first, rest = (
        ROWS[0] + "\n",
        "".join(f"{quote}{row.partition(',')[0]}{quote},{row.partition(',')[2]}\n" for row in ROWS),
    )
    monkeypatch.setattr(delimited, "_BLOCK", len(rest))
    spoilt(path, first + rest + "\n" + rest, "row 41 is a blank line")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1.5,2.5,3.5,4", "row 3 has 4 cells, the first line has 5"),
        ("1.5,2.5,3.5,4,5,6", "row 3 has 6 cells, the first line has 5"),
        ("1.5,2.5,3.5,4,5,", "row 3 has 6 cells, the first line has 5"),
        ('1.5,"2.5",3.5,4', "row 3 has 4 cells, the first line has 5"),
        ('1.5,"1,234.5",3.5,4,5', "row 3, column '1': '1,234.5' is not a number"),
        ("", "row 3 is a blank line"),
        ("1.5,1e999,3,4,5", "row 3, column '1': '1e999' is beyond float64"),
        ('1.5,"-1e999",3,4,5', "row 3, column '1': '-1e999' is beyond float64"),
        ("1.5,nan,3,4,5", "row 3 has nan"),
        ("1.5,inf,3,4,5", r"row 3 has \+inf"),
        ('1.5,"2.5,3,4,5', "not a CSV file"),
    ],
)
def test_a_line_that_is_not_as_the_others_is_named(path: Path, line: str, says: str) -> None:
    spoilt(path, with_row(line), says)


def test_infinity_is_a_value(path: Path) -> None:
    logits = LOGITS.copy()
    logits[3, 2] = -np.inf  # of a class that is not the label
    expected = figures(lscli.evaluate(logits, LABELS, metrics="accuracy,brier,loss_hard"))
    for cell in ("-inf", "-Infinity", '"-inf"'):
        cells = ROWS[3].split(",")
        line = ",".join([*cells[:2], cell, *cells[3:]])
        assert expected == read(path, with_row(line), metrics="accuracy,brier,loss_hard")


@pytest.mark.parametrize("header", ["", "a{0}b{0}c{0}d{0}e\n"])
@pytest.mark.parametrize(
    ("separator", "called"), [(";", "semicolons"), ("\t", "tabs"), ("  ", "spaces"), ("|", "bars")]
)
def test_another_separator_is_named(path: Path, separator: str, called: str, header: str) -> None:
    error = spoilt(path, header.format(separator) + TEXT.replace(",", separator), f"has one column: {called} separate")
    named = "give it the suffix .tsv" if separator == "\t" else 'np.savetxt(path, logits, delimiter=",")'
    assert named in error.hint


def test_commas_for_points_are_named(path: Path) -> None:
    spoilt(path, TEXT.replace(",", ";").replace(".", ","), "semicolons separate")


def test_commas_in_a_tsv_are_named(path: Path) -> None:
    error = spoilt(path.with_suffix(".tsv"), TEXT, "has one column: commas separate its numbers, not tabs")
    assert "if it is a CSV file, give it the suffix .csv" == error.hint


@pytest.mark.parametrize("first", ["0.5,x,3,4,5", "0.5,,3,4,5", "a,b,nan,d,e"])
def test_a_first_line_of_both_names_and_numbers_is_refused(path: Path, first: str) -> None:
    spoilt(path, f"{first}\n{TEXT}", "its first line has both names and numbers")


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("header", ["", "n,a,b,c,d,e\n"])
def test_a_column_that_counts_the_rows_is_an_index(path: Path, header: str, start: int) -> None:
    text = header + "".join(f"{number},{row}\n" for number, row in enumerate(ROWS, start))
    spoilt(path, text, f"column '{'n' if header else '0'}' is an index, not a class")


@pytest.mark.parametrize("header", ["", "a,b,c,d,e,y\n"])
@pytest.mark.parametrize("written", ["{}", "{}.0"])
def test_a_column_of_labels_is_no_class(path: Path, written: str, header: str) -> None:
    text = header + "".join(f"{row},{written.format(label)}\n" for row, label in zip(ROWS, LABELS, strict=True))
    name = "y" if header else "5"
    says = f"column '{name}' has only whole numbers, as labels have"
    classes = "a,b,c,d,e" if header else "0,1,2,3,4"
    beside = spoilt(path, text, says).hint
    assert f"name the columns of the classes: logits_key='{classes}'" == beside
    assert (
        f"if it holds the labels, say labels_column='{name}'; else {beside}"
        == spoilt(path, text, says, labels=None).hint
    )
    assert EXPECTED == read(path, text, logits_key=classes)
    if written == "{}":
        assert EXPECTED == read(path, text, labels=None, labels_column=name)
        assert EXPECTED == read(path, text, labels=None, labels_column="5")


def test_whole_numbers_alone_are_refused(path: Path) -> None:
    spoilt(path, "2,0,1\n0,3,1\n", "integer logits are refused", labels=[0, 1])
    logits = np.array([[2.0, 0.0, 1.0], [0.0, 3.0, 1.0]])
    assert figures(lscli.evaluate(logits, [0, 1])) == read(path, "2.0,0,1\n0.0,3,1\n", labels=[0, 1])


def test_a_table_with_text_and_labels_is_read_by_its_names(path: Path) -> None:
    lines = [f'"a ""q"",\n{row}",{cells},{label}' for row, (cells, label) in enumerate(zip(ROWS, LABELS, strict=True))]
    text = "prompt,l0,l1,l2,l3,l4,label\n" + "\n".join(lines) + "\n"
    assert EXPECTED == read(path, text, labels=None, logits_key="l[0-9]")
    assert "logits_key='l[0-9]*'" in spoilt(path, text, "column 'prompt' may not be a class", labels=None).hint


def test_binary_logits_are_a_column(path: Path) -> None:
    expected = figures(lscli.evaluate(WIDE[:, 0], LABELS % 2, binary=True))
    column = [repr(z) for z in WIDE[:, 0].tolist()]
    assert expected == read(path, "\n".join(column), binary=True, labels=LABELS % 2)
    both = "z,label\n" + "".join(f"{z},{label % 2}\n" for z, label in zip(column, LABELS, strict=True))
    assert expected == read(path, both, binary=True, labels=None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty file"),
        ("\n\n", "its first line is empty"),
        ("a,b,c\n", "no rows"),
        ("a\n0.5\n", "need at least 2 classes"),
        (TEXT.encode("utf-16"), "UTF-16 text"),
        (b"\x89PNG\0\0\0\r\n", "NUL bytes"),
        (TEXT.encode() + b"0.5,caf\xe9,1,2,3\n", "row 40, column '1': .* is not a number"),
        (b"caf\xe9,b,c,d,e\n" + TEXT.encode().replace(b"0", b"\xff", 1), "row 0, column "),
    ],
)
def test_other_text_is_refused(path: Path, text: str | bytes, says: str) -> None:
    spoilt(path, text, says)


def test_a_file_cut_off_anywhere_is_refused_or_read(path: Path) -> None:
    # Within the last cell nothing tells.
    for size in range(0, TEXT.rindex(","), 50):
        path.write_text(TEXT[:size])
        with pytest.raises(InputError, match=r"rows differ|row \d+|empty file|is not a number"):
            lscli.evaluate(path, LABELS)


def test_contents_are_counted(path: Path) -> None:
    def contents(text: str) -> list[tuple[Any, ...]]:
        path.write_text(text)
        file = RegularFile(str(path))
        try:
            return [tuple(entry) for entry in FORMATS["csv"].reader("").contents(file)]
        finally:
            file.close()

    for text in (TEXT, TEXT[:-1], TEXT + "\n\n", "a,b,c,d,e\n" + TEXT, '"a",b,c,d,e\n' + TEXT):
        assert [(None, (40, 5), "text")] == contents(text)
    assert [(None, (40, 4), "text"), ("label", (40,), "text")] == contents("a,b,c,d,label\n" + TEXT)
    assert [(None, (3,), "text")] == contents("label\n0\n1\n2\n")


def test_descriptors_are_closed_in_the_end(path: Path) -> None:
    before = descriptors()
    read(path, TEXT)
    kept = spoilt(path, with_row("x"), "row 3")
    assert before == descriptors()
    assert kept
