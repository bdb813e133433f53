"""How often intervals of calibration errors contain the truth: `python -m tests.intervals.calibration_coverage`.

Each design of `designs.py` draws many sets of samples. The truth of an error over bins is that of endlessly many labels
of the same confidences, in the same bins. The truth of another error is that of endlessly many samples.
docs/intervals.md has the tables that it prints. Arguments: the number of runs, then the numbers of samples; or
`clusters` and the number of runs. Names of metrics after these leave the others out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.api.report_rows import group_rows
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.label_simulation import SIMULATED
from lscli.intervals.of_metrics import Resampling
from lscli.metrics.base import Settings
from lscli.metrics.binned_errors import GAPS
from lscli.metrics.catalogue import METRICS
from lscli.metrics.selection import select
from tests.intervals.designs import DESIGNS

Array = NDArray[np.float64]
# The truth of a metric: from a sample, which says what its bins are, and the chance of each of its rows to be right.
Truth = Callable[[SampleTable, Array], float]
# The number of samples that stand for endlessly many.
MANY = 100_000


def of_gaps(metric: str) -> Truth:
    """The error in the bins of the sample, whatever its labels made of them."""

    def truth(table: SampleTable, right: Array) -> float:
        gaps = GAPS[metric](table, Settings())
        bins, _ = gaps.of_samples()
        gap = np.bincount(bins, right - table["confidence"], len(gaps.sums.size))
        return gaps.sums._replace(residual=gap).norm(gaps.norm)

    return truth


def of_labels(metric: str) -> Truth:
    """The metric of endlessly many labels of these confidences: of two weighted samples at each."""

    def truth(table: SampleTable, right: Array) -> float:
        confidence, correct = np.tile(table["confidence"], 2), np.repeat([True, False], len(right))
        both = SampleTable.from_confidences(confidence, correct, weight=np.concatenate((right, 1 - right)))
        return METRICS[metric].compute(both, Settings())[0].value

    return truth


# Every metric whose coverage is counted, with its truth. The truth of rmsce_debiased is that of rmsce.
TRUTHS: dict[str, Truth] = {
    **{metric: of_gaps(metric) for metric in GAPS if metric != "rmsce_debiased"},
    **{metric: of_labels(metric) for metric in sorted(SIMULATED)},
}


class Count(NamedTuple):
    """Of some runs: in how many the interval lies below the truth, above it, and begins at 0."""

    below: int
    above: int
    from_zero: int
    runs: int

    @property
    def coverage(self) -> float:
        """The share of runs whose interval contains the truth."""
        return 1 - (self.below + self.above) / self.runs


def counted(
    samples: Iterator[tuple[SampleTable, Array]], metrics: tuple[str, ...], resamples: int = 400
) -> dict[str, Count]:
    """What the 95 % intervals of metrics contain, over samples with the chance of each row to be right.

    The first of the samples stands for endlessly many.
    """
    found = {metric: [0, 0, 0] for metric in metrics}
    runs = 0
    endless = next(samples)
    of_endless = {metric: TRUTHS[metric](*endless) for metric in metrics if metric in SIMULATED}
    for table, right in samples:
        resampling = Resampling(Bootstrap(resamples, seed=runs), 1, None)
        runs += 1
        for row in group_rows("", "", table, select(",".join(metrics)), Settings(), resampling):
            true = of_endless[row.metric] if row.metric in SIMULATED else TRUTHS[row.metric](table, right)
            true = true if true > 1e-12 else 0.0  # a calibrated model, but for rounding
            sides = (row.ci_high < true, row.ci_low > true, row.ci_low == 0)
            found[row.metric] = [count + side for count, side in zip(found[row.metric], sides, strict=True)]
    return {metric: Count(below, above, zero, runs) for metric, (below, above, zero) in found.items()}


def independent(place: int, n: int, runs: int) -> Iterator[tuple[SampleTable, Array]]:
    """Many samples of one of the designs, then sets of n."""
    design = DESIGNS[place]
    for run in range(-1, runs):
        seed, size = ([place, n, run], n) if run >= 0 else ([place], MANY)
        table = design.draw(np.random.default_rng(seed), size)
        yield table, design.right(table["confidence"])


def in_clusters(over: float, clusters: int, runs: int, size: int = 20) -> Iterator[tuple[SampleTable, Array]]:
    """Many clusters, then sets of so many, whose log odds to be right have a common effect of standard deviation 1.

    A cluster has `size` samples. A confidence is by `over` above the chance to be right in an unknown cluster.
    """
    effects = np.random.default_rng(0).standard_normal(400)
    ability = np.linspace(-6, 8, 1401)
    chance = (1 / (1 + np.exp(-(ability[:, None] + effects)))).mean(axis=1)
    for run in range(-1, runs):
        random = np.random.default_rng([clusters, run] if run >= 0 else [clusters])
        count = clusters if run >= 0 else MANY // size
        own = 1 + random.standard_normal((count, size))
        effect = random.choice(effects, (count, 1))
        correct = random.random(own.shape) < 1 / (1 + np.exp(-(own + effect)))
        right = np.interp(own, ability, chance).ravel()
        confidence = np.clip(right + over, 0.001, 0.999)
        cluster = np.repeat(np.arange(count), size)
        yield SampleTable.from_confidences(confidence, correct.ravel(), cluster=cluster), right


def main(metrics: tuple[str, ...], runs: int = 400, *sizes: int) -> None:
    """Print the table of the designs."""
    print(f"| metric | N | {' | '.join(design.name for design in DESIGNS)} |\n|---|---|{'---|' * len(DESIGNS)}")
    for n in sizes or (200, 2_000, 20_000):
        columns = [counted(independent(place, n, runs), metrics) for place in range(len(DESIGNS))]
        for metric in metrics:
            cells = (f"{100 * column[metric].coverage:.1f}" for column in columns)
            print(f"| {metric} | {n:,} | {' | '.join(cells)} |", flush=True)


def main_of_clusters(metrics: tuple[str, ...], runs: int = 400) -> None:
    """Print the table of clusters."""
    print("| metric | clusters | calibrated | over by .05 | over by .13 |\n|---|---|---|---|---|")
    for clusters in (20, 50, 200):
        columns = [counted(in_clusters(over, clusters, runs), metrics) for over in (0.0, 0.05, 0.13)]
        for metric in metrics:
            cells = (f"{100 * column[metric].coverage:.1f}" for column in columns)
            print(f"| {metric} | {clusters} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    names = tuple(argument for argument in sys.argv[1:] if argument in TRUTHS)
    table_of = main_of_clusters if "clusters" in sys.argv else main
    table_of(names or tuple(TRUTHS), *numbers)
