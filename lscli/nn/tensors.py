"""Recalibrated logits of a tensor, on its device and with its gradient; `lscli.api.apply` does it with arrays."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch

from lscli.api.group_maps import check_classes, check_no_masked
from lscli.arrays import plain_tensor
from lscli.errors import InputError, warn
from lscli.io.axes import Axes
from lscli.io.class_axis import rows_of
from lscli.io.logits import Logits
from lscli.io.memory import TensorArray
from lscli.io.min_prob import with_min_prob
from lscli.io.views import interpreted
from lscli.nn.recalibration import Recalibration
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from torch import Tensor

    from lscli.io.stored import StoredArray
    from lscli.options import ApplyOptions
    from lscli.recalibrators.calibrator import Calibrator


def transformed(calibrator: Calibrator, given: Tensor, options: ApplyOptions) -> Tensor:
    """Recalibrated logits; arguments, shape and errors as of `lscli.apply`."""
    plain_tensor(given, "logits")  # refuses tensors without values
    axes, rows = Axes.of(options), cast("StoredArray", TensorArray(given, "logits"))
    if axes.flatten:
        rows = rows_of(rows, None if axes.binary else axes.class_axis(given.shape))
    rows = interpreted(rows, options.kind, binary=options.binary)
    logits = Logits(with_min_prob(rows, options, "cpu"), options.kind)
    check_classes(calibrator, logits.shape[1], logits.name)
    z = cast("Tensor", logits.tensor)
    found = Recalibration(calibrator).to(z.device)(z)
    values = z.detach()
    odd = ~values.amax(dim=1).isfinite()
    if odd.any():
        if options.nonfinite != "skip":
            raise _refused(int(odd.nonzero()[0]), values, logits.name)
        warn(f"{logits.name}: {int(odd.sum())} of {len(odd)} rows are not finite and stay as they are")
        found = torch.where(odd[:, None], z.to(found.dtype), found)
    if not METHODS[calibrator.method].masked and bool(values.isneginf().any()):
        check_no_masked(calibrator.method, logits, values.double().cpu().numpy(), 0)
    found = found.to(torch.float64 if logits.stored == "float64" else torch.float32)
    samples = axes.samples(given.shape) if axes.flatten else logits.samples
    if axes.binary:
        return cast("Tensor", (found[:, 1] - found[:, 0]).reshape(samples))
    return cast("Tensor", found.reshape((*samples, found.shape[1])))


def _refused(row: int, values: Tensor, name: str) -> InputError:
    """The error that the largest value of a row is not finite."""
    largest = float(values[row].amax())
    what = "nan" if math.isnan(largest) else "+inf" if largest > 0 else "nothing but -inf"
    hint = "look at the run that wrote it, or skip such rows with --nonfinite skip"
    return InputError(f"row {row} has {what}", hint, where=name)
