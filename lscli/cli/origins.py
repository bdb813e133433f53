"""Where the value of each option was set: for the settings of a report, and for errors about a value nobody typed."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from lscli.errors import LscliError, warn
from lscli.text import printed, shown, similar

if TYPE_CHECKING:
    from collections.abc import Iterator

    import typer

    from lscli.report import Provenance

Answer = TypeVar("Answer", bound="Provenance")

# The key of a context under which the path of the pyproject.toml that was read is kept.
PYPROJECT = "lscli.pyproject"
# The key of the options that the project sets and that get their built-in defaults here, since they have no use.
_BUILT_IN = "lscli.built_in"
_PREFIX = "LSCLI_"
# Variables that set no option.
_OTHERS = (f"{_PREFIX}DEBUG",)
_OF_PROJECT = ("ENVIRONMENT", "DEFAULT_MAP")
_ORIGINS = {"COMMANDLINE": "flag", "ENVIRONMENT": "environment", "DEFAULT_MAP": "pyproject", "DEFAULT": "default"}


def of_command(name: str) -> str:
    """The key of a context under which the options are kept that the table of this command sets."""
    return f"lscli.table.{name}"


def key_of(option: Any) -> str:
    """The name of an option in pyproject.toml: its name in the environment, without `LSCLI_`."""
    return str(option.envvar or option.name).removeprefix(_PREFIX).lower()


def with_origins(answer: Answer, context: typer.Context) -> Answer:
    """The answer with the origin of each setting: flag, environment, pyproject or default."""
    settings = {
        name: setting._replace(origin=_ORIGINS.get(_source(context, name), setting.origin))
        for name, setting in answer.settings.items()
    }
    return replace(answer, settings=settings)


def is_typed(name: str, context: typer.Context) -> bool:
    """Whether an option is on the command line."""
    return _source(context, name) == "COMMANDLINE"


@contextmanager
def origins_named(context: typer.Context) -> Iterator[None]:
    """Add to errors raised in the block where a value was set that is not on the command line."""
    try:
        yield
    except LscliError as error:
        concerned = [option for option in context.command.params if _concerns(error, option, context)]
        error.say(error.message + _named(concerned, context), error.hint, error.where)
        raise


def origin_of_refused(error: typer.BadParameter) -> str:
    """The origin of a value that could not be converted, as words to append to the message; empty if it was typed."""
    if error.ctx is None or error.param is None:
        return ""
    return _named([error.param], error.ctx)


def warn_of_unknown_variables(context: typer.Context) -> None:
    """Warn of each environment variable that begins with LSCLI_ and that no command reads."""
    commands = getattr(context.find_root().command, "commands", None)
    if commands is None:  # a command alone does not know the options of the others
        return
    if not any(name.upper().startswith(_PREFIX) for name in os.environ):  # the options of all take time to make
        return
    known = {option.envvar for command in commands.values() for option in command.params if option.envvar} | {*_OTHERS}
    names = [name.removeprefix(_PREFIX) for name in sorted(known)]
    for name in os.environ:
        if name.upper().startswith(_PREFIX) and name not in known:
            # Without the beginning, which makes all names similar.
            near = [_PREFIX + each for each in similar(name.upper().removeprefix(_PREFIX), names)]
            hint = f": did you mean {' or '.join(near)}?" if near else ""
            warn(f"no command reads the environment variable {printed(name)}{hint}")


def is_project_default(name: str, context: typer.Context) -> bool:
    """Whether the value of an option is set by the environment or by pyproject.toml."""
    return _source(context, name) in _OF_PROJECT


def is_default_of_project(name: str, context: typer.Context) -> bool:
    """Whether the value of an option is that of pyproject.toml."""
    return _source(context, name) == "DEFAULT_MAP"


def take_built_in(names: set[str], context: typer.Context) -> None:
    """Let these options have their built-in defaults as their origin."""
    context.meta[_BUILT_IN] = names


def built_in(context: typer.Context) -> set[str]:
    """The options that have their built-in defaults as their origin, though the project sets them."""
    return {*context.meta.get(_BUILT_IN, ())}


def _source(context: Any, name: str | None) -> str:
    if name in context.meta.get(_BUILT_IN, ()):
        return "DEFAULT"
    source = context.get_parameter_source(name or "")
    return "" if source is None else source.name


def _named(options: list[Any], context: Any) -> str:
    """Where these options were set, in parentheses; empty if all were typed or have their defaults."""
    said = []
    for option in options:
        source = _source(context, option.name)
        if source == "ENVIRONMENT":
            said.append(f"{option.opts[0]} is set by the variable {option.envvar}")
        elif source == "DEFAULT_MAP":
            path = context.meta.get(PYPROJECT, "pyproject.toml")
            name = context.command.name
            own = option.name in context.meta.get(of_command(name), ())
            key, table = (option.name, f"[tool.lscli.{name}]") if own else (key_of(option), "[tool.lscli]")
            said.append(f"{option.opts[0]} is set by {key} in {table} of {path}")
    return f" ({'; '.join(said)})" if said else ""


def _concerns(error: LscliError, option: Any, context: typer.Context) -> bool:
    """Whether an error names an option, as its place or by its flag, or the value of the option."""
    if _source(context, option.name) not in _OF_PROJECT:
        return False
    if error.where.partition(": ")[0] in (option.opts[0][2:], option.name):
        return True
    flags = "|".join(map(re.escape, option.opts))
    if re.search(rf"(?<![\w-])({flags})(?![\w-])", f"{error.message} {error.hint}"):
        return True
    value = context.params.get(option.name)
    texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text]
    return any(
        shown(text) in error.message or re.search(rf"(?<![\w./-]){re.escape(text)}(?![\w./-])", error.where)
        for text in texts
    )
