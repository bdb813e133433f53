"""Laws of the options: what holds for every class of options, and for every option."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any, get_args

import pytest
import typer
from typer.main import get_command

from lscli import options
from lscli.checked_options import Declared, Options, declared
from lscli.cli.main import app
from lscli.errors import UsageError
from lscli.options import EvaluateOptions, ExplainOptions, OutputFormat
from lscli.render.renderers import BY_SUFFIX, FORMATS
from tests.fuzz.settings import OPTIONS

CLASSES: list[type[Options]] = [
    each
    for each in vars(options).values()
    if inspect.isclass(each) and issubclass(each, Options) and each is not Options
]
EVERY: list[tuple[str, Declared]] = [
    (f"{kind.__name__}.{each.name}", each) for kind in CLASSES for each in declared(kind)
]
COMMANDS: dict[str, Any] = dict(get_command(app).commands)  # type: ignore[attr-defined]


def flags(command: str) -> list[Any]:
    """The options of a command as Typer has them."""
    return [p for p in COMMANDS[command].params if p.param_type_name == "option" and p.name != "help"]


def test_a_class_has_a_docstring_and_is_made_without_arguments() -> None:
    for kind in CLASSES:
        made = kind()
        assert [each.default for each in declared(kind)] == [getattr(made, each.name) for each in declared(kind)]
        assert (kind.__doc__ or "").partition("\n")[0].endswith("."), kind


def test_a_default_passes_its_own_check() -> None:
    for name, each in EVERY:
        checked = each.checked(each.default)
        assert (type(each.default), each.default) == (type(checked), checked), name


def test_help_is_one_sentence_or_more_with_a_full_stop() -> None:
    of_python_alone = {name for name, each in EVERY if each.option.hidden}
    for name, each in EVERY:
        text = each.option.help
        assert text == " ".join(text.split()), name
        assert text.endswith(".") or (not text and name in of_python_alone), name


def test_numbers_alone_have_bounds_and_these_come_with_a_hint() -> None:
    bounded = 0
    for name, each in EVERY:
        if {each.option.least, each.option.most, each.option.above, each.option.below} != {None}:
            bounded += 1
            assert each.kind in (int, float), name
            assert each.option.hint, name
    assert bounded > 10


def test_several_values_are_texts_or_numbers() -> None:
    assert {float, str} == {each.kind for _, each in EVERY if each.option.several}


def test_names_in_the_environment_are_unique_within_a_command() -> None:
    for command in COMMANDS:
        names = [flag.envvar for flag in flags(command) if flag.envvar]
        assert len(names) == len(set(names)), command
        assert all(name.startswith("LSCLI_") for name in names)


def test_a_name_in_the_environment_has_one_default() -> None:
    """What one command takes as its default would be another's setting."""
    defaults: dict[str, Any] = {}
    for command in COMMANDS:
        for flag in flags(command):
            name = flag.envvar or flag.name
            assert flag.default == defaults.setdefault(name, flag.default), (command, flag.name)


def test_only_what_is_meant_for_one_file_cannot_be_set_in_the_environment() -> None:
    of_one = {"confidence", "correct", "predicted", "calibrator", "temperature", "cross_fit", "names", "each"}
    of_one |= {"test", "sets", "chart"}
    assert of_one == {flag.name for command in COMMANDS for flag in flags(command) if not flag.envvar}


def test_every_word_of_a_choice_is_completed() -> None:
    seen = set()
    for command, kinds in OPTIONS.items():
        context = typer.Context(COMMANDS[command])
        choices = {each.name: each.choices for kind in kinds for each in declared(kind)}
        for flag in flags(command):
            if choices[flag.name]:
                seen.add(flag.name)
                assert list(choices[flag.name]) == [item.value for item in flag.shell_complete(context, "")]
    assert {"smoothing", "kernel", "format", "input_format", "norm", "compat", "score", "by", "kind"} <= seen


def test_every_output_format_has_a_renderer_and_a_suffix() -> None:
    of_no_file = {"github"}  # lines for a runner
    assert set(get_args(OutputFormat)) == {"auto", *FORMATS} == {"auto", *of_no_file, *BY_SUFFIX.values()}


def test_the_fields_of_a_question_come_before_those_of_reading() -> None:
    """The settings of a report stand in this order."""
    names = [each.name for each in declared(EvaluateOptions)]
    assert ["eps", "metrics", "smoothing", "prior"] == names[:4]
    assert names.index("bins") < names.index("weights") < names.index("threads")


def test_explain_has_no_groups() -> None:
    assert None is ExplainOptions(groups=None).groups
    with pytest.raises(UsageError, match="groups: is not an option of this function"):
        ExplainOptions(groups="x")  # type: ignore[arg-type]
    assert not {"groups", "group_by"} & {flag.name for flag in flags("explain")}


def test_nothing_heavy_is_imported() -> None:
    program = [sys.executable, "-X", "importtime", "-c", "import lscli.options"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=True)
    packages = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "lscli" in packages
    assert set() == {"numpy", "typer", "rich", "scipy", "pandas", "torch", "pydantic"} & packages
