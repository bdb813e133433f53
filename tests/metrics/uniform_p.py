"""How often ece_p is small: `python -m tests.metrics.uniform_p`, with the number of runs.

Calibrated models have a small p-value as often as it says, and models whose confidence is too high by four standard
errors of the accuracy more often. docs/intervals.md has the table that it prints.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS

Array = NDArray[Any]
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75)


def p_value(c: Array, a: Array, weight: Array | None = None, **settings: Any) -> float:
    """The ece_p of confidences and of which of them are right."""
    table = SampleTable.from_confidences(c, a, weight=weight)
    (found,) = METRICS["ece_p"].compute(table, Settings(**settings))
    return found.value


def shares(accuracy: float, n: int, runs: int) -> tuple[Array, Array]:
    """The shares of p-values that are at most each of LEVELS: of calibrated models, and of over-confident ones."""
    random = np.random.default_rng([n, int(1000 * accuracy)])
    found = np.empty((2, runs))
    for run in range(runs):
        c = random.beta(accuracy / (1 - accuracy), 1.0, n)
        uniform = random.random(n)
        for place, over in enumerate((0.0, 4 * (accuracy * (1 - accuracy) / n) ** 0.5)):
            found[place, run] = p_value(c, uniform < c - over)
    calibrated, biased = ((each[:, None] <= LEVELS).mean(axis=0) for each in found)
    return calibrated, biased


def main(runs: int = 1000) -> None:
    """Print the table."""
    print(f"| accuracy | N | {' | '.join(f'p <= {level:g}' for level in LEVELS)} | p <= 0.05, over-confident |")
    print(f"|---|---|{'---|' * (len(LEVELS) + 1)}")
    for accuracy in (0.6, 0.8, 0.95, 0.995):
        for n in (100, 1000):
            calibrated, biased = shares(accuracy, n, runs)
            cells = (f"{100 * share:.1f}" for share in (*calibrated, biased[1]))
            print(f"| {accuracy:g} | {n:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
