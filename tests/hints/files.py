"""Files that are of another kind than they seem, and more of them than one."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from tests.hints.case import Hint, Make, arrays, right
from tests.io.make import saved

X, Y = right([0, 1, 2, 0], 3), np.array([0, 1, 2, 1])
COMPARE = "to compare models, say lscli compare "


def pickled(name: str, protocol: int) -> Make:
    """A `Make` of logits in a pickle of this name."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / name).write_bytes(pickle.dumps({"logits": X, "labels": Y}, protocol))
        return ["eval", folder / name]

    return arguments


def unpickled(name: str) -> Make:
    """What its writer does as the hint says."""

    def arguments(folder: Path) -> Sequence[object]:
        np.savez(folder / "x.npz", **pickle.loads((folder / name).read_bytes()))
        return ["eval", folder / "x.npz"]

    return arguments


def models(*names: str) -> Make:
    """A `Make` of a model in each of these files, and labels after them."""

    def arguments(folder: Path) -> Sequence[object]:
        for name in names:
            (folder / name).write_bytes(saved(X))
        (folder / "labels.npy").write_bytes(saved(Y))
        return ["eval", *(folder / name for name in names), folder / "labels.npy"]

    return arguments


def compared(*names: str) -> Make:
    """The same paths after `lscli compare`."""
    return lambda folder: ["compare", *(folder / name for name in names), folder / "labels.npy"]


def table(header: str, *columns: Iterable[object]) -> Make:
    """A `Make` of a CSV file."""

    def arguments(folder: Path) -> Sequence[object]:
        lines = [header, *(",".join(map(str, row)) for row in zip(*columns, strict=True))]
        (folder / "x.csv").write_text("\n".join(lines) + "\n")
        return ["eval", folder / "x.csv"]

    return arguments


def _named(header: str, labels: Sequence[str], *names: str) -> Make:
    """The same with the names of the classes in a file."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "names.txt").write_text("\n".join(names or ("cat", "dog", "emu")))
        return [*table(header, *CLASSES, labels)(folder), "--class-names", folder / "names.txt"]

    return arguments


def beside(text: str) -> Make:
    """A `Make` of logits and a text of labels."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "x.npy").write_bytes(saved(X))
        (folder / "y.csv").write_text(text)
        return ["eval", folder / "x.npy", folder / "y.csv"]

    return arguments


def in_columns(name: str, rows: np.ndarray) -> Make:
    """A `Make` of logits and of labels [N, K] as the columns of a table."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "x.npy").write_bytes(saved(X))
        table = pa.table(dict(zip("abc", rows.T, strict=True)))
        write = pq.write_table if name.endswith(".parquet") else feather.write_feather
        write(table, folder / name)
        return ["eval", folder / "x.npy", folder / name]

    return arguments


def one_column(folder: Path) -> Sequence[object]:
    """The logits and labels of class 1 alone."""
    return arrays(X[:, 1] - 1, [0, 1, 0, 1], "--binary")(folder)


CLASSES = [[0.5, 0.0, 0.1, 1.5], [0.1, 2.5, 0.2, 0.5], [0.2, 0.5, 3.5, 0.25]]  # predicts 0, 1, 2, 0
CASES = [
    *(
        Hint(
            f"a pickle of protocol {protocol} called {name}",
            pickled(name, protocol),
            "pickles are refused: loading one runs the code in it",
            "if you trust its writer, save the arrays: np.savez('x.npz', logits=logits, labels=labels)",
            unpickled(name),
            accuracy=0.75,
        )
        for name in ("x.npy", "x.npz", "x.csv", "x.jsonl", "x.bin", "x", "x.pkl")
        for protocol in (0, 1, 2, 4, 5)
    ),
    Hint(
        "an array called .pkl",
        arrays(X, Y),
        "a .npy file, not a pickle",
        "give it the suffix .npy",
        lambda folder: ["eval", (folder / "x.pkl").rename(folder / "x.npy"), folder / "y.npy"],
        accuracy=0.75,
    )._replace(make=lambda folder: ["eval", _renamed(arrays(X, Y)(folder)[1]), folder / "y.npy"]),
    Hint(
        "two models",
        models("resnet.npy", "vit.npy"),
        "unexpected extra argument",
        COMPARE,
        compared("resnet.npy", "vit.npy"),
        accuracy=0.75,
        never=("quote",),
        code=2,
    ),
    Hint(
        "two models that are numbered",
        models("run1.npy", "run2.npy"),
        "unexpected extra argument",
        COMPARE,
        compared("run1.npy", "run2.npy"),
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "a column of scores beside classes",
        table("cat,dog,emu,entropy,label", *CLASSES, [0.5, 0.6, 9.5, 9.5], Y),
        "column 'entropy' may not be a class",
        "name the columns of the classes: --logits-key cat,dog,emu",
        "--logits-key cat,dog,emu",
        accuracy=0.75,
        never=("*",),
    ),
    Hint(
        "a column of scores beside numbered classes",
        table("p0,p1,p2,max_prob,label", *CLASSES, [0.5, 0.6, 9.5, 9.5], Y),
        "column 'max_prob' may not be a class",
        "--logits-key 'p[0-9]*'",
        lambda folder: ["eval", folder / "x.csv", "--logits-key", "p[0-9]*"],
        accuracy=0.75,
        never=("'*'",),
    ),
    Hint(
        "predictions beside classes",
        table("cat,dog,emu,guess,label", *CLASSES, [0, 1, 2, 0], Y),
        "column 'guess' has only whole numbers, as labels have",
        "name the columns of the classes: --logits-key cat,dog,emu",
        "--logits-key cat,dog,emu",
        accuracy=0.75,
        never=("*", "--labels-column"),
    ),
    Hint(
        "labels of another name",
        table("cat,dog,emu,answer", *CLASSES, Y),
        "column 'answer' has only whole numbers, as labels have",
        "if it holds the labels, say --labels-column answer",
        "--labels-column answer",
        accuracy=0.75,
        never=("*",),
    ),
    Hint(
        "text beside classes",
        table("prompt,cat,dog,emu,label", ["a", "b", "c", "d"], *CLASSES, Y),
        "row 0, column 'prompt': 'a' is not a number",
        "name the columns of the classes: --logits-key cat,dog,emu",
        "--logits-key cat,dog,emu",
        accuracy=0.75,
        never=("*",),
    ),
    Hint(
        "one-hot rows in a text",
        beside("a,b,c\n1,0,0\n0,1,0\n0,0,1\n0,1,0\n"),
        "need labels of shape (N,), got (4, 3)",
        "save the class numbers of these one-hot rows: labels.argmax(axis=1)",
        beside("0\n1\n2\n1\n"),
        accuracy=0.75,
        never=("--labels-column",),
    ),
    Hint(
        "multi-label rows in a text",
        beside("1,0,0\n0,1,1\n0,0,1\n0,1,0\n"),
        "multi-label rows of 0 and 1: row 1 has 2 of 3 classes, not one",
        "measure each class on its own: --binary",
        never=("--labels-column", "argmax"),
    ),
    *(
        Hint(
            f"{kind} rows in the columns of {name}",
            in_columns(name, rows),
            says,
            hint,
            follow,
            accuracy=0.75,
            never=("--labels-column",),
        )
        for name in ("y.parquet", "y.arrow")
        for kind, rows, says, hint, follow in (
            ("one-hot", np.eye(3, dtype=np.int64)[Y], "got (4, 3)", "labels.argmax(axis=1)", beside("0\n1\n2\n1\n")),
            (
                "multi-label",
                np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1], [0, 1, 0]]),
                "multi-label rows of 0 and 1: row 1 has 2 of 3 classes",
                "measure each class on its own: --binary with logits[:, k] and labels[:, k]",
                one_column,
            ),
        )
    ),
    Hint(
        "one-hot rows in columns as soft labels",
        in_columns("y.parquet", np.eye(3)[Y]),
        "got (4, 3)",
        "or say --soft-labels to lscli eval",
        "--soft-labels",
        prints="loss_hard,",
    ),
    Hint(
        "several columns beside the labels",
        beside("id,fold,answer\n1,0,0\n2,0,1\n3,1,2\n4,1,1\n"),
        "has 3 columns",
        "name one with --labels-column: id, fold, answer",
        lambda folder: ["eval", folder / "x.npy", folder / "y.csv", "--labels-column", "answer"],
        accuracy=0.75,
    ),
    Hint(
        "names as labels",
        table("a,b,c,label", *CLASSES, ["cat", "dog", "emu", "dog"]),
        "row 0: 'cat' is not an integer label",
        "give the names of the classes, one per line in the order of the columns of the logits: --class-names FILE",
        _named("a,b,c,label", ["cat", "dog", "emu", "dog"]),
        accuracy=0.75,
    ),
    Hint(
        "names that are columns in two ways",
        table("aab,ab,ac,label", *CLASSES, ["ab", "ab", "ab", "ab"]),
        "the labels fit the names of the columns in more than one way",
        "give the names of the classes, in the order of the columns: --class-names FILE",
        _named("aab,ab,ac,label", ["ab", "ab", "ab", "ab"], "ab", "b", "c"),
        accuracy=0.5,
    ),
    Hint(
        "whole numbers with a point as labels",
        table("cat,dog,emu,label", *CLASSES, ["0.0", "1.0", "2.0", "1.0"]),
        "row 0: '0.0' is not an integer label",
        "write class numbers without a decimal point",
        table("cat,dog,emu,label", *CLASSES, Y),
        accuracy=0.75,
    ),
]


def _renamed(path: object) -> Path:
    return Path(str(path)).rename(Path(str(path)).with_suffix(".pkl"))
