"""What the file of a calibrator holds."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from lscli._version import __version__
from lscli.api.settings import settings_of
from lscli.listings import ArrayRow, Contents
from lscli.text import bounded, printable, rounded, typed_path

if TYPE_CHECKING:
    from lscli.options import InspectOptions
    from lscli.recalibrators.calibrator import Calibrator


def calibrator_contents(path: str, calibrator: Calibrator, options: InspectOptions) -> Contents:
    """One row: the method, the number of classes, what it was fitted on, and the command that applies it."""
    size, own = os.path.getsize(path), typed_path(path)
    of_groups = f", a map for each of {len(calibrator.groups)} groups" if calibrator.groups else ""
    needs = " --groups FILE" if calibrator.groups else ""
    fit = calibrator.fit
    counted = f"{fit['rows']:,} rows" if isinstance(fit.get("rows"), int) else "unknown rows"
    losses = [fit.get(name) for name in ("loss_before", "loss_after")]
    changed = [rounded(each, 4) for each in losses if isinstance(each, int | float)]
    loss = bounded(printable(str(fit.get("loss", "loss"))), 60)
    said = f"; on them the {loss} was {changed[0]} before and {changed[1]} after" if len(changed) == 2 else ""
    numbers = [math.nan] * 6
    row = ArrayRow._make(
        (
            path,
            "calibrator",
            "",
            "",
            "",
            size,
            *numbers,
            f"calibrator: {calibrator.method} for {calibrator.classes} classes{of_groups}",
            f"lscli apply {own} LOGITS{needs} -o calibrated.npy" if own else "",
        )
    )
    use = f" To measure with it: lscli eval LOGITS LABELS --calibrator {own}{needs}." if own else ""
    return Contents(
        rows=[row],
        conclusion=f"A calibrator ({calibrator.method}) that was fitted on {counted}{said}.{use}",
        inputs=[{"role": "file", "path": path, "size": size}],
        settings=settings_of(options),
        versions={"lscli": __version__},
    )
