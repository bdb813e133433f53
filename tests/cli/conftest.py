"""Fixtures of the command line's tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from lscli.cli.main import main
from tests.cli.inprocess import Answer, Run


@pytest.fixture(autouse=True)
def _keep_sigterm() -> Iterator[None]:
    """`main` takes SIGTERM over, as a process of its own may."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Run lscli in this process: its exit code and what it wrote."""

    def run_here(*arguments: object) -> Answer:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Answer(int(code), *capfd.readouterr())

    return run_here
