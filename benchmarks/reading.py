"""How long reading a file takes, against the library that wrote it loading the same array; in turn, in one process.

    python benchmarks/reading.py [--rows 50000] [--classes 1000] [--rounds 9]

numpy and safetensors leave the array in memory; lscli hands its rows out, a chunk at a time, and proves them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from lscli.io.open import open_inputs

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 4 << 20


def written(folder: Path, rows: int, classes: int) -> dict[str, tuple[Path, Callable[[Path], object]]]:
    """The same logits in every format that is read in place, and how its own library loads them."""
    logits = np.random.default_rng(0).standard_normal((rows, classes), dtype=np.float32)
    labels = np.zeros(rows, np.int64)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "logits.npy", logits)
    np.savez(folder / "logits.npz", logits=logits)
    save_file({"logits": logits}, folder / "logits.safetensors")
    return {
        ".npy": (folder / "logits.npy", np.load),
        ".npz": (folder / "logits.npz", lambda path: np.load(path)["logits"]),
        ".safetensors": (folder / "logits.safetensors", lambda path: load_file(path)["logits"]),
    }


def read(path: Path, labels: Path) -> None:
    """Every row, once, as a pass over them does."""
    logits, _ = open_inputs(path, labels)
    rows, classes = logits.shape
    step = max(1, CHUNK // (classes * logits.storage.itemsize))
    buffer = np.empty((step, classes), logits.storage)
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        logits.read(start, stop, buffer[: stop - start])
    logits.check_unchanged()
    logits.verify()
    logits.close()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("format        library  lscli   ratio (median of the rounds' own; least and most)")
        for suffix, (path, load) in written(folder, given.rows, given.classes).items():
            ours_of = partial(read, path, folder / "labels.npy")
            pairs = [(seconds(partial(load, path)), seconds(ours_of)) for _ in range(given.rounds + 1)]
            theirs, ours = zip(*pairs[1:], strict=True)  # the first fills the cache
            ratios = sorted(b / a for a, b in zip(theirs, ours, strict=True))
            print(
                f"{suffix:12}  {statistics.median(theirs):6.3f}  {statistics.median(ours):6.3f}  "
                f"{statistics.median(ratios):5.2f}  ({ratios[0]:.2f} .. {ratios[-1]:.2f})"
            )


if __name__ == "__main__":
    main()
