"""Kill a run at its n-th call. Runs are forked from a process that has lscli loaded, which saves the start-up.

`python -m tests.faults.killed FOLDER ARGUMENTS...` runs lscli with these arguments and `-o FOLDER/out.csv`. The first
run is killed at the first call while it writes, the next at the second, and so on until a run ends by itself. Prints a
JSON list with one entry a run: the exit code, the state of the output, the files in the folder, and the files after one
more run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from lscli.cli.main import main

OLD = "old\n"
# The calls that write the output are made here.
_FILE = "lscli/cli/output.py"


def forked(arguments: list[str], kill_at: int | None = None) -> int:
    """Run lscli in a forked process; return its exit code."""
    pid = os.fork()
    if pid == 0:
        if kill_at is not None:
            sys.setprofile(_Killer(kill_at))
        os._exit(main(arguments))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class _Killer:
    """Count the calls into C while the output is written, and kill the process at one of them."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        # Both before a call and after it.
        if event in ("c_call", "c_return") and frame.f_code.co_filename.endswith(_FILE):
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


def deaths(folder: Path, arguments: list[str]) -> list[dict[str, Any]]:
    """Describe what each killed run left, and last what a whole run left."""
    output = folder / "out.csv"
    arguments = [*arguments, "-o", str(output)]
    main(arguments)  # in this process, to load all modules
    new, code = output.read_bytes(), -signal.SIGKILL
    found: list[dict[str, Any]] = []
    while code == -signal.SIGKILL:
        output.write_text(OLD)
        code = forked(arguments, len(found))
        data, beside = output.read_bytes(), os.listdir(folder)
        state = {OLD.encode(): "old", new: "new"}.get(data, "mixed")
        again = forked(arguments) if len(beside) > 1 else 0
        found.append({"code": code, "state": state, "beside": beside, "again": again, "then": os.listdir(folder)})
    return found


if __name__ == "__main__":
    print(json.dumps(deaths(Path(sys.argv[1]), sys.argv[2:])))
