"""A run that is killed at its n-th call: forked from a process that has lscli loaded, since a start takes a while.

As a program: `python -m tests.faults.killed FOLDER ARGUMENTS...` runs lscli with these and `-o FOLDER/out.csv`, killed
at the first call on the way out, at the second, and so on until a run is done. Prints a JSON list of what was there
after each: the exit code, the output's state, the files in the folder, and those after one more run.
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
# Where the calls on the way out are made.
_FILES = ("lscli/cli/output.py", "lscli/io/output.py")


def forked(arguments: list[str], kill_at: int | None = None) -> int:
    """The status of a run in a process of its own."""
    pid = os.fork()
    if pid == 0:
        if kill_at is not None:
            sys.setprofile(_Killer(kill_at))
        os._exit(main(arguments))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class _Killer:
    """Counts calls into C from where the answer is rendered and written, and kills the process at one of them."""

    def __init__(self, at: int) -> None:
        self._left = at

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        # A call begins, or has returned: between the two lies what it does.
        if event in ("c_call", "c_return") and frame.f_code.co_filename.endswith(_FILES):
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)


def deaths(folder: Path, arguments: list[str]) -> list[dict[str, Any]]:
    """What was there after each death, and at last after a run that was not killed."""
    output = folder / "out.csv"
    arguments = [*arguments, "-o", str(output)]
    main(arguments)  # here, so that everything is loaded
    new, code = output.read_bytes(), -signal.SIGKILL
    found: list[dict[str, Any]] = []
    while code == -signal.SIGKILL:
        output.write_text(OLD)
        code = forked(arguments, len(found))
        data, beside = output.read_bytes(), os.listdir(folder)
        state = {OLD.encode(): "old", new: "new"}.get(data, "mixed")
        again = forked(arguments) if len(beside) > 1 else 0
        found.append({"code": code, "state": state, "beside": beside, "again": again, "then": os.listdir(folder)})
        for name in set(beside) - {output.name}:
            (folder / name).unlink()
    return found


if __name__ == "__main__":
    print(json.dumps(deaths(Path(sys.argv[1]), sys.argv[2:])))
