"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest

from lscli.cli.main import main
from tests.cli.inprocess import Answer, Run


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs lscli in this process and returns its exit code and streams."""

    def run_here(*arguments: object) -> Answer:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Answer(int(code), *capfd.readouterr())

    return run_here
