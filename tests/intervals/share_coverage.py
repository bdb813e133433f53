"""How often intervals of shares contain the truth: `python -m tests.intervals.share_coverage`.

For a share of independent samples, the probabilities of the binomial distribution are summed, for every number of
samples from 100 to 2,000. For metrics that choose a threshold, data sets are drawn. docs/shares.md has both tables.
"""

from __future__ import annotations

import bisect
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from lscli.intervals.shares import share_interval
from tests.intervals.coverage import intervals, values
from tests.intervals.designs import DESIGNS, Design

SHARES = (0.5, 0.9, 0.99, 0.995)
SIZES = np.arange(100, 2001)
METRICS = ("risk_at_coverage@0.8", "risk_at_coverage@0.5", "coverage_at_risk@0.05", "coverage_at_risk@0.1")


def exact_coverage(share: float) -> NDArray[np.float64]:
    """The probability that the 95 % interval contains this share, for each number of samples of `SIZES`."""
    ends = np.array([_inside(share, int(n)) for n in SIZES])
    return np.asarray(binom.cdf(ends[:, 1], SIZES, share) - binom.cdf(ends[:, 0] - 1, SIZES, share))


def _inside(share: float, n: int) -> tuple[int, int]:
    """The least and the largest number of right samples of n whose interval contains the share."""
    ends: list[Callable[[int], bool]] = [
        lambda x: share_interval(x / n, n, 0.95)[1] >= share,
        lambda x: share_interval(x / n, n, 0.95)[0] > share,
    ]
    first, beyond = (bisect.bisect_left(range(n + 1), True, key=end) for end in ends)
    return first, beyond - 1


def drawn_coverage(design: Design, n: int, runs: int) -> list[float]:
    """The share of drawn data sets whose interval contains the value of endlessly many samples, for each of METRICS."""
    endless = design.expected(design.confidences(np.random.default_rng(10**6), 500_000))
    true, held = values(endless, METRICS), np.zeros(len(METRICS))
    for run in range(runs):
        found = intervals(design.draw(np.random.default_rng([n, run]), n), METRICS, 2)
        held += [low <= value <= high for (low, high), value in zip(found, true, strict=True)]
    return [float(share) for share in held / runs]


def main(runs: int = 1000) -> None:
    """Print both tables, in percent."""
    print("| share p | least, N = 100 to 2,000 | most | least where N p (1-p) >= 5 | most |\n|---|---|---|---|---|")
    for share in SHARES:
        found = exact_coverage(share)
        of_each = [found, found[SIZES * share * (1 - share) >= 5]]
        print(f"| {share} | {' | '.join(f'{100 * end:.1f}' for each in of_each for end in (each.min(), each.max()))} |")
    print(f"\n| model | N | {' | '.join(METRICS)} |\n|---|---|{'---|' * len(METRICS)}")
    for design in DESIGNS:
        for n in (200, 2000):
            cells = " | ".join(f"{100 * share:.1f}" for share in drawn_coverage(design, n, runs))
            print(f"| {design.name} | {n:,} | {cells} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
