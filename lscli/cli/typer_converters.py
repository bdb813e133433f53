"""Convert parameters without pydantic, which Typer would use, and whose import takes a third of the time of `eval`.

This is the one file that reaches under Typer's public interface: a parameter's `type_descriptor.annotation` and
`get_runtime_param` are private. Where a version of Typer has neither, Typer converts, and commands only start slower.
The functions of `typer.completion` are not declared either.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from lscli.text import shown


class PlainCommand(TyperCommand):
    """A command whose strings, numbers, flags and lists of strings are converted here; Typer converts the rest.

    Its epilog is lines to copy, which Typer would wrap.
    """

    def format_help(self, ctx: Any, formatter: Any) -> None:
        lines, self.epilog = self.epilog, None
        try:
            super().format_help(ctx, formatter)
        finally:
            self.epilog = lines
        formatter.write("".join(f" {line}\n" for line in (lines or "").split("\n")))

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


class PlainGroup(TyperGroup):
    """The same for the options before a command."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _plain(super().get_params(ctx))


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
