"""Arrays in memory: numpy arrays, lists, torch tensors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


class MemoryArray:
    """A numpy array, read by rows; not copied if its rows are contiguous and in the machine's byte order.

    Args:
        array: of any shape and type.
        name: its name in errors and reports.
        bfloat16: whether its uint16 values are the bits of bfloat16 numbers.
    """

    sequential = False

    def __init__(self, array: NDArray[Any], name: str, *, bfloat16: bool = False) -> None:
        self.name = name
        self.shape = array.shape
        self.dtype = array.dtype
        self.element = "bfloat16" if bfloat16 else array.dtype.name
        self._array = array
        self._direct = array.dtype.isnative and array.flags.c_contiguous and array.flags.aligned

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        """Rows `start` to `stop`: a view of the array, or `out` filled with them."""
        if self._direct:
            return self._array[start:stop]
        np.copyto(out, self._array[start:stop])
        return out

    def reshaped(self, shape: tuple[int, ...]) -> MemoryArray:
        return MemoryArray(self._array.reshape(shape), self.name, bfloat16=self.element == "bfloat16")

    def check_unchanged(self) -> None:
        """Do nothing: memory is not watched for changes."""

    def verify(self) -> None:
        """Do nothing: memory has no checksum."""

    def close(self) -> None:
        """Do nothing: memory needs no closing."""


class TensorArray:
    """A torch tensor on a device, whose rows stay there."""

    sequential = False

    def __init__(self, tensor: torch.Tensor, name: str) -> None:
        self.name = name
        self.shape = tuple(tensor.shape)
        self.element = str(tensor.dtype).removeprefix("torch.")
        self.tensor = tensor

    def reshaped(self, shape: tuple[int, ...]) -> TensorArray:
        return TensorArray(self.tensor.reshape(shape), self.name)

    def check_unchanged(self) -> None:
        """Do nothing: memory is not watched for changes."""

    def verify(self) -> None:
        """Do nothing: memory has no checksum."""

    def close(self) -> None:
        """Do nothing: memory needs no closing."""


def is_tensor(value: object) -> bool:
    """Whether `value` is a torch tensor; torch is not imported, since it already is if there is a tensor."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def open_array(value: Any, name: str) -> MemoryArray | TensorArray:
    """Open a numpy array, nested list or torch tensor.

    Raises:
        InputError: numpy cannot make an array of numbers from it.
    """
    if is_tensor(value):
        return open_tensor(value, name)
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise InputError(f"is no array: {error}", "give a numpy array, a torch tensor or a path", where=name) from error
    if array.dtype == object:
        raise InputError("object arrays are refused", "give an array of numbers", where=name)
    return MemoryArray(array, name)


def open_tensor(tensor: torch.Tensor, name: str) -> MemoryArray | TensorArray:
    """Open a torch tensor, on the CPU or on its device.

    Raises:
        InputError: it is sparse, or numpy lacks its type.
    """
    import torch

    if tensor.layout != torch.strided:
        raise InputError(f"a tensor of layout {tensor.layout}", "give tensor.to_dense()", where=name)
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        return TensorArray(tensor, name)
    if tensor.dtype == torch.bfloat16:  # numpy lacks this type: take its bits
        return MemoryArray(tensor.contiguous().view(torch.uint16).numpy(), name, bfloat16=True)
    try:
        return MemoryArray(tensor.resolve_conj().resolve_neg().numpy(), name)
    except TypeError as error:
        raise InputError(f"a tensor of dtype {tensor.dtype}", "give tensor.float()", where=name) from error
