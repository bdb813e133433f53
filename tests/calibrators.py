"""Calibrators that tests fit, and the files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lscli.api.fit import fitted
from lscli.api.fit_rows import checked_rows
from lscli.api.inputs import Inputs
from lscli.options import EvaluateOptions
from lscli.recalibrators.calibrator import Calibrator


def fitted_on(logits: Any, labels: Any, method: str = "temperature", **options: Any) -> Calibrator:
    """A calibrator that is fitted on these samples."""
    with Inputs(logits, labels, EvaluateOptions(**options)) as opened:
        return fitted(method, checked_rows(opened))


def saved_as(path: Path, calibrator: Calibrator) -> Path:
    """Its file."""
    path.write_text(calibrator.to_json(), encoding="utf-8")
    return path
