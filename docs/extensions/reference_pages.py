"""The reference of the commands, the metrics and the Python functions, from the code that defines them."""

from __future__ import annotations

import inspect
import itertools
import re
from typing import TYPE_CHECKING, Any

import typer.main
from pages import contents, plain, write

import lscli
from lscli.checked_options import declared
from lscli.cli.main import COMMANDS, app
from lscli.metrics.catalogue import CONVENTIONS, FAMILIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sphinx.application import Sphinx

    from lscli.checked_options import Declared
    from lscli.metrics.base import Metric

_GENERAL = "Options"
_SETS = {
    "default": "in the default set",
    "ci": "in the default set with `--ci`",
    "all": "in `all` and in its family",
    "name": "by its name only",
}


def _of_help(function: Callable[..., None]) -> list[str]:
    """The paragraphs of a command's help, whose first sentence is its summary."""
    return [plain(" ".join(each.split())) for each in inspect.cleandoc(function.__doc__ or "").split("\n\n")]


def _option(each: Declared) -> str:
    option = each.option
    value = option.metavar or "|".join(each.choices) or {int: "INTEGER", float: "FLOAT", str: "TEXT"}.get(each.kind, "")
    flags = ", ".join(f"`{flag}{f' {value}' if value else ''}`" for flag in (f"--{each.flag}", option.short) if flag)
    facts = []
    if isinstance(option.shown, str):
        facts.append(f"Default: {plain(option.shown)}.")
    elif option.shown and each.default not in (None, False, ()):
        default = ",".join(map(str, each.default)) if isinstance(each.default, tuple) else each.default
        facts.append(f"Default: `{default}`.")
    if each.choices:
        facts.append(f"One of {', '.join(f'`{word}`' for word in each.choices)}.")
    elif each.kind in (int, float) and option.bounds != "a finite number":
        facts.append(f"Allowed: {option.bounds}.")
    if not option.typed:
        facts.append(f"Environment: `LSCLI_{each.environment.upper()}`.")
    return f"{flags}\n: {plain(option.help)}\n\n  {' '.join(facts)}".rstrip()


def _argument(each: Any) -> str:
    return f"`{each.metavar or each.name.upper()}`\n: {plain(each.help or '')}"


def _command(name: str, parsed: Any) -> str:
    """Write the page of a command; returns its summary."""
    function, examples, _ = COMMANDS[name]
    options = [
        each
        for kind in function.kinds  # type: ignore[attr-defined]
        for each in declared(kind)
        if not each.option.hidden
    ]
    groups = dict.fromkeys(each.option.group or _GENERAL for each in options)
    arguments = [each for each in parsed.params if each.param_type_name == "argument"]
    summary, *more = _of_help(function)
    words = " ".join(piece.strip("{}") for piece in parsed.collect_usage_pieces(typer.Context(parsed))[1:])
    parts = [f"# lscli {name}", summary, *more, f"```sh\nlscli {name} [OPTIONS] {words}\n```".replace(" \n", "\n")]
    parts += ["## Examples", "```sh\n" + "\n".join(examples) + "\n```"]
    if arguments:
        parts += ["## Arguments", *map(_argument, arguments)]
    for group in groups:
        parts += [f"## {group}"]
        parts += [_option(each) for each in options if (each.option.group or _GENERAL) == group]
    write(f"commands/{name}.md", *parts)
    return summary


def commands() -> None:
    """A page for each command, and their list."""
    parsed: Any = typer.main.get_command(app)
    summaries = {name: _command(name, parsed.commands[name]) for name in COMMANDS}
    write(
        "commands/index.md",
        "# Commands",
        "Every option also has a default in the environment, and in `pyproject.toml` under `[tool.lscli]` or the table "
        "of one command, such as `[tool.lscli.check]`. An option on the command line comes first, then the "
        "environment, then the table of the command, then `[tool.lscli]`.",
        *(f"{{doc}}`lscli {name} <{name}>`\n: {summary}" for name, summary in summaries.items()),
        contents([*COMMANDS], hidden=True),
    )


def _metric(metric: Metric) -> list[str]:
    better = f"{metric.better} values are better" if metric.better else "no direction is better"
    facts = f"{_SETS[metric.chosen_by]}; interval: {metric.interval}; {better}"
    formula = [f"```{{math}}\n{metric.formula}\n```"] if metric.formula else []
    return [f"## {metric.id}", plain(metric.described), *formula, f"*{facts[0].upper()}{facts[1:]}.*"]


def metrics() -> None:
    """A page for each family of metrics."""
    for name, family in FAMILIES.items():
        write(
            f"metrics/{name}.md",
            f"# {family.title}",
            f"`--metrics {name}` chooses this family. {{doc}}`What the definitions take for granted <index>`.",
            *itertools.chain.from_iterable(map(_metric, family.metrics)),
        )
    write(
        "metrics/index.md",
        "# Metrics",
        "Definitions and formulas, as the code that computes them states them. `lscli metrics` prints the definitions, "
        "too. A formula shows the usual case: uniform smoothing, without weights, class weights or masked classes. In "
        "formulas, i is a sample, z are the logits, and a bar is a mean, over a bin b where it has an index b.",
        "> " + plain(CONVENTIONS),
        contents([*FAMILIES]),
    )


def _documented(names: Sequence[str], directive: str, title: str, page: str, *more: str) -> None:
    parts = [f"# {title}"]
    for name in names:
        parts += [f"## {name}"] if len(names) > 1 else []
        parts += [
            "\n".join(["```{eval-rst}", f".. {directive}:: lscli.{name}", *(f"   {each}" for each in more), "```"])
        ]
    write(f"python/{page}.md", *parts)


def python() -> None:
    """The public names of lscli, from their docstrings."""
    names = [name for name in lscli.__all__ if name != "__version__"]
    functions = [name for name in names if not isinstance(getattr(lscli, name), type)]
    errors = [name for name in names if name.endswith(("Error", "Warning"))]
    classes = [name for name in names if name not in functions and name not in errors]
    estimators = [name for name in classes if getattr(lscli, name).__module__ == "lscli.estimators"]
    others = [name for name in classes if name not in estimators]
    for name in functions:
        _documented([name], "autofunction", f"lscli.{name}", name)
    _documented(others, "autoclass", "Answers and tables", "classes", ":members:", ":exclude-members: forward")
    _documented(estimators, "autoclass", "Estimators", "estimators", ":members:")
    _documented(errors, "autoexception", "Errors and warnings", "errors")
    write(
        "python/index.md",
        "# Python",
        "The functions take paths, arrays or tensors, and the options of the commands as keywords. They return typed "
        "answers with `to_frame()`, and raise the errors of the last page.",
        "## Functions",
        *(f"{{doc}}`lscli.{name} <{name}>`\n: {_first_sentence(getattr(lscli, name))}" for name in functions),
        "## Classes",
        contents(["classes", "estimators", "errors"]),
        contents(functions, hidden=True),
    )


def _first_sentence(function: Any) -> str:
    return plain(inspect.cleandoc(function.__doc__).split("\n\n")[0].replace("\n", " "))


def _at_signs(app: Sphinx, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """Show `id@0.2` as code, which reStructuredText takes for an address."""
    lines[:] = [re.sub(r"(?<![`\w])\w+@[\w.]*\w", r"`\g<0>`", line) for line in lines]


def _write(app: Sphinx) -> None:
    commands()
    metrics()
    python()


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", _write)
    app.connect("autodoc-process-docstring", _at_signs)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
