"""Every command is documented, and its examples run."""

from __future__ import annotations

import inspect
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main

from lscli.cli.main import COMMANDS, app
from tests.cli.inprocess import Run
from tests.command import ROOT, lscli

NAMES = sorted(COMMANDS)


def parameters(command: str) -> list[Any]:
    """Arguments and options of a command, but for --help."""
    group: Any = typer.main.get_command(app)
    return [parameter for parameter in group.commands[command].params if parameter.name != "help"]


def words(text: str) -> str:
    """The text without frames, on one line."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("command", NAMES)
def test_help_begins_with_the_summary_and_two_examples(run: Run, command: str) -> None:
    function, examples, _ = COMMANDS[command]
    for asked in ("--help", "--help-all"):
        answer = run(command, asked)
        assert (0, "") == (answer.code, answer.err)
        summary = " ".join((function.__doc__ or "").partition("\n\n")[0].split())
        text = " ".join(answer.out.split())
        assert f"{summary} Examples: {' '.join(examples)} " in text
    assert 2 == len(examples)
    assert [] == [part for part in (function.__doc__ or "").split("\n\n") if " ".join(part.split()) not in text]


@pytest.mark.parametrize("width", ["60", "80", "120"])
@pytest.mark.parametrize("command", NAMES)
def test_an_example_is_on_one_line_whatever_the_width(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: str, width: str
) -> None:
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", int(width))
    lines = [line.strip() for line in run(command, "--help").out.splitlines()]
    assert [] == [example for example in COMMANDS[command][1] if example not in lines]
    assert max(map(len, lines)) <= int(width)


def test_an_example_is_on_one_line_without_rich() -> None:
    lines = [line.strip() for line in lscli("eval", "--help", env={"TYPER_USE_RICH": "0"}).stdout.splitlines()]
    first = lines.index("Examples:")
    assert COMMANDS["eval"][1] == tuple(lines[first + 1 : first + 3])


@pytest.mark.parametrize("command", NAMES)
def test_help_shows_the_common_options_and_then_names_the_option_that_shows_all(run: Run, command: str) -> None:
    *_, common = COMMANDS[command]
    assert 0 < len(common) <= 10
    known = [flag for parameter in parameters(command) for flag in parameter.opts if flag.startswith("--")]
    lines = run(command, "--help").out.rstrip().splitlines()
    shown = [line.split()[1] for line in lines if line.startswith("│ --")]
    assert [f"--{name}" for name in common] == shown
    assert f"lscli {command} --help-all shows all options." == lines[-1].strip()
    every = [line.split()[1] for line in run(command, "--help-all").out.splitlines() if line.startswith("│ --")]
    assert sorted([*known, "--help", "--help-all"]) == sorted(every)


@pytest.mark.parametrize("command", NAMES)
def test_help_begins_with_a_summary_of_one_sentence(run: Run, command: str) -> None:
    summary, blank, *_ = [*inspect.cleandoc(COMMANDS[command][0].__doc__ or "").split("\n"), ""]
    assert "" == blank
    assert (".", 1) == (summary[-1], summary.count("."))
    assert summary in words(run("--help").out)


@pytest.mark.parametrize("command", NAMES)
def test_the_short_option_gives_the_same_help(run: Run, command: str) -> None:
    assert run(command, "--help") == run(command, "-h")


def test_lscli_itself_has_one_help(run: Run) -> None:
    answer = run("--help-all")
    assert (2, "") == (answer.code, answer.out)
    assert "as in lscli eval --help-all" in answer.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the examples name."""
    sample = ROOT / "sample_data"
    logits, labels = np.load(sample / "logits.npy"), np.load(sample / "labels.npy")
    for name in ("logits", "a", "old"):
        np.save(tmp_path / f"{name}.npy", logits)
    for name in ("b", "new"):
        np.save(tmp_path / f"{name}.npy", np.load(sample / "logits_smoothed.npy"))
    np.save(tmp_path / "labels.npy", labels)
    np.save(tmp_path / "other.npy", np.load(sample / "ood.npy"))
    for name in ("val", "test", "run"):
        np.savez(tmp_path / f"{name}.npz", **np.load(sample / f"{'test' if name == 'run' else name}.npz"))
    (tmp_path / "cal.json").write_bytes((sample / "calibrator.json").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("example", [example for name in NAMES for example in COMMANDS[name][1]])
def test_an_example_runs_in_a_folder_that_has_its_files(run: Run, folder: Path, example: str) -> None:
    program, *arguments = example.split(" ")  # as every shell splits it: nothing is quoted
    assert arguments == shlex.split(example)[1:]
    written = folder / arguments[arguments.index("-o") + 1] if "-o" in arguments else None
    before = written and written.exists() and written.stat().st_mtime_ns
    answer = run(*arguments)
    assert ("lscli", 0, "") == (program, answer.code, answer.err)
    if written:
        assert written.stat().st_mtime_ns != before
    assert answer.out.count("\n") > 1 or written


@pytest.mark.parametrize("command", NAMES)
def test_help_explains_every_argument_and_option(run: Run, command: str) -> None:
    text = words(run(command, "--help-all").out)
    for parameter in parameters(command):
        assert parameter.help, f"{command} {parameter.name} is not explained"
        assert parameter.help in text
        if parameter.param_type_name == "option":
            assert [] == [name for name in parameter.opts if name not in text]


@pytest.mark.parametrize("command", NAMES)
def test_every_option_can_be_set_in_the_environment_but_those_that_describe_one_file(command: str) -> None:
    options = [parameter for parameter in parameters(command) if parameter.param_type_name == "option"]
    of_one = {"confidence", "correct", "predicted", "calibrator", "temperature", "names", "each"}
    of_one |= {"test", "sets", "chart"}
    of_one |= {"cross_fit"} if command != "fit" else set()  # where it is a flag
    assert {None} >= {p.envvar for p in options if p.name in of_one}
    options = [p for p in options if p.name not in of_one]
    own = {("classes", "metrics"), ("fit", "cross_fit"), ("explain", "eps"), ("smooth", "eps"), ("sweep", "eps")}
    own |= {("recalibrate", "metrics"), ("compare", "metrics"), ("compare", "sort")}
    own |= {("check", name) for name in ("max", "min", "max_rise", "max_drop", "baseline", "threshold", "strict")}
    own |= {("threshold", name) for name in ("max_error", "min_accuracy", "coverage", "per_class", "output")}
    own |= {("report", "output"), ("conformal", "method"), ("ood", "score"), ("plot", "max_error")}
    expected = {p.name: f"{command}_{p.name}" if (command, p.name) in own else p.name for p in options}
    if command != "smooth" and "classes" in expected:  # which is of top-k log-probabilities alone
        expected["classes"] = "topk_num_classes"
    if command in ("fit", "recalibrate"):  # whose output is a calibrator
        expected["output"] = "calibrator_output"
    assert {name: f"LSCLI_{key.upper()}" for name, key in expected.items()} == {p.name: p.envvar for p in options}


def test_help_says_where_defaults_come_from_and_lists_the_exit_codes(run: Run) -> None:
    text = words(run("--help").out)
    assert "LSCLI_EPS" in text
    assert "[tool.lscli] eps = 0.1" in text
    codes = (
        "0 done, 1 check, compare or threshold said no, 2 wrong usage, 3 unusable input, 4 reading or writing failed"
    )
    assert codes in text


def test_an_option_of_eval_is_named_as_the_keyword_of_evaluate() -> None:
    options = [parameter for parameter in parameters("eval") if parameter.param_type_name == "option"]
    assert {p.name: f"--{p.name.replace('_', '-')}" for p in options} == {p.name: p.opts[0] for p in options}


def test_metrics_lists_every_metric_once(run: Run) -> None:
    from lscli.metrics.catalogue import METRICS

    lines = run("metrics", "-f", "csv").out.splitlines()
    assert "id,family,default,interval,definition,better" == lines[0]
    assert list(METRICS) == [line.partition(",")[0] for line in lines[1:]]


def test_the_version_is_one_line(run: Run) -> None:
    from lscli import __version__

    assert (0, f"lscli {__version__}\n", "") == run("--version")
