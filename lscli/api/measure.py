"""Metrics of a table of samples, such as one that was made without logits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli._version import __version__
from lscli.api.keywords import of_table
from lscli.api.loss_targets import parse_eps
from lscli.api.reading import Reading
from lscli.api.report_rows import metric_settings, metric_words, report
from lscli.errors import UsageError
from lscli.metrics.selection import select
from lscli.options import MeasureOptions
from lscli.report import Provenance
from lscli.smoothing.targets import Targets
from lscli.table import SampleTable

if TYPE_CHECKING:
    from lscli.report import Report

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

    Example:
        >>> import lscli
        >>> table = lscli.SampleTable.from_confidences([0.9, 0.8, 0.6], [True, True, False])
        >>> round(lscli.measure(table, metrics="confidence_gap")["confidence_gap"], 4)
        0.1
    """
    if not isinstance(table, SampleTable):
        hint = "make one with SampleTable.from_confidences; lscli.evaluate takes logits"
        raise UsageError(f"must be a SampleTable, got {type(table).__name__}", hint, where=_NAME)
    eps = parse_eps(options.eps, allow_negative=options.allow_negative_eps)
    settings = metric_settings(options, eps, Targets(options.smoothing), options.noise_rate)
    words = metric_words(options.metrics)
    choices = select(words, allow_negative_eps=options.allow_negative_eps, intervals=options.ci)
    samples = {"rows": len(table), "kept": len(table)}
    if table.cluster is not None:
        samples["clusters"] = table.clusters
    provenance = Provenance(samples=samples, versions={"lscli": __version__, "numpy": np.__version__})
    return report(Reading(_NAME, {"": table}, table.num_classes or 0, provenance), choices, settings, options)
