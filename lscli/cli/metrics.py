"""`lscli metrics`: every metric and its definition."""

from __future__ import annotations

import typer

from lscli.cli.flat_options import flat
from lscli.options import OutputOptions

EXAMPLES = ("lscli metrics", "lscli metrics -f csv")
COMMON = ("format", "output", "no-header")


@flat
def metrics_command(context: typer.Context, *, output: OutputOptions) -> None:
    """List every metric with its family and its definition."""
    from lscli.cli.output import Destination

    destination = Destination.of(output)

    from lscli._version import __version__
    from lscli.listings import MetricList, MetricRow
    from lscli.metrics.catalogue import CONVENTIONS, FAMILIES

    rows = [
        MetricRow(metric.id, name, metric.chosen_by == "default", metric.interval, metric.described, metric.better)
        for name, family in FAMILIES.items()
        for metric in family.metrics
    ]
    destination.write(MetricList(rows=rows, conclusion=CONVENTIONS, versions={"lscli": __version__}))
