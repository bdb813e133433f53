"""Fixtures and settings that all tests share."""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# The first draw of a text in a fresh checkout builds Hypothesis's table of characters, for over a second, and a busy
# machine is slow at any time. Neither says anything about a test.
settings.register_profile("lscli", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lscli")
# Typer forces ANSI sequences in help where it sees a CI's environment. It reads this variable when it is imported.
os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
# The threads of numpy and torch wait for each other in busy loops: beside other work on the machine, an operation on
# small arrays then takes a hundred times as long. Both libraries read these when they are imported.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
# Without bytecode each of some three hundred processes that tests start would compile lscli again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# The defaults of the person who runs the tests must not reach them.
for _name in [name for name in os.environ if name.startswith("LSCLI_")]:
    del os.environ[_name]
for _name in ("FORCE_COLOR", "NO_COLOR", "MPLBACKEND"):
    os.environ.pop(_name, None)
# A shell starts a job in the background with SIGINT ignored, and so would be every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _width() -> None:
    """Forget the width that pytest-xdist gives its workers, which tables in a pipe would have."""
    os.environ.pop("COLUMNS", None)


@pytest.fixture(scope="module", autouse=True)
def _freeze() -> None:
    """Exempt what is loaded by now from garbage collection.

    With torch and thousands of test items in memory, a full collection takes 0.15 s, and every test that counts open
    files collects first.
    """
    gc.collect()
    gc.freeze()
