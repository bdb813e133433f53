"""Pickles are recognised by their bytes and refused: loading one runs the code in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import InputError

if TYPE_CHECKING:
    from lscli.io.files import RegularFile

SUFFIXES = (".pkl", ".pickle", ".p", ".joblib", ".dill")
_LOOKED_AT = 4096
_PROTOCOLS = (b"\x02", b"\x03", b"\x04", b"\x05")


_SAVE_ARRAYS = "if you trust its writer, save the arrays: np.savez('x.npz', logits=logits, labels=labels)"


def refused(where: str, hint: str = _SAVE_ARRAYS) -> InputError:
    """The error for a pickle; the hint says what to save instead."""
    return InputError("pickles are refused: loading one runs the code in it", hint, where=where)


def is_pickle(file: RegularFile) -> bool:
    """Whether the bytes of a file are a pickle of any protocol.

    From protocol 2 on, a pickle begins with a mark and its protocol. Before, it is text, and recognised if it begins as
    pickles of containers and objects do, ends as one, and consists of the operations of one.
    """
    start = file.read(_LOOKED_AT, 0)
    if start[:1] == b"\x80" and start[1:2] in _PROTOCOLS:
        return _operations(start)[0] > 1
    if start[:1] not in (b"(", b"]", b"}", b"c") or file.read(1, file.size - 1) != b".":
        return False
    count, stop = _operations(start)
    return stop == file.size if file.size <= _LOOKED_AT else count >= 8 and not stop


def _operations(start: bytes) -> tuple[int, int]:
    """The number of operations that a pickle begins with, and its length; 0 if it does not end in these bytes.

    There are none if something else is among them.
    """
    import pickletools  # imported only for bytes that look like a pickle

    count, stop = 0, 0
    try:
        for operation, value, place in pickletools.genops(start):
            if operation.name == "GLOBAL" and not all(map(str.isidentifier, str(value).replace(".", " ").split())):
                return 0, 0  # the first two lines of a text
            count, stop = count + 1, (place or 0) + 1 if operation.code == "." else 0
    except ValueError as error:  # the bytes end inside an operation, or are none
        count = 0 if "opcode" in str(error) else count
    return count, stop
