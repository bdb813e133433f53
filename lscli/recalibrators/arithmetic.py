"""Arithmetic of rows of logits, which maps share; the same lines compute with numpy and with torch."""

from __future__ import annotations

from typing import Any


def log_softmax(z: Any, xp: Any) -> Any:
    """ln softmax of rows [n, K] of finite maximum, as arrays of the module `xp`; a class at -inf stays there."""
    z = z - xp.amax(z, axis=-1, keepdims=True)
    return z - xp.log(xp.sum(xp.exp(z), axis=-1, keepdims=True))


def prepared(z: Any, temperature: Any, uniform: Any, xp: Any) -> Any:
    """x = ln((1 - o) softmax(z / T) + o / K), [n, K]: bounded from below, so that squares and products of it are.

    A class at -inf stays there, and K counts the other classes of the row.
    """
    masked = xp.isneginf(z)
    p = xp.exp(log_softmax(z / temperature, xp))
    share = uniform / xp.sum(~masked, axis=-1, keepdims=True)
    x = xp.log((1 - uniform) * p + share)
    return xp.where(masked, z, x)
