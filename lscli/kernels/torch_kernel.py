"""The wide pass in torch: the same row state as the numpy kernel, on any device.

No step reads a value back from the device, so that the steps of a whole file can be queued without waiting.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lscli.kernels.row_hash import FARTHEST, GOLDEN, LAST_SHIFT, ROUNDS, STEPS
from lscli.kernels.rowstate import NARROW, PNORM_EXPONENTS, RowState, unscaled
from lscli.kernels.torch_class_sums import TorchClassSums
from lscli.kernels.torch_softmax import softmax_total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.kernels.class_sums import ClassSums


# Below this difference from the largest logit, e^(x_i - m) and its square lose digits in float32.
_FAR = -16.0


class TorchKernel:
    """Computes row states of tensors, as tensors on the same device.

    Args:
        num_classes: K.
        fields: the optional fields of the row state to compute.
        class_sums: sums by class to fill; on the CPU, chunks must then begin at the first row of a block.
        vectors: [V, K], for the field `dots`.
    """

    def __init__(
        self,
        num_classes: int,
        fields: frozenset[str],
        class_sums: Sequence[TorchClassSums] = (),
        vectors: NDArray[Any] | None = None,
    ) -> None:
        self._k = num_classes
        self._class_sums = class_sums
        self._fields = fields | {"tail"} if class_sums else fields
        # Scaled to at most 1, so that float32 holds vectors of any scale; `on_host` scales back.
        self._vectors = self._exponents = None
        if vectors is not None and len(vectors):
            self._exponents = np.frexp(np.maximum.reduce(vectors, axis=1))[1]
            self._vectors = np.ldexp(vectors, -self._exponents[:, None])
        # Differences are scaled by this power of two: this is exact, and no sum of 2K of them overflows.
        self._exponent = 1 + math.ceil(math.log2(num_classes))
        self._scale = 2.0**-self._exponent

    def row_state(self, x: torch.Tensor, label: torch.Tensor, first: int = 0) -> RowState:
        """The state of rows x [n, K], float16 to float64, with labels [n] from 0 to K-1; `first` numbers the first row.

        Sums of differences are scaled until `on_host`.
        """
        stored, x = x, x.to(self._element(x))
        largest, top = x.max(dim=1)  # the first of equal maxima
        label_logit = x.gather(1, label[:, None])[:, 0]
        state = RowState(label=label, top=top, largest=largest, label_logit=label_logit)
        if "softmax_total" in self._fields:
            own = stored if stored.dtype == torch.float64 else stored.float()
            state.softmax_total = softmax_total((own - own.amax(dim=1, keepdim=True)).exp())
        if "rank" in self._fields:
            state.rank = self._ranks(x, label_logit, label)
        if "shift" in self._fields:
            # Scaled first: float32 holds neither 3e38 + 3e38 nor the sum of many of 1e37, and -inf must mean a masked
            # class and nothing else.
            state.shift = self._sum(self._differences(x, largest))
        if "norms" in self._fields:
            state.norms = self._norms(x, largest, state.shift)
        if "above_label" in self._fields:
            state.above_label = self._above_label(x, label_logit)
        if "open_classes" in self._fields:
            masked = x == -math.inf
            state.open_classes = self._k - masked.sum(dim=1)
        if {"open_classes", "open_shift"} <= self._fields:
            state.open_shift = self._sum(self._differences(x, largest).masked_fill_(masked, 0.0))
        if self._vectors is not None:
            state.dots = self._dots(x, largest)
        d = x - largest[:, None]
        if "differences" in self._fields:
            state.differences = d.clone()
        d.scatter_(1, top[:, None], -math.inf)
        second = d.amax(dim=1)
        d.scatter_(1, top[:, None], 0.0)
        if "runner_up" in self._fields:
            state.runner_up = second
        if "row_hash" in self._fields:
            state.row_hash = self._hash(d)
        if "log_tail" in self._fields:
            state.log_tail, state.tail_entropy = self._others(d, top)
        if "tail" in self._fields:
            self._tail(state, d, second, first)
        return state

    def _tail(self, state: RowState, d: torch.Tensor, second: torch.Tensor, first: int) -> None:
        """The sums of exponentials of d [n, K], which is overwritten; `second` [n] is the largest d of the others."""
        # Exponentials are relative to the second largest logit where that is far away, so that neither they nor their
        # squares underflow. The difference of two differences is rounded once more, so all other rows stay as they are.
        away = torch.where((second < _FAR) & (second > -math.inf), second, 0)
        e = (d - away[:, None]).exp_().scatter_(1, state.top[:, None], 0.0)
        scale = away.to(self._wide(d)).exp()
        state.tail = self._sum(e) * scale
        if "tail_cross" in self._fields:
            # A masked class adds 0, but 0 * -inf is nan.
            state.tail_cross = self._sum(d.clamp_(min=torch.finfo(d.dtype).min).mul_(e)) * scale
        if "tail_square" in self._fields:
            state.tail_square = self._sum(e.square()) * scale * scale
        if self._class_sums:
            e *= scale.to(e.dtype)[:, None]
        for sums in self._class_sums:
            sums.add(e, state, first)

    def _wide(self, x: torch.Tensor) -> torch.dtype:
        return x.dtype if x.device.type == "mps" else torch.float64

    def _sum(self, x: torch.Tensor) -> torch.Tensor:
        """The sum over the classes, in float64: as in numpy, the order of the classes must not matter."""
        return x.sum(dim=1, dtype=self._wide(x))

    def _hash(self, d: torch.Tensor) -> torch.Tensor:
        """`row_hash.hash_of` in int64, whose products and sums have the same bits as those of uint64."""
        steps = (d.to(self._wide(d)) * STEPS).round_().clamp_(min=-FARTHEST)
        z = steps.nan_to_num_(0.0).long().add_(_signed(GOLDEN))
        for shift, factor in ROUNDS:
            z = _shifted(z, shift).bitwise_xor_(z).mul_(_signed(factor))
        return _shifted(z, LAST_SHIFT).bitwise_xor_(z).masked_fill_(d == -math.inf, 0).sum(dim=1)

    def _element(self, x: torch.Tensor) -> torch.dtype:
        # As in numpy: over few classes, rounding errors do not average out. mps has no float64.
        narrow = self._k < NARROW and x.device.type != "mps"
        return torch.float64 if narrow or x.dtype == torch.float64 else torch.float32

    def _differences(self, x: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """The logits less a value for each row, scaled so that no sum of them overflows."""
        return x * self._scale - (value * self._scale)[:, None]

    def _dots(self, x: torch.Tensor, largest: torch.Tensor) -> torch.Tensor:
        differences = self._differences(x, largest)
        # A class where c is 0 may be masked, and 0 * -inf is nan.
        vectors = torch.as_tensor(self._vectors).to(x.dtype).to(x.device)
        return torch.stack([self._sum((differences * c).masked_fill_(c == 0, 0.0)) for c in vectors], dim=1)

    def _above_label(self, x: torch.Tensor, label_logit: torch.Tensor) -> torch.Tensor:
        above = self._sum(self._differences(x, label_logit).clamp_(min=0.0))
        return above.masked_fill_(label_logit == -math.inf, math.inf)

    def _others(self, d: torch.Tensor, top: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The fields `log_tail` and `tail_entropy`, computed from the second largest logit: nothing underflows."""
        others = d.scatter(1, top[:, None], -math.inf)
        second = others.amax(dim=1)
        none = second == -math.inf
        others = torch.where(none[:, None], 0.0, others - second[:, None])
        e = others.exp()
        total = self._sum(e)
        entropy = total.log() - self._sum(others.clamp_(min=torch.finfo(d.dtype).min).mul_(e)) / total
        return second + torch.where(none, 0.0, total.log()), entropy.masked_fill_(none, 0.0)

    def _norms(self, x: torch.Tensor, largest: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        # Scaled like the shift, so that nothing overflows; in float64, as in numpy.
        mean = shift / self._k
        v = (self._differences(x, largest).to(shift.dtype) - mean[:, None]).abs_()
        size = v.amax(dim=1)
        v /= torch.where(size > 0, size, 1)[:, None]
        power = v.clone()
        sums = [v.sum(dim=1), *(power.mul_(v).sum(dim=1) for _ in PNORM_EXPONENTS[1:])]
        exponents = torch.tensor(PNORM_EXPONENTS, device=x.device, dtype=v.dtype)
        norms = torch.stack(sums, dim=1) ** (1 / exponents) * (size / -mean)[:, None]
        norms.masked_fill_((mean == 0)[:, None], math.inf)
        return norms.masked_fill_(size.isinf()[:, None], math.nan)

    def _ranks(self, x: torch.Tensor, label_logit: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        above = (x > label_logit[:, None]).sum(dim=1)
        classes = torch.arange(self._k, device=x.device)
        return above + ((x == label_logit[:, None]) & (classes < label[:, None])).sum(dim=1)

    def on_host(self, state: RowState) -> RowState:
        """The state as numpy arrays, with the scaled sums scaled back."""
        host = state.mapped(lambda part: part.cpu().numpy())
        with np.errstate(over="ignore"):
            if host.shift is not None:
                host.mean_shift = np.ldexp(host.shift.astype("float64") / self._k, self._exponent)
            for name in _SCALED:
                part = getattr(host, name)
                if part is not None and name.endswith("shift"):
                    setattr(host, name, unscaled(part.astype("float64"), self._exponent))
                elif part is not None:
                    setattr(host, name, part.astype("float64") / self._scale)
            if self._exponents is not None:
                host.dots = np.ldexp(host.dots, self._exponents)
        return host


def _signed(bits: int) -> int:
    """The 64 bits as an int64."""
    return bits - (bits >> 63 << 64)


def _shifted(z: torch.Tensor, shift: int) -> torch.Tensor:
    """The bits of int64 moved to the right, with zeros from the left."""
    return (z >> shift).bitwise_and_((1 << (64 - shift)) - 1)


_SCALED = ("shift", "open_shift", "above_label", "dots")


class TorchCpuKernel:
    """The torch kernel for chunks in the host's memory. Each thread needs its own kernel.

    Torch uses one thread for an operation: with several, the last digits would depend on how they share a sum.
    """

    def __init__(
        self,
        num_classes: int,
        dtype: str,
        fields: frozenset[str],
        class_sums: Sequence[ClassSums] = (),
        vectors: NDArray[Any] | None = None,
    ) -> None:
        torch.set_num_threads(1)  # of the calling thread only
        on_cpu = [TorchClassSums(sums, torch.device("cpu"), dtype) for sums in class_sums]
        self._kernel = TorchKernel(num_classes, fields, on_cpu, vectors)
        self._dtype = dtype

    def row_state(self, x: NDArray[Any], label: NDArray[Any], *, overwrite: bool = False, first: int = 0) -> RowState:
        """The state of rows x [n, K], as stored, with labels [n] from 0 to K-1; see `NumpyKernel.row_state`."""
        tensor = as_tensor(x, self._dtype)
        return self._kernel.on_host(self._kernel.row_state(tensor, torch.from_numpy(label.astype("int64")), first))


def as_tensor(x: NDArray[Any], dtype: str) -> torch.Tensor:
    """The array as a tensor, copied only if it is read-only; bfloat16 is given as its bits, in uint16."""
    tensor = torch.from_numpy(x if x.flags.writeable else x.copy())
    return tensor.view(torch.bfloat16) if dtype == "bfloat16" else tensor
