"""Arrays that are in memory already: numpy arrays, lists, torch tensors."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray


class MemoryArray:
    """A numpy array, read by rows without a copy where its rows are contiguous and native.

    Args:
        array: any shape and dtype; `"bfloat16"` data comes as its bits in uint16.
        name: how errors and reports name it.
        bfloat16: whether the uint16 values are bits of bfloat16 numbers.
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
        """Nobody else writes to it while lscli reads."""

    def verify(self) -> None:
        """Memory has no checksum."""

    def close(self) -> None:
        """There is nothing to close."""


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
        """Nobody else writes to it while lscli reads."""

    def verify(self) -> None:
        """Memory has no checksum."""

    def close(self) -> None:
        """There is nothing to close."""


def is_tensor(value: object) -> bool:
    """Whether `value` is a torch tensor; asking imports nothing, since whoever has one has torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def open_array(value: Any, name: str) -> MemoryArray | TensorArray:
    """A numpy array, nested list or torch tensor as something that is read by rows.

    Raises:
        InputError: it is nothing that numpy makes an array of numbers of.
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
    """A torch tensor as something that is read by rows, or on its device.

    Raises:
        InputError: a sparse tensor, or one of a type that numpy does not have.
    """
    import torch

    if tensor.layout != torch.strided:
        raise InputError(f"a tensor of layout {tensor.layout}", "give tensor.to_dense()", where=name)
    tensor = tensor.detach()
    if tensor.device.type != "cpu":
        return TensorArray(tensor, name)
    if tensor.dtype == torch.bfloat16:  # numpy has no such type: its bits, then
        return MemoryArray(tensor.contiguous().view(torch.uint16).numpy(), name, bfloat16=True)
    try:
        return MemoryArray(tensor.resolve_conj().resolve_neg().numpy(), name)
    except TypeError as error:
        raise InputError(f"a tensor of dtype {tensor.dtype}", "give tensor.float()", where=name) from error
