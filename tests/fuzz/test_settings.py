"""Options and `[tool.lscli]` with odd values: a short run of both, and a bug that is noticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lscli.cli.main import COMMANDS
from tests.fuzz.contract import WrongError
from tests.fuzz.run import fuzz
from tests.fuzz.settings import OPTIONS, opened


@pytest.mark.parametrize(("kind", "count"), [("options", 150), ("pyproject", 60)])
def test_a_short_run_crashes_nowhere(kind: str, count: int) -> None:
    with opened(kind) as target:
        result = fuzz(target, kind, range(count))
    assert [] == [found.crash.detail for found in result.found]
    assert count == result.inputs


def test_every_command_with_options_is_fuzzed() -> None:
    assert set(COMMANDS) - {"metrics"} == set(OPTIONS)


def test_a_bug_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("lscli.cli.run_command.run_command", broken)
    with opened("options") as target, pytest.raises(WrongError, match="exit code 70"):
        target(json.dumps(["inspect", str(Path("x.npy"))]).encode())
