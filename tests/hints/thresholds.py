"""Thresholds: limits, and samples that no guarantee is of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.hints.case import Hint, Make, typed
from tests.hints.topk import kept as of_top

Y = np.arange(120) % 3
X = 4.0 * np.eye(3)[Y] + np.random.default_rng(5).normal(size=(120, 3))
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
COLUMNS = "source,group,class,score,n,threshold,coverage,kept,errors,error,bound,max_error"


def asked(*words: str) -> Make:
    return typed("threshold", "x.npy", "y.npy", *words, x=X, y=Y, p=P, c=Y // 3)


def top(*words: str) -> Make:
    """The top k of each row."""

    def arguments(folder: Path) -> Sequence[object]:
        _, *rest = of_top()(folder)
        return ["threshold", *rest, "--max-error", "0.99", *words]

    return arguments


def limited(*words: str) -> Make:
    return asked("--max-error", "0.1", *words)


FLAT = typed(
    *("threshold", "x.npy", "y.npy", "--max-error", "0.1", "--flatten"), x=X.reshape(40, 3, 3), y=Y.reshape(40, 3)
)
CASES = [
    Hint(
        "a threshold without a limit",
        asked(),
        "no limit is given",
        "for example --max-error 0.05, --min-accuracy 0.95, or --coverage 0.8 for the bound of its error",
        "--max-error 0.05",
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold with two limits",
        limited("--coverage", "0.5"),
        "max-error: cannot be combined with --coverage",
        "leave out --max-error or --coverage",
        limited(),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a confidence in percent for a threshold",
        limited("--confidence", "95"),
        "must be between 0 and 1",
        "for example --confidence 0.95",
        limited("--confidence", "0.95"),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold of clusters",
        limited("--clusters", "c.npy"),
        "the guarantee needs independent samples",
        "keep one sample of each cluster; if all samples are independent, say --clusters none",
        limited("--clusters", "none"),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold of tokens",
        FLAT,
        "the guarantee needs independent samples",
        "keep one sample of each cluster; if all samples are independent, say --clusters none",
        "--clusters none",
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold by the disagreement of one member",
        limited("--score", "mutual_information"),
        "compares the members of an ensemble, and there is one member",
        "for the files of several, say --ensemble; or rank by --score entropy",
        limited("--score", "entropy"),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold by a score that labels choose",
        limited("--score", "max_logit_pnorm"),
        "max_logit_pnorm has an exponent that labels choose, which voids the promise",
        "use --score max_logit, or another score that reads no labels",
        limited("--score", "max_logit"),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold by the energy of probabilities",
        typed(*("threshold", "p.npy", "y.npy", "--kind", "probs", "--max-error", "0.1", "--score", "energy"), p=P, y=Y),
        "energy needs logits, and these are probabilities",
        "use --score msp",
        typed(*("threshold", "p.npy", "y.npy", "--kind", "probs", "--max-error", "0.1", "--score", "msp"), p=P, y=Y),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a threshold by the energy of the top k",
        top("--score", "energy"),
        "energy is not known",
        "use --score msp",
        top("--score", "msp"),
        prints=COLUMNS,
        code=2,
    ),
    Hint(
        "a third path without test logits",
        typed("threshold", "x.npy", "y.npy", "z.npy", "--max-error", "0.1", x=X, y=Y, z=Y),
        "a third path is the labels of test samples",
        "write --test TEST_LOGITS TEST_LABELS",
        typed("threshold", "x.npy", "y.npy", "--test", "x.npy", "z.npy", "--max-error", "0.1", x=X, y=Y, z=Y),
        prints=COLUMNS,
        code=2,
    ),
]
