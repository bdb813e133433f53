"""How often the intervals of OOD measures contain the truth: `python -m tests.intervals.detection_coverage`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.two_samples import separations
from lscli.metrics.detection import separation
from lscli.table import SampleTable

Array = NDArray[Any]
# How many samples the truth is computed from, at least, and how many times the drawn ones.
_LARGE, _TIMES = 300_000, 100


def _normal(shift: float) -> Callable[[np.random.Generator, int, int], tuple[Array, Array]]:
    return lambda random, n, m: (random.normal(shift, 1, n), random.normal(0, 1, m))


def _mixed(share: float) -> Callable[[np.random.Generator, int, int], tuple[Array, Array]]:
    """OOD samples that are far from ID, but for a share of them that look like ID."""

    def draw(random: np.random.Generator, n: int, m: int) -> tuple[Array, Array]:
        return random.normal(7, 1, n), random.normal(np.where(random.random(m) < share, 7.0, 0.0), 1)

    return draw


DESIGNS = {
    "auroc .70": _normal(0.742),
    "auroc .95": _normal(2.326),
    "auroc .99": _normal(3.290),
    "auroc .999": _normal(4.370),
    "1 % like ID": _mixed(0.01),
}


def coverage(name: str, n: int, m: int, runs: int, resamples: int) -> list[float]:
    """The share of drawn sets whose interval contains the value of a large set, for each measure."""
    draw, size = DESIGNS[name], max(_TIMES, _LARGE // max(n, m))
    large = draw(np.random.default_rng(10**6), size * n, size * m)
    true, held = np.array(separation(*large, 0.95)), np.zeros(4)
    for run in range(runs):
        inside, outside = (
            SampleTable({"correct": np.ones(len(x), bool), "largest_logit": x})
            for x in draw(np.random.default_rng([n, m, run]), n, m)
        )
        found = separations(
            inside, [outside], ["max_logit"], 0.95, Resampling(Bootstrap(resamples, run, 0.95), 0, None)
        )
        held += (found.low[0, 0] <= true) & (true <= found.high[0, 0])
    return [float(share) for share in held / runs]


def main(runs: int = 200) -> None:
    """Print a table, in percent."""
    print("| ID, OOD | scores | auroc | aupr_in | aupr_out | fpr95 |\n|---|---|---|---|---|---|")
    for n, m in ((50, 50), (200, 200), (50, 500), (2000, 2000), (20_000, 20_000)):
        for name in DESIGNS:
            found = coverage(name, n, m, runs, 200)
            print(f"| {n}, {m} | {name} | {' | '.join(f'{100 * share:.0f}' for share in found)} |", flush=True)


if __name__ == "__main__":
    main()
