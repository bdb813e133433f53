"""`lscli metrics`: every metric and its definition."""

from __future__ import annotations

from lscli.cli import options

EXAMPLES = ("lscli metrics", "lscli metrics -f csv")


def metrics_command(
    format: options.Format = "auto",  # noqa: A002
    output: options.Output = "-",
) -> None:
    """Every metric with its family and its definition, as the code that computes it has them."""
    from lscli.cli.output import Destination

    destination = Destination.of(output, format)

    from lscli.metrics import FAMILIES
    from lscli.report import Listing

    destination.write(
        Listing(
            "Metrics",
            ("id", "family", "default", "definition"),
            [
                (metric.id, name, metric.default, metric.definition)
                for name, family in FAMILIES.items()
                for metric in family.metrics
            ],
        )
    )
