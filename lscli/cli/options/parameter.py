"""How an option is written down: type, default, help, environment variable and group, once."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable


def words(*words: str) -> Callable[[], list[str]]:
    return lambda: list(words)


def option(
    name: str,
    kind: Any,
    default: Any,
    metavar: str | None,
    help: str,  # noqa: A002
    panel: str | None = None,
    *,
    short: str = "",
    shown: bool | str = True,
    complete: Any = None,
) -> tuple[str, inspect.Parameter]:
    """A parameter `--name` with a default, which may also be set as LSCLI_NAME."""
    info = typer.Option(
        f"--{name.replace('_', '-')}",
        *filter(None, [short]),
        metavar=metavar,
        help=help,
        envvar=f"LSCLI_{name.upper()}",
        show_envvar=False,
        show_default=shown,
        autocompletion=complete,
        rich_help_panel=panel,
    )
    return name, _parameter(name, Annotated[kind, info], default)


def argument(
    name: str,
    kind: Any,
    default: Any,
    help: str,  # noqa: A002
    metavar: str = "",
) -> tuple[str, inspect.Parameter]:
    info = typer.Argument(metavar=metavar or name.upper(), help=help, show_default=False)
    return name, _parameter(name, Annotated[kind, info], default)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
