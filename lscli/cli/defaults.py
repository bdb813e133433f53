"""Defaults of options from `[tool.lscli]` in pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lscli.cli.origins import PYPROJECT, key_of
from lscli.errors import ReadWriteError, UsageError
from lscli.text import nearest, said

if TYPE_CHECKING:
    import typer


def load_pyproject(context: typer.Context) -> None:
    """Give every command the defaults of `[tool.lscli]` in the nearest pyproject.toml, in this folder or above.

    Raises:
        UsageError: the file is not TOML, gives an option a table, a date or a list in a list, or names an option that
            it cannot set or that no command has; the hint names similar ones.
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
    known = {key for group in options.values() for key in group}
    values = {key.replace("-", "_"): value for key, value in table.items()}
    for key in values:
        if key in typed - known:
            hint = f"it is meant for one file: type --{key.replace('_', '-')} in the command"
            raise UsageError(f"[tool.lscli] cannot set {key}", hint, where=path)
        if key not in known:
            hint = nearest(key, known) or "see lscli eval --help for the options"
            raise UsageError(f"[tool.lscli] has an unknown option {key!r}", hint, where=path)
    context.meta[PYPROJECT] = path
    context.default_map = {
        name: {group[key].name: _shaped(group[key], key, value, path) for key, value in values.items() if key in group}
        for name, group in options.items()
    }


def _shaped(option: Any, key: str, value: Any, path: str) -> Any:
    """The value as the command line gives it: a text, a number, true or false; or a list of strings."""
    items = value if isinstance(value, list) and option.multiple else [value]
    for item in items:
        if not isinstance(item, str | int | float):
            kind = "table" if isinstance(item, Mapping) else type(item).__name__
            hint = "write a text, a number, true or false" + (", or a list of these" if option.multiple else "")
            raise UsageError(f"[tool.lscli] {key} is a {kind}", hint, where=path)
    try:
        return [str(item) for item in items] if option.multiple else value
    except ValueError as error:  # an integer, which TOML may write in hexadecimal, of more digits than Python writes
        raise UsageError(f"[tool.lscli] {key}: {said(error)}", "write a smaller number", where=path) from error


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
