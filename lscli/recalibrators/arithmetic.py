"""Arithmetic of rows of logits, which maps share; the same lines compute with numpy and with torch."""

from __future__ import annotations

import math
from typing import Any


def log_softmax(z: Any, xp: Any) -> Any:
    """ln softmax of rows [n, K] of finite maximum, as arrays of the module `xp`; a class at -inf stays there."""
    z = z - xp.amax(z, axis=-1, keepdims=True)
    return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))


def prepared(z: Any, temperature: Any, uniform: Any, xp: Any) -> Any:
    """x = ln((1 - o) softmax(z / T) + o / K), [n, K], of the type of z: bounded from below, so that its products are.

    A class at -inf stays there, and K counts the other classes of the row.
    """
    return xp.where(z == -math.inf, z, floored(z, temperature, uniform, xp))


def floored(z: Any, temperature: Any, uniform: Any, xp: Any) -> Any:
    """`prepared`, but a class at -inf has the lowest value that another class can have, ln(o / K)."""
    e = xp.exp((z - xp.amax(z, axis=-1, keepdims=True)) / temperature)
    p = e * ((1 - uniform) / xp.sum(e, axis=-1, keepdims=True))
    return xp.log(p + uniform / xp.sum(z > -math.inf, axis=-1, keepdims=True, dtype=z.dtype))
