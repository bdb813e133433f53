"""The main job: logits and labels in, a report out."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli import __version__
from lscli.analyses.conclude import conclude
from lscli.errors import LscliWarning, UsageError
from lscli.metrics import Choice, parse_eps, select
from lscli.metrics.base import Settings
from lscli.report import Report, Row, Setting
from lscli.scan import Scan, scan
from lscli.sources import open_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lscli.sources.labels import Labels
    from lscli.sources.logits import Logits


def evaluate(
    logits: Any,
    labels: Any = None,
    *,
    eps: float | str | Iterable[float | str] = 0.1,
    metrics: str | Iterable[str] = "default",
    ignore_index: int = -100,
    nonfinite: str = "error",
    logits_key: str | None = None,
    labels_key: str | None = None,
    labels_column: str | None = None,
    allow_trailing: bool = False,
    device: str = "auto",
    kernel: str = "auto",
    threads: int | None = None,
    chunk_rows: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """How good, how confident and how calibrated logits are, and what label smoothing means for them.

    Every row is read once, in chunks: memory grows with N, never with N x K. On the CPU no digit
    depends on `threads` or `chunk_rows`.

    Args:
        logits: [N, K] raw scores or log-probabilities: a path (`.npy`, `.npz`), a numpy array or a
            torch tensor; float16, bfloat16 (torch), float32 or float64. -inf masks a class.
        labels: [N] class numbers from 0 to K-1, any integer type: a path (`.npy`, `.npz`, `.csv`), a
            numpy array, a list or a torch tensor. May be left out for an `.npz` file that holds both.
        eps: amount of label smoothing, or several, each in [0, 1].
        metrics: ids, families, `default` or `all`; `loss_smoothed@0.2` gives one an eps of its own.
        ignore_index: samples with this label are left out of everything.
        nonfinite: `error` or `skip`, for rows with nan or +inf or nothing but -inf.
        logits_key: the array of an `.npz` file that holds the logits.
        labels_key: the array of an `.npz` file that holds the labels.
        labels_column: the column of a CSV file that holds the labels, by name or number.
        allow_trailing: pass over bytes after the data of an `.npy` file.
        device: `auto` (the CPU, or where a tensor is), `cpu`, `cuda`, `cuda:1` or `mps`.
        kernel: `auto`, `numpy` or `torch`: the code that does the wide pass.
        threads: rows are shared between this many; all processors unless given.
        chunk_rows: rows read at a time.
        progress: called now and then with the rows done and the rows in all.

    Returns:
        A Report: losses in nats, probabilities in [0, 1], means with their standard errors.

    Raises:
        UsageError: an argument out of its range, an unknown metric, a device that is not there.
        InputError: logits or labels that cannot be used, with the row where that is known.
        ReadWriteError: a file that cannot be read.
        EngineError: a device that failed.

    Definitions: `lscli metrics`. Smoothing: Szegedy et al. 2016, section 7.
    """
    given = {name: value for name, value in locals().items() if name in DEFAULTS and name != "progress"}
    settings = Settings(eps=_eps_values(eps))
    metrics = metrics if isinstance(metrics, str) else ",".join(metrics)
    choices = select(metrics)
    opened_logits, opened_labels = open_inputs(
        logits,
        labels,
        logits_key=logits_key,
        labels_key=labels_key,
        labels_column=labels_column,
        allow_trailing=allow_trailing,
    )
    try:
        label, ignored = opened_labels.checked(*opened_logits.shape, ignore_index, opened_logits.name)
        result = scan(
            opened_logits,
            label,
            _columns(choices),
            nonfinite=nonfinite,
            device=device,
            kernel=kernel,
            threads=threads,
            chunk_rows=chunk_rows,
            progress=progress,
        )
    finally:
        opened_logits.close()
    # As typed: errors name the member of an archive, rows the file.
    source = os.fsdecode(logits) if isinstance(logits, str | bytes | os.PathLike) else opened_logits.name
    rows, absent = _rows(source, result, choices, settings)
    samples = {
        "rows": opened_logits.shape[0],
        "kept": len(result.table),
        "ignored": ignored,
        "skipped": result.skipped,
        "masked": result.masked,
    }
    notes = _notes(opened_logits, result, samples, absent)
    resolved = {
        "eps": list(settings.eps),
        "metrics": metrics,
        "device": result.device,
        "kernel": result.kernel,
    }
    for note in notes:
        warnings.warn(note, LscliWarning, stacklevel=2)
    return Report(
        rows=rows,
        inputs=[_input("logits", opened_logits), _input("labels", opened_labels)],
        samples=samples,
        settings=_settings(given, resolved),
        versions=_versions(result.kernel),
        warnings=notes,
        conclusion=conclude(rows),
    )


DEFAULTS: Mapping[str, Any] = dict(evaluate.__kwdefaults__ or {})


def _eps_values(eps: float | str | Iterable[float | str]) -> tuple[float, ...]:
    several = list(eps) if isinstance(eps, Iterable) and not isinstance(eps, str) else [eps]
    values = tuple(dict.fromkeys(map(parse_eps, several)))
    if not values:
        raise UsageError("no eps is given", "for example --eps 0.1", where="eps")
    return values


def _columns(choices: Sequence[Choice]) -> list[str]:
    return sorted(frozenset[str]().union(*(choice.metric.columns for choice in choices)))


def _rows(source: str, result: Scan, choices: Sequence[Choice], settings: Settings) -> tuple[list[Row], list[str]]:
    rows, absent, total = [], [], result.table.total
    n = int(total) if total.is_integer() else total
    for choice in choices:
        values = choice.values(result.table, settings)
        if not values and choice.named:
            absent.append(choice.metric.id)
        for value in values:
            params = ";".join(f"{key}={setting}" for key, setting in value.params.items())
            rows.append(Row(source, "", choice.metric.id, value.value, value.stderr, math.nan, math.nan, n, params))
    return rows, absent


def _notes(logits: Logits, result: Scan, samples: Mapping[str, int], absent: Sequence[str]) -> list[str]:
    notes = []
    if result.look_like_probabilities:
        notes.append(f"{logits.name}: every row sums to 1: if these are probabilities, give their logarithms instead")
    if samples["skipped"]:
        notes.append(f"{logits.name}: {samples['skipped']} of {samples['rows']} rows are not finite and left out")
    if samples["masked"] and {"loss_uniform", "logit_gap"} & result.table.columns.keys():
        notes.append(
            f"{logits.name}: {samples['masked']} of {samples['kept']} samples have a masked class (-inf): "
            "their uniform loss and logit gap are infinite"
        )
    notes.extend(f"{metric} is absent: it does not apply to K = {logits.shape[1]} classes" for metric in absent)
    return notes


def _input(role: str, opened: Logits | Labels) -> dict[str, Any]:
    return {
        "role": role,
        "path": opened.name,
        "shape": list(opened.shape),
        "dtype": opened.dtype,
        "size": opened.size,
    }


def _settings(given: Mapping[str, Any], resolved: Mapping[str, Any]) -> dict[str, Setting]:
    """The value that was used of each setting, and whether another one than the default was given."""
    settings = {}
    for name, value in given.items():
        unchanged = type(value) is type(DEFAULTS[name]) and value == DEFAULTS[name]
        settings[name] = Setting(resolved.get(name, value), "default" if unchanged else "argument")
    return settings


def _versions(kernel: str) -> dict[str, str]:
    versions = {"lscli": __version__, "numpy": np.__version__}
    if kernel == "torch":
        import torch

        versions["torch"] = torch.__version__
    return versions
