"""The pickle in a `.pt` file, read as a description and never run.

A pickle is a program for a small stack machine. Here nothing in it is called: a global is its name, a call is the name
of the function with its arguments, and a dict is a list of pairs, so that no key is hashed. So a pickle can neither run
code nor take more time or memory than grows with its own length, whatever calls, repeated references or nested keys it
has. What the values mean is up to the caller.

Known are the instructions that `torch.save` writes, with any `pickle_protocol`. The standard library's `pickletools`
documents and decodes them.
"""

from __future__ import annotations

import pickletools
import re
import warnings
from typing import Any, TypeAlias

Value: TypeAlias = (
    "bool | int | float | str | bytes | tuple[Value, ...] | list[Value] | Pairs | Global | Call | Persistent | None"
)


class Global(str):
    """The name of a function, type or constant, such as `torch._utils._rebuild_tensor_v2`."""

    __slots__ = ()


class Call:
    """A function that would be called, its arguments, and the state that its result would be given."""

    __slots__ = ("arguments", "function", "state")

    def __init__(self, function: Global, arguments: tuple[Value, ...]) -> None:
        self.function = function
        self.arguments = arguments
        self.state: Value = None


class Pairs:
    """A dict: its keys and values, in the order in which they are set."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[tuple[Value, Value]] = []


class Persistent:
    """An object outside of the pickle, by its identifier: for torch, a record of the archive."""

    __slots__ = ("identifier",)

    def __init__(self, identifier: Value) -> None:
        self.identifier = identifier


class PickleError(Exception):
    """The pickle is damaged, or not one that `torch.save` writes."""


class ForeignGlobalError(PickleError):
    """The pickle holds an object that is neither a tensor nor a plain value; the message is the name of its type."""


def described(data: bytes, most: int) -> Value:
    """The value that a pickle holds.

    Args:
        data: the pickle.
        most: the number of instructions that are read, each of which may make an object of about 100 bytes.

    Raises:
        PickleError: it is damaged, or has more instructions, or some that `torch.save` does not write.
        ForeignGlobalError: it holds an object that is neither a tensor nor a plain value.
    """
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an escape in a text of another protocol, which is refused below
            for number, (instruction, argument, place) in enumerate(pickletools.genops(data)):
                if number >= most:
                    raise PickleError("its pickle expands as malicious ones do")
                if instruction.name == "STOP":
                    if place != len(data) - 1:
                        raise PickleError("bytes follow its pickle")
                    return machine.stack.pop()
                machine.run(instruction.name, argument)
    except (IndexError, KeyError, ValueError) as error:
        raise PickleError("its pickle is damaged") from error
    raise PickleError("its pickle is cut off")


class _Machine:
    """The stack, the stacks below its marks, and the values that are referred to by number."""

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self._below: list[list[Value]] = []
        self._memo: dict[Any, Value] = {}
        self._encoded: dict[int, tuple[str, bytes]] = {}  # by the identity of a text, which is kept

    def run(self, instruction: str, argument: Any) -> None:
        """Run one instruction; `argument` is what `pickletools` decoded behind it."""
        stack = self.stack
        match instruction:
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[argument])
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "BINUNICODE8" | "SHORT_BINBYTES" | "BINBYTES" | "BINBYTES8":
                stack.append(argument)
            case "BYTEARRAY8":
                stack.append(bytes(argument))
            case "NONE":
                stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(instruction == "NEWTRUE")
            case "MARK":
                self._below.append(stack)
                self.stack = []
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                items = [stack.pop() for _ in range(int(instruction[-1]))]
                stack.append(tuple(reversed(items)))
            case "TUPLE":
                items = self._since_mark()
                self.stack.append(tuple(items))
            case "EMPTY_LIST":
                stack.append([])
            case "APPEND":
                self._append([stack.pop()])
            case "APPENDS":
                self._append(self._since_mark())
            case "EMPTY_DICT":
                stack.append(Pairs())
            case "SETITEM":
                items = [stack.pop(), stack.pop()]
                self._set(items[::-1])
            case "SETITEMS":
                self._set(self._since_mark())
            case "GLOBAL":
                stack.append(_known(argument.replace(" ", ".")))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                if not isinstance(name, str) or not isinstance(module, str):
                    raise PickleError("its pickle is damaged")
                stack.append(_known(f"{module}.{name}"))
            case "REDUCE" | "NEWOBJ":
                arguments = stack.pop()
                stack.append(self._called(stack.pop(), arguments))
            case "BUILD":
                state, built = stack.pop(), stack[-1]
                if isinstance(built, Call):
                    built.state = state
                elif not isinstance(built, Pairs):  # the attributes of an OrderedDict are none of its items
                    raise PickleError("its pickle is damaged")
            case "BINPERSID":
                stack.append(Persistent(stack.pop()))
            case "PROTO" | "FRAME":
                pass
            case _:
                raise PickleError(f"its pickle has an instruction that torch.save does not write ({instruction})")

    def _called(self, function: Value, arguments: Value) -> Value:
        """What a call stands for: an OrderedDict is a dict, encoded text is bytes, everything else stays a call."""
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise PickleError("its pickle is damaged")
        if function == "collections.OrderedDict" and not arguments:
            return Pairs()
        if function == "builtins.bytes" and not arguments:
            return b""
        if function == "_codecs.encode" and len(arguments) == 2 and arguments[1] == "latin1":
            return self._bytes(arguments[0])
        return Call(function, arguments)

    def _bytes(self, text: Value) -> bytes:
        """Bytes that protocol 2 holds as a text; a string that is referred to again is encoded once."""
        if not isinstance(text, str):
            raise PickleError("its pickle is damaged")
        if id(text) not in self._encoded:
            self._encoded[id(text)] = text, text.encode("latin1")
        return self._encoded[id(text)][1]

    def _since_mark(self) -> list[Value]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _append(self, items: list[Value]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise PickleError("its pickle is damaged")
        target.extend(items)

    def _set(self, items: list[Value]) -> None:
        target = self.stack[-1]
        if not isinstance(target, Pairs) or len(items) % 2:
            raise PickleError("its pickle is damaged")
        target.items.extend(zip(items[::2], items[1::2], strict=True))


def _known(name: str) -> Global:
    """A global that tensors, numpy arrays or plain values need.

    Raises:
        ForeignGlobalError: it is another one.
    """
    name = name.replace("__builtin__.", "builtins.", 1) if name.startswith("__builtin__.") else name
    if name not in _KNOWN and not _TYPES.fullmatch(name):
        raise ForeignGlobalError(name)
    return Global(name)


# Those that `torch.load(weights_only=True)` knows, and those of numpy's arrays.
_NAMES = {
    "builtins": ("bytearray", "bytes", "complex", "set"),
    "_codecs": ("encode",),
    "collections": ("Counter", "OrderedDict"),
    "torch": (
        *("Size", "Tensor", "device"),
        *("per_channel_affine", "per_channel_affine_float_qparams", "per_channel_symmetric"),
        *("per_tensor_affine", "per_tensor_symmetric"),
    ),
    "torch.nn.parameter": ("Parameter",),
    "torch.serialization": ("_get_layout",),
    "torch.nested._internal.nested_tensor": ("NestedTensor", "_rebuild_njt"),
    "torch._dynamo.decorators": ("_DimRange",),
    "torch._tensor": ("_rebuild_from_type_v2",),
    "torch._utils": (
        *("_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_wrapper_subclass"),
        *("_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_qtensor", "_rebuild_sparse_tensor"),
        *("_rebuild_nested_tensor", "_rebuild_meta_tensor_no_storage"),
        *("_rebuild_device_tensor_from_cpu_tensor", "_rebuild_device_tensor_from_numpy"),
    ),
    "numpy": ("dtype", "ndarray"),
    "numpy._core.multiarray": ("_reconstruct", "scalar"),
    "numpy._core.numeric": ("_frombuffer",),
    "numpy.core.multiarray": ("_reconstruct", "scalar"),
    "numpy.core.numeric": ("_frombuffer",),
}
_KNOWN = frozenset(f"{module}.{name}" for module, names in _NAMES.items() for name in names)
_TYPES = re.compile(
    r"torch\.(\w{1,20}Storage|storage\.(Typed|Untyped)Storage|bool|[bq]?u?(float|int|complex|bits)\w{1,20})"
)
