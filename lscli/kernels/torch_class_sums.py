"""The sums by class and bin in torch: the same whole numbers, added up where the logits are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lscli.errors import UsageError
from lscli.kernels.class_sums import block_rows

if TYPE_CHECKING:
    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.rowstate import RowState

_LIMB = 2.0**30


class TorchClassSums:
    """Adds to a ClassSums; on a device the state stays there until `finish`.

    Args:
        sums: what is filled.
        device: where the logits are.
        dtype: the type of the logits.

    Raises:
        UsageError: the device has no float64.
    """

    def __init__(self, sums: ClassSums, device: torch.device, dtype: str) -> None:
        if device.type == "mps":
            raise UsageError("sums by class need float64, which mps lacks", "leave --device out to use the CPU")
        self._sums = sums
        self._block = block_rows(sums.num_classes, dtype)
        self._edges = torch.from_numpy(sums.edges).to(device)
        self._weight = torch.from_numpy(sums.scaled).to(device)
        # On the CPU the state is shared, and so are its arrays.
        self._state = {name: torch.from_numpy(limbs).to(device) for name, limbs in sums.state.items()}
        # No more classes of a row can reach the first edge.
        self._most = int(min(sums.num_classes, 1 / sums.edges[0])) if len(sums.edges) else 0

    def add(self, e: torch.Tensor, state: RowState, first: int) -> None:
        """Count rows from number `first` on; e = e^(x_i - m), 0 at the top."""
        finite = torch.isfinite(state.largest)
        weight = torch.where(finite, self._weight[first : first + len(e)], 0)
        tail = torch.where(finite, state.tail, 0).double()
        z = 1.0 + tail
        e.masked_fill_(~finite[:, None], 0)  # 0 * nan is nan
        column = self._column_sums(e, weight / z)

        # Whatever stays below the first edge lands in the first bin, which is not read.
        value, k = e.topk(self._most, dim=1)
        p = value.double() / z[:, None]
        place = self._place(k, p).flatten()
        top, label, right = state.top, state.label, state.label == state.top
        share = weight / z
        # s / Z keeps its digits where 1 - 1/Z has none.
        top_residual = torch.where(right, weight * tail / z, -share)
        label_residual = torch.where(right, 0, weight)
        top_place = self._place(top, 1.0 / z)
        label_place = self._place(label, e.gather(1, label[:, None])[:, 0].double() / z)
        weights = torch.cat((weight[:, None].expand(p.shape).flatten(), weight))
        of_rows = torch.cat((top_residual, label_residual))
        entries = [
            ("top", top, share),
            ("rest", torch.cat((top, label)), of_rows),
            (
                "residual",
                torch.cat((place, top_place, label_place)),
                torch.cat(((-p * weight[:, None]).flatten(), of_rows)),
            ),
            ("size", torch.cat((place, top_place)), weights),
        ]
        limbs = [(name, index, self._limbs(values)) for name, index, values in entries]
        with self._sums.lock:
            self._state["tail"] += column
            self._state["total"] += self._limbs(weight).sum(dim=1, keepdim=True)
            for name, index, value_limbs in limbs:
                self._state[name].index_add_(1, index, value_limbs)

    def finish(self) -> None:
        """Bring the state of a device to the host."""
        for name, limbs in self._state.items():
            self._sums.state[name][:] = limbs.cpu().numpy()

    def _column_sums(self, e: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        total = torch.zeros((2, e.shape[1]), dtype=torch.int64, device=e.device)
        for start in range(0, len(e), self._block):
            rows = slice(start, start + self._block)
            total += self._limbs((e[rows] * weight[rows, None]).sum(dim=0))
        return total

    def _place(self, k: torch.Tensor, p: torch.Tensor) -> torch.Tensor:
        return k * self._sums.num_bins + torch.searchsorted(self._edges, p.contiguous(), side=self._sums.side)

    def _limbs(self, value: torch.Tensor) -> torch.Tensor:
        scaled = value * _LIMB
        high = scaled.round()
        return torch.stack((high, ((scaled - high) * _LIMB).round())).long()
