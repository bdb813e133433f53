"""Choose the kernel and the device of the wide pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from lscli.errors import UsageError
from lscli.text import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.kernels.class_sums import ClassSums
    from lscli.kernels.rowstate import RowState
    from lscli.options import Kernel

DEVICES = ("auto", "cpu", "cuda", "mps")


class CpuKernel(Protocol):
    """Computes the row states of chunks in the host's memory."""

    def row_state(self, x: NDArray[Any], label: NDArray[Any], *, overwrite: bool = False, first: int = 0) -> RowState:
        """The state of rows x [n, K] from number `first` on; see `NumpyKernel.row_state`."""


def resolve(device: str, kernel: Kernel, held_by: str | None) -> tuple[str, Kernel]:
    """Choose the device and the kernel, without a silent fall-back.

    Args:
        device: `auto` is the CPU, or the device that holds the logits.
        kernel: `auto` is numpy on the CPU and torch elsewhere.
        held_by: the device that holds the logits as a tensor, or None.

    Returns:
        The names of the device and the kernel, neither of them `auto`.

    Raises:
        UsageError: an unknown or absent device, or a kernel that does not run on the device.
    """
    if device not in DEVICES and not (device.startswith("cuda:") and device[5:].isdecimal()):
        hint = nearest(device, DEVICES) or "use auto, cpu, cuda, cuda:1 or mps"
        raise UsageError(f"unknown device {device!r}", hint)
    if device == "auto":
        device = held_by or "cpu"
    if held_by is not None and device.split(":")[0] != held_by.split(":")[0]:
        raise UsageError(f"the tensor is on {held_by}, not on {device}", f"move it there first: logits.to({device!r})")
    if device == "cpu":
        return device, "numpy" if kernel == "auto" else kernel
    if kernel == "numpy":
        raise UsageError(f"the numpy kernel does not run on {device}", "leave --kernel out")
    _check_present(device)
    return device, "torch"


def cpu_kernel(
    kernel: Kernel,
    num_classes: int,
    dtype: str,
    fields: frozenset[str],
    class_sums: Sequence[ClassSums] = (),
    vectors: NDArray[Any] | None = None,
) -> CpuKernel:
    """A kernel for chunks in the host's memory, for use by the calling thread only."""
    if kernel == "torch":
        from lscli.kernels.torch_kernel import TorchCpuKernel

        return TorchCpuKernel(num_classes, dtype, fields, class_sums, vectors)
    from lscli.kernels.numpy_kernel import NumpyKernel

    return NumpyKernel(num_classes, dtype, fields, class_sums, vectors)


def _check_present(device: str) -> None:
    import torch

    if device == "mps":
        found = ["mps"] if torch.backends.mps.is_available() else []
    else:
        found = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if device not in found and not (device == "cuda" and found):
        hint = f"found {', '.join(found)}" if found else "leave --device out to use the CPU"
        raise UsageError(f"device {device} is not available", hint)


def versions(kernel: Kernel) -> dict[str, str]:
    """The versions of the libraries that a pass with this kernel uses, by name."""
    import numpy as np

    found = {"numpy": np.__version__}
    if kernel == "torch":
        import torch

        found["torch"] = torch.__version__
    return found
