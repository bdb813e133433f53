"""kill -9 at any call of a run that writes: the old file or the new one is there, and the next run works."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.command import ROOT


def test_a_killed_run_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    arguments = ["smooth", "--label", "1", "--classes", "4"]
    program = [sys.executable, "-m", "tests.faults.killed", str(tmp_path), *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=True, cwd=ROOT)
    *deaths, last = json.loads(done.stdout)
    assert (0, "new", ["out.csv"]) == (last["code"], last["state"], last["beside"])
    assert {-signal.SIGKILL} == {death["code"] for death in deaths}
    # The old file until it is replaced, then the new one.
    states = [death["state"] for death in deaths]
    assert ["old"] * states.count("old") + ["new"] * states.count("new") == states
    assert 10 < states.count("old")
    assert 0 < states.count("new")
    left = [death["beside"] for death in deaths if len(death["beside"]) > 1]
    assert 5 < len(left)  # otherwise nothing is tested: these are the temporary files
    assert all(name == "out.csv" or name.startswith(".lscli-") for names in left for name in names)
    # The next run writes its answer, and removes nothing that is not its own.
    assert [] == [death for death in deaths if (death["again"], death["then"]) != (0, death["beside"])]
