"""The shared body of commands: choose the output, compute, write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.cli.output import Destination
from lscli.cli.progress import progress_bar
from lscli.cli.stderr import say
from lscli.io.paths import files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    import typer

    from lscli.listings import Listing
    from lscli.options import Progress, RunOptions
    from lscli.report import Report

_MOST_SHARDS = 20


def run_command(
    context: typer.Context,
    output: RunOptions,
    inputs: Iterable[str | None],
    answer: Callable[[Progress | None], Report | Listing],
    *,
    arrays: bool = False,
) -> None:
    """Write what a question answers.

    Args:
        context: of the command.
        output: where the answer goes.
        inputs: paths and patterns that the command reads; none of their files may be the output.
        answer: computes the answer, and reports its progress where somebody sees it.
        arrays: whether the answer may be written as an array.
    """
    files = [file for path in inputs if path for file in files_of(path)]
    destination = Destination.of(output, files, arrays=arrays)
    with progress_bar(output.quiet) as progress:
        found = answer(progress)
        if not output.quiet:
            _show_shards(found.inputs)

        from lscli.cli.defaults import with_origins

        destination.write(with_origins(found, context))


def _show_shards(inputs: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr in which order the files of a pattern were read."""
    shown: dict[str, Sequence[str]] = {}
    for entry in inputs:
        if entry.get("shards"):
            shown.setdefault(entry["path"], entry["shards"])
    for path, shards in shown.items():
        most = shards if len(shards) <= _MOST_SHARDS else [*shards[: _MOST_SHARDS - 2], "...", shards[-1]]
        say(f"lscli: {path}: {len(shards)} shard{'s' * (len(shards) > 1)}: {', '.join(most)}")
