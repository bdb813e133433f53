"""What callers in Python give as an array: a numpy array, a nested list, a data frame, a torch tensor."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError
from lscli.text import said, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

BFLOAT16 = "bfloat16"  # a type that numpy lacks
_WHAT = "give a numpy array, a torch tensor or a path"
_DEPTH = 3  # of nested lists: those of tokens are [N, T, K]


def widened(raw: Array, element: str) -> Array:
    """The numbers of elements as they are stored: the 2 bytes of a bfloat16 become a float32.

    Args:
        raw: of any shape; of bfloat16 uint16, or float32 if they were widened before.
        element: the name of the type of the elements.
    """
    if element != BFLOAT16 or raw.dtype != np.uint16:
        return raw
    wide = raw.astype(np.uint32)
    wide <<= 16  # bfloat16 is the upper half of a float32
    return wide.view(np.float32)


def as_array(value: Any, name: str) -> Array:
    """The value as a numpy array, not copied if it is one; bfloat16 becomes float32, which holds every value.

    Raises:
        InputError: it is no array of numbers or strings, or values of it are masked.
    """
    if is_tensor(value):
        tensor = plain_tensor(value, name).cpu()
        narrow = str(tensor.dtype) == "torch.bfloat16"
        return tensor_values(tensor.float() if narrow else tensor, name)
    if _has_masked(value):
        what = "some values are masked, and a masked value is not a number"
        raise InputError(what, "leave these rows out, or give numbers: array.filled(...)", where=name)
    try:
        array = np.asarray(value)
    except Exception as error:  # `__array__` is code of the value's type, which may raise anything
        raise InputError(f"is not an array: {said(error)}", _WHAT, where=name) from error
    if array.dtype == object:
        raise InputError(f"object arrays are refused ({_kind(value)})", "give an array of numbers", where=name)
    return array.astype(np.float32) if array.dtype.name == BFLOAT16 else array  # a type of ml_dtypes, as jax has


def column_keys(table: Any) -> dict[str, Any]:
    """The columns of a data frame, a dict of columns or a structured array: the text of each name, and the name itself.

    Empty for a value without columns.
    """
    if isinstance(table, Mapping):
        return {str(name): name for name in table}
    names = getattr(table, "columns", None)
    if names is None:
        names = getattr(getattr(table, "dtype", None), "names", None)
    return {} if names is None else {str(name): name for name in names}


def as_list(value: Any, name: str) -> list[Any]:
    """One value of any type per sample or class: the items of a list, an array or a column, [n] or [n, 1].

    Raises:
        InputError: it has no items, several dimensions, or masked values.
    """
    if is_tensor(value):
        value = as_array(value, name)
    if _has_masked(value):
        raise InputError("some values are masked", "give a value for each of them: array.filled(...)", where=name)
    try:
        array = None if isinstance(value, bytes | Mapping) else np.asarray(value, object)
    except Exception:  # lists of arrays that differ in shape; or `__array__`, which may raise anything
        array = None
    if array is None or array.shape not in ((array.size,), (array.size, 1)):
        raise InputError(
            f"is not a list of values ({_kind(value)})", "give a list or a one-dimensional array", where=name
        )
    return list(array.reshape(-1))


def as_texts(value: Any, name: str) -> list[str]:
    """One text per sample or class: the items of a list, an array or a column, as `str` writes them.

    Raises:
        InputError: as `as_list`, or an item cannot be written.
    """
    found = []
    for each in as_list(value, name):
        try:
            found.append(str(each))
        except Exception as error:  # code of the item's type, or an integer of more digits than Python writes
            what = f"{shown(each)} cannot be written as text: {said(error)}"
            raise InputError(what, "give text or smaller numbers", where=name) from error
    return found


def is_tensor(value: Any) -> bool:
    """Whether a value is a torch tensor, without importing torch."""
    torch = sys.modules.get("torch")  # a tensor exists only if torch is imported
    return torch is not None and isinstance(value, torch.Tensor)


def plain_tensor(tensor: Any, name: str) -> Any:
    """The tensor without its gradient.

    Raises:
        InputError: it holds no values, or not one for each place: a tensor of the device `meta`, a fake, masked,
            sparse, nested or quantised one, or one inside a transform of torch.func.
    """
    import torch

    if _is_nested(tensor):
        padding = "-torch.inf" if tensor.is_floating_point() else "-100"
        hint = f"give tensor.to_padded_tensor({padding})"
        raise InputError("a nested tensor, whose rows differ in length", hint, where=name)
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) and not _converts(tensor):
        what = f"a tensor of type {type(tensor).__name__} cannot be read"
        raise InputError(what, "give a torch.Tensor with one value for each place", where=name)
    if tensor.is_quantized:
        raise InputError("a quantized tensor", "give tensor.dequantize()", where=name)
    if tensor.layout != torch.strided:
        raise InputError(f"a tensor of layout {tensor.layout}", "give tensor.to_dense()", where=name)
    if tensor.device.type == "meta":
        what = "holds no data: a tensor on the meta device is only a shape"
        raise InputError(what, "give a tensor with values", where=name)
    if torch._C._functorch.is_functorch_wrapped_tensor(tensor):  # noqa: SLF001  # there is no public question
        what = "a tensor inside a transform of torch.func, such as vmap, has no values yet"
        raise InputError(what, "call lscli outside of the transform", where=name)
    return tensor.detach()


def tensor_values(tensor: Any, name: str) -> Array:
    """The values of a plain tensor on the CPU as a numpy array, not copied.

    Raises:
        InputError: numpy lacks its type.
    """
    try:
        array: Array = tensor.resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError) as error:
        raise InputError(
            f"a tensor of dtype {tensor.dtype}, which numpy lacks", "give tensor.float()", where=name
        ) from error
    return array


def _is_nested(tensor: Any) -> bool:
    try:
        return bool(tensor.is_nested)
    except Exception:  # a subclass may answer with any code
        return False


def _converts(tensor: Any) -> bool:
    """Whether a tensor of a subclass holds plain values, as tensors of images do, and neither fakes nor masks them."""
    import torch

    try:
        plain = tensor.detach().as_subclass(torch.Tensor)
        plain.reshape(-1)[:1].tolist()
        return not hasattr(tensor, "get_mask")
    except Exception:  # these are methods of the subclass, which may raise anything
        return False


def _has_masked(value: Any, depth: int = _DEPTH) -> bool:
    """Whether values of an array, or of the arrays in a list, are masked. numpy would drop the masks in silence."""
    if isinstance(value, np.ma.MaskedArray):
        return bool(np.ma.is_masked(value))
    if not isinstance(value, list | tuple) or not depth:
        return False
    inside = (each for each in value if isinstance(each, list | tuple | np.ma.MaskedArray))
    return any(_has_masked(each, depth - 1) for each in inside)


def _kind(value: Any) -> str:
    return type(value).__name__
