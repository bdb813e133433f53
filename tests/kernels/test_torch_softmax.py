"""Confidences as torch's softmax rounds them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import write_columns
from lscli.options import Kernel


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [2, 3, 10, 15, 16, 17, 40, 128, 500])
@pytest.mark.parametrize("layout", ["one tile", "row by row"])
def test_confidences_of_1_are_those_of_torch(kernel: Kernel, classes: int, layout: str) -> None:
    rng = np.random.default_rng(classes)
    rows = 2000 if layout == "one tile" else 40
    label = rng.integers(0, classes, rows)
    lead = (8 + 16 * rng.random((rows, 1))) * np.eye(classes)[label]
    logits = (rng.standard_normal((rows, classes)) + lead).astype(np.float32)
    expected = torch.softmax(torch.from_numpy(logits), dim=1).amax(dim=1).double().numpy()
    compute = cpu_kernel(kernel, classes, "float32", frozenset({"softmax_total"}), (), None)
    found = np.empty(rows)
    step = rows if layout == "one tile" else 1
    for start in range(0, rows, step):
        part = slice(start, start + step)
        state = compute.row_state(logits[part], label[part])
        write_columns(state, classes, {"library_confidence": found[part]})
    # The order of the sum is that of a processor with AVX-512; others differ in few rows, none by more than two units.
    assert (np.abs(found - expected) <= 2.0**-22).all()
    assert np.mean((found == 1) != (expected == 1)) < 0.001 or "AVX512" not in torch.backends.cpu.get_cpu_capability()
