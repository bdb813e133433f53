"""The choice of device and kernel, and the versions that a report states."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

import lscli
from lscli.kernels.devices import resolve, versions
from lscli.options import Kernel


@pytest.mark.parametrize(
    ("device", "kernel", "held_by", "expected"),
    [
        ("auto", "auto", None, ("cpu", "numpy")),
        ("auto", "torch", None, ("cpu", "torch")),
        ("cpu", "auto", None, ("cpu", "numpy")),
        ("auto", "auto", "cpu", ("cpu", "numpy")),
    ],
)
def test_auto_is_numpy_on_the_cpu(
    device: str, kernel: Kernel, held_by: str | None, expected: tuple[str, Kernel]
) -> None:
    assert expected == resolve(device, kernel, held_by)


def test_auto_is_the_device_that_holds_the_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert ("cuda:1", "torch") == resolve("auto", "auto", "cuda:1")
    assert ("cuda", "torch") == resolve("cuda", "torch", "cuda:1")
    with pytest.raises(lscli.UsageError, match="the tensor is on cuda:1, not on cpu"):
        resolve("cpu", "auto", "cuda:1")
    with pytest.raises(lscli.UsageError, match="device cuda:7 is not available") as caught:
        resolve("cuda:7", "auto", None)
    assert "found cuda:0, cuda:1" == caught.value.hint
    with pytest.raises(lscli.UsageError, match="the numpy kernel does not run on cuda"):
        resolve("cuda", "numpy", None)


def test_versions_are_those_of_the_kernel_that_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"numpy": np.__version__, "torch": torch.__version__} == versions("torch")
    monkeypatch.setitem(sys.modules, "torch", None)  # importing torch fails
    assert {"numpy": np.__version__} == versions("numpy")
