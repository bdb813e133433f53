"""Time whole processes in turn, A B A B ...: `python benchmarks/run.py FOLDER [RUNS]`.

FOLDER gets the generated logits (1.2 GB). Each figure is the median of the runs; a ratio is the median of the
ratios of neighbouring runs, which holds when the machine's speed drifts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
# (folder, rows, classes)
SETS = (("small", 10_000, 10), ("wide", 50_000, 1000), ("wide3", 150_000, 1000), ("tall", 5_000_000, 10))
# What is asked for beside the default, against the default itself: (name, folder, rows, classes, options).
MORE = (
    ("intervals of the default metrics", "many", 50_000, 10, ("--ci",)),
    ("class-wise", "wide", 50_000, 1000, ("--metrics", "default,classwise")),
    ("class-wise", "tall", 5_000_000, 10, ("--metrics", "default,classwise")),
    ("class-wise", "huge", 4_000, 50_000, ("--metrics", "default,classwise")),
    ("all metrics", "many", 50_000, 10, ("--metrics", "all")),
    ("intervals of all metrics", "many", 50_000, 10, ("--metrics", "all", "--ci")),
)


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak MiB of one process."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def compare(name: str, command: list[str], other: list[str] | None, runs: int) -> None:
    """Print the medians of one command, and its ratios to another that runs in turn with it."""
    measure(command)
    pairs = [(measure(command), measure(other) if other else (1.0, 1.0)) for _ in range(runs)]
    seconds, peak = (statistics.median(one[i] for one, _ in pairs) for i in (0, 1))
    line = f"{name:52}{seconds:8.3f} s {peak:8.1f} MiB"
    if other:
        others = [statistics.median(two[i] for _, two in pairs) for i in (0, 1)]
        ratios = [statistics.median(one[i] / two[i] for one, two in pairs) for i in (0, 1)]
        line += f"   beside {others[0]:7.3f} s {others[1]:8.1f} MiB   ratio {ratios[0]:.3f} {ratios[1]:.3f}"
    print(line, flush=True)


def main(folder: Path, runs: int) -> None:
    """Make what is missing, then time it."""
    lscli = [str(Path(sys.executable).with_name("lscli"))]
    compare("--help", [*lscli, "--help"], None, runs)
    for name, rows, classes in SETS:
        files = logits_in(folder / name, rows, classes)
        script = [sys.executable, str(HERE / "torch_script.py"), *files, "0.1"]
        compare(f"{name}: {rows:,} x {classes}", [*lscli, "eval", *files, "--eps", "0.1"], script, runs)
    for what, name, rows, classes, options in MORE:
        plain = [*lscli, "eval", *logits_in(folder / name, rows, classes)]
        compare(f"{what}: {rows:,} x {classes}", [*plain, *options], plain, runs)


def logits_in(made: Path, rows: int, classes: int) -> list[str]:
    """The paths of logits and labels in a folder, made if they are missing."""
    if not (made / "logits.npy").exists():
        subprocess.run([sys.executable, HERE / "make_logits.py", str(rows), str(classes), made], check=True)
    return [str(made / "logits.npy"), str(made / "labels.npy")]


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
