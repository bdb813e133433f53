"""Convert parameters without pydantic, which Typer would use, and whose import takes a third of the time of `eval`.

This is the one file that reaches under Typer's public interface: a parameter's `type_descriptor.annotation` and
`get_runtime_param` are private. Where a version of Typer has neither, Typer converts, and commands only start slower.
The functions of `typer.completion` are not declared either.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
import typer.core
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

HELP_ALL = "--help-all"


class PlainCommand(TyperCommand):
    """A command whose strings, numbers, flags and lists of strings are converted here; Typer converts the rest.

    `--help` shows the first two paragraphs of its help and the options in `common`; `--help-all` shows all.
    """

    common: tuple[str, ...] = ()
    _help_all: Any = None

    def get_params(self, ctx: Any) -> list[Any]:
        params = super().get_params(ctx)
        if self._help_all is None:  # one object, by which Typer orders the callbacks
            self._help_all = copy(params[-1])
            self._help_all.name, self._help_all.opts = "help_all", [HELP_ALL]
            self._help_all.help = "Show all options and exit."
            self._help_all.callback = self._show_all
        return _plain([*params, self._help_all])

    def format_help(self, ctx: Any, formatter: Any) -> None:
        params = self.get_params(ctx)
        options = {param.opts[0]: copy(param) for param in params if param.param_type_name == "option"}
        common = [options[f"--{name}"] for name in self.common]
        for option in common:
            option.rich_help_panel = None  # one panel instead of groups
        shown = [*(param for param in params if param.param_type_name == "argument"), *common]
        brief = copy(self)
        brief.get_params = lambda ctx: shown  # type: ignore[method-assign]
        brief.help = "\n\n".join((self.help or "").split("\n\n")[:2])
        brief.epilog = f"{ctx.command_path} {HELP_ALL} shows all options."
        super(PlainCommand, brief).format_help(ctx, formatter)

    def _show_all(self, ctx: Any, param: Any, asked: bool) -> None:
        if asked and not ctx.resilient_parsing:
            formatter = ctx.make_formatter()
            super().format_help(ctx, formatter)
            typer.echo(formatter.getvalue().rstrip("\n"))
            ctx.exit()


def verbatim(lines: Sequence[str]) -> str:
    """A paragraph of a help whose lines stay as they are: with rich, Typer would dim them, and without it join them."""
    text = "\n".join(lines)
    return f"[not dim]{text}[/]" if getattr(typer.core, "HAS_RICH", True) else f"\b\n{text}"


def with_common(common: tuple[str, ...]) -> type[PlainCommand]:
    """A class of commands whose `--help` shows these options."""
    return type("Command", (PlainCommand,), {"common": common})


class PlainGroup(TyperGroup):
    """The same for the options before a command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


class _Commands(Mapping[str, Any]):
    def __init__(self, names: Collection[str], add: Callable[[typer.Typer, str], None]) -> None:
        self._names, self._add, self._made = names, add, dict[str, Any]()

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            alone = typer.Typer(add_completion=False)
            self._add(alone, name)
            self._made[name] = get_command(alone)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def lazily(app: typer.Typer, names: Collection[str], add: Callable[[typer.Typer, str], None]) -> Any:
    """The command line, whose commands are made when they are looked at: to make the options of all takes 30 ms.

    Args:
        app: the app without a command.
        names: the names of the commands.
        add: adds the command of a name to an app.
    """
    group: Any = get_command(app)
    group.commands = _Commands(names, add)
    return group


def typers_completion() -> Any:
    """The module of Typer that has the scripts of the shells."""
    return import_module("typer.completion")


def _plain(params: list[Any]) -> list[Any]:
    for param in params:
        annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        if annotation in _CONVERTERS and hasattr(param, "get_runtime_param"):
            param.get_runtime_param = _Converter(annotation).itself
    return params


class _Converter:
    """Converts the values of a parameter for Typer."""

    def __init__(self, annotation: Any) -> None:
        self._convert, self._what = _CONVERTERS[annotation]

    def itself(self) -> _Converter:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return None
        try:
            return self._convert(value)
        except (ValueError, OverflowError) as error:
            raise typer.BadParameter(f"{shown(value)} is not {self._what}", ctx=ctx, param=param) from error


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values]


def _whole(value: Any) -> int:
    if isinstance(value, bool | float):  # from a file: 1.5 and true are no counts
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError(value)
    return float(value)


def _flag(value: Any) -> bool:
    """A flag from the environment or a file."""
    word = str(value).strip().lower()
    if word not in _FLAGS:
        raise ValueError(word)
    return _FLAGS[word]


_FLAGS = dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True)
_FLAGS |= dict.fromkeys(("", "0", "false", "f", "no", "n", "off"), False)
_CONVERTERS: dict[Any, tuple[Any, str]] = {
    str: (str, "text"),
    int: (_whole, "a whole number"),
    float: (_number, "a number"),
    bool: (_flag, "true or false"),
    list[str]: (_texts, "a list"),
}
