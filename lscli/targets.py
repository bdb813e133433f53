"""The smoothed targets q'(k) = (1-eps) [k = y] + eps/K (Szegedy et al. 2016, section 7)."""

from __future__ import annotations

import math


def target_values(eps: float, num_classes: int) -> tuple[float, float]:
    """The target's probability of the label and of each other class."""
    off = eps / num_classes
    return 1.0 - eps + off, off


def target_entropy(eps: float, num_classes: int) -> float:
    """H(q') in nats: the floor of the smoothed loss, which no model can go below."""
    on, off = target_values(eps, num_classes)
    return 0.0 - _x_log_x(on) - (num_classes - 1) * _x_log_x(off)


def _x_log_x(x: float) -> float:
    return x * math.log(x) if x > 0 else 0.0
