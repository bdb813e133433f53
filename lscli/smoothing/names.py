"""The names of the conventions and of the ways to weight classes; imports no numpy."""

from __future__ import annotations

from typing import Literal, get_args

Smoothing = Literal["uniform", "off-target", "classy", "prior"]
WeightMode = Literal["torch", "target-only"]

SMOOTHINGS: tuple[Smoothing, ...] = get_args(Smoothing)
WEIGHT_MODES: tuple[WeightMode, ...] = get_args(WeightMode)
