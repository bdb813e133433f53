"""lscli in a process of its own, with what it took of time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.command import command

# Started from a small process: a child is charged with what its parent held when it was forked.
_MEASURE = """
import ctypes, json, os, resource, subprocess, sys
report, ordinary, *command = sys.argv[1:]
def rights():
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH: root reads everything without asking
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
done = subprocess.run(command, preexec_fn=rights if ordinary == "True" else None)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(report, "w") as file:
    json.dump([done.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024], file)
"""


class Outcome(NamedTuple):
    """What a run came to: exit code, streams as lines, processor seconds and peak memory in bytes."""

    code: int
    out: str
    err: list[str]
    seconds: float
    memory: int


def run(arguments: Sequence[object], report: Path, *, ordinary_user: bool = False) -> Outcome:
    """Run lscli; `report` is a path for the measurement."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, str(report), str(ordinary_user), *command(arguments)],
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    code, seconds, memory = json.loads(report.read_text())
    return Outcome(code, done.stdout.decode(), done.stderr.decode().splitlines(), seconds, memory)
