"""Numbers as numpy has them: numpy lacks bfloat16, and does not convert the tensors of a device."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

BFLOAT16 = "bfloat16"


def widened(raw: NDArray[Any], element: str) -> NDArray[Any]:
    """The numbers of elements as they are stored: the 2 bytes of a bfloat16 become a float32.

    Args:
        raw: of any shape; uint16 if `element` is bfloat16.
        element: the name of the type of the elements.
    """
    if element != BFLOAT16:
        return raw
    wide = raw.astype(np.uint32)
    wide <<= 16  # bfloat16 is the upper half of a float32
    return wide.view(np.float32)


def numbers_of(value: Any, where: str) -> NDArray[Any]:
    """An array, nested list or torch tensor as an array of numpy; bfloat16 becomes float32.

    Raises:
        InputError: a tensor is sparse, or numpy lacks its type; errors call it `where`.
    """
    array = np.asarray(on_host(value, where))
    return array.astype(np.float32) if array.dtype.name == BFLOAT16 else array  # a type of ml_dtypes, as jax has


def on_host(value: Any, where: str) -> Any:
    """A torch tensor as an array of numpy, whatever its device; any other value as it is.

    Raises:
        InputError: a tensor is sparse, or numpy lacks its type; errors call it `where`.
    """
    torch = sys.modules.get("torch")  # a tensor exists only if torch is imported
    if torch is None or not isinstance(value, torch.Tensor):
        return value
    if value.layout != torch.strided:
        raise InputError(f"a tensor of layout {value.layout}", "give tensor.to_dense()", where=where)
    tensor = value.detach().cpu()
    try:
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError) as error:
        raise InputError(f"a tensor of dtype {tensor.dtype}", "give tensor.float()", where=where) from error
