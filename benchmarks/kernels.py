"""Time the wide pass alone, by kernel, device and shape: `python benchmarks/kernels.py`.

Arrays are in memory, so that nothing is read; nanoseconds an element, the best of five, all processors.
"""

from __future__ import annotations

import time

import numpy as np
import torch

from lscli.io.open import open_inputs
from lscli.kernels.rowstate import COLUMNS
from lscli.options import Kernel, ReadingOptions
from lscli.scan.scan import scan

SHAPES = ((2_000_000, 10), (200_000, 100), (20_000, 1000), (600, 32_000))


def main() -> None:
    """Print a line a shape."""
    devices = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    for name in devices:
        print(name, torch.cuda.get_device_name(name))
    rng = np.random.default_rng(0)
    for rows, classes in SHAPES:
        logits = 2 * rng.standard_normal((rows, classes), dtype=np.float32)
        labels = rng.integers(0, classes, rows)
        line = f"{rows:>9,} x {classes:<6}"
        runs: list[tuple[Kernel, str]] = [("numpy", "cpu"), ("torch", "cpu"), *(("torch", name) for name in devices)]
        for kernel, device in runs:
            opened, truth = open_inputs(logits, labels)
            label = truth.checked(classes, -100).label
            seconds = []
            for _ in range(5):
                start = time.perf_counter()
                scan(opened, label, COLUMNS, ReadingOptions(kernel=kernel, device=device))
                seconds.append(time.perf_counter() - start)
            line += f"   {kernel} {device}: {min(seconds) / rows / classes * 1e9:6.2f} ns"
        print(line, flush=True)


if __name__ == "__main__":
    main()
