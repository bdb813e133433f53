"""The settings of a report, from the options of its question."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lscli.checked_options import declared
from lscli.report import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lscli.checked_options import Options


def settings_of(options: Options, used: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Setting]:
    """Each option with its value, and whether that is the default.

    Args:
        options: as they were given.
        used: the values that were used instead of the given ones, such as the device for `auto`.
    """
    found = {}
    for each in declared(type(options)):
        if not each.option.unrecorded:
            given = getattr(options, each.name)
            default = type(given) is type(each.default) and bool(given == each.default)
            found[each.name] = Setting(shown(used.get(each.name, given)), "default" if default else "argument")
    return found


def shown(value: Any) -> Any:
    """A value as a report shows it: a path as text, an array as the name of its type."""
    if value is None or isinstance(value, str | int | float | list):
        return value
    if isinstance(value, os.PathLike | bytes):
        return os.fsdecode(value)
    return f"<{type(value).__name__}>"
