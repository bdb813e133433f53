"""lscli in a process of its own, with its time and memory measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cli.inprocess import Answer
from tests.command import command

# A small process starts lscli, since the peak of a child includes what its parent held when it was forked. lscli has an
# ordinary user's rights to files, even if the tests are run by root.
_MEASURE = """
import ctypes, json, resource, subprocess, sys
report, *command = sys.argv[1:]
def drop_rights():
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
done = subprocess.run(command, preexec_fn=drop_rights)
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(report, "w") as file:
    json.dump([done.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024], file)
"""


class Measured(NamedTuple):
    """The answer of a process, with its processor time in seconds and its peak memory in bytes."""

    answer: Answer
    seconds: float
    memory: int


def measured(arguments: Sequence[object], report: Path) -> Measured:
    """Run lscli; the measurement is passed on in the file `report`."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", _MEASURE, str(report), *command(arguments)],
        capture_output=True,
        timeout=120,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    code, seconds, memory = json.loads(report.read_text())
    return Measured(Answer(code, done.stdout.decode(), done.stderr.decode()), seconds, memory)
