"""Temperature scaling: z / T, the T > 0 with the smallest mean nll.

The fit needs two passes over the rows on most data: a sample of the rows gives b = 1/T to a percent, the first pass
gives the derivatives of every row's nll there, and each further pass those at a better b; see `certified.py`.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.kernels.softmax_moments import FirstMoments, SoftmaxMoments, is_rough
from lscli.recalibrators.base import Fit, FitRows, Method
from lscli.recalibrators.certified import Minimum, Search, Sums
from lscli.scan.beside import over_host
from lscli.scan.blocks import pass_over, sampled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.scan.blocks import Block

    Array = NDArray[Any]

NO_OPTIMUM = "no temperature is best: the loss falls for ever as T grows"
CONSTANT = "no temperature is best: the logits of each row are all equal"
SEPARABLE = "no temperature is best: every label has the largest logit of its row, and the loss falls as T nears 0"
EMPTY = "no sample has a weight above 0"
# Between these spreads no power of a logit that a fit sums leaves float64.
_NARROWEST, _WIDEST = 1e-100, 1e100

_TOLERANCE = 1e-9  # of b
_OF_SAMPLE = 1e-2  # of b, where the rows are a sample, which knows it no better
_FEWER = 8  # a search begins on one of so many rows of a sample


class Temperature(NamedTuple):
    """The parameters of the map z / T."""

    temperature: float


def mapped(z: Any, parameters: Temperature, xp: Any) -> Any:
    return z / parameters.temperature


def fit(rows: FitRows) -> Fit:
    """The temperature with the smallest mean nll; those of other parts are found in the same passes.

    Raises:
        InputError: there is none.
    """
    return rows.once(_with_parts)


def _with_parts(rows: FitRows) -> Fit:
    parts = rows.beside or [rows]
    found = fits(rows, [each.weight for each in parts], [each.name for each in parts])
    for part, each in zip(parts, found, strict=True):
        part.keep(_with_parts, each)
    return rows.once(_with_parts)


def fits(rows: FitRows, weights: Sequence[Array], names: Sequence[str] = ()) -> list[Fit | InputError]:
    """The temperatures of several weightings of the same rows, such as folds or groups, from shared passes.

    Args:
        rows: read and checked before.
        weights: [N] each; above 0 only where the weights of the rows that were checked are.
        names: what errors call each weighting; those of `rows` by default.

    Returns:
        A fit for each weighting, or the error that says why it has none.
    """
    first, losses = rows.whole.once(first_moments), rows.whole.once(losses_before)
    found: list[Fit | InputError | None] = []
    searches: dict[int, tuple[FitRows, Search]] = {}
    for number, weight in enumerate(weights):
        part = rows.weighted(weight, names[number] if names else "")
        found.append(_refused(part, first))
        if found[-1] is None:
            spread = float(np.maximum.reduce(first.spread, where=weight > 0, initial=0.0))
            searches[number] = part, Search(first.b, spread, _TOLERANCE)
    sums = {number: _of_first(part, first) for number, (part, _) in searches.items()}
    if first.rough and searches:
        for number, at in sums.items():
            searches[number][1].move(at)
        sums = _pass(rows, searches, first.slope_at_0)
    while sums:
        for number, at in sums.items():
            part, search = searches[number]
            minimum = search.take(at)
            if minimum is not None:
                lead = _mean(part, first.slope_at_0)
                before = _mean(part, losses) - part.eps * lead
                found[number] = _fit(part, minimum, before, search.passes)
                del searches[number]
        sums = _pass(rows, searches, first.slope_at_0) if searches else {}
    return [each for each in found if each is not None]


def start(logits: Logits, label: Array, weight: Array, eps: float = 0.0) -> float:
    """A value of 1/T near the best one, from a sample of the rows, which need no checks; 1 if it has no best one."""
    x, row = sampled(logits, weight)
    kept = np.isfinite(np.maximum.reduce(x, axis=1)) & np.isfinite(x[np.arange(len(row)), label[row]])
    x, row = x[kept], row[kept]
    if not len(row):
        return 1.0
    every = len(kept) == np.count_nonzero(weight > 0)
    moments = SoftmaxMoments(logits.shape[1], logits.dtype, rough=not every and is_rough(logits.shape[1], logits.dtype))
    b = 1.0
    for part in (slice(None),) if every else (slice(None, None, _FEWER), slice(None)):
        b = _near(moments, x[part], label[row[part]], weight[row[part]], eps, b, _TOLERANCE if every else _OF_SAMPLE)
    return b


def _near(
    moments: SoftmaxMoments, x: Array, label: Array, weight: Array, eps: float, b: float, tolerance: float
) -> float:
    """The best value of 1/T of rows, from b on; b itself if there is none."""
    values = moments(x, label, b, first=True)
    lead, spread = values[4], float(values[5].max())
    weighted = float(np.add.reduce(weight * lead))
    if not (1 - eps) * weighted < 0 or (eps == 0 and not values[6].any()) or not _NARROWEST < spread < _WIDEST:
        return b
    search = Search(b, spread, tolerance)
    while (found := search.take(_sums(values[:4], lead, weight, search.b, eps))) is None:
        values = moments(x, label, search.b)
    return found.b


def first_moments(rows: FitRows) -> FirstMoments:
    """The moments of the rows near the best temperature of all of them."""
    logits = rows.logits
    b = start(logits, rows.label, rows.weight, rows.eps)
    return _over(rows, FirstMoments(rows.label, rows.classes, logits.dtype, b, exact=rows.eps > 0))


def exact_moments(rows: FitRows) -> FirstMoments:
    """The moments of the rows at b = 1, in float64."""
    return _over(rows, FirstMoments(rows.label, rows.classes, rows.logits.dtype, 1.0, exact=True))


def _over(rows: FitRows, found: FirstMoments) -> FirstMoments:
    """Fill in the moments by a pass over the rows."""
    over_host(rows.logits, [found], rows.threads, rows.progress)
    found.leave_out(rows.weight == 0)
    return found


def losses_before(rows: FitRows) -> Array:
    """The nll of each row as it is, [N]; 0 where its weight is 0."""
    return rows.once(exact_moments).loss


def _refused(rows: FitRows, first: FirstMoments) -> InputError | None:
    """Why there is no best temperature; None if there is one. The rounding of sums does not matter."""
    used = rows.weight > 0
    if not used.any():
        return rows.refused(EMPTY, "look at which samples are left out")
    spread = float(np.maximum.reduce(first.spread, where=used, initial=0.0))
    if spread == 0:
        return rows.refused(CONSTANT, "look at the run that wrote them")
    if not _NARROWEST < spread < _WIDEST:
        what = f"logits of a row differ by up to {spread:.2g}, and a temperature is fitted from 1e-100 to 1e+100"
        return rows.refused(what, "look at the run that wrote them, or scale them by a number")
    if rows.eps == 0 and not first.below[used].any():
        return rows.refused(SEPARABLE, "use more samples, some of which are wrong")
    slope = float(np.add.reduce(rows.weight * first.slope_at_0))
    error = first.rounding * float(np.add.reduce(rows.weight * first.spread))
    if first.rough and abs(slope) <= error:
        return _refused(rows, rows.whole.once(exact_moments))
    if slope > error or rows.eps >= 1 or (slope >= -error and _exact_slope_at_0(rows) >= 0):
        return rows.refused(NO_OPTIMUM, "the logits do not order the classes better than chance: look at the labels")
    return None


def _exact_slope_at_0(rows: FitRows) -> Fraction:
    """The weighted sum of mean z - z_y over the rows, without any rounding."""
    from fractions import Fraction  # imported only for a close call, because start-up time counts

    total = Fraction(0)

    def work(block: Block) -> Fraction:
        z = block.x.astype(np.float64)
        masked = np.isneginf(z)
        digits, exponent = np.frexp(np.where(masked, 0.0, z))
        least = int(exponent.min())
        whole = np.ldexp(digits, 53).astype(np.int64).astype(object) << (exponent - least).astype(object)
        classes = np.add.reduce(~masked, axis=1).tolist()
        label = whole[np.arange(len(z)), block.label].tolist()
        each = zip(block.weight.tolist(), whole.sum(axis=1).tolist(), label, classes, strict=True)
        of_block = sum((Fraction(w) * Fraction(s - k * y, k) for w, s, y, k in each), Fraction(0))
        return of_block * Fraction(2) ** (least - 53)

    def take(found: Fraction) -> None:
        nonlocal total
        total += found

    rows.read(work, take)
    return total


def _mean(rows: FitRows, values: Array) -> float:
    return float(np.add.reduce(rows.weight * values)) / rows.total


def _of_first(rows: FitRows, first: FirstMoments) -> Sums:
    values = np.stack([first.loss, first.slope, first.curvature, first.third])
    return _sums(values, first.slope_at_0, rows.weight, first.b, rows.eps)


def _sums(values: Array, slope_at_0: Array, weight: Array, b: float, eps: float) -> Sums:
    return Sums(*(_totals(values, slope_at_0, weight, b, eps) / np.add.reduce(weight)).tolist())


def _totals(values: Array, slope_at_0: Array, weight: Array, b: float, eps: float) -> Array:
    """The weighted sums of rows whose nll, slope, curvature and third derivative are `values` [4, n]."""
    loss, s, v, k = values
    if eps:  # the logit of the label becomes (1 - eps) z_y + eps mean z, whose derivatives in b differ in the first
        loss, s = loss - eps * b * slope_at_0, s - eps * slope_at_0
    return np.array([np.add.reduce(weight * each) for each in (loss, s, v, k, s * s, s * v)])


def _pass(rows: FitRows, searches: dict[int, tuple[FitRows, Search]], slope_at_0: Array) -> dict[int, Sums]:
    """The sums of each search at its b."""
    totals = {number: np.zeros(6) for number in searches}

    local = threading.local()  # a thread reuses its buffers

    def work(block: Block) -> dict[int, Array]:
        if not hasattr(local, "moments"):
            local.moments = SoftmaxMoments(rows.classes, str(block.x.dtype))
        moments, found = local.moments, {}
        for number, (part, search) in searches.items():
            weight = part.weight[block.rows]
            kept = np.flatnonzero(weight > 0)
            if len(kept):
                x = block.x if len(kept) == len(weight) else block.x[kept]
                row = block.rows[kept]
                values = moments(x, block.label[kept], search.b)
                found[number] = _totals(values, slope_at_0[row], weight[kept], search.b, part.eps)
        return found

    def take(found: dict[int, Array]) -> None:
        for number, each in found.items():
            totals[number] += each

    union = np.maximum.reduce([part.weight for part, _ in searches.values()])
    pass_over(rows.logits, rows.label, union, work, take, rows.threads, rows.progress)
    return {number: Sums(*(totals[number] / part.total).tolist()) for number, (part, _) in searches.items()}


def _fit(rows: FitRows, minimum: Minimum, before: float, passes: int) -> Fit:
    b, step, at = minimum.b, minimum.step, minimum.sums
    after = at.loss + step * (at.slope + step * (at.curvature / 2 + step * at.third / 6))
    square = max(0.0, at.square + 2 * step * at.cross)
    stderr = math.sqrt(square / rows.total) / minimum.curvature / b / b
    low, high = 1 / (b + minimum.bound), 1 / max(b - minimum.bound, sys.float_info.min)
    t = 1 / b
    certificate: dict[str, float | int] = {
        "gradient": minimum.gradient,
        "excess": minimum.gradient**2 / minimum.curvature,
        "bound": max(high - t, t - low),
        "bracket_low": low,
        "bracket_high": high,
        "passes": passes,
    }
    return Fit(Temperature(t), before, after, certificate, {"temperature": stderr})


def check(parameters: Temperature) -> None:
    if not parameters.temperature > 0:
        raise InputError(f"the temperature {parameters.temperature!r} is not above 0", "fit it again")


METHOD = Method(
    name="temperature",
    title="temperature scaling",
    gist="z / T",
    parameters=Temperature,
    shapes={},
    mapped=mapped,
    fit=fit,
    check=check,
    keeps="order in the row",
)
