"""Every hint here is followed on the input that caused it: then the number is right, or the next error is true."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from tests.cli.inprocess import Answer, Run
from tests.hints import files, kinds, labels
from tests.hints.case import Hint

CASES = [*labels.CASES, *kinds.CASES, *files.CASES]


def _asked(run: Run, arguments: list[object]) -> Answer:
    metric = "loss_hard" if "--soft-labels" in arguments else "accuracy"
    metrics = ["-m", metric] if arguments[0] == "eval" else []
    return run(*arguments, *metrics, "-f", "csv", "--quiet")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hint_that_is_followed_does_not_make_it_worse(case: Hint, run: Run, tmp_path: Path) -> None:
    arguments = [*case.make(tmp_path)]
    answer = _asked(run, arguments)
    error, hint = answer.err.splitlines()
    assert (case.code, "") == (answer.code, answer.out)
    assert case.says in error
    assert case.hint in hint
    assert [] == [words for words in case.never if words in hint]
    if case.follow is None:
        return
    if isinstance(case.follow, str):
        assert case.follow in hint
        arguments += case.follow.split()
    else:
        arguments = [*case.follow(tmp_path)]
    answer = _asked(run, arguments)
    if case.accuracy is None:
        assert (3, "") == (answer.code, answer.out)
        assert case.again in answer.err
        return
    assert (0, "") == (answer.code, answer.err)
    rows = csv.DictReader(io.StringIO(answer.out, newline=""))
    first = next(row for row in rows if row["metric"] == "accuracy")
    assert case.accuracy == pytest.approx(float(first["value"]), rel=1e-12)


def test_names_are_distinct() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len({*names})
