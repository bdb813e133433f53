"""What every command that reads logits does: settle where the answer goes, compute it, write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli.output import Destination
from lscli.cli.progress import progress_bar
from lscli.cli.stderr import say
from lscli.io.paths import files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import typer

    from lscli.report import Listing, Report

_MOST_SHARDS = 20
# The parameters that name files, one or several: none of these may be the output.
_FILES = ("logits", "labels", "paths", "weights", "groups", "prior", "class_weights", "class_names")


def answered(context: typer.Context, analyse: Callable[..., Report | Listing], values: dict[str, Any]) -> None:
    """Write what `analyse` makes of the values of a command's parameters, but for those of the output."""
    named = [values.get(name) for name in _FILES]
    destination = Destination.of(
        values.pop("output"),
        values.pop("format"),
        inputs=[
            file
            for each in named
            for path in (each if isinstance(each, list) else [each])
            for file in (files_of(path) if path else [])
        ],
        header=not values.pop("no_header"),
    )
    quiet = values.pop("quiet")
    with progress_bar(quiet) as progress:
        answer = analyse(progress=progress, **values)
        if not quiet:
            _show_shards(answer.inputs)

        from lscli.cli.defaults import with_origins

        destination.write(with_origins(answer, context))


def _show_shards(inputs: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr in which order the files of a pattern were read."""
    shown: dict[str, Sequence[str]] = {}
    for entry in inputs:
        if entry.get("shards"):
            shown.setdefault(entry["path"], entry["shards"])
    for path, shards in shown.items():
        most = shards if len(shards) <= _MOST_SHARDS else [*shards[: _MOST_SHARDS - 2], "...", shards[-1]]
        say(f"lscli: {path}: {len(shards)} shard{'s' * (len(shards) > 1)}: {', '.join(most)}")
