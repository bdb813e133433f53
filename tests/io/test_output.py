"""A file is replaced whole, by a writer that has its own temporary file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lscli.io.output import write_atomically


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def pieces() -> Iterator[bytes]:
        yield b"outer "
        write_atomically(str(path), [b"inner"])
        assert b"inner" == path.read_bytes()
        yield b"done"

    write_atomically(str(path), pieces())
    assert (b"outer done", ["a.csv"]) == (path.read_bytes(), os.listdir(tmp_path))


@pytest.mark.parametrize("old", [None, b"old"])
def test_an_error_on_the_way_leaves_the_old_file_alone(tmp_path: Path, old: bytes | None) -> None:
    path = tmp_path / "a.csv"
    if old is not None:
        path.write_bytes(old)

    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(str(path), pieces())
    assert ([] if old is None else ["a.csv"]) == os.listdir(tmp_path)
    assert old is None or old == path.read_bytes()
