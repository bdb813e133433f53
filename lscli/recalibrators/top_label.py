"""Maps that change one logit of a row: that of the predicted class, or of class 1 of two.

They see the row as c, the probability of this class by the prepared logits (see `arithmetic.prepared`), and give it
another one. With more than two classes, the other classes keep their proportions, and the prediction stays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from lscli.errors import InputError
from lscli.recalibrators.arithmetic import prepared
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable

# How far the logit of the predicted class stays above the next one.
LEAD = 1e-4


class Preparation(Protocol):
    """How the logits are prepared: two parameters that these maps share."""

    @property
    def temperature(self) -> float: ...

    @property
    def uniform(self) -> float: ...


class TopLabel(NamedTuple):
    """What these maps see of rows [n, K]: prepared logits x, and columns [n, 1].

    Attributes:
        x: [n, K].
        chosen: [n, K], where the class is whose logit is changed: class 1 of two, else the first largest logit.
        log_odds: ln c - ln (1 - c); 0 for a row with one finite class.
        rest: ln (1 - c), from the sum over the other classes.
        next: the largest other x.
        alone: whether the row has one finite class.
    """

    x: Any
    chosen: Any
    log_odds: Any
    rest: Any
    next: Any
    alone: Any


def top_label(z: Any, parameters: Preparation, xp: Any) -> TopLabel:
    """See rows z [n, K] of finite maximum, arrays of the module `xp`, `numpy` or `torch`."""
    x = prepared(z, parameters.temperature, parameters.uniform, xp)
    classes = z.shape[-1]
    first = 1 if classes == 2 else xp.argmax(z, axis=-1, keepdims=True)
    chosen = xp.arange(classes, device=z.device) == first
    others = xp.where(chosen, -math.inf, x)
    alone = xp.sum(x > -math.inf, axis=-1, keepdims=True) == 1
    own = xp.amax(xp.where(chosen, x, -math.inf), axis=-1, keepdims=True)
    # No exponential underflows, since x >= ln (o / K).
    rest = xp.log(xp.where(alone, 1, xp.sum(xp.exp(others), axis=-1, keepdims=True)))
    log_odds = xp.where(alone, 0, own) - rest
    return TopLabel(x, chosen, log_odds, rest, xp.amax(others, axis=-1, keepdims=True), alone)


def mapped(z: Any, parameters: Preparation, log_odds: Callable[[Any], Any], xp: Any) -> Any:
    """New logits of rows z [n, K], in which c has other log odds.

    Args:
        z: rows of finite maximum.
        parameters: how the logits are prepared.
        log_odds: the new log odds g, [n, 1] of any float type, from those before.
        xp: `numpy` or `torch`.

    Returns:
        (0, g) with two classes; otherwise x, but max(g + ln (1 - c), the largest other x + 1e-4) at the predicted
        class. A row with one finite class stays as it is.
    """
    rows = top_label(z, parameters, xp)
    g = like(log_odds(rows.log_odds), z)
    if z.shape[-1] == 2:
        new = xp.where(rows.chosen, g, 0)
    else:
        new = xp.where(rows.chosen, xp.maximum(g + rows.rest, rows.next + LEAD), rows.x)
    return xp.where(rows.alone, z, new)


def check(parameters: Preparation) -> None:
    """Raise an error if logits cannot be prepared so."""
    if not parameters.temperature > 0:
        raise InputError(f"the temperature {shown(parameters.temperature)} is not above 0", "fit it again")
    if not 0 < parameters.uniform < 1:
        raise InputError(f"uniform is {shown(parameters.uniform)}, not between 0 and 1", "fit it again")


def check_steps(c: Any) -> None:
    """Raise an error if c [steps] are not ascending probabilities."""
    if not len(c) or not ((c >= 0) & (c <= 1)).all() or not (c[1:] > c[:-1]).all():
        raise InputError("c is not an ascending list of probabilities", "fit it again")


def log_sigmoid(t: Any, xp: Any) -> Any:
    """ln c of log odds t; ln (1 - c) is that of -t."""
    return xp.where(t < 0, t, 0) - xp.log1p(xp.exp(-abs(t)))


def sigmoid(t: Any, xp: Any) -> Any:
    """c of log odds t, small ones with all their digits."""
    e = xp.exp(-abs(t))
    return xp.where(t < 0, e, 1) / (1 + e)


def like(t: Any, other: Any) -> Any:
    """t as floats of the type of another array: arrays of parameters may be wider than logits."""
    return t.astype(other.dtype, copy=False) if hasattr(t, "astype") else t.to(other.dtype)
