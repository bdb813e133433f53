"""Every metric of every set is the same from both kernels, to 1e-6."""

from __future__ import annotations

import numpy as np
import pytest

from tests.laws.tied_sets import KINDS, differences, tied_set, values, without

# Differences of losses, which keep fewer digits than the losses: these are compared to 1e-6 of the loss.
EXCESS = ("loss_excess", "excess_overshoot", "excess_undershoot", "excess_structure")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("classes", [2, 3, 10, 130, 1000])
@pytest.mark.parametrize("kind", [*KINDS, "constant"])
def test_the_kernels_agree(kind: str, classes: int, dtype: str) -> None:
    if kind == "constant":
        labels = np.random.default_rng(0).integers(0, classes, 15)
        logits, weights = np.full((15, classes), 2.5, dtype), np.arange(1.0, 16.0)
    else:
        rows = 150 if classes < 1000 else 60
        logits, labels, weights = tied_set(kind, rows, classes, dtype, classes, tied_maxima=True)
    eps = [0.0, 0.1, 1.0]
    by_numpy, by_torch = (values(logits, labels, weights=weights, kernel=k, eps=eps) for k in ("numpy", "torch"))
    small = (*EXCESS, "ece_marginal")
    assert [] == differences(without(by_numpy, *small), without(by_torch, *small), 1e-6)
    # Wide float32 rows have float32 probabilities, of about 1/K: their error is compared to 1e-6 of that.
    (marginal,) = (key for key in by_numpy if key[0] == "ece_marginal")
    assert abs(by_numpy[marginal] - by_torch[marginal]) <= 1e-6 * max(by_numpy[marginal], 1 / classes)
    loss = {key[2]: value for key, value in by_numpy.items() if key[0] == "loss_smoothed"}
    for key, value in by_numpy.items():
        if key[0] in EXCESS and np.isfinite(value):
            assert abs(value - by_torch[key]) <= 1e-6 * loss[key[2]], key
