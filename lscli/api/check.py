"""A gate: metrics against limits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.api.evaluate import evaluate
from lscli.api.keywords import of_logits
from lscli.checked_options import declared
from lscli.decisions.checked import Checked, CheckRow
from lscli.decisions.limits import parse_limits
from lscli.errors import UsageError
from lscli.options import CheckOptions, EvaluateOptions
from lscli.summaries.check import conclude

if TYPE_CHECKING:
    from lscli.api.confidences import Table
    from lscli.options import Data


@of_logits(CheckOptions)
def check(logits: Data | Table, labels: Data | None, options: CheckOptions) -> Checked:
    """Check metrics against limits.

    Args:
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing, one row per limit and group; its `passed` says whether every limit is kept.
    """
    limits = [*parse_limits("max", options.max), *parse_limits("min", options.min)]
    if not limits:
        raise UsageError("there is no limit", "give one with --max or --min, for example --max ece=0.05")
    shared = {each.name for each in declared(CheckOptions)} & {each.name for each in declared(EvaluateOptions)}
    given = {name: getattr(options, name) for name in shared}
    metrics = list(dict.fromkeys(limit.metric for limit in limits))
    report = evaluate.with_options(logits, labels, EvaluateOptions(**given | {"ci": True, "metrics": metrics}))
    rows = []
    for limit in limits:
        for row in report.rows:
            if row.metric == limit.metric.partition("@")[0]:
                passed = row.value <= limit.limit if limit.bound == "max" else row.value >= limit.limit
                passed = passed and not math.isnan(row.value)
                rows.append(
                    CheckRow(
                        *(row.source, row.group, limit.metric, row.value, row.ci_low, row.ci_high),
                        *(limit.bound, limit.limit, passed),
                    )
                )
    return Checked(rows=rows, conclusion=conclude(rows), **report.fields())
