"""The main job: logits and labels in, a report out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from lscli.api import inputs, reading
from lscli.api import loss_targets as targets
from lscli.api import soft_metrics as soft
from lscli.api.report_rows import measured, rows_of
from lscli.intervals.bootstrap import Bootstrap
from lscli.metrics import parse_rate, select
from lscli.metrics.base import Settings
from lscli.metrics.bins import check_norm, rule_of
from lscli.metrics.scores import check_score
from lscli.report import Report
from lscli.summaries.evaluation import conclude

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def evaluate(
    logits: Any,
    labels: Any = None,
    *,
    eps: float | str | Iterable[float | str] = 0.1,
    metrics: str | Iterable[str] = "default",
    smoothing: str = "uniform",
    prior: Any = None,
    class_weights: Any = None,
    weight_mode: str = "torch",
    allow_negative_eps: bool = False,
    noise_rate: float | None = None,
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
    masked_classes: str = "auto",
    kind: str = "logits",
    binary: bool = False,
    flatten: bool = False,
    soft_labels: bool = False,
    logits_key: str | None = None,
    labels_key: str | None = None,
    labels_column: str | None = None,
    input_format: str | None = None,
    dtype: str | None = None,
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
        logits: [N, K] raw scores or log-probabilities: a path, a pattern of shards, a numpy array or a torch tensor;
            float16, bfloat16, float32 or float64. -inf masks a class.
        labels: [N] class numbers from 0 to K-1, any integer type: a path, a pattern, a numpy array, a list or a torch
            tensor. May be left out where one file holds both.
            With `soft_labels`, [N, K] distributions.
        eps: amount of label smoothing in [0, 1], or several; `"0:0.5:0.05"` is a range.
        metrics: ids, families, `default` or `all`; `loss_smoothed@0.2` gives one an eps of its own.
        smoothing: what eps means: `uniform` ((1-eps) + eps/K on the label, eps/K elsewhere), `off-target` (1-eps,
            eps/(K-1)), `classy` (those of uniform over 1 + eps) or `prior` ((1-eps) on the label, and eps prior).
        prior: [K], for `prior`: a path, an array, or `empirical` for that of the labels.
        class_weights: [K], how much each class weighs in the losses: a path or an array.
        weight_mode: `torch` weighs every class of the targets as `F.cross_entropy` does, `target-only` the sample.
        allow_negative_eps: take an eps below 0 too; such targets have no floor.
        noise_rate: share of the labels that were drawn anew from all classes, for loss_noise_corrected.
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
        weights: [N], how often each row counts: a path or an array.
        groups: [N] names, or the path of a CSV with one row a sample; each group's metrics follow those of all.
        group_by: the column of that CSV.
        ignore_index: samples with this label are left out of everything.
        nonfinite: `error` or `skip`, for rows with nan or +inf or nothing but -inf.
        masked_classes: `auto` (keep, but `exclude` the choices that a question of lm-evaluation-harness does not have),
            `keep` (their uniform loss is infinite), `exclude` (K is a row's number of other classes) or
            `error`, for logits of -inf.
        kind: `logits`, or `log-probs` or `probs`, whose rows have to sum to 1 within 0.01 and are renormalised.
        binary: the logits are one value z a sample, [N] or [N, 1], of two classes: (0, z).
        flatten: logits are [N, T, K] and labels [N, T], as of tokens: N x T samples.
        soft_labels: the labels are distributions [N, K]: only losses and Brier scores. Rows have to sum to 1 within
            0.01 and are renormalised; those of nothing but `ignore_index` are ignored.
        logits_key: the array or column of a file that holds the logits, or a pattern of columns, one a class.
        labels_key: the array or column of a file that holds the labels.
        labels_column: the column of a table that holds the labels, by name or number.
        input_format: the format of the logits, whatever their suffix; of standard input, `-`.
        dtype: `bfloat16`, for 2-byte elements of no type as ml_dtypes saves them.
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
    options = cast("targets.TargetOptions", {name: given[name] for name in targets.DEFAULTS})
    settings = Settings(
        eps=targets.parse_eps(eps, allow_negative=allow_negative_eps),
        targets=targets.check(options, masked_classes),
        rho=None if noise_rate is None else parse_rate(noise_rate, "noise-rate", "--noise-rate "),
        bins=bins,
        bin_edges=bin_edges,
        compat=compat or "",
        norm=norm,
        score=score,
        soft_labels=soft_labels,
    )
    rule = rule_of(settings)
    check_norm(norm)
    check_score(score)
    resampling = Bootstrap(bootstrap, seed, level).checked()
    metrics = metrics if isinstance(metrics, str) else ",".join(metrics)
    choices = select(metrics, allow_negative_eps=allow_negative_eps)
    left_out: list[str] = []
    if soft_labels:
        soft.check(options)
        choices, left_out = soft.split(choices, settings)
    by_class = any(choice.metric.by_class for choice in choices)
    read = reading.read(
        logits,
        labels,
        frozenset[str]().union(*(choice.columns(settings) for choice in choices)),
        cast("inputs.Options", {name: given[name] for name in inputs.DEFAULTS}),
        rule=rule_of(settings._replace(compat="")) if by_class else None,
        against=options,
        soft_labels=soft_labels,
    )
    settings = settings._replace(targets=read.targets)
    rows = []
    for group, table in read.tables.items():
        found = measured(table, choices, settings, resampling if ci else None, threads, progress)
        rows.extend(rows_of(read.source, group, table, found))
    absent = [c.metric.id for c in choices if c.named and not any(row.metric == c.metric.id for row in rows)]
    read.with_settings(given, DEFAULTS, {"eps": list(settings.eps), "metrics": metrics, "bins": rule.params["bins"]})
    notes = [f"{metric} is absent: {_reason(metric, settings, read.num_classes)}" for metric in absent]
    read.warn([*soft.notes(read, left_out), *notes])
    return Report(rows, conclude([row for row in rows if not row.group]), **read.provenance.fields())


DEFAULTS: Mapping[str, Any] = dict(evaluate.__kwdefaults__ or {})


def _reason(metric: str, settings: Settings, num_classes: int) -> str:
    """Why a metric that was asked for is not there."""
    if metric == "loss_prior":
        return "there is no prior"
    if metric == "loss_noise_corrected":
        return "there is no noise rate"
    if metric in ("loss_difference", "loss_flip_eps"):
        return "there is one model; lscli sweep takes several"
    if settings.targets.tilted and metric.startswith("excess_"):
        return "with class weights the excess is not split"
    if max(settings.eps) < 0:
        return "targets of a negative eps are no distribution"
    return f"it does not apply to K = {num_classes} classes"
