"""The output of `lscli compare`: its order, and what decides about its exit code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.hints.case import Hint, Make, typed
from tests.io.make import some_labels, some_logits


def compared(*words: object) -> Make:
    """Two models, their labels, and a command that compares them."""

    def arguments(folder: Path) -> list[object]:
        for name, array in (
            ("a.npy", some_logits(24, 3)),
            ("b.npy", -some_logits(24, 3)),
            ("y.npy", some_labels(24, 3)),
        ):
            np.save(folder / name, array)
        return [*typed("compare", "a.npy", "b.npy", "y.npy")(folder), *words]

    return arguments


CASES = [
    Hint(
        "an order by a metric that is not compared",
        compared("--sort", "aurc"),
        "sort: this metric is not compared",
        "also name it in --metrics, or take one of: loss_hard, brier, accuracy, ece",
        compared("--sort", "aurc", "--metrics", "loss_hard,aurc"),
        prints=",aurc,",
        code=2,
    ),
    Hint(
        "an order by one of those that are",
        compared("--sort", "aurc"),
        "sort: this metric is not compared",
        "take one of: loss_hard, brier, accuracy, ece",
        compared("--sort", "ece"),
        prints=",ece,",
        code=2,
    ),
    *(
        Hint(
            f"values alone, and an exit code of verdicts: without {name}",
            compared("--wide", "--fail-on-regression", "ece"),
            "a table of the values alone has no verdicts",
            "leave --wide or --fail-on-regression out",
            compared(*words),
            prints=prints,
            code=2,
        )
        for name, words, prints in (("verdicts", ["--wide"], "accuracy,ece"), ("wide", [], "p_adjusted"))
    ),
]
