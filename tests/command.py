"""Run lscli in a process of its own, as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_data"
LOGITS, LABELS = str(SAMPLE / "logits.npy"), str(SAMPLE / "labels.npy")


def lscli(
    *arguments: object, env: Mapping[str, str] | None = None, text: bool = True, **options: Any
) -> subprocess.CompletedProcess[Any]:
    """Run lscli with these arguments, and return its exit code and streams; never raise."""
    return subprocess.run(
        command(arguments),
        capture_output=not {"stdout", "stderr"} & options.keys(),
        text=text,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=False,
        **options,
    )


def command(arguments: Sequence[object]) -> list[str]:
    """The command line of lscli under this interpreter; Python warnings are errors, lscli prints its own."""
    return [sys.executable, "-W", "error", "-m", "lscli", *map(str, arguments)]
