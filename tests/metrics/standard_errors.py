"""Whether standard errors are right: `python -m tests.metrics.standard_errors`.

Each run draws a set of samples from a large population: independent samples, samples counted by weights, or clusters of
samples. The script prints, for every metric that has a standard error, the mean of the reported ones over the standard
deviation of the values: 1 if they are right. With 500 runs, a ratio varies by .03.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.metrics.catalogue import METRICS
from lscli.metrics.selection import Choice
from lscli.smoothing.targets import Targets
from tests.metrics.tables import CLASS_WEIGHTS, CLASSES, PRIOR, SETTINGS, table_of

Array = NDArray[np.float64]
# Of clusters that come as a whole, so many samples each.
_SIZE = 10
_LABELS = 40


class Design(NamedTuple):
    """How sets are drawn.

    Attributes:
        name: a phrase for the table.
        population: makes the table that sets are drawn from.
        draw: draws a set.
        targets: of the losses.
    """

    name: str
    population: Callable[[Targets], SampleTable]
    draw: Callable[[np.random.Generator, SampleTable], SampleTable]
    targets: Targets = Targets()


def samples(targets: Targets, rows: int, clusters: int = 0) -> SampleTable:
    """Samples of a model with an accuracy of .7; if there are clusters, each has a difficulty of its own."""
    random = np.random.default_rng(5)
    logits = 1.3 * random.standard_normal((rows, CLASSES))
    labels = random.integers(0, CLASSES, rows)
    raised = 3 + 1.5 * random.standard_normal(rows)
    if clusters:
        raised += 1.5 * np.repeat(random.standard_normal(clusters), rows // clusters)
    logits[np.arange(rows), labels] += raised
    return table_of(logits, labels, targets)


def _independent(random: np.random.Generator, population: SampleTable) -> SampleTable:
    return population.select(random.integers(0, len(population), 400))


def _weighted(random: np.random.Generator, population: SampleTable) -> SampleTable:
    """Of few different samples, each counts as often as it is drawn."""
    counts = np.bincount(random.integers(0, len(population), 400), minlength=len(population))
    return population.with_weights(counts.astype(float))


def _clustered(random: np.random.Generator, population: SampleTable) -> SampleTable:
    drawn = random.integers(0, len(population) // _SIZE, _LABELS)
    rows = (drawn[:, None] * _SIZE + np.arange(_SIZE)).ravel()
    return population.select(rows).with_clusters(np.repeat(np.arange(_LABELS), _SIZE))


def _many(targets: Targets) -> SampleTable:
    return samples(targets, 40_000)


DESIGNS = (
    Design("independent", _many, _independent),
    Design("weighted", lambda targets: samples(targets, 300), _weighted),
    Design("clustered", lambda targets: samples(targets, 40_000, 4000), _clustered),
    Design("prior", _many, _independent, Targets("prior", PRIOR)),
    Design("class weights", _many, _independent, Targets("uniform", None, CLASS_WEIGHTS, "torch")),
)


def ratios(design: Design, metrics: Iterable[str], runs: int) -> dict[str, float]:
    """The mean reported standard error over the standard deviation, for each of these metrics that reports one."""
    population, settings = design.population(design.targets), SETTINGS._replace(targets=design.targets)
    first = design.draw(np.random.default_rng(0), population)
    choices = [
        choice
        for choice in (Choice(METRICS[name]) for name in metrics)
        if any(value.stderr > 0 for value in choice.values(first, settings))
    ]
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(runs):
        table = design.draw(np.random.default_rng(seed), population)
        for choice in choices:
            for place, value in enumerate(choice.values(table, settings)):
                found.setdefault(choice.metric.id + "'" * place, []).append((value.value, value.stderr))
    # A part of the excess may be infinite at an eps of 0 or 1, and has no standard deviation there.
    pairs = {name: np.array(each).T for name, each in found.items() if np.isfinite(each).all()}
    spreads = {name: (errors.mean(), values.std(ddof=1)) for name, (values, errors) in pairs.items()}
    return {name: float(error / spread) for name, (error, spread) in spreads.items() if spread > 1e-12}


def main(runs: int = 500) -> None:
    """Print the table."""
    found = [ratios(design, METRICS, runs) for design in DESIGNS]
    print(f"| metric | {' | '.join(design.name for design in DESIGNS)} |\n|---|{'---|' * len(DESIGNS)}")
    for name in dict.fromkeys(name for each in found for name in each):
        print(f"| {name} | {' | '.join(f'{each[name]:.2f}' if name in each else '' for each in found)} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
