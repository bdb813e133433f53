"""How often the conclusion of `lscli eval` errs, and what it finds: `python -m tests.summaries.false_verdicts`.

Calibrated models of some accuracy are drawn, and their conclusions counted; then models whose errors are known.
docs/verdicts.md has the tables that it prints.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.api.report_rows import group_rows
from lscli.intervals.of_metrics import Resampling
from lscli.metrics.base import Settings, Value
from lscli.metrics.catalogue import METRICS
from lscli.metrics.selection import select
from lscli.summaries.evaluation import LEVEL, conclude
from lscli.summaries.evidence import evidence
from tests.intervals.designs import DESIGNS

Array = NDArray[np.float64]
ACCURACIES = (0.5, 0.8, 0.95, 0.984, 0.995, 0.998)
SIZES = (100, 300, 1000, 5000, 50_000)
_METRICS = ("confidence_gap", "ece", "ece_null")
_CHOICES = select(",".join(_METRICS))


def _equal(random: np.random.Generator, accuracy: float, n: int) -> Array:
    return np.full(n, accuracy)


def _beta(random: np.random.Generator, accuracy: float, n: int) -> Array:
    """From 0 to 1, most of them high if the accuracy is."""
    return random.beta(accuracy / (1 - accuracy), 1.0, n)


def _saturated(random: np.random.Generator, accuracy: float, n: int) -> Array:
    """Most of them extremely near 1 or 0, and few uncertain: those of a network that was trained for long."""
    return random.beta(0.2 * accuracy / (1 - accuracy), 0.2, n)


SHAPES: dict[str, Callable[[np.random.Generator, float, int], Array]] = {
    "equal": _equal,
    "beta": _beta,
    "saturated": _saturated,
}


class Said(NamedTuple):
    """What a conclusion says, over-confident or under-confident, and whether ece_p is at most 5 %."""

    over: bool
    under: bool
    ece: bool


def said(table: SampleTable) -> Said:
    """What the conclusion about a table says.

    Raises:
        AssertionError: it contradicts itself.
    """
    settings = Settings()
    rows = group_rows("", "", table, _CHOICES, settings, Resampling(None, 1, None))
    sentence = conclude(rows, evidence(table, settings, _METRICS, LEVEL))
    (p,) = METRICS["ece_p"].values(table, settings) or [Value(math.nan)]
    found = Said(sentence.startswith("Over-confident"), sentence.startswith("Under-confident"), p.value <= 1 - LEVEL)
    assert not ((found.over or found.under) and "within" in sentence), sentence
    claimed = " times the " in sentence or " is above the " in sentence
    assert not (claimed and p.value > 1 - LEVEL), sentence
    assert not (found.ece and "within the noise of a calibrated model" in sentence), sentence
    return found


def shares(draw: Callable[[np.random.Generator], SampleTable], runs: int, seed: int = 0) -> tuple[float, float, float]:
    """The shares of runs that say each of the three, in percent."""
    found = [said(draw(np.random.default_rng([seed, run]))) for run in range(runs)]
    over, under, ece = (100 * float(np.mean(each)) for each in zip(*found, strict=True))
    return over, under, ece


def calibrated(
    shape: Callable[[np.random.Generator, float, int], Array], accuracy: float, n: int
) -> Callable[[np.random.Generator], SampleTable]:
    """Draws a calibrated table."""

    def draw(random: np.random.Generator) -> SampleTable:
        confidence = shape(random, accuracy, n)
        return SampleTable.from_confidences(confidence, random.random(n) < confidence)

    return draw


def documents(miscalibration: float, tokens: int = 200) -> Callable[[np.random.Generator], SampleTable]:
    """Draws 100 documents of tokens whose chance of being right varies from document to document.

    Over all documents, the chance is the confidence less `miscalibration`.
    """

    def draw(random: np.random.Generator) -> SampleTable:
        count = 100
        confidence = 0.5 + 0.4 * random.random((count, tokens))
        shift = random.uniform(-0.1, 0.1, (count, 1))
        right = random.random((count, tokens)) < confidence + shift - miscalibration
        return SampleTable.from_confidences(
            confidence.ravel(), right.ravel(), cluster=np.repeat(np.arange(count), tokens)
        )

    return draw


def null_rows(runs: int) -> Iterator[str]:
    """The table of false verdicts on calibrated models."""
    yield f"| accuracy | confidences | {' | '.join(f'N = {n:,}' for n in SIZES)} |"
    yield f"|---|---|{'---|' * len(SIZES)}"
    for accuracy in ACCURACIES:
        for name, shape in SHAPES.items():
            cells = []
            for n in SIZES:
                over, under, ece = shares(calibrated(shape, accuracy, n), runs)
                cells.append(f"{over:.1f} / {under:.1f} / {ece:.1f}")
            yield f"| {accuracy:g} | {name} | {' | '.join(cells)} |"


def design_rows(runs: int) -> Iterator[str]:
    """The table of what is said of models whose calibration is known."""
    sizes = (200, 2000, 20_000)
    yield f"| model | {' | '.join(f'N = {n:,}' for n in sizes)} |"
    yield f"|---|{'---|' * len(sizes)}"
    for design in DESIGNS:
        found = [shares(lambda random, n=n, d=design: d.draw(random, n), runs) for n in sizes]  # type: ignore[misc]
        yield f"| {design.name} | {' | '.join(' / '.join(f'{share:.1f}' for share in cell) for cell in found)} |"


def main(runs: int = 1000) -> None:
    """Print the tables."""
    for row in itertools.chain(null_rows(runs), [""], design_rows(runs), [""]):
        print(row, flush=True)
    for gap in (0.0, 0.03):
        over, under, _ = shares(documents(gap), runs)
        print(f"documents, over-confident by {gap:g}: {over:.1f} / {under:.1f}", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
