"""What the promises of `threshold` and `conformal` are worth: `python -m tests.intervals.guarantee_coverage`.

Each run draws calibration samples. The error rate of all samples that a threshold keeps is known exactly, and the
coverage of a quantile is counted in a population. docs/guarantees.md has the tables. Argument: the number of runs.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import lscli
from lscli.intervals.conformal import quantile, rank
from lscli.kernels.conformal import Scoring, label_scores

Array = NDArray[Any]
DELTA = 0.05


class World(NamedTuple):
    """Samples whose error rate at each score is known. Scores are uniform on [0, 1].

    Attributes:
        name: a phrase for the table.
        wrong: the error rates of scores [n], for a limit.
        kept: the error rate of all samples whose score is at least t, for a limit.
        levels: how many scores there are; 0 for any.
    """

    name: str
    wrong: Callable[[Array, float], Array]
    kept: Callable[[float, float], float]
    levels: int = 0

    def draw(self, random: np.random.Generator, n: int, limit: float) -> tuple[Array, Array]:
        score = random.random(n)
        if self.levels:
            score = np.floor(score * self.levels) / self.levels
        return score, random.random(n) < self.wrong(score, limit)

    def broken(self, random: np.random.Generator, n: int, limit: float) -> bool:
        """Whether the threshold of n samples keeps more errors than the limit."""
        score, wrong = self.draw(random, n, limit)
        found = lscli.threshold(lscli.SampleTable.from_confidences(score, ~wrong), max_error=limit).threshold
        return found is not None and self.kept(found, limit) > limit


def _flat(score: Array, limit: float) -> Array:
    return np.full(len(score), 1.001 * limit)


def _rising(score: Array, limit: float) -> Array:
    return 2 * limit * (1 - score)  # the samples from t on have an error rate of limit (1 - t), at most the limit


def _steep(score: Array, limit: float) -> Array:
    return np.minimum(4 * limit * (1 - score), 1)  # the limit is reached at t = 1/2


def _steep_levels(t: float, limit: float) -> float:
    """The mean over the levels t, t + 0.1, ..., 0.9."""
    levels = np.round(np.arange(round(10 * t), 10) / 10, 1)
    return float(_steep(levels, limit).mean())


WORLDS = (
    World("just above the limit at every score", _flat, lambda t, limit: 1.001 * limit),
    World("the same, ten distinct scores", _flat, lambda t, limit: 1.001 * limit, 10),
    World("the same, two distinct scores", _flat, lambda t, limit: 1.001 * limit, 2),
    World("rises with 1 - score, never above", _rising, lambda t, limit: limit * (1 - t)),
    World("rises with 1 - score, above from 1/2 on", _steep, lambda t, limit: 2 * limit * (1 - t)),
    World("the same, ten distinct scores", _steep, _steep_levels, 10),
)


def share_broken(world: World, n: int, limit: float, runs: int) -> float:
    """The share of runs whose promise is broken."""
    random = np.random.default_rng([n, round(1 / limit)])
    return sum(world.broken(random, n, limit) for _ in range(runs)) / runs


SCORINGS = (
    Scoring("lac"),
    Scoring("aps"),
    Scoring("aps", randomized=True),
    Scoring("raps", 0.01, 2),
)


def population(n: int, tied: bool = False, classes: int = 5) -> tuple[Array, Array]:
    """Logits [n, K] and labels, of a classifier that is over-confident and knows some classes less well.

    Args:
        tied: whether logits are whole numbers, so that rows and classes are equal.
    """
    random = np.random.default_rng(0)
    y = random.integers(0, classes, n)
    x = random.normal(size=(n, classes))
    x[np.arange(n), y] += 2.5 - 0.4 * y
    return (np.round(x) if tied else 2 * x), y


def scored(x: Array, y: Array, how: Scoring) -> Array:
    """The scores of the labels."""
    return label_scores(x, y, how)


def coverages(scores: Array, n: int, alpha: float, runs: int) -> Array:
    """The coverage among all samples of the quantile of n of them, in each run."""
    random, ordered = np.random.default_rng(n), np.sort(scores)
    found = [quantile(random.choice(scores, n), alpha) for _ in range(runs)]
    share: Array = np.searchsorted(ordered, found, side="right") / len(scores)
    return share


def main(arguments: Sequence[str]) -> None:
    """Print the tables of docs/guarantees.md."""
    from scipy.stats import beta, kstest

    runs = int(arguments[0]) if arguments else 10_000
    print("| the error rate | n | limit | promise broken |\n|---|---|---|---|")
    for world in WORLDS:
        for n, limit in ((60, 0.05), (500, 0.05), (500, 0.01), (5000, 0.01)):
            if n >= math.ceil(math.log(DELTA) / math.log1p(-limit)):
                print(f"| {world.name} | {n:,} | {limit:g} | {share_broken(world, n, limit, runs):.2%} |", flush=True)
    print("\n| method | logits | n | alpha | expected | mean | K-S p |\n|---|---|---|---|---|---|---|")
    for tied in (False, True):
        x, y = population(100_000, tied)
        for how in SCORINGS:
            scores = scored(x, y, how)
            name = f"{how.method}{', randomized' if how.randomized else ''}"
            for n, alpha in ((50, 0.1), (1000, 0.1)):
                found, k = coverages(scores, n, alpha, runs), rank(n, alpha)
                p = "" if tied else f"{kstest(found, beta(k, n + 1 - k).cdf).pvalue:.2f}"
                cells = (name, "tied" if tied else "real", n, alpha, f"{k / (n + 1):.4f}", f"{found.mean():.4f}", p)
                print(f"| {' | '.join(map(str, cells))} |")
    x, y = population(100_000)
    scores = scored(x, y, Scoring("lac"))
    print("\n| class | one quantile of all classes | a quantile for each class |\n|---|---|---|")
    one = float(np.mean([quantile(np.random.default_rng(r).choice(scores, 1000), 0.1) for r in range(200)]))
    for c in range(5):
        own = scores[y == c]
        print(f"| {c} | {(own <= one).mean():.4f} | {coverages(own, 199, 0.1, runs).mean():.4f} |")


if __name__ == "__main__":
    main(sys.argv[1:])
