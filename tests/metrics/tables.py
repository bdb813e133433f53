"""Tables that tests of metrics share, and how values are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.metrics import METRICS, Choice
from lscli.metrics.base import Settings, Value
from lscli.metrics.scores import SCORE_COLUMNS
from lscli.scan import scan
from lscli.sources import open_inputs

Array = NDArray[Any]
SETTINGS = Settings(eps=(0.0, 0.1, 0.7, 1.0))
# Every metric that reads columns, with the setting that it is computed with.
OF_COLUMNS = [(name, SETTINGS) for name, metric in METRICS.items() if not metric.by_class]
OF_COLUMNS += [
    (name, SETTINGS._replace(score=score))
    for name, metric in METRICS.items()
    if "score" in metric.columns
    for score in SCORE_COLUMNS
    if score != SETTINGS.score
]
OF_COLUMNS += [("ece_equal_mass", SETTINGS._replace(norm=norm, bins=7)) for norm in ("l2", "max")]
OF_COLUMNS += [
    (name, SETTINGS._replace(bin_edges="left", bins=10))
    for name in ("ece", "rmsce", "mce", "ece_null", "rmsce_debiased")
]
IDS = [
    "-".join([name, *(str(s) for s, d in zip(setting, SETTINGS, strict=True) if s != d)])
    for name, setting in OF_COLUMNS
]


def drawn(rows: int = 300, classes: int = 8, seed: int = 0) -> tuple[Array, Array]:
    """Logits, some rows of them equal, with labels that they know something of."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += 1.5
    logits[::5] = logits[0]  # equal confidences, of which some are right
    return logits, labels


def full_table(rows: int = 300, classes: int = 8, seed: int = 0) -> SampleTable:
    """A table with every column that any metric reads, whatever the score."""
    logits, labels = drawn(rows, classes, seed)
    opened, truth = open_inputs(logits, labels)
    columns = {*SCORE_COLUMNS.values()}.union(*(metric.columns for metric in METRICS.values())) - {"score"}
    return scan(opened, truth.checked(rows, classes, -100, "logits")[0], frozenset(columns)).table


def values(metric: str, table: SampleTable, settings: Settings = SETTINGS) -> list[Value]:
    return list(Choice(METRICS[metric]).values(table, settings))


def close(expected: list[Value], found: list[Value], tolerance: float) -> bool:
    """Whether these are the same numbers, with the same params; none at all are not."""
    pairs = [
        (a, b) for e, f in zip(expected, found, strict=True) for a, b in ((e.value, f.value), (e.stderr, f.stderr))
    ]
    return (
        bool(pairs)
        and [value.params for value in expected] == [value.params for value in found]
        and all(a == pytest.approx(b, rel=tolerance, abs=tolerance, nan_ok=True) for a, b in pairs)
    )
