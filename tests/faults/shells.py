"""lscli under a shell's limits and settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Any

from tests.command import ROOT, command

BUGS = (b"Traceback", b"a bug in lscli")


def under(setting: str, arguments: Sequence[object], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run lscli after a shell's commands, such as `ulimit -v 100000`, from any folder."""
    return subprocess.run(
        ["/bin/sh", "-c", f'{setting}\nexec "$@"', "sh", *command(arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        timeout=120,
        check=False,
        **options,
    )


def assert_two_lines(errors: str) -> None:
    """Assert that stderr has one line that says what is wrong, and a hint."""
    lines = errors.splitlines()
    assert 2 == len(lines), errors
    assert ["lscli: ", "hint: "] == [lines[0][:7], lines[1][:6]], errors
