"""Arrow's messages, of which only the frame is looked at: how many rows a batch has, and whether it is packed.

pyarrow tells neither before it has unpacked the batch (Arrow columnar format, "Encapsulated message format"). It has
proved the flatbuffers by then.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"ARROW1"
_FILE_START = 8  # the magic, padded
# Fields of the tables `Message` and `RecordBatch`.
_HEADER, _LENGTH, _COMPRESSION = 2, 0, 3


class Frame(NamedTuple):
    """What a batch declares."""

    rows: int
    packed: bool


def frames(data: Any) -> Iterator[Frame]:
    """The frames of all batches of a file or a stream.

    Args:
        data: all of it, as a buffer of pyarrow's; nothing of the batches themselves is touched.

    Raises:
        ValueError: a message is damaged.
    """
    import pyarrow as pa

    of_file = is_file(data)
    source = pa.BufferReader(data.slice(_FILE_START) if of_file else data)
    reader = pa.ipc.MessageReader.open_stream(source)
    while True:
        place = source.tell()
        try:
            message = reader.read_next_message()
        except StopIteration:
            # A file has a footer; a stream that was cut off between two batches lacks its last mark.
            if source.tell() == place and not of_file:
                raise ValueError("does not end as a stream does") from None
            return
        if message.type == "record batch":
            yield _frame(message.metadata.to_pybytes())


def is_file(data: Any) -> bool:
    """Whether these bytes are a file's, or else a stream's."""
    return bool(data.slice(0, len(MAGIC)).to_pybytes() == MAGIC)


def _frame(metadata: bytes) -> Frame:
    try:
        (message,) = struct.unpack_from("<I", metadata, 0)
        place = _field(metadata, message, _HEADER)
        if place is None:
            raise ValueError("a message without a header")
        batch = place + struct.unpack_from("<I", metadata, place)[0]
        length = _field(metadata, batch, _LENGTH)
        rows = 0 if length is None else struct.unpack_from("<q", metadata, length)[0]
        packed = _field(metadata, batch, _COMPRESSION) is not None
    except struct.error as error:
        raise ValueError("a message ends early") from error
    if rows < 0:
        raise ValueError("a batch of fewer rows than none")
    return Frame(rows, packed)


def _field(data: bytes, table: int, number: int) -> int | None:
    """Where a field of a flatbuffer's table lies; None where it has its default."""
    (back,) = struct.unpack_from("<i", data, table)
    fields = table - back
    if fields < 0:
        raise ValueError("a message's table begins before it")
    (size,) = struct.unpack_from("<H", data, fields)
    at = 4 + 2 * number
    if at + 2 > size:
        return None
    (offset,) = struct.unpack_from("<H", data, fields + at)
    return table + int(offset) if offset else None
