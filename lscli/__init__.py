"""lscli: losses, confidence and calibration of saved classifier logits.

    >>> import lscli
    >>> report = lscli.evaluate("sample_data/logits.npy", "sample_data/labels.npy", eps=0.1)
    >>> report["ece"]

Names are imported on first use, so `import lscli` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lscli.api.apply import apply as apply
    from lscli.api.bins import per_bin as per_bin
    from lscli.api.calibrators import load_calibrator as load_calibrator
    from lscli.api.check import check as check
    from lscli.api.classes import per_class as per_class
    from lscli.api.compare import compare as compare
    from lscli.api.conformal import conformal as conformal
    from lscli.api.evaluate import evaluate as evaluate
    from lscli.api.explain import explain as explain
    from lscli.api.fit import fit as fit
    from lscli.api.html_report import html_report as html_report
    from lscli.api.inspect import inspect as inspect
    from lscli.api.measure import measure as measure
    from lscli.api.ood import ood as ood
    from lscli.api.plot import plot as plot
    from lscli.api.recalibrate import recalibrate as recalibrate
    from lscli.api.samples import per_sample as per_sample
    from lscli.api.saved_thresholds import load_threshold as load_threshold
    from lscli.api.sweep import sweep as sweep
    from lscli.api.threshold import threshold as threshold
    from lscli.errors import EngineError as EngineError
    from lscli.errors import InputError as InputError
    from lscli.errors import LscliError as LscliError
    from lscli.errors import LscliWarning as LscliWarning
    from lscli.errors import NotFittedError as NotFittedError
    from lscli.errors import ReadWriteError as ReadWriteError
    from lscli.errors import UsageError as UsageError
    from lscli.estimators import BetaCalibration as BetaCalibration
    from lscli.estimators import EnsembleTemperatureScaling as EnsembleTemperatureScaling
    from lscli.estimators import IsotonicCalibration as IsotonicCalibration
    from lscli.estimators import QuadraticCalibration as QuadraticCalibration
    from lscli.estimators import Recalibrator as Recalibrator
    from lscli.estimators import StructuredMatrixScaling as StructuredMatrixScaling
    from lscli.estimators import StructuredVectorScaling as StructuredVectorScaling
    from lscli.estimators import TemperatureScaling as TemperatureScaling
    from lscli.estimators import VennAbersCalibration as VennAbersCalibration
    from lscli.listings import Listing as Listing
    from lscli.nn import LabelSmoothingCrossEntropy as LabelSmoothingCrossEntropy
    from lscli.report import Report as Report
    from lscli.smoothing.conversion import convert_eps as convert_eps
    from lscli.smoothing.labels import smooth_labels as smooth_labels
    from lscli.table import SampleTable as SampleTable

from lscli._version import __version__ as __version__

_HOMES = {
    "apply": "lscli.api.apply",
    "check": "lscli.api.check",
    "compare": "lscli.api.compare",
    "conformal": "lscli.api.conformal",
    "evaluate": "lscli.api.evaluate",
    "explain": "lscli.api.explain",
    "fit": "lscli.api.fit",
    "html_report": "lscli.api.html_report",
    "inspect": "lscli.api.inspect",
    "load_calibrator": "lscli.api.calibrators",
    "load_threshold": "lscli.api.saved_thresholds",
    "measure": "lscli.api.measure",
    "ood": "lscli.api.ood",
    "per_bin": "lscli.api.bins",
    "per_class": "lscli.api.classes",
    "per_sample": "lscli.api.samples",
    "plot": "lscli.api.plot",
    "recalibrate": "lscli.api.recalibrate",
    "sweep": "lscli.api.sweep",
    "threshold": "lscli.api.threshold",
    "EngineError": "lscli.errors",
    "InputError": "lscli.errors",
    "LscliError": "lscli.errors",
    "LscliWarning": "lscli.errors",
    "NotFittedError": "lscli.errors",
    "ReadWriteError": "lscli.errors",
    "UsageError": "lscli.errors",
    "BetaCalibration": "lscli.estimators",
    "EnsembleTemperatureScaling": "lscli.estimators",
    "IsotonicCalibration": "lscli.estimators",
    "QuadraticCalibration": "lscli.estimators",
    "Recalibrator": "lscli.estimators",
    "StructuredMatrixScaling": "lscli.estimators",
    "StructuredVectorScaling": "lscli.estimators",
    "TemperatureScaling": "lscli.estimators",
    "VennAbersCalibration": "lscli.estimators",
    "LabelSmoothingCrossEntropy": "lscli.nn",
    "Listing": "lscli.listings",
    "Report": "lscli.report",
    "SampleTable": "lscli.table",
    "convert_eps": "lscli.smoothing.conversion",
    "smooth_labels": "lscli.smoothing.labels",
}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "nn":
        return import_module("lscli.nn")
    if name not in _HOMES:
        raise AttributeError(f"module 'lscli' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
