"""How often intervals of clustered samples contain the truth: `python -m tests.intervals.coverage`.

Each design draws many sets of G clusters of samples, computes the 95 % intervals of `--ci --clusters`, and counts how
often they contain the number that an endless sample would give. docs/uncertainty.md has the table that it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.api.report_rows import group_rows
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.metrics.base import Settings
from lscli.metrics.selection import select

Array = NDArray[np.float64]
CLUSTERS = (5, 10, 20, 50, 200)
_SIZE = 20  # samples of a cluster


class Design(NamedTuple):
    """How samples are drawn.

    Attributes:
        name: a phrase for the table.
        metrics: the ids of the metrics whose intervals are counted.
        draw: makes a table of so many clusters.
    """

    name: str
    metrics: tuple[str, ...]
    draw: Callable[[np.random.Generator, int], SampleTable]


def _gaps(effect: Array, random: np.random.Generator) -> SampleTable:
    """Logit gaps around 1: half of their variance is that of the clusters, whose effects [G] have the variance 1."""
    gap = 1 + effect[:, None] + random.standard_normal((len(effect), _SIZE))
    return SampleTable({"logit_gap": gap.ravel()}, 10, cluster=_numbers(len(effect)))


def _answers(effect: Array, random: np.random.Generator) -> SampleTable:
    """Confident answers, which are right with a probability that varies from cluster to cluster."""
    ability = effect[:, None] + random.standard_normal((len(effect), _SIZE))
    right = ability + random.logistic(size=ability.shape) > 0
    confidence = 1 / (1 + np.exp(-np.abs(ability)))
    return SampleTable.from_confidences(confidence.ravel(), right.ravel(), cluster=_numbers(len(effect)))


def _numbers(clusters: int) -> NDArray[np.intp]:
    return np.repeat(np.arange(clusters), _SIZE)


def _skewed(random: np.random.Generator, clusters: int) -> Array:
    """Effects of mean 0 and variance 1 and a skewness of 2, as of waiting times."""
    return random.standard_exponential(clusters) - 1


def _very_skewed(random: np.random.Generator, clusters: int) -> Array:
    """Effects of mean 0 and variance 1 and a skewness of 6.2, as of incomes: most of the sum is in few clusters."""
    effect: Array = (random.lognormal(0, 1, clusters) - np.exp(0.5)) / np.sqrt((np.e - 1) * np.e)
    return effect


DESIGNS = (
    Design("normal", ("logit_gap_mean", "eps_gap"), lambda random, g: _gaps(random.standard_normal(g), random)),
    Design("skewed", ("logit_gap_mean", "eps_gap"), lambda random, g: _gaps(_skewed(random, g), random)),
    Design("very skewed", ("logit_gap_mean", "eps_gap"), lambda random, g: _gaps(_very_skewed(random, g), random)),
    Design(
        "right or wrong",
        ("accuracy", "risk_at_coverage", "confidence_gap", "aurc", "failure_auroc"),
        lambda random, g: _answers(1 + random.standard_normal(g), random),
    ),
    Design(
        "mostly right",
        ("accuracy", "risk_at_coverage"),
        lambda random, g: _answers(5 + random.standard_normal(g), random),
    ),
)


def intervals(table: SampleTable, metrics: tuple[str, ...], resamples: int, seed: int = 0) -> list[tuple[float, float]]:
    """The 95 % intervals of metrics of a table."""
    resampling = Resampling(Bootstrap(resamples, seed), 1, None)
    rows = group_rows("", "", table, select(",".join(metrics)), Settings(), resampling)
    return [(row.ci_low, row.ci_high) for row in rows]


def values(table: SampleTable, metrics: tuple[str, ...]) -> list[float]:
    """The values of metrics of a table."""
    return [
        row.value for row in group_rows("", "", table, select(",".join(metrics)), Settings(), Resampling(None, 1, None))
    ]


def truth(design: Design) -> list[float]:
    """The values over 100,000 clusters, which stand for endlessly many."""
    return values(design.draw(np.random.default_rng(10**6), 100_000), design.metrics)


def coverage(design: Design, true: list[float], clusters: int, runs: int, resamples: int) -> list[float]:
    """The share of runs whose interval contains the true value, for each metric."""
    inside = [0] * len(true)
    for run in range(runs):
        found = intervals(design.draw(np.random.default_rng([clusters, run]), clusters), design.metrics, resamples, run)
        for place, (low, high) in enumerate(found):
            inside[place] += low <= true[place] <= high
    return [count / runs for count in inside]


def main(runs: int = 2000, resamples: int = 400) -> None:
    """Print the table."""
    print(f"| cluster means | metric | {' | '.join(f'G = {count}' for count in CLUSTERS)} |")
    print(f"|---|---|{'---|' * len(CLUSTERS)}")
    for design in DESIGNS:
        true = truth(design)
        found = [coverage(design, true, count, runs, resamples) for count in CLUSTERS]
        for metric, shares in zip(design.metrics, zip(*found, strict=True), strict=True):
            print(f"| {design.name} | {metric} | {' | '.join(f'{100 * share:.1f}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
