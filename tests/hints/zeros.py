"""Classes of probability 0, and the lower bound of probabilities."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import softmax

from tests.hints.case import Hint, Make, agreement, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 5, "float64"), some_labels(24, 5)
EVAL = ("eval", "x.npy", "y.npy")
RAISE = "say --min-prob 1e-7 to raise it to 1e-7"
AT_LABEL, ASIDE = np.arange(5) == Y[:, None], np.arange(5) == (Y[:, None] + 1) % 5
SECOND = (np.arange(24) == 2)[:, None]


def without(where: np.ndarray) -> np.ndarray:
    """Probabilities that are 0 where told."""
    p = np.where(where, 0.0, softmax(X, axis=1))
    shares: np.ndarray = p / p.sum(axis=1, keepdims=True)
    return shares


LABEL_0, OTHER_0 = without(AT_LABEL & SECOND), without(ASIDE & SECOND)
MASKED = np.where(AT_LABEL & SECOND, -np.inf, X)
SOFT = 0.75 * AT_LABEL + 0.25 * ASIDE


def _ragged(*words: object) -> Make:
    """A `Make` of samples of lm-evaluation-harness with different numbers of choices."""

    def arguments(folder: Path) -> Sequence[object]:
        rows = [[str(value) for value in row[: 5 - number % 2]] for number, row in enumerate(X.tolist())]
        lines = [
            json.dumps({"doc_id": number, "target": "0", "filtered_resps": [[value, "False"] for value in row]})
            for number, row in enumerate(rows)
        ]
        (folder / "x.jsonl").write_text("\n".join(lines) + "\n")
        return ["eval", folder / "x.jsonl", *words]

    return arguments


RAGGED_ACCURACY = float(np.mean([np.argmax(row[: 5 - number % 2]) == 0 for number, row in enumerate(X.tolist())]))

CASES = [
    Hint(
        "a label of probability 0",
        typed(*EVAL, "--kind", "probs", "-m", "loss_hard", x=LABEL_0, y=Y),
        "1 of 24 labels has probability 0 (row 2): its loss is infinite",
        RAISE,
        "--min-prob 1e-7",
        prints="loss_hard,",
        code=0,
    ),
    Hint(
        "a label that is a masked class",
        typed(*EVAL, "-m", "loss_hard", x=MASKED, y=Y),
        "1 of 24 labels is a masked class (-inf) (row 2): its loss is infinite",
        RAISE,
        "--min-prob 1e-7",
        prints="loss_hard,",
        code=0,
    ),
    Hint(
        "a soft label with a class of probability 0",
        typed(*EVAL, "--soft-labels", "--kind", "probs", "-m", "loss_hard", x=OTHER_0, y=SOFT),
        "1 of 24 soft labels has a class of probability 0 (row 2): its loss is infinite",
        RAISE,
        "--min-prob 1e-7",
        prints="loss_hard,",
        code=0,
    ),
    Hint(
        "another class of probability 0",
        typed(*EVAL, "--kind", "probs", "-m", "loss_uniform", x=OTHER_0, y=Y),
        "1 of 24 samples has a class of probability 0: its uniform loss and logit gap are infinite",
        RAISE,
        "--min-prob 1e-7",
        prints="loss_uniform,",
        code=0,
    ),
    Hint(
        "a masked label that is an error",
        typed(*EVAL, "--masked-classes", "error", x=MASKED, y=Y),
        "row 2 has a masked class (-inf), which is its label",
        "to raise its probability to 1e-7, say --masked-classes keep and --min-prob 1e-7",
        typed(*EVAL, "--masked-classes", "keep", "--min-prob", "1e-7"),
        accuracy=agreement(MASKED, Y),
        never=("exclude",),
    ),
    *(
        Hint(
            f"a lower bound of probabilities with --masked-classes {treatment}",
            typed(*EVAL, "--masked-classes", treatment, "--min-prob", "1e-7", x=MASKED, y=Y),
            f"leaves no class of probability 0, and --masked-classes {treatment} is about such classes",
            "say --masked-classes keep, or leave out --min-prob",
            "--masked-classes keep",
            accuracy=agreement(MASKED, Y),
            code=2,
        )
        for treatment in ("exclude", "error")
    ),
    Hint(
        "a lower bound of probabilities where questions have different numbers of choices",
        _ragged("--min-prob", "1e-7"),
        "cannot be used if questions have different numbers of choices",
        "leave out --min-prob",
        _ragged(),
        accuracy=RAGGED_ACCURACY,
        code=2,
    ),
    Hint(
        "a lower bound of probabilities that is too large for K",
        typed(*EVAL, "--min-prob", "0.2", x=X, y=Y),
        "must be below 1/5 for 5 classes, got 0.2",
        "a usual value is --min-prob 1e-7",
        "--min-prob 1e-7",
        accuracy=agreement(X, Y),
        code=2,
    ),
    Hint(
        "a lower bound of probabilities of 1/2",
        typed(*EVAL, "--min-prob", "0.5", x=X, y=Y),
        "must be between 0 and 0.5",
        "a usual value is --min-prob 1e-7",
        "--min-prob 1e-7",
        accuracy=agreement(X, Y),
        code=2,
    ),
]
