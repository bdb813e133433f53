"""Values of another kind than `--kind` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit, log_softmax, softmax

from tests.hints.case import Hint, Make, arrays
from tests.io.make import saved, some_labels, some_logits

X, Y = some_logits(40, 5, "float64"), some_labels(40, 5)
RIGHT = float((X.argmax(axis=1) == Y).mean())
Z, BITS = some_logits(40, 1, "float64")[:, 0], some_labels(40, 2)
KIND = "--kind"
ROUNDED = np.round(softmax(X, axis=1), 2)


def said(*words: object, change: Callable[[Any], Any] = lambda x: x) -> Make:
    """A `Make` that says something else of the same files, with changed values."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "x.npy").write_bytes(saved(change(np.load(folder / "x.npy"))))
        return ["eval", folder / "x.npy", folder / "y.npy", *words]

    return arguments


def one_class(k: int) -> Make:
    """A `Make` that measures one class of independent ones."""

    def arguments(folder: Path) -> Sequence[object]:
        probs, labels = np.load(folder / "x.npy"), np.load(folder / "y.npy")
        return arrays(probs[:, k], (labels == k).astype(int), "--binary", KIND, "probs")(folder)

    return arguments


CASES = [
    *(
        Hint(
            f"logits as {kind}",
            arrays(X, Y, KIND, kind),
            "",
            "these look like logits: leave --kind out",
            said(),
            accuracy=RIGHT,
            never=("--nonfinite",),
        )
        for kind in ("probs", "log-probs")
    ),
    Hint(
        "logits from 0 on as probs",
        arrays(X - X.min(), Y, KIND, "probs"),
        "of probs sums to",
        "if these are logits, leave --kind out",
        said(),
        accuracy=RIGHT,
    ),
    Hint(
        "a few logits from 0 on as probs",
        arrays([[0.1, 0.2, 0.3], [0.4, 0.1, 0.9], [2, 0.1, 0.3]], [2, 2, 1], KIND, "probs"),
        "of probs sums to",
        "if these are logits, leave --kind out",
        said(),
        accuracy=2 / 3,
    ),
    Hint(
        "log-probs as probs",
        arrays(log_softmax(X, axis=1), Y, KIND, "probs"),
        "a negative probability",
        "say --kind log-probs",
        said(KIND, "log-probs"),
        accuracy=RIGHT,
        never=("--nonfinite", "leave"),
    ),
    Hint(
        "log-probs with a class of probability 0 as probs",
        arrays(
            np.where(np.arange(5) == 4, -np.inf, log_softmax(X[:, [0, 1, 2, 3, 3]], axis=1) + np.log(1)),
            Y % 4,
            KIND,
            "probs",
        ),
        "row 0",
        "--kind",
    ),
    Hint(
        "probs as log-probs",
        arrays(softmax(X, axis=1), Y, KIND, "log-probs"),
        "of log-probs sums to",
        "say --kind probs",
        said(KIND, "probs"),
        accuracy=RIGHT,
        never=("leave",),
    ),
    *(
        Hint(
            f"logarithms to the base {base} as {kind}",
            arrays(log_softmax(X, axis=1) / np.log(base), Y, KIND, kind),
            "row 0",
            f"multiply them by math.log({base}), and say --kind log-probs",
            said(KIND, "log-probs", change=lambda x, base=base: x * np.log(base)),  # type: ignore[misc]
            accuracy=RIGHT,
            never=("leave",),
        )
        for base in (2, 10)
        for kind in ("probs", "log-probs")
    ),
    *(
        Hint(
            f"percentages as {kind}",
            arrays(100 * softmax(X, axis=1), Y, KIND, kind),
            f"of {kind} sums to",
            "divide them by 100, and say --kind probs",
            said(KIND, "probs", change=lambda x: x / 100),
            accuracy=RIGHT,
            never=("leave",),
        )
        for kind in ("probs", "log-probs")
    ),
    Hint(
        "sigmoid scores as probs",
        arrays(expit(X), Y, KIND, "probs"),
        "of probs sums to",
        "save probs[:, k] and (labels == k).astype(int), and say --binary --kind probs",
        one_class(2),
        accuracy=float(((X[:, 2] > 0) == (Y == 2)).mean()),
        never=("leave",),
    ),
    Hint(
        "labels beside probabilities",
        arrays(np.column_stack([softmax(X, axis=1), Y]), Y, KIND, "probs"),
        "of probs sums to",
        "column 5 holds only whole numbers, and the others sum to 1: save only the others",
        said(KIND, "probs", change=lambda x: x[:, :5]),
        accuracy=RIGHT,
    ),
    Hint(
        "labels beside probabilities of class 1",
        arrays(np.column_stack([expit(Z), BITS]), BITS, KIND, "probs"),
        "of probs sums to",
        "if the other one is the probability of class 1, save it alone and say --binary",
        said(KIND, "probs", "--binary", change=lambda x: x[:, 0]),
        accuracy=float(((Z > 0) == BITS).mean()),
    ),
    Hint(
        "rounded probabilities",
        arrays(ROUNDED, Y, KIND, "probs"),
        "of probs sums to",
        "if the probabilities are rounded, divide each row by its sum",
        said(KIND, "probs", change=lambda x: x / x.sum(axis=1, keepdims=True)),
        accuracy=float((ROUNDED.argmax(axis=1) == Y).mean()),
    ),
    Hint(
        "a row among probabilities",
        arrays(np.where(np.arange(40)[:, None] == 17, 0.1, softmax(X, axis=1)), Y, KIND, "probs"),
        "row 17 of probs sums to 0.5",
        "look at the run that wrote this one",
        never=("--kind",),
    ),
    Hint(
        "a probability a little below 0",
        arrays(np.where(np.arange(200).reshape(40, 5) == 7, -1e-9, softmax(X, axis=1)), Y, KIND, "probs"),
        "row 1 has nan or a negative probability",
        "look at the run that wrote it",
        never=("--kind",),
    ),
    Hint(
        "binary logits as probs",
        arrays(Z, BITS, "--binary", KIND, "probs"),
        "which is no probability",
        "these look like logits: leave --kind out",
        said("--binary"),
        accuracy=float(((Z > 0) == BITS).mean()),
        never=("--nonfinite",),
    ),
    Hint(
        "negative binary logits as probs",
        arrays(-abs(Z), BITS, "--binary", KIND, "probs"),
        "which is no probability",
        "if these are logits, leave --kind out; if they are log-probabilities, say --kind log-probs",
        said("--binary"),
        accuracy=float((BITS == 0).mean()),
        never=("--nonfinite",),
    ),
    Hint(
        "binary log-probabilities as probs",
        arrays(np.log(expit(Z)), BITS, "--binary", KIND, "probs"),
        "which is no probability",
        "if they are log-probabilities, say --kind log-probs",
        said("--binary", KIND, "log-probs"),
        accuracy=float(((Z > 0) == BITS).mean()),
        never=("--nonfinite",),
    ),
]
