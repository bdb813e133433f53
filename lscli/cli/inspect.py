"""`lscli inspect`: the arrays of a file, and how eval would read them."""

from __future__ import annotations

from typing import Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.options import InspectOptions, RunOptions

EXAMPLES = ("lscli inspect run.npz", "lscli inspect logits.npy -f json")
COMMON = ("input-format", "format", "output", "no-header", "quiet")


@flat
def inspect_command(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="A file, a quoted pattern of shards, or - for standard input.", show_default=False
        ),
    ],
    *,
    options: InspectOptions,
    output: RunOptions,
) -> None:
    """Show what a file holds: its format, and the shape, type and range of values of every array.

    The answer also says how eval would read each array, and which command to type next. Nothing in the file is
    executed.
    """
    from lscli.api.inspect import inspect
    from lscli.cli.run_command import run_command

    run_command(context, output, options, [file], lambda given: inspect.with_options(file, given))
