"""Labels that are coded otherwise, or that are no class numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.hints.case import Hint, Make, arrays, right
from tests.io.make import saved

DROPS = ("--ignore-index",)


def coded(labels: Sequence[int], classes: int, code: Callable[[Any], Any], *words: object) -> Make:
    """A `Make` of logits that predict all labels but the first, which are then coded otherwise."""
    x = right(labels, classes)
    x[0] = x[0, ::-1] if x[0, 0] != x[0, -1] else np.arange(classes)
    return arrays(x, code(np.array(labels)), *words)


def again(labels: Any, *words: object) -> Make:
    """A `Make` that saves the labels in another way, as the hint says."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "y.npy").write_bytes(saved(np.asarray(labels)))
        return ["eval", folder / "x.npy", folder / "y.npy", *words]

    return arguments


def hole(labels: Sequence[int], classes: int, mark: int, *words: object) -> Make:
    """A `Make` of labels whose last is a mark; of the others, the first is predicted wrong."""
    return coded([*labels, 0], classes, lambda y: np.append(y[:-1], mark), *words)


def _one_class(folder: Path) -> Sequence[object]:
    """The logits and the labels of class 1 alone, as one binary problem."""
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    (folder / "x.npy").write_bytes(saved(x[:, 1] - 1))
    (folder / "y.npy").write_bytes(saved(y[:, 1].astype(np.int64)))
    return ["eval", folder / "x.npy", folder / "y.npy", "--binary"]


def _compared(folder: Path) -> Sequence[object]:
    """Both models, with labels."""
    (folder / "labels.npy").write_bytes(saved(np.array([0, 1, 2, 0])))
    return ["compare", folder / "x.npy", folder / "y.npy", folder / "labels.npy"]


def listed(*names: str, labels: Sequence[str] = ()) -> Make:
    """A `Make` that writes the names of the classes to a file, as the hint says, and other labels if they are given."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "names.txt").write_text("".join(f"{name}\n" for name in names))
        if labels:
            (folder / "y.npy").write_bytes(saved(np.array(labels)))
        return ["eval", folder / "x.npy", folder / "y.npy", "--class-names", folder / "names.txt"]

    return arguments


def _misspelt(folder: Path) -> Sequence[object]:
    """Labels of which one is no name of a class."""
    arrays(right([0, 1, 2, 0], 3), ["cat", "dog", "enu", "cat"])(folder)
    return listed("cat", "dog", "emu")(folder)


def _numbers(*names: str) -> Make:
    """A `Make` of labels 1 and 2 of the first two of three classes, and of names that are numbers."""

    def arguments(folder: Path) -> Sequence[object]:
        arrays(right([0, 1, 1, 0], 3), [1, 2, 2, 1])(folder)
        return listed(*names)(folder)

    return arguments


CASES = [
    Hint(
        "1 to K",
        coded([0, 1, 2, 1], 3, lambda y: y + 1),
        "the labels are 1 to 3 and seem to count from 1",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "2 to K",
        coded([1, 2, 2, 1], 3, lambda y: y + 1),
        "the labels are 2 to 3 and seem to count from 1",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "1 to K in uint8, for 255 classes",
        coded([*range(255)], 255, lambda y: (y + 1).astype(np.uint8)),
        "the labels are 1 to 255",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=254 / 255,
        never=DROPS,
    ),
    Hint(
        "1 to K with the ignore index",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, -100)),
        "the labels are 1 to 3",
        "--labels-from 1",
        "--labels-from 1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "1 to K with a mark",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 255)),
        "the labels are 1 to 3",
        "--labels-from 1",
        "--labels-from 1",
        again="if it marks samples without a class, say --ignore-index 255",
        never=DROPS,
    ),
    Hint(
        "1 to K with a mark, the second hint",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 255), "--labels-from", 1),
        "label out of range at row 4 (value 255, 3 classes)",
        "255 occurs 1 times",
        "--ignore-index 255",
        accuracy=0.75,
    ),
    Hint(
        "1 to K, and 0 for samples without a class",
        coded([0, 1, 2, 1, 0], 3, lambda y: np.append(y[:-1] + 1, 0), "--labels-from", 1),
        "label out of range at row 4 (value 0",
        "if it marks samples without a class",
        "--ignore-index 0",
        accuracy=0.75,
    ),
    Hint(
        "0 to K",
        arrays(right([0, 1, 2, 0], 3), [0, 1, 2, 3]),
        "label out of range at row 3 (value 3, 3 classes)",
        "the labels are 0 to 3",
        never=(*DROPS, "--labels-from"),
    ),
    Hint(
        "0 to K, without a 0 further down",
        arrays(right([1, 2, 0], 3), [1, 2, 4]),
        "label out of range at row 2 (value 4, 3 classes)",
        "in the order of the columns",
        never=DROPS,
    ),
    Hint(
        "0 to K-1 said to count from 1",
        coded([0, 1, 2, 1], 3, lambda y: y, "--labels-from", 1),
        "the labels are 0 to 2 and seem to count from 0",
        "leave out --labels-from",
        coded([0, 1, 2, 1], 3, lambda y: y),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "-1 to K-2",
        coded([0, 1, 2, 1], 3, lambda y: y - 1),
        "the labels are -1 to 1 and seem to count from -1",
        "if -1 is a class, say --labels-from -1",
        "--labels-from -1",
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "any K numbers in a row",
        coded([0, 1, 2, 1], 3, lambda y: y + 2020),
        "the labels are 2020 to 2022",
        "--labels-from 2020",
        "--labels-from 2020",
        accuracy=0.75,
        never=DROPS,
    ),
    *(
        Hint(
            f"{mark} for samples without a class",
            hole([0, 1, 2, 1], 5, mark),
            f"label out of range at row 4 (value {mark}, 5 classes)",
            f"{mark} occurs 1 times: if it marks samples without a class",
            f"--ignore-index {mark}",
            accuracy=0.75,
        )
        for mark in (-1, 255, 65535, -999)
    ),
    Hint(
        "-1 beside ignored samples",
        coded([0, 1, 2, 1, 0, 0], 5, lambda y: np.append(y[:-2], [-1, -100])),
        "label out of range at row 4 (value -1, 5 classes)",
        "replace it by the ignore index",
        again([0, 1, 2, 1, -100, -100]),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "a mask of 0 and 255",
        coded([0, 1, 1, 0], 2, lambda y: (y * 255).astype(np.uint8)),
        "label out of range at row 1 (value 255, 2 classes)",
        "np.unique(labels, return_inverse=True)[1]",
        again(np.unique([0, 255, 255, 0], return_inverse=True)[1]),
        accuracy=0.75,
        never=DROPS,
    ),
    Hint(
        "-1 and 0",
        arrays(right([0, 1, 0], 2), [-1, 0, -1]),
        "label out of range at row 0 (value -1, 2 classes)",
        "if these are the 2 classes in the order of the columns",
        again([0, 1, 0]),
        accuracy=1.0,
        never=(*DROPS, "--labels-from"),
    ),
    Hint(
        "-1 and 1 saved as uint8",
        coded([0, 1, 1, 0], 2, lambda y: (2 * y - 1).astype(np.uint8)),
        "label out of range at row 0 (value 255, 2 classes)",
        "if these are the 2 classes in the order of the columns",
        never=DROPS,
    ),
    Hint(
        "-1 and 1 for more classes than two",
        arrays(right([0, 1, 1, 0], 3), [-1, 1, 1, -1]),
        "label out of range at row 0 (value -1, 3 classes)",
        "the labels are -1 to 1",
        never=(*DROPS, "--labels-from"),
    ),
    Hint(
        "numbers of another task",
        arrays(right([0, 1, 2, 0], 3), [17, 4, 900, 17]),
        "label out of range at row 0 (value 17, 3 classes)",
        "if these are the 3 classes",
        never=DROPS,
    ),
    Hint(
        "True and False of three classes",
        coded([0, 1, 1, 0], 3, lambda y: y == 1),
        "not integer labels (bool)",
        "False and True are two classes, and the logits have 3: save class numbers",
        again([0, 1, 1, 0]),
        accuracy=0.75,
        never=("astype", "--class-names"),
    ),
    Hint(
        "whole numbers as floats",
        coded([0, 1, 2, 0], 3, lambda y: y.astype(np.float32)),
        "not integer labels (float32)",
        'labels.astype("int64")',
        again([0, 1, 2, 0]),
        accuracy=0.75,
    ),
    Hint(
        "scores",
        arrays(right([0, 1, 2, 0], 3), [0.0, 0.9, 0.2, 1.0]),
        "not integer labels (float64): row 1 holds 0.9",
        "a label is a class number, not a score",
        never=("astype", "int64"),
    ),
    Hint(
        "names",
        arrays(right([0, 1, 2, 0], 3), ["cat", "dog", "emu", "cat"]),
        "not integer labels (str96): row 0 holds 'cat'",
        "give the names of the classes, one per line in the order of the columns of the logits: --class-names FILE",
        listed("cat", "dog", "emu"),
        accuracy=1.0,
    ),
    Hint(
        "more names than classes",
        arrays(right([0, 1, 2, 0], 3), ["cat", "dog", "emu", "yak"]),
        "not integer labels (str96): row 0 holds 'cat'",
        "there are 4 different labels for 3 classes: is this the column of the labels?",
        never=("--class-names",),
    ),
    Hint(
        "a name that is misspelt",
        _misspelt,
        "row 2: 'enu' is not the name of a class in ",
        "did you mean 'emu'? to leave a sample out, write -100, the ignore index, as its label",
        listed("cat", "dog", "emu", labels=["cat", "dog", "-100", "cat"]),
        accuracy=1.0,
    ),
    Hint(
        "numbers that are class numbers or names",
        _numbers("1", "2", "3"),
        "label 1 may be class 1, or the class 0 of this name in ",
        "if they are class numbers, leave out --class-names; if they are names, say --labels-from 1",
        "--labels-from 1",
        accuracy=1.0,
    ),
    Hint(
        "numbers that are class numbers or names in another order",
        _numbers("2", "0", "1"),
        "label 1 may be class 1, or the class 2 of this name in ",
        "if they are class numbers, leave out --class-names; if they are names, put a letter before each of them",
        lambda folder: ["eval", folder / "x.npy", folder / "y.npy"],
        accuracy=0.0,
        never=("--labels-from",),
    ),
    Hint(
        "a column of one",
        coded([0, 1, 2, 0], 3, lambda y: y[:, None]),
        "need labels of shape (N,), got (4, 1)",
        "labels.ravel()",
        again([0, 1, 2, 0]),
        accuracy=0.75,
    ),
    *(
        Hint(
            f"one-hot rows of {dtype}",
            coded([0, 1, 2, 0], 3, lambda y, dtype=dtype: np.eye(3)[y].astype(dtype)),  # type: ignore[misc]
            "need labels of shape (N,), got (4, 3)",
            "labels.argmax(axis=1)",
            again([0, 1, 2, 0]),
            accuracy=0.75,
            never=("multi-label",),
        )
        for dtype in ("float32", "int64", "bool")
    ),
    *(
        Hint(
            f"multi-label rows of {dtype}, one of {count} classes{''.join(words)}",
            arrays(right([0, 1, 2, 0], 3), np.array([[0, 1, 0], row, [1, 1, 1], [0, 0, 0]], dtype), *words),
            f"multi-label rows of 0 and 1: row {number} has {count} of 3 classes, not one",
            "--binary with logits[:, k] and labels[:, k]",
            _one_class,
            accuracy=0.25,
            never=("argmax", "divide", "--soft-labels", *DROPS),
        )
        for dtype in ("float32", "int64", "bool")
        for words in ((), ("--soft-labels",))
        for row, number, count in (([1, 0, 1], 1, 2), ([0, 0, 0], 1, 0))
        if not (words and count == 0 and dtype == "bool")
    ),
    Hint(
        "distributions",
        arrays(right([0, 1, 2, 0], 3), np.full((4, 3), 1 / 3)),
        "need labels of shape (N,), got (4, 3)",
        "say --soft-labels to lscli eval",
        never=("argmax",),
    ),
    Hint(
        "votes",
        arrays(right([0, 1, 2, 0], 3), np.array([[3, 1, 0]] * 4)),
        "need labels of shape (N,), got (4, 3)",
        "save one class number per sample",
        never=("argmax", "--soft-labels"),
    ),
    Hint(
        "votes as floats",
        arrays(right([0, 1, 2, 0], 3), np.array([[3.0, 1.0, 0.0]] * 4)),
        "need labels of shape (N,), got (4, 3)",
        "save one class number per sample",
        never=("argmax", "--soft-labels", "sweep"),
    ),
    Hint(
        "votes as soft labels",
        arrays(right([0, 1, 2, 0], 3), np.array([[3, 1, 0]] * 4), "--soft-labels"),
        "row 0, class 0: 3 is not in [0, 1]",
        "divide each row by its sum, or give 0 and 1",
        arrays(right([0, 1, 2, 0], 3), np.array([[0.75, 0.25, 0]] * 4), "--soft-labels"),
        prints="loss_hard,",
    ),
    Hint(
        "the logits of another model",
        arrays(right([0, 1, 2, 0], 3), right([0, 1, 2, 1], 3) - 0.5),
        "need labels of shape (N,), got (4, 3), like logits",
        "to compare models, say lscli compare LOGITS LOGITS LABELS",
        _compared,
        accuracy=0.75,
        never=("quote", "argmax", "--soft-labels"),
    ),
    Hint(
        "nothing but -1",
        arrays(right([0, 1, 2, 0], 3), [-1] * 4),
        "label out of range at row 0 (value -1, 3 classes)",
        "every label is -1",
        never=DROPS,
    ),
]
