"""The shared body of commands: choose the output, compute, write."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from lscli.cli.output import Destination
from lscli.cli.progress import progress_bar
from lscli.cli.stderr import say
from lscli.errors import UsageError
from lscli.io.paths import STDIN, files_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import typer

    from lscli.checked_options import Options
    from lscli.listings import Listing
    from lscli.options import RunOptions
    from lscli.report import Report

Given = TypeVar("Given", bound="Options")

_MOST_FILES = 20


def run_command(
    context: typer.Context,
    output: RunOptions,
    options: Given,
    inputs: Iterable[str | None],
    answer: Callable[[Given], Report | Listing],
    *,
    arrays: bool = False,
) -> Report | Listing:
    """Answer a question, write the answer and return it.

    Args:
        context: Typer's context of the command, which knows the origin of each setting.
        output: where the answer goes.
        options: the options of the question.
        inputs: paths and patterns that the command reads besides the files of its options.
        answer: computes the answer from the options, with a function that shows progress on a terminal.
        arrays: whether the answer may be written as an array.
    """
    paths = [path for path in (*inputs, *options.files()) if path]
    if paths.count(STDIN) > 1:
        raise UsageError(
            "standard input can be read only once", "name a file for all but one of the inputs", where=STDIN
        )
    files = [file for path in paths for file in files_of(path)]
    destination = Destination.of(output, files, arrays=arrays, name=context.info_name or "")
    with progress_bar(output.quiet) as progress:
        found = answer(options.replaced(progress=progress))
        if not output.quiet:
            _show_files(found)

        from lscli.cli.origins import with_origins

        found = with_origins(found, context)
        destination.write(found)
    return found


def _show_files(found: Report | Listing) -> None:
    """Say on stderr in which order the files of a pattern were read."""
    of_files = found.settings.get("ensemble")
    shown: dict[str, tuple[str, Sequence[str]]] = {}
    for entry in found.inputs:
        if entry.get("shards"):
            shown.setdefault(entry["path"], ("shard", entry["shards"]))
        elif entry.get("members") and of_files is not None and of_files.value:
            shown.setdefault(entry["path"], ("member", entry["members"]))
    for path, (what, names) in shown.items():
        most = names if len(names) <= _MOST_FILES else [*names[: _MOST_FILES - 2], "...", names[-1]]
        say(f"lscli: {path}: {len(names)} {what}{'s' * (len(names) > 1)}: {', '.join(most)}")
