"""How often intervals from resamples contain the truth: `python -m tests.intervals.resampled_coverage`.

Sets of independent samples are drawn from a large population, whose own values are the truth. For every metric whose
interval `--ci` computes from resamples and that is no mean, the script prints the share of the 95 % intervals that
contain it, and on which side the others lie: below or above the truth.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection
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
# What depends on the number of samples: the truth is its mean over all sets. A p-value has no truth.
_OF_SETS = {"spiegelhalter_z", "ece_null"}
_NO_TRUTH = {"spiegelhalter_p"}
# No error of calibration, though in the same family.
_FURTHER = {"brier_discrimination", "nll_discrimination"}


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


def chosen(population: SampleTable) -> list[tuple[Choice, float]]:
    """The metrics whose value has no standard error and whose interval is that of resamples, and their truth."""
    found = []
    for metric in (each for name, each in METRICS.items() if name not in _NO_TRUTH):
        choice = Choice(metric)
        wanted = metric.id in _FURTHER or metric.interval in ("resamples", "log-odds")
        values = choice.values(population, SETTINGS) if wanted else ()
        if len(values) == 1 and math.isnan(values[0].stderr) and not metric.sums:
            found.append((choice, values[0].value))
    return found


def sides(
    population: SampleTable, n: int, runs: int, resamples: int, names: Collection[str] = METRICS
) -> dict[str, tuple[float, float]]:
    """The shares of intervals that lie below and above the truth, for each metric; nan intervals are left out."""
    metrics = [each for each in chosen(population) if each[0].metric.id in names]
    values: dict[str, list[float]] = {choice.metric.id: [] for choice, _ in metrics}
    spans: dict[str, list[tuple[float, float]]] = {choice.metric.id: [] for choice, _ in metrics}
    for run in range(runs):
        random = np.random.default_rng([n, run])
        table = population.select(random.integers(0, len(population), n))
        found = [(choice, choice.values(table, SETTINGS)) for choice, _ in metrics]
        ends = intervals(table, found, SETTINGS, Resampling(Bootstrap(resamples, run), 1, None))
        for (choice, own), (low, high) in zip(found, ends, strict=True):
            if not math.isnan(low):
                values[choice.metric.id].append(own[0].value)
                spans[choice.metric.id].append((low, high))
    shares = {}
    for choice, truth in metrics:
        name = choice.metric.id
        if spans[name]:
            truth = float(np.mean(values[name])) if name in _OF_SETS else truth
            low, high = np.array(spans[name]).T
            shares[name] = (float(np.mean(high < truth)), float(np.mean(low > truth)))
    return shares


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
