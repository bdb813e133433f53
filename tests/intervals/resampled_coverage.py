"""How often intervals from resamples contain the truth: `python -m tests.intervals.resampled_coverage`.

Sets of independent samples are drawn from a large population, whose own values are the truth. For every metric whose
interval `--ci` computes from resamples and that is no mean, the script prints the share of the 95 % intervals that
contain it, and on which side the others lie: below or above the truth.
"""

from __future__ import annotations

import math
import sys
from typing import NamedTuple

import numpy as np

from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling, intervals
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import METRICS
from lscli.metrics.selection import Choice
from tests.metrics.tables import CLASSES, table_of

SETTINGS = Settings()
ROWS = 40_000
# What grows with a power of the number of samples; a p-value has no truth.
_POWERS = {"spiegelhalter_z": 0.5, "ece_null": -0.5}
_NO_TRUTH = {"spiegelhalter_p"}


class Model(NamedTuple):
    """A model whose logits are normal.

    Attributes:
        name: a phrase for the table.
        raised: by how much the label's logit is raised, on average; it decides the accuracy.
    """

    name: str
    raised: float

    def population(self) -> SampleTable:
        """The samples that sets are drawn from."""
        random = np.random.default_rng(5)
        logits = 1.3 * random.standard_normal((ROWS, CLASSES))
        labels = random.integers(0, CLASSES, ROWS)
        logits[np.arange(ROWS), labels] += self.raised + 1.5 * random.standard_normal(ROWS)
        return table_of(logits, labels)


MODELS = (Model("accuracy .74", 3.2), Model("accuracy .97", 6.0))


def chosen(population: SampleTable, n: int) -> list[tuple[Choice, float]]:
    """The metrics whose value has no standard error and whose interval is that of resamples, and their truth for n."""
    found = []
    for metric in (each for name, each in METRICS.items() if name not in _NO_TRUTH):
        choice = Choice(metric)
        values = choice.values(population, SETTINGS) if metric.interval == "resamples" and not metric.constant else ()
        if len(values) == 1 and math.isnan(values[0].stderr) and not metric.by_class:
            found.append((choice, values[0].value * (n / ROWS) ** _POWERS.get(metric.id, 0.0)))
    return found


def sides(population: SampleTable, n: int, runs: int, resamples: int) -> dict[str, tuple[float, float]]:
    """The shares of intervals that lie below and above the truth, for each metric; nan intervals are left out."""
    metrics = chosen(population, n)
    shares: dict[str, list[tuple[bool, bool]]] = {choice.metric.id: [] for choice, _ in metrics}
    for run in range(runs):
        random = np.random.default_rng([n, run])
        table = population.select(random.integers(0, len(population), n))
        found = [(choice, choice.values(table, SETTINGS)) for choice, _ in metrics]
        ends = intervals(table, found, SETTINGS, Resampling(Bootstrap(resamples, run), 1, None))
        for (choice, truth), (low, high) in zip(metrics, ends, strict=True):
            if not math.isnan(low):
                shares[choice.metric.id].append((high < truth, low > truth))
    return {name: tuple(np.mean(each, axis=0)) for name, each in shares.items() if each}


def main(runs: int = 500, resamples: int = 400, *sizes: int) -> None:
    """Print the table."""
    sizes = sizes or (200, 2000)
    print("| model | metric | N | contains the truth | below it | above it |\n|---|---|---|---|---|---|")
    for model in MODELS:
        population = model.population()
        for n in sizes:
            for name, (below, above) in sides(population, n, runs, resamples).items():
                parts = (f"{100 * share:.1f}" for share in (1 - below - above, below, above))
                print(f"| {model.name} | {name} | {n} | {' | '.join(parts)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
