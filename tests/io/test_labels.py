"""Labels of any integer type, and from CSV files as people write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.cli.main import main
from lscli.errors import InputError
from tests.io.make import figures, same_figures, some_labels, some_logits

LOGITS, LABELS = some_logits(), some_labels()
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
LINES = [str(label) for label in LABELS]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


def csv_figures(path: Path, text: str | bytes, **options: Any) -> list[str]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return figures(lscli.evaluate(LOGITS, path, **options))


def refused(path: Path, text: str | bytes, says: str, **options: Any) -> InputError:
    with pytest.raises(InputError, match=says) as caught:
        csv_figures(path, text, **options)
    assert str(path) == caught.value.where
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_every_integer_type_and_byte_order_is_read(tmp_path: Path, dtype: str, order: str) -> None:
    np.save(tmp_path / "labels.npy", LABELS.astype(order + dtype))
    report = lscli.evaluate(LOGITS, tmp_path / "labels.npy")
    assert EXPECTED == figures(report)
    assert np.dtype(dtype).name == report.inputs[1]["dtype"]
    assert EXPECTED == figures(lscli.evaluate(LOGITS, LABELS.astype(order + dtype)))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint64"])
def test_a_type_too_small_for_the_number_of_classes_is_no_matter(dtype: str) -> None:
    logits, labels = some_logits(classes=300), np.array([0, 1, 2, 100, 127, 5])
    assert figures(lscli.evaluate(logits, labels)) == figures(lscli.evaluate(logits, labels.astype(dtype)))


def test_class_numbers_above_a_byte_are_exact() -> None:
    logits, labels = np.zeros((3, 70_000), np.float32), [255, 256, 69_999]
    logits[[0, 1, 2], labels] = 30.0
    assert 1.0 == lscli.evaluate(logits, labels, metrics="accuracy")["accuracy"]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LINES),
        "\n".join(LINES) + "\n",
        "label\n" + "\n".join(LINES) + "\n",
        "\r\n".join(["label", *LINES]) + "\r\n",
        "\ufeff" + "\n".join(LINES) + "\n",
        "\ufefflabel\n" + "\n".join(LINES) + "\n",
        '"label"\n' + "\n".join(f'"{line}"' for line in LINES) + "\n",
        "\n".join(f" {line} " for line in LINES) + "\n",
        "\n".join(LINES) + "\n\n\n\n",
        "\r\n".join(LINES) + "\r\n\r\n",
    ],
    ids=["bare", "newline", "header", "CRLF", "BOM", "BOM and header", "quoted", "spaces", "blank end", "CRLF end"],
)
def test_one_label_a_line_is_read(path: Path, text: str) -> None:
    assert EXPECTED == csv_figures(path, text)


def test_a_header_that_is_not_utf8_is_passed_over(path: Path) -> None:
    assert EXPECTED == csv_figures(path, b"\xe9tiquette\n" + "\n".join(LINES).encode())


TWO = "id,label\n" + "\n".join(f"1{i},{line}" for i, line in enumerate(LINES)) + "\n"
UNNAMED = TWO.replace("label", "truth")


@pytest.mark.parametrize(("text", "column"), [(TWO, "label"), (TWO, "1"), (TWO.partition("\n")[2], "1")])
def test_a_column_is_named_or_counted(path: Path, text: str, column: str) -> None:
    assert EXPECTED == csv_figures(path, text, labels_column=column)


def test_the_command_takes_the_column(tmp_path: Path, path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "logits.npy", LOGITS)
    path.write_text(UNNAMED)
    assert 0 == main(["eval", str(tmp_path / "logits.npy"), str(path), "--labels-column", "truth"])
    assert 3 == main(["eval", str(tmp_path / "logits.npy"), str(path)])
    assert f"lscli: {path}: has 2 columns\nhint: name one with --labels-column: id, truth\n" == capfd.readouterr().err


def test_a_column_may_hold_commas_and_line_ends_in_quotes(path: Path) -> None:
    text = "name,label\n" + "\n".join(f'"a, ""b""\nc",{line}' for line in LINES)
    assert EXPECTED == csv_figures(path, text, labels_column="label")


def test_several_columns_need_a_name(path: Path) -> None:
    assert "name one with labels_column: id, truth" == refused(path, UNNAMED, "has 2 columns").hint


@pytest.mark.parametrize("name", ["label", "labels"])
def test_of_several_columns_the_one_called_so_is_the_labels(path: Path, name: str) -> None:
    assert EXPECTED == csv_figures(path, UNNAMED.replace("truth", name))


def test_an_unknown_column_is_answered_with_the_nearest(path: Path) -> None:
    assert "did you mean 'label'?" == refused(path, TWO, "has no column 'labels'", labels_column="labels").hint
    assert "it has id, label" == refused(path, TWO, "has no column 'q'", labels_column="q").hint


@pytest.mark.parametrize("column", ["2", "-1", "", "²", "9" * 5000])
def test_a_number_that_counts_no_column_is_refused(path: Path, column: str) -> None:
    refused(path, TWO, "has no column", labels_column=column)


def test_a_line_without_the_column_is_named(path: Path) -> None:
    refused(path, "id,label\n0,1\n1\n", "row 1 has 1 cells, the first line has 2", labels_column="label")


def test_a_blank_line_inside_is_an_error(path: Path) -> None:
    refused(path, "label\n0\n\n1\n", "row 1 is a blank line")


@pytest.mark.parametrize(
    "cell",
    ["1.0", "1.5", "1e0", "nan", "inf", "cat", "1_0", "0x1", "", " ", "1;2", "--1", "1 2", str(2**63), "9" * 5000],
)
@pytest.mark.parametrize("header", ["label\n", ""])
def test_a_cell_that_is_no_integer_is_named_with_its_row(path: Path, header: str, cell: str) -> None:
    refused(path, f'{header}0\n1\n"{cell}"\n0\n0\n0\n', "row 2: .* is not an integer label")


@pytest.mark.parametrize("first", ["1_0", "1.5", "nan"])
def test_a_number_in_the_first_line_is_no_header(path: Path, first: str) -> None:
    refused(path, f"{first}\n1\n0\n0\n0\n0\n", f"row 0: '{first}' is not an integer label")


def test_a_cell_that_is_not_utf8_is_named_and_printable(path: Path) -> None:
    error = refused(path, b"label\n0\ncaf\xe9\n0\n0\n0\n0\n", "row 1: .* is not an integer label")
    assert str(error).isprintable()


def test_utf16_is_refused(path: Path) -> None:
    refused(path, "\n".join(LINES).encode("utf-16"), "not")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty file"),
        ("\n\n", "empty file"),
        ("\ufeff", "empty file"),
        ("label\n", "no rows"),
        ('"0\n1\n', "not a CSV file"),
        ('"0"1\n', "not a CSV file"),
        ("0\n1\n", "rows differ: logits has 6, the labels have 2"),
        ("0\n1\n3\n0\n0\n0\n", r"label out of range at row 2 \(value 3, 3 classes\)"),
        ("label\n0\n-1\n0\n0\n0\n0\n", r"label out of range at row 1 \(value -1, 3 classes\)"),
    ],
)
def test_other_csv_files_are_refused(path: Path, text: str, says: str) -> None:
    refused(path, text, says)


@pytest.mark.parametrize(("value", "options"), [(-100, {}), (-1, {"ignore_index": -1}), (2, {"ignore_index": 2})])
@pytest.mark.parametrize("classes", [3, 130])
def test_ignored_samples_are_as_if_they_were_not_there(classes: int, value: int, options: dict[str, Any]) -> None:
    logits, labels = some_logits(20, classes), np.arange(20) % 2
    ignored = np.arange(20) % 7 == 3
    labels[ignored] = value
    report = lscli.evaluate(logits, labels, metrics="all", **options)
    alone = lscli.evaluate(logits[~ignored], labels[~ignored], metrics="all")
    same_figures(alone, report)
    assert (20, 17, 3) == tuple(report.samples[name] for name in ("rows", "kept", "ignored"))


def test_the_command_takes_the_ignore_index(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.save(tmp_path / "logits.npy", LOGITS)
    np.save(tmp_path / "labels.npy", np.array([0, 1, 2, -1, -1, 0]))
    arguments = ["eval", str(tmp_path / "logits.npy"), str(tmp_path / "labels.npy"), "-m", "accuracy", "-f", "csv"]
    assert 3 == main(arguments)
    assert "label out of range at row 3 (value -1" in capfd.readouterr().err
    assert 0 == main([*arguments, "--ignore-index", "-1"])
    assert "4" == capfd.readouterr().out.splitlines()[1].split(",")[-2]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "uint64"])
def test_an_ignore_index_beyond_the_type_ignores_nothing(dtype: str) -> None:
    assert EXPECTED == figures(lscli.evaluate(LOGITS, LABELS.astype(dtype), ignore_index=-(10**30)))


SIGNED, ZERO_ONE = np.array([-1, 1, 1, -1, 1, -1]), np.array([0, 1, 1, 0, 1, 0])
TWO_CLASSES = some_logits(6, 2)


@pytest.mark.parametrize("dtype", ["int8", "int64", ">i2"])
def test_minus_1_and_1_are_two_classes(dtype: str) -> None:
    expected = figures(lscli.evaluate(TWO_CLASSES, ZERO_ONE, metrics="all"))
    with pytest.warns(lscli.LscliWarning, match="the labels are -1 and 1: -1 is read as class 0, 1 as class 1"):
        report = lscli.evaluate(TWO_CLASSES, SIGNED.astype(dtype), metrics="all")
    assert expected == figures(report)
    assert ["labels: the labels are -1 and 1: -1 is read as class 0, 1 as class 1"] == [*report.warnings]


@pytest.mark.filterwarnings("ignore:labels. the labels are -1 and 1")
def test_minus_1_and_1_are_two_classes_in_every_question() -> None:
    z, left_out = TWO_CLASSES[:, 1] - TWO_CLASSES[:, 0], np.append(SIGNED[:-1], -100)
    one_zero = np.append(ZERO_ONE[:-1], -100)
    assert figures(lscli.evaluate(z, ZERO_ONE, binary=True)) == figures(lscli.evaluate(z, SIGNED, binary=True))
    assert figures(lscli.sweep(TWO_CLASSES, ZERO_ONE)) == figures(lscli.sweep(TWO_CLASSES, SIGNED))
    assert figures(lscli.evaluate(TWO_CLASSES, one_zero)) == figures(lscli.evaluate(TWO_CLASSES, left_out))
    assert [*lscli.per_sample(TWO_CLASSES, ZERO_ONE).rows] == [*lscli.per_sample(TWO_CLASSES, SIGNED).rows]
    assert repr(lscli.per_class(TWO_CLASSES, ZERO_ONE).rows) == repr(lscli.per_class(TWO_CLASSES, SIGNED).rows)
    assert repr(lscli.per_bin(TWO_CLASSES, ZERO_ONE).rows) == repr(lscli.per_bin(TWO_CLASSES, SIGNED).rows)
    np.testing.assert_array_equal(lscli.smooth_labels(ZERO_ONE, 2, 0.1), lscli.smooth_labels(SIGNED, 2, 0.1))


def test_minus_1_that_is_ignored_is_no_class() -> None:
    report = lscli.evaluate(TWO_CLASSES, SIGNED, ignore_index=-1)
    assert figures(lscli.evaluate(TWO_CLASSES[SIGNED == 1], [1, 1, 1])) == figures(report)


@pytest.mark.parametrize("first", [1, -3, 1000, 10**9])
@pytest.mark.parametrize("dtype", ["int64", "uint64", "int32"])
def test_labels_may_count_from_any_number(first: int, dtype: str) -> None:
    if first < 0 and dtype.startswith("u"):
        first = 7
    labels = (LABELS + first).astype(dtype)
    options: dict[str, Any] = {"labels_from": first}
    assert EXPECTED == figures(lscli.evaluate(LOGITS, labels, **options))
    assert figures(lscli.sweep(LOGITS, LABELS)) == figures(lscli.sweep(LOGITS, labels, **options))
    assert repr([*lscli.per_sample(LOGITS, LABELS).rows]) == repr([*lscli.per_sample(LOGITS, labels, **options).rows])
    assert repr(lscli.per_class(LOGITS, LABELS).rows) == repr(lscli.per_class(LOGITS, labels, **options).rows)
    assert repr(lscli.per_bin(LOGITS, LABELS).rows) == repr(lscli.per_bin(LOGITS, labels, **options).rows)
    assert repr(lscli.explain(1.5, LOGITS, LABELS).rows) == repr(lscli.explain(1.5, LOGITS, labels, **options).rows)
    np.testing.assert_array_equal(lscli.smooth_labels(LABELS, 3, 0.1), lscli.smooth_labels(labels, 3, 0.1, **options))


def test_the_ignore_index_is_compared_before_counting(path: Path) -> None:
    labels = np.where(np.arange(6) == 2, 0, LABELS + 1)
    expected = figures(lscli.evaluate(np.delete(LOGITS, 2, 0), np.delete(LABELS, 2)))
    assert expected == figures(lscli.evaluate(LOGITS, labels, labels_from=1, ignore_index=0))
    text = "\n".join(map(str, labels))
    assert expected == csv_figures(path, text, labels_from=1, ignore_index=0)


@pytest.mark.parametrize("first", [10**9 + 1, -(10**9) - 1, 10**30, 0.5, "one", True])
def test_a_first_label_that_is_none_is_wrong_usage(first: Any) -> None:
    with pytest.raises(lscli.UsageError, match=r"labels.from"):
        lscli.evaluate(LOGITS, LABELS, labels_from=first)
    with pytest.raises(lscli.UsageError, match=r"labels.from"):
        lscli.smooth_labels([-100], 3, 0.1, labels_from=first)


def test_rows_of_classes_have_no_first_label() -> None:
    rows = np.eye(3)[LABELS]
    with pytest.raises(lscli.UsageError, match="do not count from a number"):
        lscli.evaluate(LOGITS, rows, soft_labels=True, labels_from=1)
    with pytest.raises(lscli.UsageError, match="do not count from a number"):
        lscli.smooth_labels(rows, 3, 0.1, labels_from=1)


def test_nothing_but_ignored_labels_is_an_error() -> None:
    with pytest.raises(InputError, match=r"all 6 samples are ignored \(label -100\)"):
        lscli.evaluate(LOGITS, [-100] * 6)
