"""The temperature as many projects fit it: `python lbfgs_temperature.py LOGITS LABELS` prints T and the nll.

From "On Calibration of Modern Neural Networks" (Guo et al. 2017), its code on GitHub, gpleiss/temperature_scaling: all
logits in memory, and L-BFGS with a learning rate of 0.01 and 50 steps from 1.5.
"""

from __future__ import annotations

import sys

import numpy as np
import torch


def main(logits_path: str, labels_path: str) -> None:
    """Print T and the mean nll at T."""
    logits = torch.from_numpy(np.load(logits_path)).float()
    labels = torch.from_numpy(np.load(labels_path)).long()
    temperature = torch.nn.Parameter(torch.ones(1) * 1.5)
    optimizer = torch.optim.LBFGS([temperature], lr=0.01, max_iter=50)

    def loss() -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits / temperature, labels)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    print(f"T {temperature.item():.6f}, nll {loss().item():.6f}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
