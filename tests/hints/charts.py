"""Charts of samples that lack what the chart draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.hints.case import Hint, typed
from tests.hints.confidences import CONF, NAMED, OK, table
from tests.hints.topk import kept

Y = np.arange(60) % 3
X = 2.0 * np.eye(3)[Y] + np.random.default_rng(5).normal(size=(60, 3))


def of_table(chart: str) -> Hint:
    """A chart of a table of confidences."""
    return Hint(
        f"the chart {chart} of confidences",
        table(*NAMED, "-f", "csv", "--chart", chart, command="plot", conf=CONF, ok=OK),
        f"chart: {chart} needs",
        "draw --chart reliability",
        "--chart reliability",
        prints="source,group,low,high",
        code=2,
    )


def top_k(folder: Path) -> Sequence[object]:
    """The top k of each row."""
    _, *rest = kept()(folder)
    return ["plot", *rest, "--chart", "temperature", "-f", "csv"]


CASES = [
    of_table("temperature"),
    of_table("smoothing"),
    of_table("classes"),
    Hint(
        "the chart temperature of the top k",
        top_k,
        "chart: temperature needs logits of all classes",
        "draw --chart reliability",
        "--chart reliability",
        prints="source,group,low,high",
        code=2,
    ),
    Hint(
        "the chart threshold by a score that reads labels",
        typed(*("plot", "x.npy", "y.npy", "--chart", "threshold", "--score", "max_logit_pnorm", "-f", "csv"), x=X, y=Y),
        "which voids the promise",
        "use --score max_logit",
        "--score max_logit",
        prints="source,group,coverage,threshold",
        code=2,
    ),
    Hint(
        "the chart threshold of weighted samples",
        typed(
            *("plot", "x.npy", "y.npy", "--chart", "threshold", "--weights", "w.npy", "-f", "csv"), x=X, y=Y, w=Y + 1.0
        ),
        "the guarantee counts each sample once",
        "draw --chart risk-coverage, which takes weights",
        "--chart risk-coverage",
        prints="source,group,coverage,risk",
        code=2,
    ),
    Hint(
        "the chart threshold of clusters",
        typed(*("plot", "x.npy", "y.npy", "--chart", "threshold", "--clusters", "c.npy", "-f", "csv"), x=X, y=Y, c=Y),
        "the guarantee needs independent samples",
        "if all samples are independent, say --clusters none",
        "--clusters none",
        prints="source,group,coverage,threshold",
        code=2,
    ),
]
