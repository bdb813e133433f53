"""How often the interval of a difference of ece contains the truth: `python -m tests.intervals.paired_coverage`.

Two models see the same samples, each through noise of its own, and know exactly how likely each class is. Their logits
are then multiplied by a number: 1 leaves a model calibrated, more makes it over-confident. The truth is that of many
samples, with the probability to be right in place of the label. docs/paired.md has the table that it prints, with
false alarms where the two errors are equal. Arguments: the number of runs, and the names of cells to print.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import Difference, paired
from lscli.metrics.base import Settings
from lscli.metrics.selection import select

Array = NDArray[np.float64]
MANY, BINS = 600_000, 15


class Models(NamedTuple):
    """Two models of one task.

    Attributes:
        name: a phrase for the table.
        shared: the share of the noise that both have; 1 for one model before and after a change.
        sharp: what the logits of each model are multiplied by.
    """

    name: str
    shared: float
    sharp: tuple[float, float]


class Task(NamedTuple):
    """K classes, whose logits are `signal` squared at the label, plus normal noise of standard deviation `signal`."""

    classes: int
    signal: float
    accuracy: str

    def draw(self, models: Models, random: np.random.Generator, n: int) -> list[tuple[Array, Array, Array]]:
        """The confidence, 1 or 0 for right or wrong, and the probability to be right, [n] each, of both models."""
        labels, rows = random.integers(0, self.classes, n), np.arange(n)
        common, *apart = random.standard_normal((3, n, self.classes))
        drawn = []
        for sharp, own in zip(models.sharp, apart, strict=True):
            logits = self.signal * (np.sqrt(models.shared) * common + np.sqrt(1 - models.shared) * own)
            logits[rows, labels] += self.signal**2
            predicted = logits.argmax(axis=1)
            right, confidence = (softmax(factor * logits)[rows, predicted] for factor in (1.0, sharp))
            drawn.append((confidence, (predicted == labels).astype(float), right))
        return drawn

    def errors(self, models: Models) -> tuple[float, float]:
        """The ece of both models without noise."""
        random, gaps = np.random.default_rng(99), np.zeros((2, BINS))
        for _ in range(MANY // 50_000):
            for place, (confidence, _, right) in enumerate(self.draw(models, random, 50_000)):
                bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
                gaps[place] += np.bincount(bins, right - confidence, BINS)
        one, other = np.abs(gaps).sum(axis=1) / MANY
        return float(one), float(other)


MODELS = (
    Models("both calibrated", 0.5, (1.0, 1.0)),
    Models("calibrated, a near copy", 0.98, (1.0, 1.0)),
    Models("both over-confident", 0.5, (1.6, 1.6)),
    Models("over-confident, a near copy", 0.98, (1.6, 1.6)),
    Models("one over-confident", 0.5, (1.0, 1.6)),
    Models("one slightly over-confident", 0.5, (1.0, 1.2)),
    Models("before and after temperature", 1.0, (1.6, 1.0)),
)
TASKS = (Task(3, 2.15, ".89"), Task(2, 0.74, ".70"), Task(10, 3.75, ".97"))


def softmax(logits: Array) -> Array:
    """The probabilities of logits, [n, K]."""
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Array = e / e.sum(axis=1, keepdims=True)
    return probabilities


def compared(task: Task, models: Models, n: int, run: int, resamples: int) -> Difference:
    """The difference of ece of the second model to the first in one set of samples."""
    random = np.random.default_rng([n, run])
    one, other = (SampleTable.from_confidences(c, a) for c, a, _ in task.draw(models, random, n))
    resampling = Resampling(Bootstrap(resamples, run), 1, None)
    (found,) = paired(one, other, select("ece"), Settings(), resampling)
    return found


def main(runs: int, names: Collection[str], sizes: Collection[int] = (500, 2_000, 10_000)) -> None:
    """Print the table."""
    print("| models | classes | accuracy | ece | N | contains the truth | below it | above it | p < .05 |")
    print("|---|---|---|---|---|---|---|---|---|")
    for task in TASKS:
        for models in MODELS:
            if names and f"{models.name}, {task.classes}" not in names and str(task.classes) not in names:
                continue
            errors = task.errors(models)
            true = errors[1] - errors[0]
            for n in sizes if task is TASKS[0] else sorted(sizes)[1:2]:
                found = [compared(task, models, n, run, 200) for run in range(runs)]
                below = 100 * float(np.mean([each.ci_high < true for each in found]))
                above = 100 * float(np.mean([each.ci_low > true for each in found]))
                alarms = 100 * float(np.mean([each.p_value < 0.05 for each in found]))
                cells = (
                    *(models.name, task.classes, task.accuracy, f"{errors[0]:.3f}, {errors[1]:.3f}", f"{n:,}"),
                    *(f"{100 - below - above:.1f}", f"{below:.1f}", f"{above:.1f}", f"{alarms:.1f}"),
                )
                print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(int(arguments[0]) if arguments else 400, arguments[1:])
