"""Tables: separators, headers, an index, cells without a value, columns that are no classes, and columns of lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hints.case import Hint, Make, agreement, arrays
from tests.io.make import saved

X = np.array([[2.5, 0.5, 1.5], [0.5, 2.25, 1.0], [0.25, 0.5, 2.5], [3.5, 0.5, 1.25], [0.5, 0.25, 1.75]])
Y = np.array([0, 1, 2, 1, 2])
RIGHT, GAP = agreement(X, Y), agreement(np.delete(X, 1, 0), np.delete(Y, 1))
NAMES = ("cat", "dog", "emu")
FRAME = pd.DataFrame(X, columns=[*NAMES])
LABELLED = FRAME.assign(label=Y)
SAVETXT = 'save them with np.savetxt(path, logits, delimiter=",")'
WITHOUT_INDEX = "save the table without it: to_csv(path, index=False), to_parquet(path, index=False)"
GAPS = "if this column is a class, leave such rows out, and out of the labels too; else "
NAMED = "name the columns of the classes: --logits-key "
ANY = "name the columns of the classes with --logits-key, separated by commas"


def text(content: str, *words: object, name: str = "x.csv", y: np.ndarray = Y) -> Make:
    """A `Make` of logits in a text, and of labels."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / name).write_text(content)
        (folder / "y.npy").write_bytes(saved(y))
        return ["eval", folder / name, folder / "y.npy", *words]

    return arguments


def alone(write: Callable[[Path], Any], *words: object, name: str = "x.csv") -> Make:
    """A `Make` of a table of logits and labels that `write` writes."""

    def arguments(folder: Path) -> Sequence[object]:
        write(folder / name)
        return ["eval", folder / name, *words]

    return arguments


def parquet(*words: object, **columns: Any) -> Make:
    """A `Make` of a Parquet file with these columns."""
    return alone(lambda path: pq.write_table(pa.table(columns), path), *words, name="x.parquet")


def labels(content: str, *words: object) -> Make:
    """A `Make` of logits, and of labels in a text."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "x.npy").write_bytes(saved(X))
        (folder / "y.csv").write_text(content)
        return ["eval", folder / "x.npy", folder / "y.csv", *words]

    return arguments


def renamed(name: str, other: str, *labels: str) -> Make:
    """The table under another name, as the hint says."""
    return lambda folder: ["eval", (folder / name).rename(folder / other), *(folder / each for each in labels)]


def lines(*rows: Sequence[object], separator: str = ",") -> str:
    """Rows as text."""
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)


def gap(cell: str, row: int = 1, *, header: bool = True) -> str:
    """The table without labels, with this cell for the second class of a row."""
    rows = [[*map(str, values)] for values in X.tolist()]
    rows[row][1] = cell
    return lines(*([NAMES] if header else []), *rows)


def savetxt(folder: Path) -> Sequence[object]:
    """The same logits as numpy writes them."""
    np.savetxt(folder / "x.csv", X, delimiter=",")
    return ["eval", folder / "x.csv", arrays(X, Y)(folder)[2]]


ROWS = lines(*X.tolist())
CLASSES: dict[str, Any] = {str(name): column.to_numpy() for name, column in FRAME.items()}
MANY = {
    f"z-{letter}": CLASSES[NAMES[place]] if place < 3 else X[:, 0] - 9 for place, letter in enumerate("abcdefghijklmn")
}
WITHOUT = text(lines(NAMES, *np.delete(X, 1, 0).tolist()), y=np.delete(Y, 1))
FIRST_OUT = text(lines(NAMES, *X[1:].tolist()), y=Y[1:])

CASES = [
    Hint("an empty text", text(""), "empty file", SAVETXT, savetxt, RIGHT),
    Hint("bytes that are no text", text("\0" + ROWS), "it has NUL bytes", SAVETXT, savetxt, RIGHT),
    Hint("a line that is too short", text(ROWS + "1.5\n"), "row 5 has 1 cells", SAVETXT, savetxt, RIGHT),
    Hint(
        "a short line of a TSV file",
        text(lines(*X.tolist(), separator="\t") + "1.5\t2\t3\t4\n", name="x.tsv"),
        "row 5 has 4 cells",
        r'np.savetxt(path, logits, delimiter="\t")',
        never=("comma",),
    ),
    Hint(
        "a number as Python writes it", text(gap("1_0", header=False)), "'1_0' is not a number", SAVETXT, savetxt, RIGHT
    ),
    *(
        Hint(
            f"{called} between numbers",
            text(lines(*X.tolist(), separator=separator)),
            f"has one column: {called} separate its numbers, not commas",
            SAVETXT,
            savetxt,
            RIGHT,
        )
        for separator, called in ((";", "semicolons"), ("|", "bars"), (" ", "spaces"))
    ),
    Hint(
        "commas in numbers",
        text(lines(*X.tolist(), separator=";").replace(".", ",")),
        "has one column: semicolons separate its numbers, not commas",
        SAVETXT,
        savetxt,
        RIGHT,
    ),
    Hint(
        "a data frame with semicolons",
        alone(lambda path: LABELLED.to_csv(path, sep=";", index=False)),
        "semicolons separate its numbers",
        'or a data frame with to_csv(path, sep=",", index=False)',
        alone(lambda path: LABELLED.to_csv(path, sep=",", index=False)),
        RIGHT,
    ),
    Hint(
        "tabs in a CSV file",
        alone(lambda path: LABELLED.to_csv(path, sep="\t", index=False)),
        "tabs separate its numbers",
        "if it is a TSV file, give it the suffix .tsv",
        renamed("x.csv", "x.tsv"),
        RIGHT,
    ),
    Hint(
        "commas in a TSV file",
        alone(lambda path: LABELLED.to_csv(path, index=False), name="x.tsv"),
        "commas separate its numbers",
        "if it is a CSV file, give it the suffix .csv",
        renamed("x.tsv", "x.csv"),
        RIGHT,
    ),
    Hint(
        "labels beside tabs",
        labels(lines(("label", "id"), *zip(Y, range(5), strict=True), separator="\t")),
        "has one column: tabs separate its numbers",
        "give it the suffix .tsv",
        lambda folder: ["eval", folder / "x.npy", (folder / "y.csv").rename(folder / "y.tsv")],
        RIGHT,
        never=("replace",),
    ),
    Hint(
        "labels beside semicolons",
        labels(lines(("label", "id"), *zip(Y, range(5), strict=True), separator=";")),
        "has one column: semicolons separate its numbers",
        "save one value per line",
        labels(lines(*Y[:, None])),
        RIGHT,
        never=("replace",),
    ),
    *(
        Hint(
            f"a class without a value: {cell!r}",
            text(gap(cell)),
            f"row 1, column 'dog': '{cell}' is not a number",
            GAPS + NAMED + "cat,emu",
            WITHOUT,
            GAP,
        )
        for cell in ("", "NA", "None", "#N/A")
    ),
    Hint(
        "a class without a value in the first row",
        text(gap("NA", 0)),
        "row 0, column 'dog': 'NA' is not a number",
        GAPS + NAMED + "cat,emu",
        FIRST_OUT,
        agreement(X[1:], Y[1:]),
    ),
    Hint(
        "two classes without values in a row",
        text(lines("abcd", [1.5, "NA", "NA", 2.5], *np.column_stack((X, X[:, 0]))[1:].tolist())),
        "row 0, column 'b': 'NA' is not a number",
        GAPS + NAMED + "a,c,d",
        never=("--logits-key a,d",),
    ),
    Hint(
        "a class without a value, without a header",
        text(gap("NA", header=False)),
        "row 1, column '1': 'NA' is not a number",
        GAPS + ANY,
        text(lines(*np.delete(X, 1, 0).tolist()), y=np.delete(Y, 1)),
        GAP,
    ),
    Hint(
        "a number beyond float64",
        text(gap("1e999")),
        "row 1, column 'dog': '1e999' is beyond float64",
        "the largest number of float64 is 1.8e308: look at the run that wrote it",
        never=("--logits-key",),
    ),
    Hint(
        "text with a number at first",
        text(
            lines(
                ("cat", "model", "dog", "emu"),
                *((a, f"{k}b" if k else "50", b, c) for k, (a, b, c) in enumerate(X.tolist())),
            )
        ),
        "row 1, column 'model': '1b' is not a number",
        GAPS + NAMED + "cat,dog,emu",
        "--logits-key cat,dog,emu",
        RIGHT,
    ),
    Hint(
        "columns called by their numbers",
        text(lines(range(3), *X.tolist())),
        "its first line holds the numbers of the columns, 0 to 2",
        "save it without them: to_csv(path, index=False, header=False), or np.savetxt",
        text(ROWS),
        RIGHT,
    ),
    *(
        Hint(
            f"an index {where}",
            alone(write),
            "is an index, not a class",
            WITHOUT_INDEX,
            alone(lambda path: LABELLED.to_csv(path, index=False)),
            RIGHT,
        )
        for where, write in (
            ("without a name", lambda path: LABELLED.to_csv(path)),
            ("with a name", lambda path: LABELLED.reset_index(names="n").to_csv(path, index=False)),
        )
    ),
    Hint(
        "labels as the index of a data frame",
        alone(lambda path: LABELLED.set_index("label").to_parquet(path), name="x.parquet"),
        "column 'label' is the index of a data frame",
        "make it a column: frame.reset_index().to_parquet(path, index=False)",
        alone(lambda path: LABELLED.set_index("label").reset_index().to_parquet(path, index=False), name="x.parquet"),
        RIGHT,
        never=("without it",),
    ),
    Hint(
        "a column that is named twice",
        text(lines(NAMES, *X.tolist()), "--logits-key", "cat,dog,cat"),
        "--logits-key names column 'cat' twice",
        "name each column once",
        text(lines(NAMES, *X.tolist()), "--logits-key", "cat,dog,emu"),
        RIGHT,
    ),
    Hint(
        "a constant beside labels",
        alone(lambda path: FRAME.assign(answer=Y, fold=1).rename(columns={"fold": "k"}).to_csv(path, index=False)),
        "column 'answer' has only whole numbers, as labels have",
        f"if it holds the labels, say --labels-column answer; else {ANY}",
        lambda folder: ["eval", folder / "x.csv", "--labels-column", "answer", "--logits-key", "cat,dog,emu"],
        RIGHT,
        never=("answer; else name the columns of the classes: ",),
    ),
    Hint(
        "labels of another name in Parquet",
        parquet(**CLASSES, answer=Y),
        "column 'answer' is int64: integer logits are refused",
        f"if it holds the labels, say --labels-column answer; else {NAMED}cat,dog,emu",
        "--labels-column answer",
        RIGHT,
    ),
    Hint(
        "many classes with one beginning",
        parquet(**MANY, answer=Y),
        "column 'answer' is int64: integer logits are refused",
        f"if it holds the labels, say --labels-column answer; else {NAMED}'z-*'",
        "--labels-column answer",
        RIGHT,
    ),
    Hint(
        "many classes with one beginning, and predictions",
        parquet(**MANY, guess=Y[::-1].copy(), label=Y),
        "column 'guess' is int64: integer logits are refused",
        f"{NAMED}'z-*'",
        lambda folder: ["eval", folder / "x.parquet", "--logits-key", "z-*"],
        RIGHT,
    ),
    Hint(
        "nothing but integers in Parquet",
        parquet(**{name: column.astype(int) for name, column in CLASSES.items()}, label=Y),
        "integer logits are refused",
        "save the raw scores of the classes as float32",
        parquet(**{name: column.astype(np.float32) for name, column in CLASSES.items()}, label=Y),
        RIGHT,
        never=("--logits-key",),
    ),
    Hint(
        "no labels in Parquet",
        parquet(**CLASSES),
        "has no column 'labels' or 'label'",
        "name the file of the labels after the logits, or their column with --labels-column: it has cat, dog, emu",
        lambda folder: [*parquet(**CLASSES)(folder), arrays(X, Y)(folder)[2]],
        RIGHT,
    ),
    Hint(
        "a value of binary logits among others",
        parquet("--binary", a=X[:, 0] - 2, z=X[:, 1] - 1, label=(X[:, 1] > 1).astype(int)),
        "has 2 columns",
        "name one with --logits-key: a, z",
        lambda folder: ["eval", folder / "x.parquet", "--binary", "--logits-key", "z"],
        1.0,
        never=("label",),
    ),
    Hint(
        "lists of different lengths",
        parquet(logits=[[*row, 9.0] if k == 1 else row for k, row in enumerate(X.tolist())], label=Y),
        "column 'logits' has lists of different lengths: 4 at row 1, 3 at row 0",
        "a row needs one number per class: leave such rows out of every input",
        parquet(logits=np.delete(X, 1, 0).tolist(), label=np.delete(Y, 1)),
        GAP,
    ),
    Hint(
        "lists of lists",
        parquet(logits=X[:, np.newaxis].tolist(), label=Y),
        "column 'logits' has lists of lists",
        "save one list of K numbers per row, or an array [N, T, K] as .npy: np.save(path, logits)",
        parquet(logits=X.tolist(), label=Y),
        RIGHT,
    ),
    Hint(
        "two columns of lists as one",
        parquet("--logits-key", "a,b", a=X.tolist(), b=X.tolist(), label=Y),
        "columns 'a' and 'b' both have lists",
        "name one with --logits-key",
        lambda folder: ["eval", folder / "x.parquet", "--logits-key", "a"],
        RIGHT,
    ),
    *(
        Hint(
            f"a null in {name}",
            parquet(**{**CLASSES, "label": Y, name: pa.array([None, *values[1:]])}),
            f"column '{name}' has a null at row 0",
            "leave such rows out of every input",
            parquet(**{key: column[1:] for key, column in {**CLASSES, "label": Y}.items()}),
            agreement(X[1:], Y[1:]),
        )
        for name, values in (("dog", X[:, 1]), ("label", Y))
    ),
    Hint(
        "a quote that is not closed",
        text(lines(NAMES, *X.tolist()).replace("cat", '"cat "1"')),
        "not a CSV file",
        "close every quote, and write a quote inside of a cell twice",
        text(lines(NAMES, *X.tolist()).replace("cat", '"cat ""1"""')),
        RIGHT,
    ),
    Hint(
        "True and False of three classes in Parquet",
        parquet(**CLASSES, label=Y == 1),
        "not integer labels (bool)",
        "False and True are two classes, and the logits have 3: save class numbers",
        parquet(**CLASSES, label=Y),
        RIGHT,
    ),
    Hint(
        "whole floats as labels in Parquet",
        parquet(**CLASSES, label=Y.astype(float)),
        "not integer labels (float64)",
        'labels.astype("int64")',
        parquet(**CLASSES, label=Y.astype(float).astype("int64")),
        RIGHT,
    ),
    Hint(
        "scores as labels in Parquet",
        parquet(**CLASSES, label=Y / 2),
        "not integer labels (float64): row 1 holds 0.5",
        "a label is a class number, not a score",
        never=("astype", "int64"),
    ),
    *(
        Hint(
            f"a label without a value: {cell!r}",
            labels(f"label\n0\n1\n{cell}\n1\n2\n"),
            "is not an integer label",
            "every line needs a class number: leave a row without one out, and out of the logits too",
            lambda folder: arrays(np.delete(X, 2, 0), np.delete(Y, 2))(folder),
            agreement(np.delete(X, 2, 0), np.delete(Y, 2)),
            never=("replace",),
        )
        for cell in ("NA", "nan", "None", '" "')
    ),
    Hint(
        "a label of many digits",
        labels(lines(*Y[:4, None], ("9" * 30,))),
        "is not an integer label",
        "a label is a class number, not a score",
        never=("point",),
    ),
    Hint(
        "too many columns for a text",
        text(ROWS),
        "has 3 columns; at most 2 are read",
        "save so many classes as .npy: np.save(path, logits)",
        arrays(X, Y),
        RIGHT,
        patches={"lscli.io.tables.text._MOST_COLUMNS": 2},
    ),
]
