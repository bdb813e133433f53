"""A zip archive is read only if its directory describes every byte of the file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.errors import InputError
from tests.io.make import archive, figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
END = b"PK\x05\x06"  # begins the record that ends an archive


@pytest.fixture(params=["stored.npz", "packed.npz", "x.pt"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A sound file of each kind."""
    found: Path = tmp_path / request.param
    if found.suffix == ".pt":
        torch.save({"logits": torch.tensor(LOGITS), "labels": torch.tensor(LABELS)}, found)
    else:
        save = np.savez if found.stem == "stored" else np.savez_compressed
        save(found, logits=LOGITS, labels=LABELS)
    assert EXPECTED == figures(lscli.evaluate(found))
    return found


def refused(path: Path, says: str = "corrupt archive: it has bytes that belong to no member") -> None:
    for run in (lscli.evaluate, lscli.inspect):
        with pytest.raises(InputError, match=says):
            run(path)


def directory_of(data: bytes) -> int:
    """The offset of an archive's directory."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        return opened.start_dir


def test_two_files_joined_end_to_end(path: Path) -> None:
    path.write_bytes(path.read_bytes() * 2)
    refused(path)


@pytest.mark.parametrize("behind", [bytes(1), bytes(64), b"\n", b"PK\x05\x06", bytes(70_000)])
def test_bytes_behind(path: Path, behind: bytes) -> None:
    path.write_bytes(path.read_bytes() + behind)
    refused(path, "corrupt archive")


@pytest.mark.parametrize("before", [bytes(1), b"PK\x03\x04" + bytes(60)])
def test_bytes_before(path: Path, before: bytes) -> None:
    path.write_bytes(before + path.read_bytes())
    refused(path, "corrupt archive|, not a")


def with_a_gap(data: bytes, at: int) -> bytes:
    """An archive with 8 bytes more at a place up to its directory, whose offsets are right again."""
    start = directory_of(data) + 8
    changed = bytearray(data[:at] + bytes(8) + data[at:])

    def moved(place: int, width: int) -> None:
        offset = int.from_bytes(changed[place : place + width], "little")
        changed[place : place + width] = (offset + 8 * (offset >= at)).to_bytes(width, "little")

    entry = start
    while changed[entry : entry + 4] == b"PK\x01\x02":
        moved(entry + 42, 4)
        entry += 46 + sum(
            int.from_bytes(changed[entry + place : entry + place + 2], "little") for place in (28, 30, 32)
        )
    if changed[entry : entry + 4] == b"PK\x06\x06":  # zip64
        moved(entry + 48, 8)
        moved(entry + 56 + 8, 8)
    moved(len(changed) - 6, 4)
    return bytes(changed)


def test_bytes_between_the_members(path: Path) -> None:
    data = path.read_bytes()
    with zipfile.ZipFile(path) as opened:
        starts = sorted(member.header_offset for member in opened.infolist())
    for at in (*starts[1:], directory_of(data)):
        path.write_bytes(with_a_gap(data, at))
        with zipfile.ZipFile(path) as opened:
            assert opened.testzip() is None
        refused(path)


def test_bytes_between_the_directory_and_its_end(path: Path) -> None:
    data = path.read_bytes()
    at = data.rindex(END)
    path.write_bytes(data[:at] + bytes(8) + data[at:])
    refused(path, "corrupt archive")


def test_a_comment_that_may_hold_another_archive(path: Path) -> None:
    data = path.read_bytes()
    comment = archive(path.with_name("other.npz"), a=LABELS[:2]).read_bytes()[:-1]
    path.write_bytes(data[:-2] + len(comment).to_bytes(2, "little") + comment)
    refused(path, "corrupt archive")


def test_two_entries_of_one_member(path: Path) -> None:
    data = path.read_bytes()
    with zipfile.ZipFile(path) as opened:
        first, second = sorted(opened.infolist(), key=lambda member: member.header_offset)[:2]
    at = data.index(second.filename.encode(), directory_of(data)) - 46
    changed = bytearray(data)
    changed[at + 42 : at + 46] = first.header_offset.to_bytes(4, "little")
    path.write_bytes(changed)
    refused(path, "corrupt archive: two members overlap|bytes that belong to no member")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    with zipfile.ZipFile(path, "w") as target:
        target.writestr("logits.npy", b"")
        with pytest.warns(UserWarning, match="Duplicate"):
            target.writestr("logits.npy", b"")
    refused(path, "two members with the same name")
    with zipfile.ZipFile(path, "w") as target:
        for name in ("logits", "logits.npy"):
            target.writestr(name, b"")
    refused(path, "two arrays with the same name")


class Pipe(io.RawIOBase):
    """A stream that cannot seek, such as standard output."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += bytes(data)
        return len(data)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_written_to_a_pipe_is_sound(tmp_path: Path, save: Any) -> None:
    # Its members are followed by a record with the checksum and the sizes.
    pipe = Pipe()
    save(pipe, logits=LOGITS, labels=LABELS)
    path = tmp_path / "x.npz"
    path.write_bytes(pipe.written)
    with zipfile.ZipFile(path) as opened:
        assert {8} == {member.flag_bits for member in opened.infolist()}
    assert EXPECTED == figures(lscli.evaluate(path))
    at = pipe.written.index(b"PK\x07\x08")
    for place in (at, at + 4, at + 8, at + 12):
        path.write_bytes(pipe.written[:place] + bytes([pipe.written[place] ^ 1]) + pipe.written[place + 1 :])
        refused(path, "corrupt archive: the record behind a member is wrong")


def test_a_zip64_archive_is_sound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = tmp_path / "x.npz"
    np.savez(path, logits=LOGITS, labels=LABELS)
    data = path.read_bytes()
    assert b"PK\x06\x06" in data
    assert EXPECTED == figures(lscli.evaluate(path))
    path.write_bytes(data + data)
    refused(path)
