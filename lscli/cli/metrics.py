"""`lscli metrics`: every metric and its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = ("lscli metrics", "lscli metrics -f csv")


@options.accepts("format", "output", "no_header")
def metrics_command(context: typer.Context, *, format: str, output: str, no_header: bool) -> None:  # noqa: A002
    """Every metric with its family and its definition, as the code that computes it has them."""
    from lscli.cli.output import Destination

    destination = Destination.of(output, format, header=not no_header)

    from lscli._version import __version__
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
            "metrics",
            versions={"lscli": __version__},
        )
    )
