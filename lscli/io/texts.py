"""Labels that are strings, in memory as one small integer per label and the different strings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.arrays import is_tensor
from lscli.class_names import TEXT
from lscli.errors import InputError
from lscli.io.memory import MemoryArray, check_unicode, read_all
from lscli.io.places import Places, places_in
from lscli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.io.stored import StoredArray

_MOST = 1 << 24  # characters of all different labels: a column of sentences holds no labels
_BLOCK = 1 << 20  # bytes of strings of fixed length that are decoded at a time
_LEAVE_OUT = "leave such rows out of every input"


class Texts(MemoryArray):
    """Strings of any shape.

    Args:
        codes: for each string, its place in `words`.
        words: the different strings, in the order in which they first occur.
        name: its name in errors.
        stored: the type in which they are stored.

    Attributes:
        codes, words, stored: as given.
        header: the first line of the column in a text file, if it is taken for a name of the column.
    """

    header = ""

    def __init__(self, codes: NDArray[np.int32], words: Sequence[str], name: str, stored: str = TEXT) -> None:
        super().__init__(codes, name)
        self.element = TEXT
        self.stored = stored
        self.codes = codes
        self.words = words

    def reshaped(self, shape: tuple[int, ...]) -> Texts:
        return Texts(self.codes.reshape(shape), self.words, self.name, self.stored)


class _Words(Places):
    """The place of each string, as long as the strings may be labels."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._characters = 0

    def __missing__(self, word: str | int) -> int:
        self._characters += len(str(word))
        if self._characters > _MOST:
            what = f"has more than {len(self)} different strings, which no labels have"
            raise InputError(what, "name the column that holds the labels", where=self._name)
        return super().__missing__(word)


def coded(cells: Iterable[str | int], name: str, stored: str = TEXT) -> Texts:
    """Texts, or whole numbers as strings, one per sample; `stored` is the type in which they are stored.

    Raises:
        InputError: the different strings are too many for labels.
    """
    words = _Words(name)
    return Texts(words.of(cells), [*map(str, words)], name, stored)


def texts_of(array: StoredArray) -> Texts | None:
    """The strings of an array of strings or of booleans, which is closed; None for an array of another type.

    Raises:
        InputError: a string is not Unicode, or the file is damaged.
        ReadWriteError: the file cannot be read.
    """
    if isinstance(array, Texts):
        return array
    if array.element == "bool":
        return written(read_all(array), array.name)
    if array.dtype.kind not in "US":
        return None
    try:
        flat = coded(_cells(array), array.name, array.element)
        array.check_unchanged()
        array.verify()
    finally:
        array.close()
    return flat.reshaped(array.shape)


def written(values: NDArray[Any], name: str) -> Texts:
    """Numbers or booleans as the strings that write them."""
    codes, words = places_in(values)
    return Texts(codes.astype(np.int32), [*map(str, words)], name, values.dtype.name)


def same_words(texts: Sequence[Texts]) -> list[Texts]:
    """The same strings with one list of words for all of them, in the order in which they first occur."""
    place = {word: number for number, word in enumerate(dict.fromkeys(word for each in texts for word in each.words))}
    own = [np.array([place[word] for word in each.words], np.int32) for each in texts]
    return [
        Texts(numbers[each.codes], list(place), each.name, each.stored)
        for numbers, each in zip(own, texts, strict=True)
    ]


def texts_of_values(value: Any, name: str) -> Texts | NDArray[np.bool_] | None:
    """The strings, or booleans, of a list, an array or a column of Python objects; None for any other value.

    Raises:
        InputError: a value is missing, or is no string among strings.
    """
    if is_tensor(value) or isinstance(value, str | bytes):
        return None
    items: Sequence[Any] | None
    if isinstance(value, list | tuple):
        items = value if value and isinstance(value[0], str | bytes | None) else None
    else:
        items = _objects(value)
    if items is None:
        return None
    places = Places()
    try:
        codes = places.of(items)
    except TypeError:  # a list, for example, in a list of strings
        return None
    kinds = {type(item) for item in places}
    if kinds and kinds <= {bool, np.bool_}:
        return np.fromiter(items, np.bool_, len(items))
    if not any(issubclass(kind, str | bytes) for kind in kinds):
        return None
    for item, place in places.items():
        if not isinstance(item, str | bytes):
            what = f"row {int((codes == place).argmax())} holds {shown(item)} among strings"
            raise InputError(what, _LEAVE_OUT, where=name)
    words = [item if isinstance(item, str) else _decoded(item) for item in places]
    return Texts(codes, words, name, "str")


def _objects(value: Any) -> Sequence[Any] | None:
    """The items of a one-dimensional array or column of objects, such as a Series of strings or categories."""
    if isinstance(value, np.ma.MaskedArray) or not hasattr(value, "__array__"):
        return None
    try:
        array = np.asarray(value)
    except Exception:  # `__array__` is code of the value's type, which may raise anything
        return None
    return array.tolist() if array.ndim == 1 and array.dtype.kind in "OT" else None


def _cells(array: StoredArray) -> Iterator[str]:
    """The strings of an array of strings of a fixed length."""
    row = array.dtype.itemsize * math.prod(array.shape[1:])
    step = max(1, _BLOCK // max(1, row))
    for start in range(0, array.shape[0] if row else 0, step):
        stop = min(start + step, array.shape[0])
        block = array.read(start, stop, np.empty((stop - start, *array.shape[1:]), array.dtype.newbyteorder("=")))
        check_unicode(block, array.name)
        cells = block.reshape(-1).tolist()
        yield from cells if array.dtype.kind == "U" else map(_decoded, cells)


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")
