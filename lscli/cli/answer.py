"""What every command that reads logits does: settle where the answer goes, compute it, write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli.output import Destination
from lscli.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    import typer

    from lscli.report import Listing, Report

# The parameters that name files, one or several: none of these may be the output.
_FILES = ("logits", "labels", "paths", "weights", "groups", "prior", "class_weights", "class_names")


def answered(context: typer.Context, analyse: Callable[..., Report | Listing], values: dict[str, Any]) -> None:
    """Write what `analyse` makes of the values of a command's parameters, but for those of the output."""
    named = [values.get(name) for name in _FILES]
    destination = Destination.of(
        values.pop("output"),
        values.pop("format"),
        inputs=[path for each in named for path in (each if isinstance(each, list) else [each])],
        header=not values.pop("no_header"),
    )
    with progress_bar(values.pop("quiet")) as progress:
        answer = analyse(progress=progress, **values)

        from lscli.cli.defaults import with_origins

        destination.write(with_origins(answer, context))
