"""How the kernel calibration errors and their tests behave: `python -m tests.metrics.kernel_error_runs`.

Each run draws the predictions of a model and labels that follow the right probabilities. The script prints a table:
the error of very many samples, the mean of the estimates, their mean standard error over their standard deviation, how
often the 95 % interval contains the error, and how often the p-value is below .05.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling, intervals
from lscli.metrics.base import Settings
from lscli.metrics.selection import select

Array = NDArray[np.float64]
METRICS = ("skce", "skce_linear", "skce_p", "skce_linear_p")


class Design(NamedTuple):
    """A model and its task.

    Attributes:
        name: a phrase for the table.
        right: draws the right probabilities of n samples, [n, K].
        power: the predictions are the right probabilities to this power, divided by their sums: 1 is calibrated, above
            1 over-confident.
    """

    name: str
    right: Callable[[np.random.Generator, int], Array]
    power: float = 1.0

    def draw(self, random: np.random.Generator, n: int) -> SampleTable:
        """A table of n samples."""
        right = self.right(random, n)
        label = (right.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
        z = self.power * np.log(np.maximum(right, 1e-300))
        z -= z.max(axis=1, keepdims=True)
        return SampleTable({"differences": z, "label": np.minimum(label, right.shape[1] - 1)}, right.shape[1])


def spread(random: np.random.Generator, n: int) -> Array:
    """Three classes, every distribution as likely as any other."""
    return random.dirichlet(np.ones(3), n)


def confident(random: np.random.Generator, n: int) -> Array:
    """Ten classes, and a mean of the largest probability of .95, as of a trained network."""
    return random.dirichlet(np.full(10, 0.012), n)


DESIGNS = (
    Design("calibrated, K = 3", spread),
    Design("over-confident, K = 3", spread, 1.4),
    Design("calibrated, K = 10, confident", confident),
    Design("over-confident, K = 10, confident", confident, 1.5),
)


def run(design: Design, n: int, seed: int) -> tuple[list[float], list[float], list[tuple[float, float]]]:
    """The values of one set, their standard errors, and their 95 % intervals."""
    table = design.draw(np.random.default_rng([n, seed]), n)
    found = [(choice, choice.values(table, Settings())) for choice in select(METRICS)]
    ends = [*intervals(table, found, Settings(), Resampling(Bootstrap(), 1, None))]
    return [v.value for _, (v,) in found], [v.stderr for _, (v,) in found], ends


def main(runs: int = 500, n: int = 200, *places: int) -> None:
    """Print the table of all designs, or of those at these places."""
    print("| model | N | estimator | error | mean | stderr / sd | coverage | p < .05 |")
    print(f"|{'---|' * 8}")
    for design in [DESIGNS[place] for place in places] or DESIGNS:
        truth = 0.0
        if design.power != 1:
            many = design.draw(np.random.default_rng(0), 20_000)
            truth = select("skce")[0].values(many, Settings())[0].value
        found = [run(design, n, seed) for seed in range(runs)]
        values, errors = (np.array([each[part] for each in found]) for part in (0, 1))
        for place, name in enumerate(METRICS[:2]):
            inside = np.mean([low <= truth <= high for low, high in (each[2][place] for each in found)])
            ratio = errors[:, place].mean() / values[:, place].std(ddof=1)
            below = np.mean(values[:, place + 2] < 0.05)
            mean = values[:, place].mean()
            print(
                f"| {design.name} | {n} | {name} | {truth:.5f} | {mean:.5f} | {ratio:.2f} | {100 * inside:.0f} % | "
                f"{100 * below:.1f} % |",
                flush=True,
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
