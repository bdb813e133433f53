"""The main job: logits and labels in, a report out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from lscli.analyses import inputs, reading
from lscli.analyses.conclude import conclude
from lscli.bootstrap import Bootstrap, interval, resampled
from lscli.errors import UsageError
from lscli.metrics import Choice, parse_share, select
from lscli.metrics.base import Settings
from lscli.metrics.bins import check_norm, rule_of
from lscli.metrics.scores import check_score
from lscli.report import Report, Row
from lscli.scan import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lscli.metrics.base import Value
    from lscli.samples import SampleTable


def evaluate(
    logits: Any,
    labels: Any = None,
    *,
    eps: float | str | Iterable[float | str] = 0.1,
    metrics: str | Iterable[str] = "default",
    ci: bool = False,
    bootstrap: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    bins: int | None = None,
    bin_edges: str = "right",
    norm: str = "l1",
    compat: str | None = None,
    score: str = "msp",
    weights: Any = None,
    groups: Any = None,
    group_by: str | None = None,
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
        ci: whether every metric gets a percentile bootstrap interval; those by class have none.
        bootstrap: how many resamples an interval is made of.
        seed: of the resamples; the same seed gives the same bytes.
        level: the share of resamples within an interval, in (0, 1).
        bins: how many bins the calibration errors have; 15 unless given, or what `compat` takes.
        bin_edges: `right` for bins (lo, hi], `left` for [lo, hi).
        norm: `l1`, `l2` or `max`, for ece_equal_mass and the errors by class.
        compat: `torchmetrics`, `netcal`, `gpleiss` or `sklearn`: ece, rmsce, rmsce_debiased, mce and ece_null
            by that library's rule.
        score: what the selective metrics rank by: `msp`, `margin`, `entropy`, `max_logit`, `max_logit_pnorm`.
        weights: [N], how often each row counts: a path (`.npy`, `.npz`, `.csv`) or an array.
        groups: [N] names, or the path of a CSV with one row a sample; each group's metrics follow those of all.
        group_by: the column of that CSV.
        ignore_index: samples with this label are left out of everything.
        nonfinite: `error` or `skip`, for rows with nan or +inf or nothing but -inf.
        logits_key: the array of an `.npz` file that holds the logits.
        labels_key: the array of an `.npz` file that holds the labels.
        labels_column: the column of a CSV file that holds the labels, by name or number.
        allow_trailing: pass over bytes after the data of an `.npy` file.
        device: `auto` (the CPU, or where a tensor is), `cpu`, `cuda`, `cuda:1` or `mps`.
        kernel: `auto`, `numpy` or `torch`: the code that does the wide pass.
        threads: rows and resamples are shared between this many; all processors unless given.
        chunk_rows: rows read at a time.
        progress: called now and then with how many are done of how many: rows, then resamples of each group.

    Returns:
        A Report: losses in nats, probabilities in [0, 1], means with their standard errors.

    Raises:
        UsageError: an argument out of its range, an unknown metric, a device that is not there.
        InputError: logits, labels, weights or groups that cannot be used, with the row where that is known.
        ReadWriteError: a file that cannot be read.
        EngineError: a device that failed.

    Definitions: `lscli metrics`. Smoothing: Szegedy et al. 2016, section 7.
    """
    given = {name: value for name, value in locals().items() if name in DEFAULTS}
    settings = Settings(
        eps=_eps_values(eps), bins=bins, bin_edges=bin_edges, compat=compat or "", norm=norm, score=score
    )
    rule = rule_of(settings)
    check_norm(norm)
    check_score(score)
    resampling = Bootstrap(bootstrap, seed, level).checked()
    metrics = metrics if isinstance(metrics, str) else ",".join(metrics)
    choices = select(metrics)
    by_class = any(choice.metric.by_class for choice in choices)
    read = reading.read(
        logits,
        labels,
        frozenset[str]().union(*(choice.columns(settings) for choice in choices)),
        cast("inputs.Options", {name: given[name] for name in inputs.DEFAULTS}),
        rule=rule_of(settings._replace(compat="")) if by_class else None,
    )
    rows: list[Row] = []
    for group, table in read.tables.items():
        values = [(choice, choice.values(table, settings)) for choice in choices]
        intervals = _intervals(table, values, settings, resampling, threads, progress) if ci else {}
        rows.extend(_rows(read.source, group, table, values, intervals))
    absent = [c.metric.id for c in choices if c.named and not any(row.metric == c.metric.id for row in rows)]
    read.with_settings(given, DEFAULTS, {"eps": list(settings.eps), "metrics": metrics, "bins": rule.params["bins"]})
    read.warn(f"{metric} is absent: it does not apply to K = {read.num_classes} classes" for metric in absent)
    return Report(rows, conclude([row for row in rows if not row.group]), **read.provenance.fields())


DEFAULTS: Mapping[str, Any] = dict(evaluate.__kwdefaults__ or {})


def _eps_values(eps: float | str | Iterable[float | str]) -> tuple[float, ...]:
    several = list(eps) if isinstance(eps, Iterable) and not isinstance(eps, str) else [eps]
    values = tuple(dict.fromkeys(parse_share(value, "eps", "--eps ") for value in several))
    if not values:
        raise UsageError("no eps is given", "for example --eps 0.1", where="eps")
    return values


def _intervals(
    table: SampleTable,
    values: Sequence[tuple[Choice, Sequence[Value]]],
    settings: Settings,
    resampling: Bootstrap,
    threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> dict[tuple[str, int], tuple[float, float]]:
    """The interval of each value that has one, by the metric's place and the value's."""
    shared = [choice for choice, found in values if found and not (choice.metric.by_class or choice.metric.constant)]

    def compute(resample: SampleTable) -> list[float]:
        return [value.value for choice in shared for value in choice.values(resample, settings)]

    estimates = [
        (choice, place, value) for choice, found in values if choice in shared for place, value in enumerate(found)
    ]
    drawn = resampled(table, compute, resampling, threads or processors(), progress)
    return {
        (choice.key, place): interval(value.value, column, resampling.level, biased=choice.metric.biased)
        for (choice, place, value), column in zip(estimates, drawn.T, strict=True)
    }


def _rows(
    source: str,
    group: str,
    table: SampleTable,
    values: Sequence[tuple[Choice, Sequence[Value]]],
    intervals: Mapping[tuple[str, int], tuple[float, float]],
) -> list[Row]:
    total = table.total
    n = int(total) if total.is_integer() else total
    rows = []
    for choice, found in values:
        for place, value in enumerate(found):
            params = ";".join(f"{key}={setting}" for key, setting in value.params.items())
            low, high = intervals.get((choice.key, place), (math.nan, math.nan))
            rows.append(Row(source, group, choice.metric.id, value.value, value.stderr, low, high, n, params))
    return rows
