"""The one file that reaches under Typer's public interface, against the Typer that is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from inspect import ismodule
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from lscli.cli import main, typer_converters
from lscli.cli.main import app
from lscli.cli.typer_converters import PlainCommand
from tests.cli.inprocess import Run, assert_refused
from tests.command import LABELS, LOGITS

PROGRAM = """
import sys
from lscli.cli.main import main
code = main(sys.argv[1:])
print(*sorted({"pydantic", "pydantic_core"} & sys.modules.keys()), file=sys.stderr)
raise SystemExit(code)
"""


@pytest.fixture
def without_converters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Typer converts every value."""
    monkeypatch.setattr(typer_converters, "_CONVERTERS", {})


def made(**seen: Any) -> tuple[typer.Typer, dict[str, Any]]:
    """A command with a parameter of each kind, and what its function gets."""
    small = typer.Typer(pretty_exceptions_enable=False)

    @small.command(cls=PlainCommand)
    def command(
        text: str = "x",
        whole: int = 1,
        share: float = 0.5,
        flag: Annotated[bool, typer.Option("--flag")] = False,
        several: Annotated[list[str] | None, typer.Option()] = None,
        path: Path = Path("a"),
    ) -> None:
        seen.update(text=text, whole=whole, share=share, flag=flag, several=several, path=path)

    return small, seen


def test_every_parameter_of_every_command_is_converted_here() -> None:
    group: Any = get_command(app)
    contexts = [(command, typer.Context(command)) for command in (group, *group.commands.values())]
    parameters = [(command, p) for command, context in contexts for p in command.get_params(context)]
    assert len(parameters) > 100
    left = [
        (command.name, p.name)
        for command, p in parameters
        if not isinstance(p.get_runtime_param(), typer_converters._Converter)
    ]
    # Typer's own, which take no value.
    assert {"help", "help_all", "install_completion", "show_completion"} >= {name for _, name in left}


def test_a_run_imports_no_pydantic() -> None:
    arguments = ("eval", LOGITS, LABELS, "--eps", "0.1", "--threads", "1", "--level", "0.9", "--ci", "--bootstrap", "2")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=True
    )
    assert "\n" == done.stderr
    assert done.stdout.startswith("source,group,metric")


@pytest.mark.parametrize("converters", ["ours", "Typer's"])
def test_texts_numbers_flags_and_lists_are_converted(converters: str, request: pytest.FixtureRequest) -> None:
    if converters == "Typer's":
        request.getfixturevalue("without_converters")
    small, seen = made()
    arguments = ["--text", "3", "--whole", "-4", "--share", "1e-3", "--flag", "--several", "a", "--several", "1"]
    assert 0 == CliRunner().invoke(small, [*arguments, "--path", "b"]).exit_code
    expected = {"text": "3", "whole": -4, "share": 1e-3, "flag": True, "several": ["a", "1"], "path": Path("b")}
    assert expected == seen
    assert {name: type(value) for name, value in expected.items()} == {n: type(v) for n, v in seen.items()}


def test_without_values_the_function_gets_the_defaults() -> None:
    small, seen = made()
    assert 0 == CliRunner().invoke(small, []).exit_code
    assert ("x", 1, 0.5, False, Path("a")) == tuple(seen[n] for n in ("text", "whole", "share", "flag", "path"))
    assert not seen["several"]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--threads", "x", "Invalid value for '--threads': 'x' is not a whole number"),
        ("--threads", "1.5", "Invalid value for '--threads': '1.5' is not a whole number"),
        ("--level", "x", "Invalid value for '--level': 'x' is not a number"),
        ("--ignore-index", "", "Invalid value for '--ignore-index': '' is not a whole number"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_right_one(run: Run, option: str, value: str, words: str) -> None:
    assert_refused(run("eval", LOGITS, LABELS, option, value), 2, words, "see lscli eval --help-all")


@pytest.mark.usefixtures("without_converters")
def test_commands_work_through_typer_s_own_conversion(run: Run) -> None:
    arguments = ("eval", LOGITS, LABELS, "-m", "ece,loss_smoothed", "--eps", "0.1,0.2", "--threads", 1, "--level", 0.9)
    answer = run(*arguments, "--ci", "--bootstrap", 3)
    assert (0, "") == (answer.code, answer.err)
    assert 4 == answer.out.count("\n")
    assert_refused(run("eval", LOGITS, LABELS, "--threads", "x"), 2, "--threads")
    assert_refused(run("eval", LOGITS, LABELS, "--threads", "0"), 2, "threads: must be at least 1, got 0")
    assert 0 == run("--version").code


def test_parameters_without_the_private_attributes_are_left_to_typer() -> None:
    bare = SimpleNamespace(name="x")
    of_other_type = SimpleNamespace(type_descriptor=SimpleNamespace(), get_runtime_param=None)
    assert [bare, of_other_type] == typer_converters._plain([bare, of_other_type])
    assert {"name": "x"} == vars(bare)
    assert None is of_other_type.get_runtime_param


def test_the_other_files_use_only_names_that_typer_exports() -> None:
    exported = {name for name, value in vars(typer).items() if not name.startswith("_") and not ismodule(value)}
    for path in Path(typer_converters.__file__).parent.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"\btyper\.(\w+)", text)) <= (
            exported | {"core", "completion", "main"} if "converters" in path.name else exported
        )
        assert path.name == "typer_converters.py" or "from typer" not in text, path


def test_a_run_makes_the_options_of_its_own_command_alone(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a pyproject.toml may set options of every command
    made: list[str] = []
    add = main._add

    def noted(app: typer.Typer, name: str) -> None:
        made.append(name)
        add(app, name)

    monkeypatch.setattr(main, "_add", noted)
    assert 0 == run("metrics").code
    assert ["metrics"] == made
    assert 0 == run("--help").code
    assert {*main.COMMANDS} <= {*made}
