"""Recalibrated logits of a tensor, on its device and with its gradient; `lscli.api.transform` does it with arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from lscli.api.transform import Rows
from lscli.arrays import plain_tensor
from lscli.io.memory import TensorArray
from lscli.nn.recalibration import Recalibration

if TYPE_CHECKING:
    from torch import Tensor

    from lscli.options import ApplyOptions
    from lscli.recalibrators.calibrator import Calibrator


def transformed_tensor(calibrator: Calibrator, logits: Tensor, options: ApplyOptions) -> Tensor:
    """Recalibrated logits of the shape of the logits; arguments and errors as of `transformed`."""
    plain_tensor(logits, "logits")  # refuses tensors without values
    rows = Rows(calibrator, TensorArray(logits, "logits"), options)
    z = cast("Tensor", rows.logits.tensor)
    found = Recalibration(calibrator).to(z.device)(z)
    odd = ~z.detach().amax(dim=1).isfinite()
    if odd.any():
        first = int(odd.nonzero()[0])
        rows.check_finite(first, z[first].detach().double().cpu().numpy())
        found = torch.where(odd[:, None], z.to(found.dtype), found)
    found = found.to(torch.float64 if rows.wide else torch.float32)
    return cast("Tensor", rows.shaped(found, torch))
