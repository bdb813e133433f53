"""The footer of a Parquet file (parquet.thrift, in Thrift's compact protocol): is it encrypted, and of this one file?

pyarrow ends the process when it is asked for a column of an encrypted file, and it reads files that were joined end to
end: the footer is that of the last one, but its offsets lead into the first. So lscli reads the footer itself first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.errors import InputError
from lscli.text import sized

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_LENGTH = 4
_TAIL = _LENGTH + len(_MAGIC)
_BLOOM_HEADER = 64  # no header of a Bloom filter is longer
_DEEPEST = 32
# Types of Thrift's compact protocol.
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_VARINTS = (4, 5, 6)

Struct = dict[int, Any]


def checked_footer(file: RegularFile) -> list[int]:
    """Refuse an encrypted file, and a file with bytes that its footer does not account for.

    Returns:
        The number of values of each column that the schema leads to, in all row groups.

    Raises:
        InputError: it is such a file.
        ValueError: it is not a Parquet file, or damaged.
    """
    start, tail = file.read(len(_MAGIC), 0), file.read(_TAIL, max(0, file.size - _TAIL))
    if _ENCRYPTED in (start, tail[_LENGTH:]):
        raise _encrypted(file)
    if start != _MAGIC or tail[_LENGTH:] != _MAGIC:
        raise ValueError("does not begin and end as a Parquet file does")
    length = int.from_bytes(tail[:_LENGTH], "little")
    place = file.size - _TAIL - length
    if place < len(_MAGIC):
        raise ValueError("the length of its footer exceeds the file")
    try:
        footer = _Compact(file.read(length, place)).struct()
        groups = [group.get(1, []) for group in footer.get(4, [])]
        columns = [column for group in groups for column in group]
        encrypted = 8 in footer or any(8 in column or 9 in column for column in columns)
        counts = [sum(column.get(3, {}).get(5, 0) for column in each) for each in zip(*groups, strict=True)]
        end = max((_end(file, column) for column in columns), default=len(_MAGIC))
    except (IndexError, AttributeError, TypeError) as error:  # it ends early, or has fields of other types
        raise ValueError("its footer is malformed") from error
    if encrypted:
        raise _encrypted(file)
    others = place - end
    if others < 0:
        raise ValueError("its values reach into its footer")
    if others:
        what = f"{sized(others)} before its footer belong to no column: another file may stand before it"
        raise InputError(what, "save each table to a file of its own", where=file.name)
    return counts


def _end(file: RegularFile, column: Struct) -> int:
    """The end of what belongs to a column of a row group: its pages, indexes and Bloom filter."""
    own = column.get(3, {})
    starts = [own[field] for field in (9, 10, 11) if own.get(field)]  # data, index and dictionary pages
    parts = [(min(starts, default=0), own.get(7, 0)), *((column.get(at, 0), column.get(at + 1, 0)) for at in (4, 6))]
    if bloom := own.get(14, 0):
        size = own.get(15, 0)
        if not size:  # older writers do not say
            header = _Compact(file.read(_BLOOM_HEADER, bloom))
            size = header.struct().get(1, 0) + header.place
        parts.append((bloom, size))
    return int(max(start + size for start, size in parts))


def _encrypted(file: RegularFile) -> InputError:
    return InputError("the file is encrypted", "save its columns unencrypted", where=file.name)


class _Compact:
    """A reader of Thrift's compact protocol.

    Attributes:
        place: the number of bytes that were read.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.place = 0

    def struct(self, depth: int = 0) -> Struct:
        """The fields of a struct by their numbers.

        Raises:
            ValueError, IndexError: it is damaged.
        """
        if depth > _DEEPEST:
            raise ValueError("its footer is nested too deep")
        found: Struct = {}
        field = 0
        while (head := self._byte()) != _STOP:
            kind, step = head & 15, head >> 4
            field = field + step if step else self._number()
            found[field] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _VARINTS:
            return self._number()
        if kind == _BINARY:
            return self._skip(self._varint())
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth + 1)
        if kind == _MAP:
            return self._map(depth + 1)
        sizes = {_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8, _UUID: 16}
        if kind not in sizes:
            raise ValueError(f"its footer has a field of type {kind}")
        return self._skip(sizes[kind])

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 15
        count = self._varint() if count == 15 else count
        self._check(count)  # an item has at least a byte
        return [self._value(kind, depth) for _ in range(count)]

    def _map(self, depth: int) -> None:
        count = self._varint()
        self._check(2 * count)
        kinds = self._byte() if count else 0
        for _ in range(count):
            self._value(kinds >> 4, depth)
            self._value(kinds & 15, depth)

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)  # zigzag: 0, -1, 1, -2, ...

    def _varint(self) -> int:
        value = shift = 0
        while (byte := self._byte()) > 127:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise ValueError("its footer has a number that is too large")
        return value | byte << shift

    def _byte(self) -> int:
        self.place += 1
        return self._data[self.place - 1]

    def _skip(self, count: int) -> None:
        self._check(count)
        self.place += count

    def _check(self, count: int) -> None:
        if count > len(self._data) - self.place:
            raise ValueError("its footer ends early")
