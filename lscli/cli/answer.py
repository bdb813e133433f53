"""What every command that reads logits does: settle where the answer goes, compute it, write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli.output import Destination
from lscli.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from lscli.report import Listing, Report

# The options that name files besides the logits and labels: none of them may be the output.
_FILES = ("logits", "labels", "weights", "groups", "class_names")


def answered(context: typer.Context, analyse: Callable[..., Report | Listing], values: dict[str, Any]) -> None:
    """Write what `analyse` makes of the values of a command's parameters, but for those of the output."""
    destination = Destination.of(
        values.pop("output"),
        values.pop("format"),
        inputs=[values.get(name) for name in _FILES],
        header=not values.pop("no_header"),
    )
    logits, labels = values.pop("logits"), values.pop("labels")
    with progress_bar(values.pop("quiet")) as progress:
        answer = analyse(logits, labels, progress=progress, **values)

        from lscli.cli.defaults import with_origins

        destination.write(with_origins(answer, context))
