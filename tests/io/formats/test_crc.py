"""The checksum of pieces is that of the whole, whatever the pieces."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st

from lscli.io.formats.crc import Pieces, combined


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_two_pieces_combine(first: bytes, second: bytes) -> None:
    assert zlib.crc32(first + second) == combined(zlib.crc32(first), zlib.crc32(second), len(second))


def test_a_long_second_piece_combines() -> None:
    second = bytes(range(256)) * 300_000
    assert zlib.crc32(b"x" + second) == combined(zlib.crc32(b"x"), zlib.crc32(second), len(second))


@given(st.binary(max_size=200), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 80)), max_size=8))
def test_pieces_in_any_order_that_overlap_or_leave_gaps(data: bytes, spans: list[tuple[int, int]]) -> None:
    pieces = Pieces()
    for start, length in spans:
        if start + length <= len(data):
            pieces.add(start, data[start : start + length])
    assert zlib.crc32(data) == pieces.total(len(data), lambda count, offset: data[offset : offset + count])


def test_what_was_read_is_not_read_again() -> None:
    data, again = bytes(range(100)), []
    pieces = Pieces()
    for start in (60, 0, 30):
        pieces.add(start, data[start : start + 30])

    def read(count: int, offset: int) -> bytes:
        again.append((offset, count))
        return data[offset : offset + count]

    assert zlib.crc32(data) == pieces.total(100, read)
    assert [(90, 10)] == again
