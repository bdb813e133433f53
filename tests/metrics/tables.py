"""Logits and tables that tests of metrics share, and the comparison of values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lscli import SampleTable
from lscli.io.open import open_inputs
from lscli.metrics.base import Settings, Value
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.metrics.ensemble import COLUMNS as OF_MEMBERS
from lscli.metrics.scores import SCORE_COLUMNS, score_columns
from lscli.metrics.selection import Choice
from lscli.metrics.smoothed_losses import vectors
from lscli.options import ReadingOptions
from lscli.scan.scan import scan
from lscli.smoothing.targets import Targets
from lscli.table import is_at_temperature

Array = NDArray[Any]
SETTINGS = Settings(eps=(0.0, 0.1, 0.7, 1.0), rho=0.2)
CLASSES = 8
PRIOR = np.array([0.3, 0.05, 0.01, 0.14, 0.1, 0.2, 0.12, 0.08])
CLASS_WEIGHTS = np.array([1.0, 0.2, 3.0, 0.0, 2.0, 0.7, 5.0, 1.5])
# Targets other than the uniform ones without class weights.
TARGETS = [
    Targets("off-target"),
    Targets("classy"),
    Targets("prior", PRIOR),
    *(Targets("uniform", None, CLASS_WEIGHTS, mode) for mode in ("torch", "target-only")),
    *(Targets("prior", PRIOR, CLASS_WEIGHTS, mode) for mode in ("torch", "target-only")),
    *(Targets("off-target", None, CLASS_WEIGHTS, mode) for mode in ("torch", "target-only")),
]


def applies(metric: str, targets: Targets) -> bool:
    """Whether the metric has a value for these targets in a table of one model."""
    return not (
        any(METRICS[metric] in FAMILIES[name].metrics for name in ("paired", "changes", "divergence"))
        or (metric in ("loss_hard_tempered", "refinement_loss", "calibration_loss") and targets.class_weighted)
        or (metric == "loss_prior" and targets.prior is None)
        or (metric.startswith("excess_") and targets.class_weights is not None and targets.weight_mode == "torch")
    )


def settings_name(setting: Settings) -> list[str]:
    """The settings that differ from `SETTINGS`, as parts of a test's id."""
    targets = setting.targets
    names = [targets.smoothing, *([targets.weight_mode] if targets.class_weights is not None else [])]
    others = [
        str(value)
        for name, value, usual in zip(Settings._fields, setting, SETTINGS, strict=True)
        if name != "targets" and value != usual
    ]
    return others if targets is SETTINGS.targets else [*names, *others]


# Every metric that reads columns, with the setting that it is computed with.
OF_COLUMNS = [
    (name, SETTINGS) for name, metric in METRICS.items() if not metric.sums and applies(name, SETTINGS.targets)
]
OF_COLUMNS += [
    (name, SETTINGS._replace(score=score))
    for name, metric in METRICS.items()
    if metric.columns is score_columns
    for score in SCORE_COLUMNS
    if score != SETTINGS.score
]
OF_COLUMNS += [("ece_equal_mass", SETTINGS._replace(norm=norm, bins=7)) for norm in ("l2", "max")]
OF_COLUMNS += [
    (name, SETTINGS._replace(bin_edges="left", bins=10))
    for name in ("ece", "rmsce", "mce", "ece_null", "rmsce_debiased")
]
OF_COLUMNS += [
    (name, SETTINGS._replace(targets=targets))
    for name, metric in METRICS.items()
    if metric.parameter == "eps" or (callable(metric.columns) and metric.columns is not score_columns)
    for targets in TARGETS
    if applies(name, targets)
]
IDS = ["-".join([name, *settings_name(setting)]) for name, setting in OF_COLUMNS]


def drawn(rows: int = 300, classes: int = 8, seed: int = 0) -> tuple[Array, Array]:
    """Logits, some rows of them equal, and labels whose logits are raised."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += 1.5
    logits[::5] = logits[0]  # equal confidences, some of them of correct predictions
    return logits, labels


def learned(classes: int, dtype: str = "float64", rows: int = 2000) -> tuple[Array, Array]:
    """Logits of a model that has learned something, and labels."""
    rng = np.random.default_rng(classes)
    logits = 2 * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += 3
    return logits.astype(dtype), labels


# The arguments of `random_logits`, drawn by Hypothesis.
samples = given(
    seed=st.integers(0, 10_000),
    rows=st.integers(2, 25),
    classes=st.integers(2, 12),
    spread=st.floats(0.01, 8),
    shift=st.floats(-5, 30),
)


def random_logits(seed: int, rows: int, classes: int, spread: float, shift: float) -> tuple[Array, Array]:
    """Normal logits of standard deviation `spread`, the label's raised by up to `shift`, and labels."""
    rng = np.random.default_rng(seed)
    logits = spread * rng.standard_normal((rows, classes))
    labels = rng.integers(0, classes, rows)
    logits[np.arange(rows), labels] += shift * rng.random(rows)
    logits -= logits.max()  # rows that look like probabilities are warned of
    return logits, labels


def full_table(rows: int = 300, classes: int = CLASSES, seed: int = 0, targets: Targets | None = None) -> SampleTable:
    """A table with every column that any metric reads, whatever the score."""
    return table_of(*drawn(rows, classes, seed), targets)


def table_of(logits: Array, labels: Array, targets: Targets | None = None, **options: Any) -> SampleTable:
    """A table of these samples with every column that any metric reads for these targets."""
    settings = SETTINGS._replace(targets=targets or Targets())
    extra = vectors(settings.targets, logits.shape[1])
    columns = {*SCORE_COLUMNS.values()}.union(*(Choice(metric).columns(settings) for metric in METRICS.values()))
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(logits.shape[1], -100).label
    warm = {name for name in columns if is_at_temperature(name)}
    read, how = columns - warm - extra.keys() - OF_MEMBERS, ReadingOptions(**options)
    table = scan(opened, label, read, options=how, vectors=extra).table
    # As if the samples were those of an ensemble: their entropy in two parts.
    parts = {"expected_entropy": 0.75 * table["entropy"], "mutual_information": 0.25 * table["entropy"]}
    # At some temperature.
    own = {name: name.partition("@")[0] for name in warm}
    cooler = scan(open_inputs(logits / 1.8, labels)[0], label, {*own.values()}, options=how).table
    return replace(table, columns={**table.columns, **parts, **{name: cooler[at] for name, at in own.items()}})


def values(metric: str, table: SampleTable, settings: Settings = SETTINGS) -> list[Value]:
    return list(Choice(METRICS[metric]).values(table, settings))


def close(expected: list[Value], found: list[Value], tolerance: float) -> bool:
    """Whether these are the same numbers with the same params, at least one."""
    pairs = [
        (a, b) for e, f in zip(expected, found, strict=True) for a, b in ((e.value, f.value), (e.stderr, f.stderr))
    ]
    return (
        bool(pairs)
        and [value.params for value in expected] == [value.params for value in found]
        and all(a == pytest.approx(b, rel=tolerance, abs=tolerance, nan_ok=True) for a, b in pairs)
    )
