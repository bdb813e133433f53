"""Tensors as the pickle of a `.pt` file describes them: type, shape, strides, and the record with their elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lscli.errors import InputError
from lscli.io.formats.torch_pickle import Call, Global, Pairs, Persistent
from lscli.io.stored import MAX_DIMENSIONS
from lscli.text import printable

if TYPE_CHECKING:
    from lscli.io.formats.torch_pickle import Value

SAVE = "torch.save({'logits': logits, 'labels': labels}, path)"
_UTILS = "torch._utils._rebuild_"
# The type of the elements of each typed storage; v3 tensors name theirs, and lie in untyped storages.
_STORAGES = {
    f"torch.{name}Storage": element
    for name, element in (
        *(("Double", "float64"), ("Float", "float32"), ("Half", "float16"), ("BFloat16", "bfloat16")),
        *(
            ("Long", "int64"),
            ("Int", "int32"),
            ("Short", "int16"),
            ("Char", "int8"),
            ("Byte", "uint8"),
            ("Bool", "bool"),
        ),
        *(("ComplexFloat", "complex64"), ("ComplexDouble", "complex128")),
    )
} | {"torch.storage.UntypedStorage": ""}
# Functions that make a tensor of a storage, each with its number of arguments, without and with metadata: storage,
# offset, shape, strides, then requires_grad and hooks, then the type of v3.
_REBUILT = {f"{_UTILS}tensor": (4, 4), f"{_UTILS}tensor_v2": (6, 7), f"{_UTILS}tensor_v3": (7, 8)}
# Functions that pass a tensor or an array on, their first argument.
_WRAPPERS = tuple(
    f"{_UTILS}{name}"
    for name in ("parameter", "parameter_with_state", "device_tensor_from_numpy", "device_tensor_from_cpu_tensor")
)
# Calls that are no tensors with elements, by what they make.
_KINDS = {
    f"{_UTILS}sparse_tensor": "sparse tensor",
    f"{_UTILS}nested_tensor": "nested tensor",
    "torch.nested._internal.nested_tensor._rebuild_njt": "nested tensor",
    f"{_UTILS}meta_tensor_no_storage": "meta tensor",
    f"{_UTILS}qtensor": "quantized tensor",
    "torch.Tensor": "tensor without values",
    f"{_UTILS}wrapper_subclass": "tensor of a subclass",
    "numpy._core.multiarray._reconstruct": "numpy array",
    "numpy.core.multiarray._reconstruct": "numpy array",
    "numpy._core.numeric._frombuffer": "numpy array",
    "numpy.core.numeric._frombuffer": "numpy array",
    "numpy._core.multiarray.scalar": "numpy number",
    "numpy.core.multiarray.scalar": "numpy number",
    "_codecs.encode": "bytes",
}
# Thousands of tensors may refer to the same shape or list in the pickle, so what is looked at for each is limited.
_MOST_WRAPPERS, _MOST_MARKS = 8, 8
_LONGEST = 60  # characters of a key in a hint


class Tensor(NamedTuple):
    """A tensor whose elements are in a record.

    Attributes:
        shape, element: its shape and the name of its type.
        record: the name of the record, such as `data/0`.
        stored: the number of elements in the storage; of bytes, if `untyped`.
        untyped: whether the storage counts bytes.
        offset, strides: where elements are in the storage, counted in elements.
        negative: whether the elements were left to be negated.
    """

    shape: tuple[int, ...]
    element: str
    record: str
    stored: int
    untyped: bool
    offset: int
    strides: tuple[int, ...]
    negative: bool

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie one after another, in C order."""
        expected = 1
        for length, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if length != 1 and stride != expected:
                return 0 in self.shape
            expected *= length
        return True

    @property
    def overlapping(self) -> bool:
        """Whether an element of the storage may be read more than once, as after `expand`."""
        reach = 0
        for stride, length in sorted(zip(self.strides, self.shape, strict=True)):
            if length > 1 and stride <= reach:
                return 0 not in self.shape
            reach += max(0, length - 1) * stride
        return False

    @property
    def end(self) -> int:
        """The number of elements of the storage up to the last one of the tensor."""
        if 0 in self.shape:
            return 0
        return self.offset + 1 + sum((n - 1) * stride for n, stride in zip(self.shape, self.strides, strict=True))


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor with elements."""
    value = unwrapped(value)
    return isinstance(value, Call) and value.function in _REBUILT


def kind(value: object) -> str:
    """What a value is, in a word or two."""
    value = unwrapped(value)
    if isinstance(value, Call):
        return "tensor" if value.function in _REBUILT else _KINDS.get(value.function, value.function.rpartition(".")[2])
    if isinstance(value, Pairs):
        return "dict"
    return "type" if isinstance(value, Global) else type(value).__name__


def tensor_in(value: object, name: str) -> Tensor:
    """The description of a tensor.

    Args:
        value: a value in a pickle.
        name: its name in errors.

    Raises:
        InputError: the value is not a tensor, or one whose elements are not stored in rows.
    """
    value = unwrapped(value)
    if not isinstance(value, Call) or value.function not in _REBUILT:
        raise _refusal(value, name)
    before, after = _REBUILT[value.function]
    if len(value.arguments) not in (before, after):
        raise _damaged(name)
    storage, offset, shape, strides, *more = value.arguments
    element = more[2] if before == 7 else None
    metadata = more[-1] if len(value.arguments) > before else None
    identifier = storage.identifier if isinstance(storage, Persistent) else None
    if not isinstance(identifier, tuple) or len(identifier) != 5 or value.state is not None:
        raise _damaged(name)
    what, stored, record, location, _ = identifier
    if what != "storage" or not isinstance(stored, Global) or not isinstance(record, str):
        raise _damaged(name)
    if location == "meta":
        raise _refusal(Call(Global(f"{_UTILS}meta_tensor_no_storage"), ()), name)
    lengths, steps = _counts(shape, name), _counts(strides, name)
    offset, count = _counts((offset, identifier[4]), name)
    typed = _STORAGES.get(stored, stored.rpartition(".")[2])
    own = str(element).removeprefix("torch.") if isinstance(element, Global) else typed
    if not own or typed not in ("", own) or len(lengths) != len(steps):
        raise _damaged(name)
    if not isinstance(metadata, Pairs | None) or (metadata and len(metadata.items) > _MOST_MARKS):
        raise _damaged(name)
    marks = [key for key, value in metadata.items if value is True] if metadata else []
    if marks not in ([], ["neg"]):
        raise InputError("a tensor that was left to be conjugated", "save tensor.resolve_conj()", where=name)
    return Tensor(lengths, own, f"data/{record}", count, not typed, offset, steps, bool(marks))


def unwrapped(value: object) -> object:
    """The call that makes a tensor's values, without those that give it a type, attributes or a device."""
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(value, Call) or not value.arguments:
            break
        first = value.arguments[0]
        if value.function in _WRAPPERS:
            value = first
        elif value.function == "torch._tensor._rebuild_from_type_v2" and len(value.arguments) == 4:
            function, inner = first, value.arguments[2]
            if not isinstance(function, Global) or not isinstance(inner, tuple):
                break
            value = Call(function, inner)
        else:
            break
    return value


def _counts(value: Value, name: str) -> tuple[int, ...]:
    """A shape, or another tuple of whole numbers that are not negative."""
    if isinstance(value, Call) and value.function == "torch.Size" and len(value.arguments) == 1:
        value = value.arguments[0]
    if not isinstance(value, tuple) or len(value) > MAX_DIMENSIONS:
        raise _damaged(name)
    counts = [number for number in value if type(number) is int and 0 <= number < 1 << 63]
    if len(counts) < len(value):
        raise _damaged(name)
    return tuple(counts)


def _damaged(name: str) -> InputError:
    return InputError("the description of the tensor is damaged", f"save it again: {SAVE}", where=name)


def _refusal(value: object, name: str) -> InputError:
    """Why a value cannot be read, and how to save it instead."""
    what = kind(value)
    if what in _REFUSED:
        return InputError(*_REFUSED[what], where=name)
    if what == "sparse tensor":
        layout = value.arguments[0] if isinstance(value, Call) and value.arguments else None
        named = layout.arguments[0] if isinstance(layout, Call) and layout.arguments else ""
        called = f"a tensor of layout {printable(named[:_LONGEST])}" if isinstance(named, str) else "a sparse tensor"
        return InputError(called, "save tensor.to_dense()", where=name)
    article = "an" if what[:1] in "aeiou" else "a"
    return InputError(f"{article} {what}, not a tensor", f"save tensors: {SAVE}", where=name)


_REFUSED = {
    "nested tensor": (
        "a nested tensor, whose rows differ in length",
        "save logits.to_padded_tensor(-torch.inf) and labels.to_padded_tensor(-100)",
    ),
    "meta tensor": ("holds no data: a tensor on the meta device is only a shape", "save the tensor with its values"),
    "tensor without values": ("a tensor whose values were not saved", f"save it again: {SAVE}"),
    "quantized tensor": ("a quantized tensor", "save tensor.dequantize()"),
}
