"""Saved reports as callers need them: values by group, metric and params, and the settings in which two differ."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lscli.io.saved_report import SavedReport, SavedRow, names_saved_answer, read_saved_report
from lscli.report import Report

if TYPE_CHECKING:
    from collections.abc import Mapping

Key = tuple[str, str, str]

# Settings that change no value of a metric that both reports have, or that are what is compared: a map of the logits.
_OTHER = frozenset(
    {
        *("metrics", "ci", "bootstrap", "seed", "level", "clusters", "device", "kernel", "threads", "chunk_rows"),
        *("calibrator", "temperature", "cross_fit", "logits_key", "labels_key", "labels_column", "input_format"),
        *("dtype", "pool", "allow_trailing"),
    }
)


def is_saved(model: Any) -> bool:
    """Whether a model is given by its report: a `Report`, or a path to an answer in JSON."""
    return isinstance(model, Report) or names_saved_answer(model)


def saved_report(model: Any, name: str = "report") -> SavedReport:
    """The report of a `Report` or of a file.

    Raises:
        InputError: the file is no report.
        ReadWriteError: it cannot be read.
    """
    if not isinstance(model, Report):
        return read_saved_report(os.fsdecode(model))
    rows = [
        SavedRow(row.group, row.metric, ";".join(row.settings), row.value, row.ci_low, row.ci_high, row.n)
        for row in model.rows
    ]
    settings = {key: setting.value for key, setting in model.settings.items()}
    return SavedReport(name, model.rows[0].source if model.rows else name, model.samples, settings, rows)


def saved_values(path: Any) -> dict[Key, float]:
    """The values of a report by (group, metric, params); params are text as in the CSV.

    Raises:
        InputError: the file is no report.
        ReadWriteError: it cannot be read.
    """
    return values_of(saved_report(path))


def values_of(report: SavedReport) -> dict[Key, float]:
    """The values by (group, metric, params)."""
    return {(row.group, row.metric, row.params): row.value for row in report.rows}


def differing_settings(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The names of settings that can change values and that two reports do not share."""
    return [name for name in one if name in other and name not in _OTHER and one[name] != other[name]]
