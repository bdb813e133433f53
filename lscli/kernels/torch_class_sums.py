"""The sums by class and bin in torch, added up as the same integers on the device of the logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from lscli.errors import UsageError
from lscli.kernels.class_sums import LAST_DIGITS, LIMB, block_rows

if TYPE_CHECKING:
    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.rowstate import RowState


class TorchClassSums:
    """Adds rows to a ClassSums; on an accelerator, the sums stay there until `finish`.

    Args:
        sums: the sums to fill.
        device: the device of the logits.
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
        # On the CPU these tensors share the memory of the arrays, so that all threads add to the same sums.
        self._state = {name: torch.from_numpy(limbs).to(device) for name, limbs in sums.state.items()}
        # At most 1 / edge classes of a row have a probability as large as the first edge.
        self._most = int(min(sums.num_classes, 1 / sums.edges[0])) if len(sums.edges) else 0

    def add(self, e: torch.Tensor, state: RowState, first: int) -> None:
        """Add rows from number `first` on; e holds e^(x_i - m), and 0 at the prediction."""
        finite = torch.isfinite(state.largest)
        weight = torch.where(finite, self._weight[first : first + len(e)], 0)
        tail = torch.where(finite, state.tail, 0).double()
        z = 1.0 + tail
        e.masked_fill_(~finite[:, None], 0)  # 0 * nan is nan
        column = self._column_sums(e, weight / z)

        # Values below the first edge land in the first bin, which is never read.
        value, k = e.topk(self._most, dim=1)
        p = value.double() / z[:, None]
        row_sum = None if self._sums.stated is None else z * torch.where(finite, state.largest, 0).double().exp()
        place = self._place(k, p, row_sum).flatten()
        top, label, right = state.top, state.label, state.label == state.top
        share = weight / z
        # s / Z keeps its digits where 1 - 1/Z has none.
        top_residual = torch.where(right, weight * tail / z, -share)
        label_residual = torch.where(right, 0, weight)
        top_place = self._place(top, 1.0 / z, row_sum)
        label_place = self._place(label, e.gather(1, label[:, None])[:, 0].double() / z, row_sum)
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
        """Copy the sums to the host."""
        for name, limbs in self._state.items():
            self._sums.state[name][:] = limbs.cpu().numpy()

    def _column_sums(self, e: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        total = torch.zeros((2, e.shape[1]), dtype=torch.int64, device=e.device)
        for start in range(0, len(e), self._block):
            rows = slice(start, start + self._block)
            total += self._limbs((e[rows] * weight[rows, None]).sum(dim=0))
        return total

    def _place(self, k: torch.Tensor, p: torch.Tensor, row_sum: torch.Tensor | None) -> torch.Tensor:
        if row_sum is not None:  # as ClassSums does for probabilities that are stored
            total = row_sum if p.ndim == 1 else row_sum[:, None]
            own = p * total
            if self._sums.stated != "float64":
                own = own.float().double()
            p = torch.where((total - 1.0).abs() <= LAST_DIGITS, own, p)
        return k * self._sums.num_bins + torch.searchsorted(self._edges, p.contiguous(), side=self._sums.side)

    def _limbs(self, value: torch.Tensor) -> torch.Tensor:
        scaled = value * LIMB
        high = scaled.round()
        return torch.stack((high, ((scaled - high) * LIMB).round())).long()
