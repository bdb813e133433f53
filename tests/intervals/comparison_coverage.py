"""What the verdicts of several models are worth: `python -m tests.intervals.comparison_coverage`.

The models of `paired_coverage.py`, by loss, score, accuracy and ece. Each set of samples is seen by a baseline and four
more models. Where these are as good as the baseline, any verdict but "no difference shown" is false, and Holm's method
has to keep that below 5 % for the four together. Where they differ by exactly the margin, "equivalent" is false.
docs/paired.md has the tables that it prints. Arguments: the number of runs, and the numbers of samples.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.decisions.comparison import ComparisonRow
from lscli.decisions.verdicts import judged
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import Difference, paired_with_each
from lscli.metrics.base import Settings
from lscli.metrics.catalogue import find
from lscli.metrics.selection import select
from tests.intervals.paired_coverage import softmax

Array = NDArray[np.float64]
METRICS = ("accuracy", "loss_hard", "brier", "ece")
CLASSES, SIGNAL, OTHERS, MANY = 3, 2.15, 4, 50_000


class Case(NamedTuple):
    """A baseline and further models, which are all alike.

    Attributes:
        name: a phrase for the table.
        sharp: what the logits of the baseline, and of the others, are multiplied by; 1 is calibrated.
        noise: what the others' own noise is multiplied by, which makes them worse but for their calibration.
        shared: the share of the noise that all models have.
    """

    name: str
    sharp: tuple[float, float] = (1.0, 1.0)
    noise: float = 1.0
    shared: float = 0.5

    def draw(self, random: np.random.Generator, n: int, others: int = OTHERS) -> list[tuple[SampleTable, Array]]:
        """The samples as each model sees them, and the probabilities to be right, [n]; the baseline first."""
        labels, rows = random.integers(0, CLASSES, n), np.arange(n)
        common = random.standard_normal((n, CLASSES))
        found = []
        for number in range(1 + others):
            own, noise = random.standard_normal((n, CLASSES)), self.noise if number else 1.0
            # Normal noise of this deviation and a label that stands out by its square are calibrated.
            deviation = SIGNAL / noise
            logits = deviation * (np.sqrt(self.shared) * common + np.sqrt(1 - self.shared) * own)
            logits[rows, labels] += deviation**2
            found.append(seen(logits, self.sharp[min(number, 1)], labels))
        return found

    def differences(self) -> dict[str, float]:
        """The difference of each metric without noise; that of ece is of the same bins."""
        if self.noise == 1 and self.sharp[0] == self.sharp[1]:
            return dict.fromkeys(METRICS, 0.0)
        random, names = np.random.default_rng(99), METRICS[:-1]
        sums, gaps = np.zeros((2, len(names))), np.zeros((2, 15))
        for _ in range(12):
            for place, (each, right) in enumerate(self.draw(random, MANY, 1)):
                sums[place] += right.mean(), each["loss_hard"].mean(), each["brier"].mean()
                bins = np.clip(np.ceil(each["confidence"] * 15).astype(int) - 1, 0, 14)
                gaps[place] += np.bincount(bins, right - each["confidence"], 15) / MANY
        means = (sums[1] - sums[0]) / 12
        errors = np.abs(gaps).sum(axis=1) / 12
        return {**dict(zip(names, map(float, means), strict=True)), "ece": float(errors[1] - errors[0])}


def seen(logits: Array, sharp: float, labels: NDArray[np.int64]) -> tuple[SampleTable, Array]:
    """The table of calibrated logits [n, K] multiplied by a number, and the probability to be right, [n]."""
    rows, predicted = np.arange(len(labels)), logits.argmax(axis=1)
    probability, right = softmax(sharp * logits), softmax(logits)[rows, predicted]
    own, confidence = probability[rows, labels], probability[rows, predicted]
    columns = {
        "confidence": confidence,
        "one_minus_confidence": 1 - confidence,
        "correct": predicted == labels,
        "loss_hard": -np.log(own),
        "brier": np.square(probability).sum(axis=1) - 2 * own + 1,
    }
    return SampleTable(columns, CLASSES), right


CASES = (
    Case("all calibrated"),
    Case("all over-confident", (1.6, 1.6)),
    Case("over-confident, near copies", (1.6, 1.6), shared=0.98),
    Case("the others over-confident", (1.0, 1.6)),
    Case("the others weaker", noise=1.1),
)


def compared(case: Case, n: int, run: int, margin: float | None = None, others: int = OTHERS) -> list[list[Difference]]:
    """The differences of each further model in one set of samples."""
    tables = [each for each, _ in case.draw(np.random.default_rng([n, run]), n, others)]
    return paired_with_each(tables[0], tables[1:], select(",".join(METRICS)), Settings(), resampling(run), margin)


def resampling(run: int) -> Resampling:
    return Resampling(Bootstrap(200, run), 1, None)


def verdicts(found: Sequence[Sequence[Difference]]) -> list[ComparisonRow]:
    """The rows of a comparison at the level of 95 %, with a verdict each."""
    rows = [
        ComparisonRow(str(model), "", d.metric, d.value, d.baseline, d.difference, d.ci_low, d.ci_high, d.p_value)
        for model, own in enumerate(found)
        for d in own
    ]
    equivalent = [d.p_equivalent for own in found for d in own]
    return judged(rows, equivalent, 0.95, lambda metric: find(metric).better)  # type: ignore[union-attr]


def main(runs: int, sizes: Sequence[int]) -> None:
    """Print both tables."""
    print("| models | metric | true difference | N | contains the truth | p < .05 | any verdict of four |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        true = case.differences()
        for n in sizes:
            inside, shown, any_ = ({metric: [] for metric in METRICS} for _ in range(3))  # type: ignore[var-annotated]
            for run in range(runs):
                rows = verdicts(compared(case, n, run))
                for metric in METRICS:
                    own = [row for row in rows if row.metric == metric]
                    inside[metric] += [row.ci_low <= true[metric] <= row.ci_high for row in own]
                    shown[metric] += [row.p_value < 0.05 for row in own]
                    any_[metric].append(any(row.verdict != "no difference shown" for row in own))
            for metric in METRICS:
                shares = (f"{100 * float(np.mean(each[metric])):.1f}" for each in (inside, shown, any_))
                print(
                    "|",
                    " | ".join([case.name, f"`{metric}`", f"{true[metric]:.3f}", f"{n:,}", *shares]),
                    "|",
                    flush=True,
                )
    print("\n| models | metric | margin, the true difference | N | equivalent |\n|---|---|---|---|---|")
    for case in CASES[-2:]:
        for metric, margin in case.differences().items():
            if abs(margin) < 0.004:
                continue
            for n in sizes:
                tables = ([each for each, _ in case.draw(np.random.default_rng([n, run]), n, 1)] for run in range(runs))
                found = [
                    paired_with_each(*(one, [other]), select(metric), Settings(), resampling(run), abs(margin))[0][0]
                    for run, (one, other) in enumerate(tables)
                ]
                share = 100 * float(np.mean([each.p_equivalent < 0.05 for each in found]))
                print(f"| {case.name} | `{metric}` | {abs(margin):.3f} | {n:,} | {share:.1f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 300, [int(size) for size in sys.argv[2:]] or [500, 2_000])
