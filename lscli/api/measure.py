"""Metrics of a table of samples, such as one that was made without logits."""

from __future__ import annotations

import numpy as np

from lscli._version import __version__
from lscli.api.keywords import of_table
from lscli.api.loss_targets import parse_eps
from lscli.api.report_rows import Resampling, measured_rows, metric_settings, metric_words
from lscli.api.settings import settings_of
from lscli.errors import UsageError, warn
from lscli.intervals.clusters import notes_on_clusters
from lscli.metrics.bins import rule_of
from lscli.metrics.selection import select
from lscli.options import MeasureOptions
from lscli.report import Report
from lscli.smoothing.targets import Targets
from lscli.summaries.evaluation import conclude
from lscli.table import SampleTable

_NAME = "table"


@of_table(MeasureOptions)
def measure(table: SampleTable, options: MeasureOptions) -> Report:
    """Compute metrics of a table of samples, such as `SampleTable.from_confidences(confidence, correct)`.

    A metric whose columns the table lacks is absent; if it was named, a warning says why.

    Args:
        table: the samples, one row each.

    Returns:
        A Report, whose source is `table`: losses in nats, probabilities in [0, 1], means with their standard errors.

    Raises:
        UsageError: an option out of its range, an unknown metric, or something that is not a table.
    """
    if not isinstance(table, SampleTable):
        hint = "make one with SampleTable.from_confidences; lscli.evaluate takes logits"
        raise UsageError(f"must be a SampleTable, got {type(table).__name__}", hint, where=_NAME)
    eps = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    settings = metric_settings(options, eps, Targets(options.smoothing), options.noise_rate)
    words = metric_words(options.metrics)
    choices = select(words, allow_negative_eps=options.allow_negative_eps)
    rows, notes = measured_rows(_NAME, {"": table}, choices, settings, Resampling.of(options, options))
    notes += notes_on_clusters(table.clusters)
    for note in notes:
        warn(note)
    used = {"eps": list(eps), "metrics": words, "bins": rule_of(settings).params["bins"]}
    samples = {"rows": len(table), "kept": len(table)}
    if table.cluster is not None:
        samples["clusters"] = table.clusters
    return Report(
        rows,
        conclude(rows, table.clusters),
        samples=samples,
        settings=settings_of(options, used),
        versions={"lscli": __version__, "numpy": np.__version__},
        warnings=notes,
    )
