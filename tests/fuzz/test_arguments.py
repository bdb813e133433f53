"""Odd arguments of the public functions: a fixed number of calls, and a crash that has to be noticed."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import lscli
from lscli.errors import UsageError
from tests.command import ROOT
from tests.fuzz import arguments
from tests.fuzz.arguments import CALLS, Call, Case, case, crashes

CLASSES = {"Listing", "Report", "SampleTable"}  # made by the functions
ESTIMATORS = {
    name for name in lscli.__all__ if isinstance(getattr(lscli, name), type) and hasattr(getattr(lscli, name), "fit")
}


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_public_function_is_called() -> None:
    public = {name for name in lscli.__all__ if callable(getattr(lscli, name)) and name not in CLASSES | ESTIMATORS}
    errors = {name for name in public if name.endswith(("Error", "Warning"))}
    assert public - errors == CALLS.keys() - {"from_confidences"}
    for name, (function, given) in CALLS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", lscli.LscliWarning)
            function(**given)
        assert given.keys() <= set(CALLS[name].parameters)


def test_a_fixed_number_of_calls_crashes_nowhere() -> None:
    assert [] == [crash.detail for _, crash in crashes(range(1500)).values()]
    assert case(7).odd.keys() == case(7).odd.keys()
    assert 1300 < len({(made.name, *made.odd, *map(id, made.odd.values())) for made in map(case, range(1500))})


def _failing(error: BaseException) -> Call:
    def function(value: object = None) -> Any:
        raise error

    return Call(function, {})


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (TypeError("x"), "TypeError at"),
        (KeyError("x"), "KeyError at"),
        (UsageError("x"), "WrongError at"),
        (UsageError("x", "say --kind probs"), "WrongError at"),
        (UsageError("x", "say\nso"), "WrongError at"),
    ],
)
def test_a_function_with_a_bug_is_caught(monkeypatch: pytest.MonkeyPatch, error: BaseException, says: str) -> None:
    monkeypatch.setattr(arguments, "CALLS", {"odd": _failing(error)})
    monkeypatch.setattr(arguments, "case", lambda seed: Case("odd", {}))
    assert [says] == [what[: len(says)] for what in crashes(range(3))]


def test_the_command_says_how_many_calls_crashed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == arguments.main(["--seeds", "5:25"])
    assert "20 calls, 0 kinds of crash\n" == capsys.readouterr().out
    monkeypatch.setattr(arguments, "case", lambda seed: Case("odd", {}))
    monkeypatch.setattr(arguments, "CALLS", {"odd": _failing(KeyError("x"))})
    assert 1 == arguments.main(["--seeds", "5:25"])
    assert "20 calls, 1 kinds of crash\n" in capsys.readouterr().out
