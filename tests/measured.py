"""lscli in a process of its own, with its time and memory measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from tests.command import ROOT, command

# A small process starts lscli, since the peak of a child includes what its parent held when it was forked. lscli has an
# ordinary user's rights to files, even if the tests are run by root.
_MEASURE = """
import ctypes, json, os, resource, subprocess, sys
report, *command = sys.argv[1:]
def drop_rights():
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)
code = subprocess.run(command, preexec_fn=drop_rights).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(int(report), json.dumps([code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024]).encode())
"""


class Measured(NamedTuple):
    """What a process returned and wrote, with its processor time in seconds and its peak memory in bytes."""

    code: int
    out: bytes
    err: str
    seconds: float
    memory: int


def measured(arguments: Sequence[object], *, close_after: int | None = None) -> Measured:
    """Run lscli; its stdout is closed after so many bytes, if they are given."""
    reading, writing = os.pipe()
    with (
        open(reading, encoding="ascii") as report,
        subprocess.Popen(
            [sys.executable, "-S", "-c", _MEASURE, str(writing), *command(arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[writing],
            cwd=ROOT,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        ) as process,
    ):
        os.close(writing)
        assert process.stdout is not None
        assert process.stderr is not None
        if close_after is None:
            out, err = process.communicate(timeout=120)
        else:
            out = process.stdout.read(close_after)
            process.stdout.close()
            err = process.stderr.read()
        code, seconds, memory = json.loads(report.read())
    return Measured(code, out, err.decode(), seconds, memory)
