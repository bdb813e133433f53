"""The wide pass in numpy: tiles of rows that fit into the cache, in reused buffers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.kernels.class_sums import block_rows
from lscli.kernels.layouts import layout_for
from lscli.kernels.row_hash import hash_of
from lscli.kernels.rowstate import NARROW, PNORM_EXPONENTS, RowState, unscaled
from lscli.kernels.torch_softmax import softmax_total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.kernels.class_sums import ClassSums

    Array = NDArray[Any]

# Bytes of a tile's buffer. Smaller tiles would stay in a nearer cache, but then the threads call numpy more often and
# wait for the interpreter lock: two threads were measured fastest at this size.
TILE = 2 << 20


class NumpyKernel:
    """Computes row states on the CPU. Each thread needs its own kernel, since a kernel reuses its buffers.

    The state of a row does not depend, in any bit, on the other rows.

    Args:
        num_classes: K.
        dtype: element type of the chunks: float16, bfloat16, float32 or float64.
        fields: the optional fields of the row state to compute.
        class_sums: sums by class to fill; chunks must then begin at the first row of a block (`block_rows`).
        vectors: [V, K], for the field `dots`.
    """

    def __init__(
        self,
        num_classes: int,
        dtype: str,
        fields: frozenset[str],
        class_sums: Sequence[ClassSums] = (),
        vectors: Array | None = None,
    ) -> None:
        narrow = num_classes < NARROW
        element = np.dtype(np.float64 if dtype == "float64" else np.float32)
        # A smaller sum of exponentials may have lost digits, because its terms underflow.
        of_sums = np.finfo(np.float64 if narrow or dtype == "float64" else np.float32)
        self._least = float(of_sums.tiny) / float(of_sums.eps)
        self._far_from_overflow = 1e154 if dtype == "float64" else 1e19  # the square root of the largest number
        self._k = num_classes
        self._fields = fields | {"tail"} if class_sums else fields
        self._vectors = np.empty((0, num_classes)) if vectors is None else vectors
        self._class_sums = class_sums
        # Differences are scaled by 2^-exponent where they could overflow: this is exact, and no sum of K overflows.
        self._exponent = 1 + math.ceil(math.log2(num_classes))
        self._tile = max(2, TILE // (num_classes * (8 if narrow else element.itemsize)))
        if class_sums:
            self._tile = block_rows(num_classes, dtype)
            # Allocated and freed at once: this raises glibc's threshold for returning memory to the system. Without
            # it, half of the pass was spent on new pages for temporary arrays.
            np.empty(24 << 20, np.uint8)
        self._layout = layout_for(num_classes, self._tile, element)
        self._bfloat16 = dtype == "bfloat16"
        self._widened = np.empty((self._tile, num_classes), np.float32) if dtype.endswith("16") else None

    def row_state(self, x: Array, label: Array, *, overwrite: bool = False, first: int = 0) -> RowState:
        """Compute the state of rows.

        Args:
            x: [n, K], as stored.
            label: [n], from 0 to K-1.
            overwrite: whether x may be overwritten.
            first: the number of the first row.
        """
        if len(x) == 0:
            return self._tile_state(np.zeros((2, self._k), x.dtype), np.zeros(2, label.dtype), True, 0, 0).rows(0, 0)
        tiles = []
        for start in range(0, len(x), self._tile):
            rows = x[start : start + self._tile]
            own_label = label[start : start + self._tile]
            tiles.append(self._tile_state(rows, own_label, overwrite, first + start, len(rows)))
        return tiles[0] if len(tiles) == 1 else RowState.concatenated(tiles)

    def _tile_state(self, x: Array, label: Array, overwrite: bool, first: int, count: int) -> RowState:
        """The state of a tile; only its first `count` rows are added to the class sums."""
        if len(x) == 1:
            # numpy sums a single line in another order, so a single row is computed twice.
            return self._tile_state(np.repeat(x, 2, axis=0), np.repeat(label, 2), True, first, 1).rows(0, 1)
        layout = self._layout
        d, e = layout.buffers(len(x))
        # The row checks find nan and infinities in the state; exp may underflow.
        with np.errstate(all="ignore"):
            wide = self._widen(x)
            raw = layout.load(wide)
            largest, top = layout.first_maximum(raw)
            state = RowState(label=label, top=top, largest=largest, label_logit=raw.reshape(-1)[layout.at(label)])
            if "rank" in self._fields:
                state.rank = layout.ranks(raw, state.label_logit, label, top, spare=e)
            if "above_label" in self._fields:
                state.above_label = self._above_label(raw, state.label_logit, np.flatnonzero(label != top))
            if "softmax_total" in self._fields:
                state.softmax_total = softmax_total(np.exp(wide - np.maximum.reduce(wide, axis=1, keepdims=True)))
            replaceable = (overwrite or raw is not x) and raw.dtype == d.dtype
            if replaceable and (np.abs(largest) < self._far_from_overflow).all():
                d = raw  # in place, which halves the memory traffic
            self._sum(state, raw, d, e)
            for sums in self._class_sums:
                sums.add(layout, e, state, first, count)
            if "norms" in self._fields:
                state.norms = self._norms(state, raw, d)
        return state

    def _sum(self, state: RowState, raw: Array, d: Array, e: Array) -> None:
        layout, fields = self._layout, self._fields
        for name, value in layout.moments(raw, state.largest, d, e, state.top, fields).items():
            setattr(state, name, value)
        if "row_hash" in fields:
            state.row_hash = np.concatenate([hash_of(layout.as_rows(part)) for _, part in layout.copies(d)])
        if "differences" in fields:
            state.differences = np.array(layout.as_rows(d), order="C")
        if len(self._vectors):
            state.dots = np.stack([self._dot(c, state, raw, d) for c in self._vectors], axis=1)
        if "shift" in fields:
            state.mean_shift = state.shift / self._k
            self._correct_overflow(state, raw)
        if "open_classes" in fields:
            state.open_classes, open_shift = self._open(state, raw)
            state.open_shift = open_shift if "open_shift" in fields else None
        if "tail" in fields:
            small = np.flatnonzero(state.tail < self._least)
            differences = np.ldexp(self._differences(state, raw, small), self._exponent) if len(small) else None
        if "tail_cross" in fields and np.isnan(state.tail_cross).any():
            # A masked class adds 0, but 0 * -inf is nan.
            state.tail_cross = layout.sums(np.maximum(d, np.finfo(d.dtype).min), e)
        if "log_tail" in fields:
            log_sum, entropy = np.empty(0), np.empty(0)
            if differences is not None:
                log_sum, entropy = _log_sum_and_entropy(differences.copy(), state.top[small])
            state.log_tail = np.log(state.tail)
            state.log_tail[small] = log_sum
        if "tail_entropy" in fields:
            state.tail_entropy = state.log_tail - state.tail_cross / state.tail
            state.tail_entropy[small] = entropy
        if "tail" in fields and differences is not None and e.dtype == np.float32:
            self._widen_tails(state, differences, small)

    def _widen_tails(self, state: RowState, differences: Array, small: Array) -> None:
        """Recompute in float64 the sums over the other classes of rows whose exponentials underflow in float32."""
        differences[np.arange(len(small)), state.top[small]] = -np.inf
        e = np.exp(differences)
        state.tail[small] = np.add.reduce(e, axis=1)
        if state.tail_cross is not None:
            state.tail_cross[small] = np.add.reduce(e * np.maximum(differences, np.finfo(np.float64).min), axis=1)
        if state.tail_square is not None:
            state.tail_square[small] = np.add.reduce(e * e, axis=1)

    def _differences(self, state: RowState, raw: Array, rows: Array) -> Array:
        """2^-exponent (x_i - m) of the rows with these indices, [m, K] float64; no sum over the classes overflows.

        By now `raw` may hold differences, rounded to its type, instead of logits. To give the same bits either way,
        differences of logits are rounded to that type too; those of huge logits, which are never replaced, are not.
        """
        x = np.ascontiguousarray(self._layout.rows(raw, rows))
        d = x.astype(self._layout.buffers(1)[0].dtype)
        d -= np.maximum.reduce(d, axis=1, keepdims=True)
        differences: Array = np.ldexp(d.astype(np.float64), -self._exponent)
        far = np.flatnonzero(np.abs(state.largest[rows]) >= self._far_from_overflow)
        small = np.ldexp(x[far].astype(np.float64), -self._exponent)
        differences[far] = small - np.maximum.reduce(small, axis=1, keepdims=True)
        return differences

    def _correct_overflow(self, state: RowState, raw: Array) -> bool:
        """Recompute in float64 the shifts that are -inf; those of rows with a masked class stay -inf.

        float32 holds neither the difference of two logits of 3e38 nor the sum of many of 1e37. A shift that float64
        does not hold either is nan. Returns whether any shift was -inf.
        """
        infinite = np.flatnonzero(np.isneginf(state.shift))
        if not len(infinite):
            return False
        total = np.add.reduce(self._differences(state, raw, infinite), axis=1)
        state.shift[infinite] = unscaled(total, self._exponent)
        state.mean_shift[infinite] = np.ldexp(total / self._k, self._exponent)
        return True

    def _open(self, state: RowState, raw: Array) -> tuple[Array, Array]:
        """The number of unmasked classes of each row, and the shift over these classes."""
        count, open_shift = np.full(len(state.shift), self._k, np.int32), state.shift.copy()
        masked = np.flatnonzero(np.isneginf(state.shift))
        if len(masked):
            differences = self._differences(state, raw, masked)
            seen = ~np.isneginf(differences)
            count[masked] = np.add.reduce(seen, axis=1)
            open_shift[masked] = unscaled(np.add.reduce(np.where(seen, differences, 0.0), axis=1), self._exponent)
        return count, open_shift

    def _dot(self, c: Array, state: RowState, raw: Array, d: Array) -> Array:
        """The sum over the classes of c times the differences d."""
        # Scaled to at most 1, so that no sum overflows whatever the scale of the weights.
        scale = int(np.frexp(np.maximum.reduce(c))[1])
        c = np.ldexp(c, -scale)
        of_class = self._layout.by_class(c)
        parts = [self._layout.sums(np.multiply(v, of_class, out=v)) for _, v in self._layout.copies(d)]
        dot: Array = np.concatenate(parts)
        # Rows with masked or huge logits are recomputed in float64, without the classes where c is 0: 0 * -inf is nan.
        odd = np.flatnonzero(~np.isfinite(dot))
        products = np.ascontiguousarray(self._differences(state, raw, odd)[:, c > 0] * c[c > 0])
        dot[odd] = np.ldexp(np.add.reduce(products, axis=1), self._exponent)
        return np.ldexp(dot, scale)

    def _above_label(self, raw: Array, label_logit: Array, wrong: Array) -> Array:
        """The field `above_label`, from the rows `wrong`, whose label is not the prediction; it is 0 in the others."""
        above = np.zeros(len(label_logit))
        if len(wrong):
            # numpy sums a single line in another order, so a single row is computed twice.
            rows = np.repeat(wrong, 2) if len(wrong) == 1 else wrong
            x = self._layout.chosen(raw, rows).astype(np.float64)
            self._layout.subtract(x, label_logit[rows].astype(np.float64), out=x)
            above[rows] = self._layout.sums(np.maximum(x, 0.0, out=x))
            above[np.isneginf(label_logit)] = np.inf
        return above

    def _norms(self, state: RowState, raw: Array, d: Array) -> Array:
        """The field `norms`, in float64: scores that are equal must not differ by more than its rounding."""
        layout = self._layout
        mean = state.mean_shift
        norms = np.empty((len(mean), len(PNORM_EXPONENTS)))
        for rows, v in layout.copies(d):
            layout.subtract(v, mean[rows], out=v)
            np.abs(v, out=v)
            largest = layout.maximum(v)
            # Powers of values up to 1 do not overflow.
            np.divide(v, layout.by_row(np.where(largest > 0, largest, 1)), out=v)
            power, powers = v.copy(), [layout.sums(v)]
            for _ in PNORM_EXPONENTS[1:]:
                powers.append(layout.sums(power, v))
                np.multiply(power, v, out=power)
            norms[rows] = _norms_of(np.stack(powers, axis=1), largest, -mean[rows])
        for row in np.flatnonzero((np.abs(state.largest) >= self._far_from_overflow) & np.isfinite(mean)):
            # The differences may have overflowed; `raw` still holds such logits, since huge ones are never replaced.
            x = np.ldexp(layout.rows(raw, np.array([row]))[0].astype(np.float64), -1)
            v = x - x.max() - mean[row] / 2
            size = np.abs(v).max()
            powers_of_row = np.stack([np.add.reduce((np.abs(v) / size) ** p) for p in PNORM_EXPONENTS])
            norms[row] = _norms_of(powers_of_row[None], np.array([size]), np.array([-mean[row] / 2]))[0]
        return norms

    def _widen(self, x: Array) -> Array:
        if self._widened is None:
            return x
        wide = self._widened[: len(x)]
        if self._bfloat16:  # the upper half of a float32
            bits = wide.view(np.uint32)
            bits[:] = x
            np.left_shift(bits, 16, out=bits)
        else:
            wide[:] = x
        return wide


def _log_sum_and_entropy(x: Array, top: Array) -> tuple[Array, Array]:
    """The fields `log_tail` and `tail_entropy` of rows whose exponentials underflow, from x_i - m [n, K].

    They are computed relative to the second largest logit, so nothing underflows.
    """
    x[np.arange(len(x)), top] = -np.inf
    second: Array = np.maximum.reduce(x, axis=1)
    none = np.isneginf(second)
    x = np.where(none[:, None], 0.0, x - second[:, None])
    e = np.exp(x)
    total = np.add.reduce(e, axis=1)
    entropy = np.log(total) - np.add.reduce(e * np.maximum(x, np.finfo(np.float64).min), axis=1) / total
    return second + np.where(none, 0.0, np.log(total)), np.where(none, 0.0, entropy)


def _norms_of(powers: Array, scale: Array, largest: Array) -> Array:
    """The norms divided by the largest value, from the sums of powers of values divided by `scale`; [n, P]."""
    norms: Array = powers ** (1 / np.array(PNORM_EXPONENTS)) * (scale / largest)[:, None]
    norms[largest == 0] = np.inf  # all logits are equal
    norms[np.isinf(largest)] = np.nan  # a class is masked
    return norms
