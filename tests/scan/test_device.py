"""The pass on an accelerator gives the states of the kernel on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from lscli.io.logits import Logits
from lscli.io.memory import TensorArray, open_tensor
from lscli.io.open import open_inputs
from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import COLUMNS, fields_for
from lscli.options import ReadingOptions
from lscli.scan.device import device_state, scan_on_device
from lscli.scan.row_checks import RowChecks
from lscli.scan.scan import scan
from lscli.scan.table_builder import TableBuilder
from lscli.scan.value_watch import ValueWatch
from tests.scan.passes import data

DEVICES = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("classes", [6, 130])
def test_a_device_gives_the_states_of_the_kernel(dtype: str, classes: int) -> None:
    # On the CPU the buffers are copied plainly; on a GPU they are pinned and copied on a stream of their own.
    tensor = torch.randn(50, classes, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    labels = np.arange(50) % classes
    opened, _ = open_inputs(tensor, labels)
    raw = tensor.view(torch.uint16).numpy() if dtype == "bfloat16" else tensor.numpy()
    fields = fields_for(COLUMNS) | {"open_shift"}
    c = np.random.default_rng(0).random((2, classes))
    expected = cpu_kernel("torch", classes, dtype, fields, (), c).row_state(raw, labels).parts()
    assert {"dots", "open_shift", "above_label", "log_tail", "tail_entropy"} <= expected.keys()
    for device in DEVICES:
        told: list[int] = []
        how: Any = {"chunk_rows": 7, "threads": 2, "progress": told.append}
        found = device_state(opened, labels, device, fields, vectors=c, **how).parts()
        for name, part in expected.items():
            np.testing.assert_allclose(found[name], part, rtol=1e-6, atol=1e-6, err_msg=f"{device} {name}")
        assert [*range(7, 50, 7), 50] == told


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_fills_the_table_of_the_cpu(device: str) -> None:
    logits, labels = data(80, 12, masked=True)
    logits[17] = np.nan
    opened, truth = open_inputs(logits, labels)
    label = truth.checked(12, -100).label
    names = ("row", "label", "correct", "loss_hard", "c")
    vectors = {"c": np.arange(12.0)}
    expected = scan(opened, label, names[:-1], ReadingOptions(nonfinite="skip", kernel="torch"), vectors=vectors)
    checks = RowChecks(opened, "skip", "keep")
    builder = TableBuilder(opened, label, names[:-1], vectors, (), checks)
    told: list[tuple[int, int]] = []
    scan_on_device(opened, builder, (), device, 2, 9, lambda done, total: told.append((done, total)))
    table = builder.table()
    for name in names:
        np.testing.assert_allclose(table[name], expected.table[name], rtol=1e-6, err_msg=name)
    assert (expected.skipped, expected.masked) == (builder.skipped, checks.masked)
    assert (80, 80) == told[-1]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("held", [False, True], ids=["read by the host", "held by a device"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_the_values_are_looked_at_on_their_way(device: str, held: bool, dtype: str) -> None:
    p = torch.softmax(torch.randn(80, 5, generator=torch.Generator().manual_seed(0)), 1)
    label = np.arange(80, dtype=np.int32) % 5
    broken = p.clone()
    broken[-1, 0] = 1.5
    beside = torch.column_stack([p, torch.tensor(label)])
    for x, look, columns in ((p, "probabilities", {}), (broken, None, {}), (beside, None, {5: 0})):
        tensor = x.to(getattr(torch, dtype)).to(device)
        opened = Logits(TensorArray(tensor, "logits") if held else open_tensor(tensor.cpu(), "logits"))
        watch = ValueWatch(opened, label, binary=False)
        how: Any = {"chunk_rows": 30, "threads": 2, "progress": lambda done: None}
        device_state(opened, label, device, frozenset({"shift"}), watch=watch, **how)
        assert (look, columns) == (watch.look, watch.odd_columns.labels)
