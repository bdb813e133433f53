"""The members of an ensemble as tensors on a device: their mean is computed there, before the pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.io.memory import TensorArray
from lscli.io.views import FEW, SUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import EnsembleOf

# Elements of a member that are computed at a time.
_CHUNK = 1 << 24


class Disagreement(NamedTuple):
    """How much the members disagree about each sample; filled while the rows are read.

    Attributes:
        expected_entropy: [N], the mean entropy of a member, in nats.
        mutual_information: [N], the entropy of the mean of their probabilities less that, in nats.
    """

    expected_entropy: NDArray[np.float64]
    mutual_information: NDArray[np.float64]


class MeanTensor(TensorArray):
    """The rows of an ensemble on the device that holds its members.

    Args:
        tensor: [N, K].
        members: closed with this array.
        name: its name in errors and reports.
        disagreement: how much they disagree.
        faults: [N], the first member that cannot be used in each row, -1 where there is none.
    """

    def __init__(
        self,
        tensor: torch.Tensor,
        members: Sequence[Logits],
        name: str,
        disagreement: Disagreement,
        faults: NDArray[np.int64],
    ) -> None:
        super().__init__(tensor, name, stored=members[0].stored)
        self.member_names = [each.name for each in members]
        self._disagreement = disagreement
        self.faults = faults

    def keep_disagreement(self) -> Disagreement:
        """How much the members disagree."""
        return self._disagreement

    def located(self, row: int) -> tuple[str, int]:
        return self.member_names[max(int(self.faults[row]), 0)], row


def mean_on_device(members: Sequence[Logits], name: str, of: EnsembleOf) -> MeanTensor:
    """The rows of an ensemble whose members are tensors on one device; see `lscli.kernels.ensemble`."""
    import torch

    rows, classes = members[0].shape
    step = max(1, _CHUNK // classes)
    sums = None if members[0].kind == "logits" else SUM
    out, parts = [], []
    with torch.no_grad():
        for start in range(0, rows, step):
            x = torch.stack([_wide(each.tensor[start : start + step]) for each in members])
            mean, *rest = _mean(x, of, sums)
            out.append(mean)
            parts.append([part.cpu().numpy() for part in rest])
    entropy, information, fault = (np.concatenate(each) for each in zip(*parts, strict=True))
    disagreement = Disagreement(entropy.astype(np.float64), information.astype(np.float64))
    return MeanTensor(torch.cat(out), members, name, disagreement, fault)


def _wide(x: torch.Tensor) -> torch.Tensor:
    """float64 where the kernel on the CPU has it, unless the device has none."""
    wide = str(x.dtype) == "torch.float64" or (x.shape[1] < FEW and x.device.type != "mps")
    return x.double() if wide else x.float()


def _mean(x: torch.Tensor, of: EnsembleOf, sums: float | None) -> tuple[torch.Tensor, ...]:
    """The rows of members x [S, n, K], their expected entropy and mutual information, and the faults."""
    import torch

    largest = x.amax(dim=2)
    log_p = torch.log_softmax(x, dim=2)
    p = log_p.exp()
    entropy = -torch.where(p > 0, p * log_p, 0.0).sum(dim=2).mean(dim=0)
    top = log_p.amax(dim=0)
    log_mean = torch.logsumexp(torch.where(torch.isneginf(top), 0.0, log_p), dim=0) - float(np.log(len(x)))
    log_mean = torch.where(torch.isneginf(top), top, log_mean)
    # As in `lscli.kernels.ensemble`, but with differences of logarithms for the ratios.
    d = torch.where(p > 0, log_p - log_mean, 0.0)
    terms = torch.where(p > 0, p * d - torch.expm1(d) * log_mean.exp(), log_mean.exp())
    information = terms.sum(dim=2).mean(dim=0).clamp(min=0)
    rows = log_mean
    if of == "logits":
        rows = (x / len(x)).sum(dim=0)
        rows = rows if sums is None else torch.log_softmax(rows, dim=1)
    bad = ~torch.isfinite(largest)
    total = torch.ones_like(largest) if sums is None else torch.logsumexp(x, dim=2).exp()
    off = ~bad & ~((total - 1).abs() <= (sums or 1.0))
    wrong = bad | off
    fault = torch.where(wrong.any(dim=0), wrong.int().argmax(dim=0), -1)
    picked = torch.arange(x.shape[1], device=x.device)
    rows = rows + torch.where(off[fault, picked], total[fault, picked].log(), 0.0)[:, None]
    rows = torch.where(bad[fault, picked][:, None], largest[fault, picked][:, None], rows)
    return rows, entropy, information, fault
