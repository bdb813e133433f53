"""Several models: how they are named, and what they must share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.hints.case import Hint, Make, right, typed

X, Y = right([0, 1, 2, 0] * 6, 3), np.array([0, 1, 2, 1] * 6)
COMPARE = "lscli compare A B LABELS"


def each(*words: object) -> Make:
    """A `Make` of two models in folders of their own, each with its labels."""

    def arguments(folder: Path) -> Sequence[object]:
        for name, x in (("a", X), ("b", X + 1)):
            (folder / name).mkdir(exist_ok=True)
            typed(x=x, y=Y)(folder / name)
        typed(y=Y)(folder)
        return [str(word).replace("@", str(folder)) for word in words]

    return arguments


TWO = each("compare", "@/a/x.npy", "@/b/x.npy", "@/y.npy")
PATTERN = each("compare", "--each", "@/*/x.npy", "@/y.npy")

CASES = [
    Hint(
        "no model",
        each("compare"),
        "no models are named",
        COMPARE,
        TWO,
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "one model alone",
        each("compare", "@/a/x.npy", "@/y.npy"),
        "needs two models or more",
        "all in one quoted pattern: --each PATTERN",
        PATTERN,
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "a pattern of shards for models",
        each("compare", "@/*/x.npy", "@/*/y.npy"),
        "needs two models or more",
        "all in one quoted pattern: --each PATTERN",
        each("compare", "--each", "@/*/x.npy", "@/*/y.npy"),
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "models beside a pattern",
        each("compare", "--each", "@/*/x.npy", "@/b/x.npy", "@/y.npy"),
        "takes the labels besides the models of the pattern, but 2 paths are named",
        "or leave out --each and name all models",
        TWO,
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "members for models",
        each("compare", "--each", "@/*/x.npy", "@/y.npy", "--ensemble"),
        "each file is a model, not the member of an ensemble",
        COMPARE,
        each("compare", "@/*/x.npy", "@/*/x.npy", "@/y.npy", "--ensemble"),
        accuracy=0.75,
        code=2,
    ),
    Hint(
        "too few names",
        each("compare", "@/a/x.npy", "@/b/x.npy", "@/y.npy", "--names", "a"),
        "has 1 names for 2 models",
        "give a name for each model",
        each("compare", "@/a/x.npy", "@/b/x.npy", "@/y.npy", "--names", "a,b"),
        accuracy=0.75,
        code=2,
    ),
]
