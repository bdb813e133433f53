"""The options that commands share, each written once. A command says which it takes with `accepts`.

Nothing heavier than typer is imported here: completion and help read these files.
"""

from __future__ import annotations

import inspect
from copy import copy
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from lscli.cli.options import computed, reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Command = Callable[..., None]

OPTIONS: dict[str, inspect.Parameter] = dict([*reading.OPTIONS, *computed.OPTIONS, *writing.OPTIONS])

# What every command that reads logits takes besides its own.
READING = (
    *("weights", "groups", "group_by"),
    *("ignore_index", "nonfinite", "masked_classes", "kind", "binary", "flatten"),
    *("logits_key", "labels_key", "labels_column", "input_format", "dtype", "allow_trailing"),
    *("device", "kernel", "threads", "chunk_rows"),
)
# What the smoothed targets are, for commands whose losses are against these.
SMOOTHING = ("smoothing", "prior", "class_weights", "weight_mode", "allow_negative_eps")
WRITING = ("format", "output", "no_header", "quiet")


def accepts(*names: str, **defaults: Any) -> Callable[[Command], Command]:
    """Give a command `(context, **values)` the parameters of these names, in this order.

    One with a default of its own is also set on its own: LSCLI_SWEEP_EPS is not LSCLI_EPS.
    """

    def decorate(command: Command) -> Command:
        own = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
        signature = inspect.Signature([*own, *(_parameter(name, defaults, command) for name in names)])
        command.__signature__ = signature  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return command

    return decorate


def _parameter(name: str, defaults: Mapping[str, Any], command: Command) -> inspect.Parameter:
    shared = OPTIONS[name]
    if name not in defaults:
        return shared
    kind, info = get_args(shared.annotation)
    own = copy(info)
    own.envvar = f"LSCLI_{command.__name__.removesuffix('_command')}_{name}".upper()
    return shared.replace(default=defaults[name], annotation=Annotated[kind, own])


def listed(values: Sequence[str]) -> list[str]:
    """The values of an option that takes several, with commas or repeated."""
    return [value for part in values for value in part.split(",")]
