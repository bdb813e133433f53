"""Answers with a warning: what it says to type gives the right number, without a warning."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import expit, softmax

from tests.hints.case import Hint, Make, agreement, right, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(60, 4, "float64"), some_labels(60, 4)
X = X + 3 * np.eye(4)[Y]
Z = X[:, 1] - X[:, 0]
BITS = (Z + some_logits(60, 1, "float64")[:, 0] > 0).astype(int)
EVAL = ("eval", "x.npy", "y.npy")
RIGHT, BINARY = agreement(X, Y), agreement(Z, BITS)
NUMBERS = np.arange(60.0)[:, None]
# The votes of 20 annotators for each class.
VOTES = np.random.default_rng(0).multinomial(20, softmax(X, axis=1)).astype(float)


def columns(*names: str) -> Make:
    """A `Make` of the logits and whole numbers as columns of Parquet."""

    def arguments(folder: Path) -> Sequence[object]:
        pq.write_table(
            pa.table(dict(zip(names, np.hstack([X, Y[:, None] + 7.0]).T, strict=True))), folder / "x.parquet"
        )
        return ["eval", folder / "x.parquet", *typed("y.npy", y=Y)(folder)]

    return arguments


def two_models(*words: str) -> Make:
    """A `Make` of two archives with logits and labels, and of words to type."""

    def arguments(folder: Path) -> Sequence[object]:
        for name, x in (("a.npz", X), ("b.npz", X + 1)):
            np.savez(folder / name, logits=x, labels=Y)
        return [folder / word if word.endswith(".npz") else word for word in words]

    return arguments


CASES = [
    Hint(
        "the archive of another model for the labels",
        two_models("eval", "a.npz", "b.npz"),
        "b.npz also holds logits, and only its labels are read",
        "to compare two models, each with its labels, say lscli compare ",
        two_models("compare", "a.npz", "b.npz"),
        prints="b.npz,,loss_hard,",
        code=0,
    ),
    Hint(
        "probabilities as logits",
        typed(*EVAL, x=softmax(X, axis=1), y=Y),
        "every row sums to 1",
        "if these are probabilities, say --kind probs",
        "--kind probs",
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "percentages as logits",
        typed(*EVAL, x=100 * softmax(X, axis=1), y=Y),
        "every row sums to 100",
        "if these are percentages, divide them by 100 and say --kind probs",
        typed(*EVAL, "--kind", "probs", x=softmax(X, axis=1)),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "losses as logits",
        typed(*EVAL, x=-np.log(softmax(X, axis=1)), y=Y),
        "every row is like -log p of probabilities p that sum to 1",
        "save log p, which has no minus sign",
        typed(*EVAL, x=np.log(softmax(X, axis=1))),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "votes as logits",
        typed(*EVAL, x=VOTES, y=Y),
        "no value is below 0, and all rows have about the same sum",
        "divide each row by its sum and say --kind probs",
        typed(*EVAL, "--kind", "probs", x=VOTES / 20),
        accuracy=agreement(VOTES, Y),
        code=0,
    ),
    Hint(
        "logarithms to the base 2 as logits",
        typed(*EVAL, x=np.log2(softmax(X, axis=1)), y=Y),
        "every row is like log2 p of probabilities p that sum to 1",
        "multiply the values by math.log(2)",
        typed(*EVAL, x=np.log2(softmax(X, axis=1)) * math.log(2)),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "logarithms to the base 10 as logits",
        typed(*EVAL, x=np.log10(softmax(X, axis=1)), y=Y),
        "every row is like log10 p of probabilities p that sum to 1",
        "multiply the values by math.log(10)",
        typed(*EVAL, x=np.log10(softmax(X, axis=1)) * math.log(10)),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "percentages of class 1 as binary logits",
        typed(*EVAL, "--binary", x=100 * expit(Z), y=BITS),
        "all values lie between 0 and 100",
        "if these are percentages of class 1, divide them by 100 and say --kind probs",
        typed(*EVAL, "--binary", "--kind", "probs", x=expit(Z)),
        accuracy=BINARY,
        code=0,
    ),
    Hint(
        "probabilities as binary logits",
        typed(*EVAL, "--binary", x=expit(Z), y=BITS),
        "all values lie between 0 and 1",
        "if these are probabilities of class 1, say --kind probs",
        "--kind probs",
        accuracy=BINARY,
        code=0,
    ),
    Hint(
        "labels before the classes",
        typed(*EVAL, x=np.hstack([Y[:, None], X]), y=Y),
        "column 0 holds only whole numbers",
        "save logits[:, 1:]",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "row numbers after the classes",
        typed(*EVAL, x=np.hstack([X, NUMBERS]), y=Y),
        "column 4 holds only whole numbers",
        "save logits[:, :4]",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "labels among the classes",
        typed(*EVAL, x=np.insert(X, 2, Y, axis=1), y=Y),
        "column 2 holds only whole numbers",
        "save np.delete(logits, [2], axis=1)",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "labels beside one logit",
        typed(*EVAL, x=np.stack([Z, BITS], axis=1), y=BITS),
        "column 1 holds only whole numbers",
        "save logits[:, 0] and say --binary",
        typed(*EVAL, "--binary", x=Z),
        accuracy=BINARY,
        code=0,
    ),
    Hint(
        "labels that count from 1, without the last class",
        typed(*EVAL, x=right((Y % 3).tolist(), 4), y=Y % 3 + 1),
        "with labels - 1",
        "do the labels count from 1? then say --labels-from 1",
        "--labels-from 1",
        accuracy=1.0,
        code=0,
    ),
    Hint(
        "labels in reversed order",
        typed(*EVAL, x=X[::-1], y=Y),
        "with the labels in reversed order",
        "reverse the rows of one of the two",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "a metric of two models",
        typed(*EVAL, "-m", "loss_difference,accuracy", x=X, y=Y),
        "loss_difference is absent",
        "there is one model; lscli sweep takes several",
        typed("sweep", "x.npy", "z.npy", "y.npy", z=X + 1),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "a metric of an ensemble",
        typed(*EVAL, "-m", "mutual_information,accuracy", x=X, y=Y),
        "mutual_information is absent",
        "there is one member; for the files of several, say --ensemble",
        typed("eval", "x*.npy", "y.npy", "--ensemble", "-q", x1=X, x2=X / 2, x=X / 3),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "two logits as one library has them",
        typed(*EVAL, "--binary", "--compat", "gpleiss", "-m", "ece", x=Z, y=BITS),
        "gpleiss has no binary calibration error",
        "for the value that it prints for two logits, say --top-label",
        "--top-label",
        prints="ece,",
        code=0,
    ),
    Hint(
        "whole numbers among the columns of a table",
        columns("cat_a", "cat_b", "cat_c", "cat_d", "zed"),
        "column 'zed' holds only whole numbers",
        "if it is not a class, say --logits-key cat_a,cat_b,cat_c,cat_d",
        "--logits-key cat_a,cat_b,cat_c,cat_d",
        accuracy=RIGHT,
        code=0,
    ),
]
