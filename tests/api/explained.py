"""What `lscli.explain` answers, by column, and samples to ask it about."""

from __future__ import annotations

from typing import Any

import numpy as np

import lscli

# Samples of which a third is ignored, and class weights.
RANDOM = np.random.default_rng(5)
MANY = RANDOM.normal(size=(60, 7)) * 2
SOME = np.where(RANDOM.random(60) < 0.3, -100, RANDOM.integers(0, 7, 60) // 2)
W = np.array([0.5, 2.0, 1.25, 3.0, 0.75, 1.5, 1.0])
KEPT = SOME >= 0


def rows(*arguments: Any, **options: Any) -> list[dict[str, Any]]:
    listing = lscli.explain(*arguments, **options)
    return [row._asdict() for row in listing.rows]


def what(row: dict[str, Any]) -> tuple[float, str, str]:
    return row["eps"], row["smoothing"], row["recipe"]
