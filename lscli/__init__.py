"""lscli: how good, how confident and how calibrated saved classifier logits are.

    >>> import lscli
    >>> report = lscli.evaluate("sample_data/logits.npy", "sample_data/labels.npy", eps=0.1)
    >>> report["ece"]

Names are imported when they are first used, so that `import lscli` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lscli.analyses.bins import per_bin as per_bin
    from lscli.analyses.classes import per_class as per_class
    from lscli.analyses.evaluate import evaluate as evaluate
    from lscli.analyses.explain import explain as explain
    from lscli.analyses.inspect import inspect as inspect
    from lscli.analyses.samples import per_sample as per_sample
    from lscli.analyses.sweep import sweep as sweep
    from lscli.errors import EngineError as EngineError
    from lscli.errors import InputError as InputError
    from lscli.errors import LscliError as LscliError
    from lscli.errors import LscliWarning as LscliWarning
    from lscli.errors import ReadWriteError as ReadWriteError
    from lscli.errors import UsageError as UsageError
    from lscli.nn import LabelSmoothingCrossEntropy as LabelSmoothingCrossEntropy
    from lscli.report import Listing as Listing
    from lscli.report import Report as Report
    from lscli.samples import SampleTable as SampleTable
    from lscli.targets.conversion import convert_eps as convert_eps
    from lscli.targets.labels import smooth_labels as smooth_labels

__version__ = "0.1.0"

_HOMES = {
    "evaluate": "lscli.analyses.evaluate",
    "explain": "lscli.analyses.explain",
    "inspect": "lscli.analyses.inspect",
    "per_bin": "lscli.analyses.bins",
    "per_class": "lscli.analyses.classes",
    "per_sample": "lscli.analyses.samples",
    "sweep": "lscli.analyses.sweep",
    "EngineError": "lscli.errors",
    "InputError": "lscli.errors",
    "LscliError": "lscli.errors",
    "LscliWarning": "lscli.errors",
    "ReadWriteError": "lscli.errors",
    "UsageError": "lscli.errors",
    "LabelSmoothingCrossEntropy": "lscli.nn",
    "Listing": "lscli.report",
    "Report": "lscli.report",
    "SampleTable": "lscli.samples",
    "convert_eps": "lscli.targets.conversion",
    "smooth_labels": "lscli.targets.labels",
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
