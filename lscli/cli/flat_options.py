"""Turn the fields of a class of options into parameters of a command, which Typer sees."""

from __future__ import annotations

import inspect
from functools import cache, wraps
from typing import TYPE_CHECKING, Any

import typer

from lscli.checked_options import Options, declared
from lscli.cli.idle_defaults import idle_defaults
from lscli.cli.origins import origins_named, warn_of_unknown_variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from lscli.checked_options import Declared


def flat(function: Callable[..., None]) -> Callable[..., None]:
    """Make a Typer command from a function of a context, some of whose parameters are classes of options.

    Each field of these classes becomes an option of the command, which calls the function with the objects made from
    their values. The other parameters stay as they are.
    """
    signature = inspect.signature(function, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, Options)
    }
    parameters = [parameter for name, parameter in signature.parameters.items() if name not in groups]
    fields = {name: [each for each in declared(kind) if not each.option.hidden] for name, kind in groups.items()}
    parameters += [_parameter(each) for group in fields.values() for each in group]

    @wraps(function)
    def command(context: typer.Context, **values: Any) -> None:
        if not values.get("quiet"):
            warn_of_unknown_variables(context)
        with origins_named(context):
            idle = idle_defaults(values, context)
            values |= {each.name: each.default for group in fields.values() for each in group if each.name in idle}
            made = {
                name: groups[name](**{each.name: _given(each, values.pop(each.name)) for each in group})
                for name, group in fields.items()
            }
            function(context, **values, **made)

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    command.kinds = tuple(groups.values())  # type: ignore[attr-defined]
    return command


def reason_without(function: Callable[..., None], flag: str) -> str:
    """Why a command lacks an option that others have; empty if its classes of options do not say."""
    kinds = getattr(function, "kinds", ())
    removed = {f"--{each.flag}": each.option.hint for kind in kinds for each in declared(kind) if each.removed}
    return removed.get(flag, "")


@cache
def _parameter(each: Declared) -> inspect.Parameter:
    """The parameter of an option. Commands share it, because start-up time counts."""
    option, several = each.option, each.option.several
    kind = list[str] if several else _kind(each)
    default = each.default
    if several:
        default = [",".join(default) if isinstance(default, tuple) else str(default)] if default else []
    # A default rather than Annotated, which takes Python ten times as long to make.
    info = typer.Option(
        default,
        f"--{each.flag}",
        *filter(None, [option.short]),
        metavar=option.metavar or "|".join(each.choices) or None,
        help=option.help,
        envvar=None if option.typed else f"LSCLI_{each.environment.upper()}",
        show_envvar=False,
        show_default=option.shown,
        autocompletion=_completion(each),
        rich_help_panel=option.group,
    )
    return inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=info, annotation=kind)


def _kind(each: Declared) -> Any:
    """The type that Typer converts a text to. The words of a choice are checked later, with the other values."""
    kind = each.kind if each.kind in (bool, int, float) else str
    return kind | None if each.optional else kind


def _completion(each: Declared) -> Callable[[str], list[str]] | None:
    """The function that completes a value of the option."""
    if each.name == "metrics":
        return _metric_names
    words = [*(each.choices or each.option.words)]
    return (lambda incomplete: words) if words else None


def _metric_names(incomplete: str) -> list[str]:
    from lscli.metrics.catalogue import FAMILIES, METRICS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in ("default", "all", *FAMILIES, *METRICS) if name.startswith(last)]


def _given(each: Declared, value: Any) -> Any:
    """The value of a field, which splits each of several values at its commas."""
    return value or each.default if each.option.several else value
