"""Every hint here is followed on the input that caused it: then the number is right, or the next error is true."""

from __future__ import annotations

import csv
import io
import re
from functools import cache
from pathlib import Path

import pytest
from typer.main import get_command

from lscli.cli.main import COMMANDS, app
from tests.cli.inprocess import Answer, Run
from tests.hints import (
    calibrators,
    calls,
    charts,
    commands,
    compare_output,
    confidences,
    conformal,
    ensembles,
    files,
    formats,
    kinds,
    labels,
    limits,
    models,
    named_columns,
    ood,
    plots,
    recalibration,
    saved_reports,
    shapes,
    tables,
    threshold_files,
    thresholds,
    topk,
    warned,
    zeros,
)
from tests.hints.case import Hint
from tests.hints.literals import HUMAN, Literal, literals

CASES = [
    *labels.CASES,
    *kinds.CASES,
    *files.CASES,
    *formats.CASES,
    *tables.CASES,
    *shapes.CASES,
    *commands.CASES,
    *compare_output.CASES,
    *conformal.CASES,
    *topk.CASES,
    *ensembles.CASES,
    *confidences.CASES,
    *named_columns.CASES,
    *warned.CASES,
    *recalibration.CASES,
    *saved_reports.CASES,
    *calibrators.CASES,
    *zeros.CASES,
    *models.CASES,
    *limits.CASES,
    *charts.CASES,
    *ood.CASES,
    *plots.CASES,
    *threshold_files.CASES,
    *thresholds.CASES,
]
pytestmark = pytest.mark.filterwarnings(
    "ignore:The PyTorch API of nested tensors", "ignore:torch.quantize_per_tensor", "ignore:.*TypedStorage"
)
# What a command said on stderr, by the name of its case: the test of completeness reads what the others ran.
SAID: dict[str, str] = {}


@cache
def _flags(command: str) -> set[str]:
    """The flags of a command."""
    own = get_command(app).commands[command]  # type: ignore[attr-defined]
    return {flag for option in own.params for flag in option.opts}


def _asked(run: Run, arguments: list[object], *, quiet: bool) -> Answer:
    command, *rest = arguments
    if {"--help", "--help-all"} & {*arguments}:
        return run(*arguments)
    metric = "loss_hard" if "--soft-labels" in rest else "accuracy"
    metrics = ["-m", metric] if command == "eval" and not {"-m", "--metrics"} & {*rest} else []
    return run(command, "-f", "csv", *metrics, *(["--quiet"] if quiet and command != "metrics" else []), *rest)


def _first(case: Hint, run: Run, folder: Path) -> tuple[list[object], Answer]:
    """Run the command of a case; return its arguments, and the answer."""
    arguments = [*case.make(folder)]
    answer = _asked(run, arguments, quiet=case.code != 0)
    SAID[case.name] = answer.err
    return arguments, answer


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hint_that_is_followed_does_not_make_it_worse(
    case: Hint, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in case.patches.items():
        monkeypatch.setattr(name, value)
    arguments, answer = _first(case, run, tmp_path)
    if case.code:
        error, hint = answer.err.splitlines()
        assert (case.code, "") == (answer.code, answer.out)
    else:
        error = hint = answer.err
        assert (0, 1) == (answer.code, len(answer.err.splitlines())), answer.err
    assert case.says in error
    assert case.hint in hint
    assert [] == [words for words in case.never if words in hint]
    named = [str(arguments[0]), *re.findall("lscli ([a-z]+)", hint)]
    known = {"--help", "--help-all"} | {flag for name in named if name in COMMANDS for flag in _flags(name)}
    assert [] == [flag for flag in re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*(?!\w)", hint) if flag not in known]
    if case.follow is None:
        return
    if isinstance(case.follow, str):
        assert case.follow in hint
        arguments += case.follow.split()
    else:
        arguments = [*case.follow(tmp_path)]
    answer = _asked(run, arguments, quiet=case.code != 0)
    if case.prints:
        assert (0, "") == (answer.code, answer.err)
        assert case.prints in answer.out
        return
    if case.accuracy is None:
        assert (case.again_code, "") == (answer.code, answer.out)
        assert case.again in answer.err
        return
    assert (0, "") == (answer.code, answer.err)
    rows = csv.DictReader(io.StringIO(answer.out, newline=""))
    first = next(row for row in rows if row["metric"] == "accuracy")
    assert case.accuracy == pytest.approx(float(first["value"]), rel=1e-12)


def test_names_are_distinct() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len({*names})


def test_every_hint_that_names_something_to_type_is_followed(run: Run, tmp_path: Path) -> None:
    for number, case in enumerate(CASES):
        if case.name not in SAID:
            folder = tmp_path / str(number)
            folder.mkdir()
            with pytest.MonkeyPatch.context() as patched:
                for name, value in case.patches.items():
                    patched.setattr(name, value)
                _first(case, run, folder)
    followed = [SAID[case.name] for case in CASES if case.follow is not None]
    said = "\n".join([*followed, *(case.hint for case in calls.CASES)])
    missing = [each for each in literals() if each.text not in HUMAN and not each.pattern.search(said)]
    assert [] == missing, "\n".join(map(str, missing))


def test_hints_for_people_are_still_in_the_code() -> None:
    there = {each.text for each in literals()}
    assert [] == [text for text in HUMAN if text not in there]


def test_a_literal_is_found_in_the_text_that_it_makes() -> None:
    assert Literal("a.py:1", "say --class-axis {}, or save {}").pattern.search("hint: say --class-axis 1, or save x.T")
