"""numpy's arrays and numbers as a pickle describes them: type, shape, order, and the bytes of the elements.

numpy pickles an array in one of two ways: by `_reconstruct` and a state, or, from protocol 5 on, by `_frombuffer`
(`array_reduce` and `array_reduce_ex` in numpy/_core/src/multiarray/methods.c). Nothing of numpy is called for either:
the bytes are read as numbers of the described type, after their length was compared with the shape.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from lscli.errors import InputError
from lscli.io.formats.torch_pickle import Call, Global
from lscli.io.stored import check_shape
from lscli.text import printable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lscli.io.formats.torch_pickle import Value

_MODULES = ("numpy._core", "numpy.core")
_RECONSTRUCT = tuple(f"{module}.multiarray._reconstruct" for module in _MODULES)
_SCALAR = tuple(f"{module}.multiarray.scalar" for module in _MODULES)
_FROM_BUFFER = tuple(f"{module}.numeric._frombuffer" for module in _MODULES)
_FUNCTIONS = (*_RECONSTRUCT, *_SCALAR, *_FROM_BUFFER)
_NUMBERS = re.compile("[fiu][1248]|b1")
_LONGEST = 60  # characters of a type in an error


class NumpyArray(NamedTuple):
    """A numpy array or number whose bytes are in the pickle.

    Attributes:
        shape: its shape; () for a number.
        dtype: the type of its elements, in any byte order.
        order: `C`, or `F` if the first axis runs fastest.
        data: the bytes of all elements.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    order: Literal["C", "F"]
    data: bytes

    def values(self) -> NDArray[Any]:
        """The elements, which cannot be written to."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape, order=self.order)


def is_numpy(value: object) -> bool:
    """Whether a value is an array or a number of numpy."""
    return isinstance(value, Call) and value.function in _FUNCTIONS


def numpy_in(value: object, name: str) -> NumpyArray:
    """The description of an array of numbers.

    Args:
        value: an array or a number of numpy.
        name: its name in errors.

    Raises:
        InputError: its elements are no numbers, or the description is damaged.
    """
    if not isinstance(value, Call):
        raise _damaged(name)
    arguments, function, order = value.arguments, value.function, False
    if function in _FROM_BUFFER and len(arguments) == 4 and value.state is None:
        data, kind, shape, layout = arguments
        if layout not in ("C", "F"):
            raise _damaged(name)
        order = layout == "F"
    elif function in _SCALAR and len(arguments) == 2 and value.state is None:
        (kind, data), shape = arguments, ()
    elif function in _RECONSTRUCT and isinstance(value.state, tuple) and len(value.state) == 5:
        _, shape, kind, order, data = value.state  # type: ignore[assignment]
        if arguments[:1] != (Global("numpy.ndarray"),) or type(order) is not bool:
            raise _damaged(name)
    else:
        raise _damaged(name)
    dtype = _dtype(kind, name)
    if not isinstance(data, bytes) or not isinstance(shape, tuple):
        raise _damaged(name)
    lengths = tuple(length for length in shape if type(length) is int and length >= 0)
    check_shape(lengths, dtype.itemsize, name)
    if len(lengths) < len(shape) or math.prod(lengths) * dtype.itemsize != len(data):
        raise _damaged(name)
    return NumpyArray(lengths, dtype, "F" if order else "C", data)


def _dtype(value: Value, name: str) -> np.dtype[Any]:
    """The type of elements that a pickle describes: a call of `numpy.dtype` whose state has the byte order."""
    if not isinstance(value, Call) or value.function != "numpy.dtype" or not isinstance(value.state, tuple):
        raise _damaged(name)
    code, order = value.arguments[:1], value.state[1:2]
    if not code or not isinstance(code[0], str) or order not in (("<",), (">",), ("|",)):
        raise _damaged(name)
    if not _NUMBERS.fullmatch(code[0]) or code[0] == "f1":
        what = f"a numpy array of dtype {printable(code[0][:_LONGEST])!r}, not of numbers"
        raise InputError(what, "save it as numbers: array.astype('float32')", where=name)
    return np.dtype(code[0]).newbyteorder(order[0])


def _damaged(name: str) -> InputError:
    return InputError("the description of the numpy array is damaged", "save the file again", where=name)
