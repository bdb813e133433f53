"""Which columns of a table are its logits: a column too many, too few or astray is refused, in every kind of table."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import lscli
from tests.io.make import figures
from tests.io.table_files import LABELS, LOGITS, refused, save, table

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
FIXED = pa.FixedSizeListArray.from_arrays


@pytest.fixture(params=[".parquet", ".arrow", ".csv"])
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / f"x{request.param}"


@pytest.fixture(params=[".parquet", ".arrow"])
def typed(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A table whose columns have types."""
    return tmp_path / f"x{request.param}"


def written(path: Path, names: list[str], **more: Any) -> Path:
    """The logits as columns of these names, in float64 where the file is text, and others after them."""
    columns = {name: LOGITS[:, place] for place, name in enumerate(names)} | more
    if path.suffix == ".csv":
        numbers = (np.float32, np.float64)
        cells = {
            name: [repr(float(cell)) if isinstance(cell, numbers) else str(cell) for cell in column]
            for name, column in columns.items()
        }
        lines = [names_line(columns), *(",".join(row) for row in zip(*cells.values(), strict=True))]
        path.write_text("\n".join(lines), encoding="utf-8")
        return path
    return save(path, pa.table(columns))


def names_line(columns: dict[str, Any]) -> str:
    return ",".join(columns)


@pytest.mark.parametrize("label", ["label", "labels"])
@pytest.mark.parametrize(
    "names",
    [
        ["cat", "dog", "ox", "bee", "cow"],
        ["logit_0", "logit_1", "logit_2", "logit_3", "logit_4"],
        ["p1", "p2", "p3", "p4", "p5"],
        ["n01440764", "n01443537", "n02012849", "n01484850", "n01491361"],
        ["t7", "t11", "t3", "t900", "t4"],
    ],
    ids=lambda names: names[0],
)
def test_all_columns_but_the_labels_are_classes(path: Path, names: list[str], label: str) -> None:
    assert EXPECTED == figures(lscli.evaluate(written(path, names, **{label: LABELS})))


def test_labels_of_another_name_are_named(path: Path) -> None:
    written(path, ["a", "b", "c", "d", "e"], truth=LABELS)
    assert EXPECTED == figures(lscli.evaluate(path, labels_column="truth"))
    assert EXPECTED == figures(lscli.evaluate(path, labels_key="truth"))


def test_a_pattern_names_the_classes(path: Path) -> None:
    names = ["x_0", "x_1", "x_2", "x_3", "x_4"]
    written(path, names, row=LABELS, label=LABELS, score=LOGITS[:, 0])
    for pattern in ("x_*", "x_[0-9]", "?_*"):
        assert EXPECTED == figures(lscli.evaluate(path, logits_key=pattern))
    refused(path, "has no column that 'y_.' matches".replace(".", r"\*"), logits_key="y_*")
    assert "did you mean" in refused(path, "has no column 'x_00'", logits_key="x_00").hint
    assert "it has x_0, x_1" in refused(path, "has no column 'zzzzzz'", logits_key="zzzzzz").hint


def test_a_pattern_leaves_the_labels_out(path: Path) -> None:
    written(path, ["la", "lb", "lc", "ld", "le"], label=LABELS)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="l*"))


@pytest.mark.parametrize(
    "beside", ["weight", "loss", "Confidence", "id", "Target", "entropy", "nll", "Max Prob", "y_pred"]
)
def test_a_column_of_numbers_that_are_no_logits_is_refused(path: Path, beside: str) -> None:
    written(path, ["a", "b", "c", "d", "e"], **{beside: LOGITS[:, 0] + 7}, label=LABELS)
    hint = refused(path, f"column '{beside}' may not be a class").hint
    assert "name the columns of the classes: logits_key='a,b,c,d,e'" == hint
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="a,b,c,d,e"))


def test_a_pattern_that_takes_in_another_column_is_not_offered(path: Path) -> None:
    written(path, ["x_0", "x_1", "x_2", "x_3", "x_4"], x_0_sd=LOGITS[:, 0], label=LABELS)
    hint = refused(path, "column 'x_0_sd' may not be a class").hint
    assert "name the columns of the classes: logits_key='x_0,x_1,x_2,x_3,x_4'" == hint
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="x_0,x_1,x_2,x_3,x_4"))


def test_columns_that_end_in_any_numbers_are_not_offered_as_classes(path: Path) -> None:
    written(path, ["cat", "dog", "emu", "top1_p", "top5"], top2=LOGITS[:, 0], label=LABELS)
    hint = refused(path, "column 'cat' may not be a class").hint
    assert "name the columns of the classes with logits_key, separated by commas" == hint


def test_two_families_of_columns_are_both_offered(path: Path) -> None:
    names = [f"{kind}_{k}" for kind in ("logit", "other") for k in range(5)]
    written(path, names[:5], **dict(zip(names[5:], LOGITS.T + 1, strict=True)), label=LABELS)
    hint = refused(path, "column 'other_0' may not be a class").hint
    assert "name the columns of the classes: logits_key='logit_[0-9]*' or 'other_[0-9]*'" == hint
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="logit_[0-9]*"))


def test_the_columns_of_the_classes_are_named_in_their_order(path: Path) -> None:
    written(path, ["e", "d", "c", "b", "a"][::-1], label=LABELS)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="a,b,c,d,e"))
    turned = figures(lscli.evaluate(LOGITS[:, ::-1], LABELS))
    assert turned == figures(lscli.evaluate(path, logits_key="e,d,c,b,a"))
    refused(path, "has no column 'f'", logits_key="a,b,f")
    refused(path, "logits_key names column 'a' twice", logits_key="a,b,a")


def test_all_of_them_are_classes_where_that_is_said(path: Path) -> None:
    written(path, ["a", "b", "c", "d", "weight"], label=LABELS)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="*"))


def test_a_column_among_numbered_ones_is_refused(path: Path) -> None:
    written(path, ["x0", "x1", "x2", "x3", "x4"], entropy=LOGITS[:, 0], label=LABELS)
    assert "logits_key='x[0-9]*'" in refused(path, "column 'entropy' may not be a class").hint
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="x[0-9]*"))


@pytest.mark.parametrize(
    ("numbers", "astray", "due"),
    [((0, 1, 10, 2, 3), "x10", "x2"), ((1, 2, 3, 4, 6), "x6", "x5"), ((1, 0, 2, 3, 4), "x1", "x0")],
)
def test_numbered_columns_out_of_order_are_refused(path: Path, numbers: list[int], astray: str, due: str) -> None:
    written(path, [f"x{number}" for number in numbers], label=LABELS)
    refused(path, f"column '{astray}' is in the place of '{due}'")


def test_labels_that_are_not_there_are_asked_for(path: Path) -> None:
    written(path, ["a", "b", "c", "d", "e"])
    assert "name the file of the labels" in refused(path, "has no column 'labels' or 'label'").hint
    assert EXPECTED == figures(lscli.evaluate(path, LABELS))


def test_an_index_that_pandas_wrote_is_refused(path: Path) -> None:
    frame = (
        pd.DataFrame(LOGITS.astype(float), columns=list("abcde")).assign(label=LABELS).sample(frac=1, random_state=0)
    )
    write: Callable[..., Any] = frame.to_csv
    if path.suffix != ".csv":

        def write(where: Path, **options: Any) -> None:
            save(where, pa.Table.from_pandas(frame, preserve_index=options.get("index")))

    write(path)
    assert "index=False" in refused(path, "is an index, not a class").hint
    write(path, index=False)
    labels = frame["label"].to_numpy()
    assert figures(lscli.evaluate(frame[list("abcde")].to_numpy(), labels)) == figures(lscli.evaluate(path))


def test_a_named_index_is_refused_too(typed: Path) -> None:
    frame = pd.DataFrame(LOGITS, columns=list("abcde")).assign(label=LABELS).set_index("e")
    save(typed, pa.Table.from_pandas(frame))
    refused(typed, "column 'e' is an index, not a class")


def test_the_only_lists_are_the_logits(typed: Path) -> None:
    lists = FIXED(LOGITS.ravel(), 5)
    save(typed, pa.table({"scores": lists, "label": LABELS, "weight": LOGITS[:, 0], "text": ["a"] * 40}))
    assert EXPECTED == figures(lscli.evaluate(typed))
    save(typed, pa.table({"scores": FIXED(LOGITS.ravel() + 1, 5), "logits": lists, "label": LABELS}))
    assert EXPECTED == figures(lscli.evaluate(typed))
    save(typed, pa.table({"a": lists, "b": FIXED(LOGITS.ravel() + 1, 5), "label": LABELS}))
    assert "name one with logits_key: a, b" == refused(typed, "several columns of lists").hint
    assert EXPECTED == figures(lscli.evaluate(typed, logits_key="a"))


@pytest.mark.parametrize("kind", [pa.list_(pa.list_(pa.float32())), pa.large_list(pa.list_(pa.float32(), 5))])
def test_lists_of_lists_are_refused(typed: Path, kind: Any) -> None:
    save(typed, pa.table({"logits": pa.array([[row] for row in LOGITS.tolist()], kind), "label": LABELS}))
    hint = refused(typed, r"column 'logits' has lists of lists \((large_)?list<").hint
    assert "one list of K numbers per row" in hint


def test_two_columns_of_lists_are_not_one_matrix(typed: Path) -> None:
    save(typed, pa.table({"a": list(LOGITS), "b": FIXED(LOGITS.ravel() + 1, 5), "label": LABELS}))
    says = "columns 'a' and 'b' both have lists"
    assert "name one with logits_key" == refused(typed, says, logits_key="a,b").hint
    assert EXPECTED == figures(lscli.evaluate(typed, logits_key="a"))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": ["x"] * 40}, "column 'a' is string, not numbers"),
        ({"a": LABELS}, "column 'a' is int64: integer logits are refused"),
        ({"a": LABELS > 1}, "column 'a' is bool: integer logits are refused"),
        ({"a": LOGITS[:, 0].astype(float)}, "column 'a' is float64, 'logit_0' is float32"),
        ({"a": FIXED(np.arange(200), 5)}, r"column 'a' is int64: integer logits are refused"),
        ({"a": pa.array([Decimal("1.5")] * 40, pa.decimal128(5, 2))}, r"column 'a' is decimal128\(5, 2\), not numbers"),
    ],
    ids=["text", "integers", "bool", "other floats", "lists of integers", "decimals"],
)
def test_a_column_of_another_type_is_named(typed: Path, columns: dict[str, Any], says: str) -> None:
    save(typed, table("columns", **columns, label=LABELS))
    refused(typed, says)


def test_columns_of_one_name_are_refused(typed: Path) -> None:
    own = table("columns")
    save(typed, own.rename_columns(["a", "b", "a", "c", "d", "label"]))
    refused(typed, "has two columns 'a'")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (LABELS.astype(float), r"\[label\]: not integer labels \(float64\)"),
        (LABELS + 0.5, r"\[label\]: not integer labels \(float64\): row 0 holds"),
        (LABELS > 1, r"\[label\]: not integer labels \(bool\)"),
        (["a" if label else "b" for label in LABELS], r"\[label\]: not integer labels \(string\): row 0 holds '[ab]'"),
        ([[label] for label in LABELS], "column 'label' is list<.*>, not one number per row"),
        (FIXED(np.arange(200), 5), "not one number per row"),
    ],
    ids=["whole floats", "scores", "bool", "text", "lists of any length", "lists"],
)
def test_labels_of_another_type_are_named(typed: Path, labels: Any, says: str) -> None:
    refused(save(typed, table("columns", label=labels)), says)


def test_names_are_shown_and_obeyed_by_nobody(typed: Path) -> None:
    more: dict[str, Any] = {"\x1b[2J\n": ["x"] * 40, "label": LABELS}
    save(typed, table("columns", **more))
    error = refused(typed, "not numbers")
    assert str(error).isprintable()
    assert refused(typed, "has no column", logits_key="zzzzzzzzzzzz").hint.isprintable()
