"""The metrics that belong to a pair of models."""

from __future__ import annotations

from lscli.metrics import changes, divergence

CHANGES = frozenset(metric.id for metric in changes.METRICS)
DIVERGENCE = frozenset(metric.id for metric in divergence.METRICS)
OF_PAIRS = CHANGES | DIVERGENCE
