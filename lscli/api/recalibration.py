"""The map between logits and the pass over them, as `calibrator`, `temperature` and `cross_fit` ask for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.argument import is_path
from lscli.io.mapped import MappedLogits
from lscli.io.topk import TopK
from lscli.recalibrators.base import FitRows
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.methods import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.logits import Logits
    from lscli.options import ReadingOptions

    Array = NDArray[Any]


def recalibrated(logits: Logits, label: Array, weight: Array, options: ReadingOptions) -> Logits:
    """The logits after the map that the options ask for.

    Args:
        logits: [N, K].
        label: [N], -1 for ignored samples.
        weight: [N], 0 for ignored samples.
        options: name the map.

    Raises:
        UsageError: two maps are asked for, or the logits are the top k of each row.
        InputError: the map has another number of classes.
    """
    if isinstance(logits, TopK):
        raise UsageError("a calibrator needs the logits of all classes", "leave it out", where="topk-classes")
    if options.temperature is not None:
        t = options.temperature
        return MappedLogits(logits, lambda x, first: x / t)
    if options.calibrator is not None:
        calibrator = load(options.calibrator)
        check_classes(calibrator, logits)
        return MappedLogits(logits, lambda x, first: calibrator.mapped(x))
    return _cross_fitted(logits, label, weight, str(options.cross_fit), options)


def check_classes(calibrator: Calibrator, logits: Logits) -> None:
    """Raise InputError if the logits have another number of classes than the map."""
    if calibrator.classes != logits.shape[1]:
        what = f"has {calibrator.classes} classes, and {logits.name} has {logits.shape[1]}"
        raise InputError(what, "fit it on logits of the same model", where="calibrator")


def load(given: Any) -> Calibrator:
    """The calibrator that a path names, or the given one."""
    if isinstance(given, Calibrator):
        return given
    if not is_path(given):
        raise UsageError("is neither a path nor a calibrator", "give the file that lscli fit wrote", where="calibrator")
    path = os.fsdecode(given)
    with open(path, encoding="utf-8") as file:
        return Calibrator.from_json(file.read(), path)


def _cross_fitted(logits: Logits, label: Array, weight: Array, method: str, options: ReadingOptions) -> Logits:
    rows = FitRows(logits, np.maximum(label, 0), weight, options.threads, options.progress, logits.name)
    fold = np.arange(logits.shape[0]) % 5  # by a hash of the values, once it is there
    maps = []
    for number in range(5):
        found = METHODS[method].fit(rows.weighted(np.where(fold == number, 0.0, weight)))
        maps.append(Calibrator(method, logits.shape[1], found.parameters))

    def mapped(x: Array, first: int) -> Array:
        own = fold[first : first + len(x)]
        out = np.empty_like(x)
        for number in np.unique(own).tolist():
            out[own == number] = maps[number].mapped(x[own == number])
        return out

    return MappedLogits(logits, mapped)
