"""The mean of the members of an ensemble, row by row: the logarithm of the mean of their probabilities, or their mean
logits; and how much the members disagree.

The sums leave the maximum of each member out, as in `rowstate`, so that a confident row keeps its digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lscli.kernels.layouts import layout_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.options import EnsembleOf

    Array = NDArray[Any]

# Bytes of a tile of one member. The tiles of all members, which are needed at once, share this many.
_TILES = 2 << 20
# The most memory, in tiles: for each member, if all rows underflow and are computed again in float64; and in addition.
_EACH, _BESIDES = 6, 6
# Below this, a sum of exponentials of float32 has lost digits, because some of them underflow.
_THIN = 1e-31


class Rows(NamedTuple):
    """The entropies and faults of n rows of an ensemble.

    Attributes:
        expected_entropy: [n], the mean over the members of the entropy of their probabilities, in nats.
        mutual_information: [n], the mean over the members of KL(p_s || mean p), in nats.
        fault: [n], the first member whose row cannot be used, -1 where there is none.
    """

    expected_entropy: Array
    mutual_information: Array
    fault: Array


def tile_rows(num_classes: int, members: int, element: str) -> int:
    """The number of rows that are computed at a time."""
    return max(2, _TILES // (members * num_classes * np.dtype(element).itemsize))


def tile_bytes(num_classes: int, members: int, element: str) -> int:
    """An upper bound of the bytes that a thread takes to compute the mean."""
    rows = tile_rows(num_classes, members, element)
    return (_EACH * members + _BESIDES) * rows * num_classes * np.dtype(element).itemsize


class EnsembleMean:
    """Computes rows of an ensemble on the CPU. Each thread needs its own, since it reuses its buffers.

    The result of a row does not depend, in any bit, on the other rows.

    Args:
        num_classes: K.
        members: S.
        element: the type of the rows: float32 or float64.
        of: the mean is of `probs` (its logarithm) or of `logits`.
        sums: the members' rows are logarithms of probabilities that sum to 1 within this distance; None for logits,
            which are not checked. A row of another sum gets that sum, for `RowChecks` to refuse.
        entropies: whether to compute the entropies.
    """

    def __init__(
        self, num_classes: int, members: int, element: str, of: EnsembleOf, sums: float | None, *, entropies: bool
    ) -> None:
        self.tile = tile_rows(num_classes, members, element)
        self._element = np.dtype(element)
        self._layout = layout_for(num_classes, self.tile, self._element)
        self._p = np.empty(members * self.tile * num_classes, self._element)
        self._mean = np.empty(self.tile * num_classes, self._element)
        self._of = of
        self._sums = sums
        self._entropies = entropies
        # Below this a mean probability has lost digits, because those of the members underflow.
        self._least = 1e-35 if element == "float32" else 1e-300
        self._tiny = np.finfo(self._element).tiny

    def rows(self, members: Sequence[Array], out: Array) -> Rows:
        """Write the rows of the ensemble into `out`.

        Args:
            members: the rows of each member, [n, K], float16, float32 or float64; n is at most `tile`.
            out: [n, K], of the type `element`.
        """
        if len(out) == 1:
            # numpy sums a single line in another order, so a single row is computed twice.
            twice = np.empty((2, out.shape[1]), out.dtype)
            found = self.rows([np.repeat(x, 2, axis=0) for x in members], twice)
            out[:] = twice[:1]
            return Rows(*(part[:1] for part in found))
        with np.errstate(all="ignore"):  # non-finite rows are marked as such; exp may underflow
            return self._rows([x.astype(self._element, copy=False) for x in members], out)

    def _rows(self, members: Sequence[Array], out: Array) -> Rows:
        n, layout, declared = len(out), self._layout, self._sums is not None
        d, e = layout.buffers(n)
        p = self._p[: len(members) * d.size].reshape(len(members), *d.shape)
        mean = self._mean[: d.size].reshape(d.shape)
        largest, log_sums = np.empty((len(members), n)), np.empty((len(members), n))
        entropy, information = np.zeros(n), np.zeros(n)
        fault, value, wrong_sum = np.full(n, -1), np.zeros(n), np.ones(n)
        probabilities = self._of == "probs" or self._entropies
        for number, x in enumerate(members):
            raw = layout.load(x)
            top, at = layout.first_maximum(raw)
            largest[number] = top
            bad = ~np.isfinite(top) & (fault < 0)
            fault[bad], value[bad] = number, top[bad]
            if not (probabilities or declared):
                continue
            layout.subtract(raw, top, out=d)
            tail = self._exponentials(d, layout.at(at), p[number])
            log_sums[number] = np.log1p(tail)
            if self._sums is not None:
                total = np.exp(largest[number]) * (1.0 + tail)
                off = ~(np.abs(total - 1.0) <= self._sums) & (fault < 0)
                fault[off], wrong_sum[off] = number, total[off]
            if self._entropies:
                entropy += log_sums[number] - self._cross(d, p[number]) / (1.0 + tail)
            p[number] *= layout.by_row((1.0 / (1.0 + tail)).astype(self._element))
        if probabilities:
            self._mean_of(p, mean, d)
        if self._of == "probs":
            out[:] = layout.as_rows(np.log(mean, out=e))
            # Where probabilities underflow, their logarithms do not.
            small = np.flatnonzero(layout.minimum(mean) < self._least)
            if len(small):
                out[small] = _log_mean([x[small] for x in members], largest[:, small], log_sums[:, small])
        else:
            self._mean_logits(members, out, e)
        if self._entropies:
            information = self._information(p, mean, d, e)
            if self._element == np.float32:
                thin = np.flatnonzero((log_sums < _THIN).any(axis=0) & (fault < 0))
                block = max(1, self.tile // 4)
                for rows in (thin[start : start + block] for start in range(0, len(thin), block)):
                    entropy[rows], information[rows] = _disagreement([x[rows] for x in members])
        if (fault >= 0).any():
            out += np.log(wrong_sum)[:, None].astype(out.dtype)
            unusable = ~np.isfinite(value)
            out[unusable] = value[unusable, None]
        return Rows(entropy / len(members), information, fault)

    def _exponentials(self, d: Array, at_top: Array, e: Array) -> Array:
        """Write e^d into e; return the sum over all classes but the largest."""
        np.exp(d, out=e)
        flat = e.reshape(-1)
        flat[at_top] = 0.0
        tail = self._layout.sums(e)
        flat[at_top] = 1.0
        return tail

    def _cross(self, d: Array, e: Array) -> Array:
        """The sum of e d, where a masked class adds 0; overwrites d."""
        total = self._layout.sums(d, e)
        if np.isnan(total).any():  # 0 * -inf
            np.maximum(d, np.finfo(d.dtype).min, out=d)
            total = self._layout.sums(d, e)
        return total

    def _mean_of(self, p: Array, mean: Array, spare: Array) -> None:
        """Write the mean of the members' probabilities: the first one's plus the mean difference from it, so that the
        mean of equal values is that value.
        """
        mean[...] = 0
        for each in p[1:]:
            mean += np.subtract(each, p[0], out=spare)
        mean /= len(p)
        mean += p[0]

    def _mean_logits(self, members: Sequence[Array], out: Array, spare: Array) -> None:
        """Write the mean of the members' logits; of logarithms of probabilities, renormalised."""
        layout = self._layout
        mean = layout.as_rows(spare)
        mean[...] = 0
        for x in members:
            mean += x / self._element.type(len(members))  # divided first, so that no sum overflows
        if self._sums is not None:
            # Each row is shifted by its log-sum-exp.
            d = layout.buffers(len(out))[0]
            largest = layout.maximum(spare)
            layout.subtract(spare, largest, out=d)
            layout.subtract(d, np.log(layout.sums(np.exp(d))).astype(self._element), out=spare)
        out[:] = mean

    def _information(self, p: Array, mean: Array, d: Array, e: Array) -> Array:
        """The mean over the members of KL(p_s || mean p), [n]; overwrites p, d and e.

        With r = p_s / mean p, it is the mean of sum_k mean p_k (r log r - (r - 1)). No term is negative, and r - 1 is
        exact for r near 1, so members that nearly agree keep their digits, which a difference of entropies would lose.
        """
        total: Array = np.zeros(1)
        below = np.maximum(mean, self._tiny, out=e)
        for r in p:
            r /= below
            np.maximum(r, self._tiny, out=d)
            np.log(d, out=d)
            d *= r
            r -= 1
            d -= r
            total = total + self._layout.sums(d, mean)
        return np.maximum(total / len(p), 0.0)


def _log_mean(members: Sequence[Array], largest: Array, log_sums: Array) -> Array:
    """The logarithm of the mean probability of few rows, [m, K], where probabilities underflow: in float64."""
    logs = np.stack([x.astype(np.float64) for x in members])
    logs -= largest[:, :, None]
    logs -= log_sums[:, :, None]
    top = logs.max(axis=0)
    total = np.exp(logs - np.where(np.isneginf(top), 0.0, top)).sum(axis=0)
    rows: Array = top + np.log(total / len(members))  # -inf for a class that all members mask
    return rows


def _disagreement(members: Sequence[Array]) -> tuple[Array, Array]:
    """The sum over the members of their entropy, and the mutual information, of few rows, [m] each: in float64."""
    d = np.stack([x.astype(np.float64) for x in members])
    top = d.argmax(axis=2)[:, :, None]
    d -= np.take_along_axis(d, top, axis=2)
    p = np.exp(d)
    np.maximum(d, np.finfo(d.dtype).min, out=d)  # a masked class adds 0 * min, not 0 * -inf
    np.put_along_axis(p, top, 0.0, axis=2)
    tail = p.sum(axis=2)
    d *= p
    entropy = (np.log1p(tail) - d.sum(axis=2) / (1.0 + tail)).sum(axis=0)
    np.put_along_axis(p, top, 1.0, axis=2)
    p /= (1.0 + tail)[:, :, None]
    mean, tiny = p.mean(axis=0), np.finfo(d.dtype).tiny
    information = np.zeros(len(entropy))
    for each in p:
        r = each / np.maximum(mean, tiny)
        information += (mean * (r * np.log(np.maximum(r, tiny)) - (r - 1.0))).sum(axis=1)
    return entropy, np.maximum(information / len(p), 0.0)
