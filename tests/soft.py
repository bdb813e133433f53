"""Soft labels to test with, and the columns that a pass makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import lscli
from lscli.io.open import open_soft_inputs
from lscli.io.soft_labels import SoftLabels
from lscli.options import ReadingOptions
from lscli.scan.scan import scan
from lscli.scan.soft import Soft
from lscli.smoothing.targets import Targets
from lscli.table import SampleTable

Array = NDArray[Any]
COLUMNS = ("loss_hard", "loss_uniform", "brier")
METRICS = "loss_hard,loss_uniform,loss_smoothed,loss_floor,loss_excess,perplexity,brier,brier_half"


def drawn(rows: int, classes: int, dtype: str = "float32", *, seed: int = 0) -> tuple[Array, Array]:
    """Logits, and float64 distributions: some sharp, some flat, some without a share of most classes, some one-hot."""
    random = np.random.default_rng([seed, classes])
    logits = (3 * random.standard_normal((rows, classes))).astype(dtype)
    z = logits.astype(float) * random.uniform(0, 2, (rows, 1)) + random.standard_normal((rows, classes))
    q = np.exp(z - z.max(axis=1, keepdims=True))
    q[::3] *= random.random(q[::3].shape) < 0.3
    q[::3, 1] += 1e-3
    q[1::5] = np.eye(classes)[random.integers(0, classes, len(q[1::5]))]
    return logits, q / q.sum(axis=1, keepdims=True)


def table(
    logits: Any,
    labels: Any,
    *,
    targets: Targets | None = None,
    eps: tuple[float, ...] = (),
    columns: tuple[str, ...] = COLUMNS,
    reading: ReadingOptions | None = None,
    ignore_index: int = -100,
    **options: Any,
) -> SampleTable:
    """The columns of a pass over logits and soft labels [N, K].

    Among them are the entropies of each eps as `eps=0.1`, and with class weights the losses as `weighted`.
    """
    opened, truth = open_soft_inputs(logits, labels, reading or ReadingOptions())
    assert isinstance(truth, SoftLabels)
    try:
        names = {f"eps={amount}": amount for amount in eps}
        weighted_loss = "weighted" if targets is not None and targets.class_weighted else ""
        soft = Soft(truth, ignore_index, targets or Targets(), names, weighted_loss)
        label = np.zeros(opened.shape[0], np.int32)
        passing = {name: options.pop(name) for name in ("class_sums", "vectors") if name in options}
        return scan(opened, label, columns, ReadingOptions(**options), soft=soft, **passing).table
    finally:
        opened.close()
        truth.close()


def evaluated(logits: Any, labels: Any, metrics: str = METRICS, **options: Any) -> lscli.Report:
    """The report on logits and soft labels."""
    return lscli.evaluate(logits, labels, metrics=metrics, soft_labels=True, **options)


def values(report: lscli.Report, group: str = "") -> dict[tuple[str, str], float]:
    """The values of a group by metric and parameters."""
    return {(row.metric, ";".join(row.settings)): row.value for row in report.rows if row.group == group}
