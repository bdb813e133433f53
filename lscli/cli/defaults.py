"""Defaults of options from `[tool.lscli]` in pyproject.toml, and of one command from `[tool.lscli.check]` and alike."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from lscli.checked_options import Options, declared
from lscli.cli.origins import (
    PYPROJECT,
    built_in,
    is_default_of_project,
    is_project_default,
    key_of,
    of_command,
    take_built_in,
)
from lscli.errors import ReadWriteError, UsageError
from lscli.options import PAIRS
from lscli.text import nearest, printed, said

if TYPE_CHECKING:
    import typer

Given = TypeVar("Given", bound=Options)


def load_pyproject(context: typer.Context) -> None:
    """Give every command the defaults of `[tool.lscli]` in the nearest pyproject.toml, in this folder or above.

    A table that is named like a command, such as `[tool.lscli.check]`, has the defaults of this command alone, by the
    names of its options; they come before those for every command.

    Raises:
        UsageError: the file is not TOML, gives an option a table, a date or a list in a list, or names an option that
            it cannot set or that no command, or not this one, has; the hint names similar ones.
        ReadWriteError: the file cannot be read.
    """
    try:
        folder = os.getcwd()
    except FileNotFoundError:  # the folder was removed; absolute paths still work
        return
    table, path = _lscli_table(folder)
    if not table:
        return
    commands: Mapping[str, Any] = getattr(context.command, "commands", {})
    params = {name: [p for p in command.params if p.param_type_name == "option"] for name, command in commands.items()}
    options = {name: {key_of(p): p for p in own if p.envvar} for name, own in params.items()}
    typed = {p.name for own in params.values() for p in own if not p.envvar}
    known = {key: option for group in options.values() for key, option in group.items()}
    tables = {name: own for name, own in table.items() if name in commands and isinstance(own, Mapping)}
    for key, value in table.items():
        if isinstance(value, Mapping) and key not in commands and key.replace("-", "_") not in known:
            hint = nearest(key, commands) or "a table is named like a command, such as [tool.lscli.check]"
            raise UsageError(f"there is no command {key!r} for [tool.lscli.{printed(key)}]", hint, where=path)
    shared = _Table("[tool.lscli]", {key: value for key, value in table.items() if key not in tables}, path)
    values = shared.values(known, typed, "eval")
    context.default_map = {}
    for name, group in options.items():
        found = {
            group[key].name: _shaped(group[key], key, value, shared) for key, value in values.items() if key in group
        }
        if name in tables:
            # Here an option has its own name, since the table says whose it is.
            own = _Table(f"[tool.lscli.{name}]", tables[name], path)
            by_name = {**group, **{option.name: option for option in group.values()}}
            given = own.values(by_name, {p.name for p in params[name] if not p.envvar}, name)
            found |= {by_name[key].name: _shaped(by_name[key], key, value, own) for key, value in given.items()}
            context.meta[of_command(name)] = frozenset(by_name[key].name for key in given)
        context.default_map[name] = found
    context.meta[PYPROJECT] = path


class _Table(NamedTuple):
    """A table of the file: its heading, its keys as they stand there, and the path of the file."""

    heading: str
    keys: Mapping[str, Any]
    path: str

    def values(self, known: Mapping[str, Any], typed: set[str], command: str) -> dict[str, Any]:
        """The values by their keys, with underscores.

        Raises:
            UsageError: a key is no option, or one that is meant for one file.
        """
        values = {key.replace("-", "_"): value for key, value in self.keys.items()}
        for key in values:
            if key in typed - known.keys():
                hint = f"it is meant for one file: type --{key.replace('_', '-')} in the command"
                raise UsageError(f"{self.heading} cannot set {key}", hint, where=self.path)
            if key not in known:
                hint = nearest(key, known) or f"see lscli {command} --help-all for the options"
                raise UsageError(f"{self.heading} has an unknown option {key!r}", hint, where=self.path)
        return values


def _shaped(option: Any, key: str, value: Any, table: _Table) -> Any:
    """The value as the command line gives it: a text, a number, true or false; or a list of strings."""
    pairs = option.metavar == PAIRS
    if pairs and isinstance(value, Mapping):
        for name, number in value.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                what = f"{table.heading} {key}: {printed(name)} is no number"
                quoted = isinstance(number, str)
                hint = "write the number without quotes" if quoted else "write a number, for example ece = 0.05"
                raise UsageError(what, hint, where=table.path)
        value = [f"{name}={number}" for name, number in value.items()]
    items = value if isinstance(value, list) and option.multiple else [value]
    for item in items:
        if not isinstance(item, str | int | float):
            kind = "table" if isinstance(item, Mapping) else type(item).__name__
            hint = "write a text, a number, true or false" + (", or a list of these" if option.multiple else "")
            raise UsageError(f"{table.heading} {key} is a {kind}", hint, where=table.path)
    try:
        return [str(item) for item in items] if option.multiple else value
    except ValueError as error:  # an integer, which TOML may write in hexadecimal, of more digits than Python writes
        raise UsageError(f"{table.heading} {key}: {said(error)}", "write a smaller number", where=table.path) from error


def with_project_pairs(options: Given, context: typer.Context) -> Given:
    """The options with the pairs `name=number` of pyproject.toml beside those that were given.

    A given pair replaces that of the same name in the project.
    """
    changes: dict[str, Any] = {}
    for name in [each.name for each in declared(type(options)) if each.option.pairs]:
        of_project = (context.default_map or {}).get(name, [])
        given = getattr(options, name)
        if not of_project or given is None or is_default_of_project(name, context):
            continue
        words = [given] if isinstance(given, str) else [*given]
        names = {word.partition("=")[0].strip() for word in words}
        kept = [word for part in of_project for word in part.split(",") if word.partition("=")[0].strip() not in names]
        changes[name] = (*kept, *words)
    return options.replaced(**changes) if changes else options


def with_typed_limit(options: Given, context: typer.Context) -> Given:
    """The options of `lscli threshold` without a limit of the project, if another one is typed."""
    given = [name for name in ("max_error", "min_accuracy", "coverage") if getattr(options, name) is not None]
    of_project = {name for name in given if is_project_default(name, context)}
    if not of_project or len(of_project) == len(given):
        return options
    take_built_in(of_project | built_in(context), context)
    return options.replaced(**dict.fromkeys(of_project))


def _lscli_table(folder: str) -> tuple[Mapping[str, Any], str]:
    while True:
        path = os.path.join(folder, "pyproject.toml")
        if os.path.isfile(path):
            return _read(path), path
        parent = os.path.dirname(folder)
        if parent == folder:
            return {}, ""
        folder = parent


def _read(path: str) -> Mapping[str, Any]:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise ReadWriteError(f"cannot be read: {error.strerror}", "check its rights", where=path) from error
    if b"lscli" not in data:  # true for most projects, and saves the import of a parser
        return {}
    import tomllib

    try:
        document = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # of the syntax, of UTF-8, of a number with too many digits
        raise UsageError(f"not valid TOML: {said(error)}", "correct the file", where=path) from error
    tool = document.get("tool", {})
    table = tool.get("lscli", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError("[tool.lscli] is not a table", "write [tool.lscli], then eps = 0.1", where=path)
    return table
