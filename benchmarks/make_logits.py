"""Random logits with the accuracy of an ImageNet model: `python make_logits.py N K FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(rows: int, classes: int, folder: Path) -> None:
    """Write logits.npy [N, K] float32 and labels.npy [N] into the folder, a block of rows at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    labels = rng.integers(0, classes, rows)
    np.save(folder / "labels.npy", labels)
    logits = np.lib.format.open_memmap(folder / "logits.npy", mode="w+", dtype=np.float32, shape=(rows, classes))
    for start in range(0, rows, 10_000):
        block = 2 * rng.standard_normal((min(10_000, rows - start), classes), dtype=np.float32)
        # A label's logit of 8.3 and more: for K = 1000 three in four are the largest.
        block[np.arange(len(block)), labels[start : start + len(block)]] += np.float32(8.3)
        logits[start : start + len(block)] = block


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
