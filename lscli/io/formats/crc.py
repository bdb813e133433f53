"""The CRC-32 of bytes that several threads read in pieces, in any order.

Checksums of neighbours combine: crc(ab) = crc(a) x^(8 |b|) + crc(b) over the polynomials modulo that of CRC-32
(as zlib's crc32_combine, which Python does not have).
"""

from __future__ import annotations

import threading
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_POLYNOMIAL = 0xEDB88320  # bit 31 is the constant term
_ONE, _X_TO_8 = 1 << 31, 1 << 23
_GAP = 1 << 20


class Pieces:
    """The checksums of the pieces that were read, by their offset."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def add(self, offset: int, data: Any) -> None:
        """Record the checksum of the bytes at an offset."""
        if len(data):
            found = (len(data), zlib.crc32(data))
            with self._lock:
                self._found[offset] = found

    def total(self, size: int, read: Callable[[int, int], bytes]) -> int:
        """The checksum of all `size` bytes; `read(count, offset)` reads the gaps."""
        crc = position = 0
        starts = sorted(self._found, reverse=True)
        while position < size:
            while starts and starts[-1] < position:
                starts.pop()
            if position in self._found:
                length, piece = self._found[position]
            else:
                data = read(min((starts[-1] if starts else size) - position, _GAP), position)
                length, piece = len(data), zlib.crc32(data)
            crc, position = combined(crc, piece, length), position + length
        return crc


def combined(first: int, second: int, length: int) -> int:
    """The checksum of two neighbouring pieces from their checksums; the second has `length` bytes."""
    return _product(first, _x_to_the_bits_of(length)) ^ second


def _x_to_the_bits_of(count: int) -> int:
    result, square = _ONE, _X_TO_8
    while count:
        if count & 1:
            result = _product(result, square)
        square, count = _product(square, square), count >> 1
    return result


def _product(a: int, b: int) -> int:
    result = 0
    while a:
        if a & _ONE:
            result ^= b
        a = a << 1 & 0xFFFFFFFF
        b = b >> 1 ^ (_POLYNOMIAL if b & 1 else 0)
    return result
