"""`lscli inspect`: what a file holds, and what eval would take it for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options

if TYPE_CHECKING:
    import typer

EXAMPLES = (
    "lscli inspect sample_data/logits.npy",
    "lscli inspect sample_data/labels.npy -f json",
)


@options.accepts("file", "input_format", *options.WRITING)
def inspect_command(context: typer.Context, *, file: str, **values: Any) -> None:
    """What a file holds: its format, and of every array its shape, its type and a look at all of its values.

    Then what eval would take each for, and the command to type next. Nothing in the file is executed, whatever it is.
    """
    from lscli.cli.run_command import answered

    def inspect(logits: str, **keywords: Any) -> Any:
        from lscli.api.inspect import inspect

        return inspect(logits, **keywords)

    answered(context, inspect, {"logits": file, **values})
