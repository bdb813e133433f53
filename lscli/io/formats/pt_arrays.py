"""The arrays among the values of a `.pt` file, each by the path that leads to it, such as `val/logits`.

An array is a tensor, an array of numpy, a list of numbers, or a list of batches, whose rows are joined:
`{"logits": [batch, batch, ...]}`, `[{"logits": batch}, ...]` and `[(logits, labels), ...]` are all read.

A pickle may refer to one value again and again, even to one that contains it. So every container is visited once,
and the size of what references are expanded to is bounded.
"""

from __future__ import annotations

import math
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from lscli.errors import InputError
from lscli.io.formats.numpy_pickle import is_numpy, numpy_in
from lscli.io.formats.torch_pickle import Call, Pairs
from lscli.io.formats.torch_tensors import is_tensor, tensor_in, unwrapped

if TYPE_CHECKING:
    from lscli.io.formats.torch_pickle import Value

_DEEPEST, _LONGEST = 16, 200  # containers in containers, and characters of a path below the first key
_MOST_BATCHED = 1 << 22  # values of lists of dicts or pairs that are sorted by key, all together


class Numbers(NamedTuple):
    """A list of numbers, or a list of such lists that all have the same length."""

    values: list[Value] | tuple[Value, ...]


class Batches(NamedTuple):
    """Arrays whose rows are joined, in order; at least one."""

    parts: list[Call | Numbers]


Array: TypeAlias = Call | Numbers | Batches


class Arrays:
    """The arrays among the values of a file.

    Args:
        root: the value of the pickle.

    Attributes:
        whole: the array that the file is as a whole, or None.
        found: the arrays in it by their paths, in order. A list of numbers is one of them only if it is called
            `logits` or `labels`, since most are settings.
        doubled: the paths that lead to two values, such as a number as a key and its text.
    """

    def __init__(self, root: Value) -> None:
        self._root = root
        self._known: dict[int, Array | None] = {}
        self._children: dict[int, list[tuple[str, Value]]] = {}
        self._indexed: dict[int, dict[str, Value]] = {}
        self._folders: dict[str, list[str]] | None = None
        self._batched = 0
        self.whole = self.array(root)
        self.found: dict[str, Array] = {}
        self.doubled: set[str] = set()
        if self.whole is None:
            self._walk()

    def at(self, path: str) -> Value | Array | None:
        """What a path leads to, an array or another value; None if it leads nowhere."""
        if path in self.found:
            return self.found[path]
        seen, waiting = set(), [(path, self._root, 0)]
        while waiting:
            rest, here, depth = waiting.pop()
            if (id(here), len(rest)) in seen or depth > _DEEPEST:
                continue
            seen.add((id(here), len(rest)))
            inner = self._index(here)
            if rest in inner:
                return self.array(inner[rest]) or inner[rest]
            folders = [(rest[: each.start()], rest[each.end() :]) for each in re.finditer("/", rest)]
            waiting += [(below, inner[name], depth + 1) for name, below in folders if name in inner]
        return None

    def inside(self, path: str) -> list[str]:
        """The paths of arrays in a container, by its own path."""
        if self._folders is None:
            self._folders = {}
            for each in self.found:
                for place in re.finditer("/", each):
                    self._folders.setdefault(each[: place.start()], []).append(each)
        return self._folders.get(path, [])

    def array(self, value: Value) -> Array | None:
        """The array that a value is, or None."""
        if id(value) not in self._known:
            self._known[id(value)] = self._array(value)
        return self._known[id(value)]

    def children(self, value: Value) -> list[tuple[str, Value]]:
        """The values in a container by name: those of a dict by key, of a list by place, of batches by their keys."""
        if not isinstance(value, Pairs | list | tuple):
            return []
        if id(value) not in self._children:
            self._children[id(value)] = self._named(value)
        return self._children[id(value)]

    def _index(self, value: Value) -> dict[str, Value]:
        if id(value) not in self._indexed:
            self._indexed[id(value)] = dict(self.children(value))
        return self._indexed[id(value)]

    def _walk(self) -> None:
        waiting: deque[tuple[str, Value, int]] = deque([("", self._root, 0)])
        seen = {id(self._root)}
        while waiting:
            path, here, depth = waiting.popleft()
            inner: list[tuple[str, Value, int]] = []
            for name, value in self.children(here):
                place = f"{path}/{name}" if depth else name
                array = self.array(value)
                if depth and len(place) > _LONGEST:
                    continue
                if array is not None:
                    if place in self.found:
                        self.doubled.add(place)
                    if not isinstance(array, Numbers) or name in ("logits", "labels"):
                        self.found[place] = array
                elif depth < _DEEPEST and isinstance(value, Pairs | list | tuple) and id(value) not in seen:
                    seen.add(id(value))
                    inner.append((place, value, depth + 1))
            waiting.extendleft(reversed(inner))

    def _array(self, value: Value) -> Array | None:
        leaf = _leaf(value)
        if leaf is not None or not isinstance(value, list | tuple) or not value or _leaf(value[0]) is None:
            return leaf
        parts = {place: _leaf(part) for place, part in {id(part): part for part in value}.items()}
        arrays = [part for part in parts.values() if part is not None]
        if len(arrays) < len(parts) or not _alike(arrays):
            return None
        return Batches([array for part in value if (array := parts[id(part)]) is not None])

    def _named(self, value: Pairs | list[Value] | tuple[Value, ...]) -> list[tuple[str, Value]]:
        if isinstance(value, Pairs):
            return _items(value)
        first = value[0] if value else None
        if isinstance(first, Pairs) and all(isinstance(part, Pairs) for part in value):
            keys = [str(key) for key, _ in first.items if type(key) in (str, int)]
        elif isinstance(first, list | tuple) and all(
            isinstance(part, list | tuple) and len(part) == len(first) for part in value
        ):
            keys = [str(place) for place in range(len(first))]
        else:
            keys = []
        self._batched += len(keys) * len(value)
        if not keys or self._batched > _MOST_BATCHED:
            return _items(value)
        dicts = {id(part): dict(_items(part)) for part in value}
        shared = [key for key in dict.fromkeys(keys) if all(key in own for own in dicts.values())]
        # Values that are no arrays are left out here, so that deeply nested lists take linear time.
        joined: list[tuple[str, Value]] = []
        for key in shared:
            column = [dicts[id(part)][key] for part in value]
            if self.array(column) is not None:
                joined.append((key, column))
        return joined or _items(value)


def _items(value: Value) -> list[tuple[str, Value]]:
    """The values of a dict by key, or of a list by place."""
    if isinstance(value, Pairs):
        return [(str(key), part) for key, part in value.items if type(key) in (str, int)]
    return [(str(place), part) for place, part in enumerate(value)] if isinstance(value, list | tuple) else []


def _leaf(value: Value) -> Call | Numbers | None:
    """A tensor, an array of numpy or a list of numbers; None for other values."""
    if isinstance(value, Call):
        own = unwrapped(value)
        return own if isinstance(own, Call) and (is_tensor(own) or is_numpy(own)) else None
    if not isinstance(value, list | tuple) or not value:
        return None
    if _are_numbers(value) or (isinstance(value[0], list | tuple) and _are_rows(value)):
        return Numbers(value)
    return None


def shape_of(array: object, name: str) -> tuple[tuple[int, ...], str]:
    """The shape of an array that is not a list of batches, and the name of the type of its elements.

    Raises:
        InputError: it is no such array, its description is damaged, or its elements are no numbers.
    """
    if isinstance(array, Numbers):
        first = array.values[0]
        inner = (len(first),) if isinstance(first, list | tuple) else ()
        return (len(array.values), *inner), _element(array)
    if is_numpy(array):
        described = numpy_in(array, name)
        return described.shape, described.dtype.name
    tensor = tensor_in(array, name)
    return tensor.shape, tensor.element


class Size(NamedTuple):
    """The shape of an array, the name of the type of its elements, and how many it has."""

    shape: tuple[int, ...]
    element: str
    elements: int


def size_of(array: object, name: str) -> Size:
    """The size of any array; of batches, the type is that of the first. Errors are those of `shape_of`."""
    if not isinstance(array, Batches):
        shape, element = shape_of(array, name)
        return Size(shape, element, math.prod(shape))
    first, element = shape_of(array.parts[0], name)
    shapes = {place: shape_of(part, name)[0] for place, part in {id(part): part for part in array.parts}.items()}
    rows = sum((shapes[id(part)] or (1,))[0] for part in array.parts)
    return Size((rows, *first[1:]), element, sum(math.prod(shapes[id(part)]) for part in array.parts))


def _element(array: Numbers) -> str:
    """The name of the type of a list of numbers."""
    rows = array.values if isinstance(array.values[0], list | tuple) else [array.values]
    kinds = {kind for row in {id(row): row for row in rows}.values() for kind in map(type, row)}  # type: ignore[arg-type]
    return "float64" if float in kinds else "bool" if kinds == {bool} else "int64"


def _are_numbers(value: list[Value] | tuple[Value, ...]) -> bool:
    return {*map(type, value)} <= {int, float, bool}


def _are_rows(value: list[Value] | tuple[Value, ...]) -> bool:
    """Whether a list holds lists of numbers of one length, some of them floats: lists of labels are batches."""
    rows = [row for row in value if isinstance(row, list | tuple)]
    if len(rows) < len(value) or len({len(row) for row in rows}) > 1 or not rows[0]:
        return False
    unlike = {id(row): row for row in rows}.values()
    return all(map(_are_numbers, unlike)) and any(float in map(type, row) for row in unlike)


def _alike(arrays: list[Call | Numbers]) -> bool:
    """Whether arrays may be batches of one: all have as many axes, and all hold whole numbers, or none does."""
    kinds = set()
    for array in {id(array): array for array in arrays}.values():
        try:
            shape, element = shape_of(array, "")
        except InputError:
            return False
        kinds.add((len(shape), element.lstrip("u").startswith("int")))
    return len(kinds) == 1
