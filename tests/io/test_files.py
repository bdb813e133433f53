"""Files are read at any position, and what goes wrong meanwhile is an error of its kind."""

from __future__ import annotations

import errno
import io
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.errors import InputError, LscliError, ReadWriteError
from lscli.io.files import RegularFile
from tests.io.make import archive, descriptors, figures, forged, saved, some_labels, some_logits

LOGITS, LABELS = some_logits(50, 5), some_labels(50, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
DATA = bytes(range(256)) * 4
Preadv = Callable[[int, Any, int], int]


@pytest.fixture
def logits(tmp_path: Path) -> Path:
    np.save(tmp_path / "logits.npy", LOGITS)
    return tmp_path / "logits.npy"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "x").write_bytes(DATA)
    return tmp_path / "x"


def replace_preadv(monkeypatch: pytest.MonkeyPatch, replacement: Callable[[Preadv, int, Any, int], int]) -> None:
    """Let `replacement(the real preadv, fd, buffers, offset)` stand in for it."""
    real = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: replacement(real, fd, buffers, offset))


@pytest.mark.parametrize("has_preadv", [True, False])
def test_bytes_are_read_from_anywhere(path: Path, monkeypatch: pytest.MonkeyPatch, has_preadv: bool) -> None:
    if not has_preadv:
        monkeypatch.delattr(os, "preadv")
    file = RegularFile(str(path))
    assert len(DATA) == file.size
    for offset, count in ((0, 1024), (1000, 24), (3, 5), (1024, 0), (0, 1)):
        buffer = bytearray(count)
        file.read_into(buffer, offset)
        assert DATA[offset : offset + count] == bytes(buffer)
    assert DATA[1020:] == file.read(100, 1020)
    assert b"" == file.read(100, 5000)
    file.close()


@pytest.mark.parametrize("has_preadv", [True, False])
def test_bytes_beyond_the_end_are_an_error(path: Path, monkeypatch: pytest.MonkeyPatch, has_preadv: bool) -> None:
    if not has_preadv:
        monkeypatch.delattr(os, "preadv")
    with pytest.raises(InputError, match="changed while reading"):
        RegularFile(str(path)).read_into(bytearray(25), 1000)


@pytest.mark.parametrize("threads", [1, 4])
def test_without_preadv_the_figures_are_the_same(logits: Path, monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.delattr(os, "preadv")
    assert EXPECTED == figures(lscli.evaluate(logits, LABELS, threads=threads, chunk_rows=3))


def test_an_archive_is_read_without_preadv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "preadv")
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = archive(tmp_path / "x.npz", compression, logits=LOGITS, labels=LABELS)
        assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=3, threads=3))


def test_short_reads_are_continued(logits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []

    def some(real: Preadv, fd: int, buffers: Any, offset: int) -> int:
        counts.append(real(fd, [buffers[0][:7]], offset))
        return counts[-1]

    replace_preadv(monkeypatch, some)
    assert EXPECTED == figures(lscli.evaluate(logits, LABELS, chunk_rows=9))
    assert len(counts) > LOGITS.nbytes // 7


@pytest.mark.parametrize("size", [0, 500, -4])
def test_a_file_cut_while_it_is_read_is_said_to_have_changed(
    logits: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    whole = logits.stat().st_size

    def cut(real: Preadv, fd: int, buffers: Any, offset: int) -> int:
        if offset > 128:  # beyond the header and the first row
            os.truncate(logits, size % whole)
        return real(fd, buffers, offset)

    replace_preadv(monkeypatch, cut)
    with pytest.raises(InputError, match="changed while reading") as caught:
        lscli.evaluate(logits, LABELS, chunk_rows=1)
    assert str(logits) == caught.value.where


@pytest.mark.parametrize("what", ["mtime", "append", "overwrite"])
@pytest.mark.parametrize("role", ["logits", "labels"])
def test_a_file_written_while_it_is_read_is_said_to_have_changed(
    logits: Path, monkeypatch: pytest.MonkeyPatch, role: str, what: str
) -> None:
    labels = logits.with_name("labels.npy")
    np.save(labels, LABELS)
    target = {"logits": logits, "labels": labels}[role]
    inode = target.stat().st_ino

    def write(real: Preadv, fd: int, buffers: Any, offset: int) -> int:
        count = real(fd, buffers, offset)
        if os.fstat(fd).st_ino == inode and offset >= 128:
            with open(target, "r+b") as stream:
                stream.seek(0, os.SEEK_END if what == "append" else os.SEEK_SET)
                stream.write(b"" if what == "mtime" else b"\x93")
            os.utime(target, ns=(1, 1))
        return count

    replace_preadv(monkeypatch, write)
    with pytest.raises(InputError, match="changed while reading") as caught:
        lscli.evaluate(logits, labels)
    assert str(target) == caught.value.where


def test_a_file_replaced_while_it_is_read_is_read_as_it_was(logits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(real: Preadv, fd: int, buffers: Any, offset: int) -> int:
        other = logits.with_name("other")
        other.write_bytes(b"")
        other.replace(logits)
        return real(fd, buffers, offset)

    replace_preadv(monkeypatch, replace)
    assert EXPECTED == figures(lscli.evaluate(logits, LABELS))


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE])
@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("after", [0, 2, 10])
def test_a_disk_that_fails_is_a_failure_to_read(
    logits: Path, monkeypatch: pytest.MonkeyPatch, number: int, threads: int, after: int
) -> None:
    calls: list[int] = []

    def fail(real: Preadv, fd: int, buffers: Any, offset: int) -> int:
        calls.append(offset)
        if len(calls) > after:
            raise OSError(number, os.strerror(number))
        return real(fd, buffers, offset)

    replace_preadv(monkeypatch, fail)
    with pytest.raises(ReadWriteError, match=os.strerror(number)) as caught:
        lscli.evaluate(logits, LABELS, threads=threads, chunk_rows=1)
    assert str(logits) == caught.value.where


def test_a_disk_that_fails_under_an_archive_is_a_failure_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "x.npz", logits=LOGITS)

    def fail(*arguments: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    replace_preadv(monkeypatch, fail)
    with pytest.raises(ReadWriteError, match=os.strerror(errno.EIO)):
        lscli.evaluate(path, LABELS)


@pytest.mark.parametrize("sound", range(3))
def test_a_disk_that_fails_under_the_list_of_an_archive_is_no_bug(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: int
) -> None:
    data = archive(tmp_path / "x.npz", zipfile.ZIP_DEFLATED, logits=LOGITS).read_bytes()

    class Failing(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            if self.reads > sound:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().read(size)

    monkeypatch.setattr(RegularFile, "stream", lambda file: Failing(data))
    with pytest.raises(LscliError, match=r"x\.npz"):
        lscli.evaluate(tmp_path / "x.npz", LABELS)


def test_a_fifo_put_in_a_files_place_is_refused_and_not_waited_for(
    tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, fifo = os.stat(path), tmp_path / "fifo"
    os.mkfifo(fifo)
    before = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda path: status)
        with pytest.raises(InputError, match="not a regular file"):
            RegularFile(str(fifo))
    assert before == descriptors()


def test_a_stream_is_kept_open_by_itself(path: Path) -> None:
    with open(path, "rb") as stream:
        file = RegularFile("name", os.dup(stream.fileno()))
    assert DATA[5:9] == file.read(4, 5)
    file.close()


def test_closing_twice_is_no_matter(path: Path) -> None:
    before = descriptors()
    file = RegularFile(str(path))
    file.close()
    file.close()
    assert before == descriptors()


def test_no_descriptor_is_open_after_an_answer(logits: Path) -> None:
    labels = logits.with_name("labels.npy")
    np.save(labels, LABELS)
    before = descriptors()
    report = lscli.evaluate(logits, labels)
    assert before == descriptors()
    assert EXPECTED == figures(report)


@pytest.mark.parametrize(
    ("name", "data", "labels"),
    [
        ("x.npy", b"hello", LABELS),
        ("x.npy", saved(LOGITS)[:-1], LABELS),
        ("x.npy", forged("'<i4'"), LABELS),
        ("x.npy", saved(LOGITS), LABELS[:3]),
        ("x.npy", saved(LOGITS), LABELS + 5),
        ("x.npy", saved(LOGITS), LABELS.reshape(50, 1)),
        ("x.npy", saved(LOGITS), "missing.npy"),
        ("x.npy", saved(LOGITS * np.float32(np.nan)), LABELS),
        ("x.npy", saved(LABELS), LOGITS),
        ("x.npz", b"hello", LABELS),
        ("x.parquet", saved(LOGITS), LABELS),
    ],
    ids=[
        "no array",
        "truncated",
        "integers",
        "rows differ",
        "out of range",
        "a column of labels",
        "no labels",
        "nan",
        "swapped",
        "no archive",
        "unknown format",
    ],
)
def test_no_descriptor_is_open_while_an_error_is_kept(tmp_path: Path, name: str, data: bytes, labels: Any) -> None:
    (tmp_path / name).write_bytes(data)
    before = descriptors()
    with pytest.raises(LscliError) as caught:
        lscli.evaluate(tmp_path / name, labels)
    assert before == descriptors()
    assert caught.value.__traceback__ is not None


@pytest.mark.parametrize("has_preadv", [True, False])
def test_a_file_and_its_copy_are_read_at_once(path: Path, monkeypatch: pytest.MonkeyPatch, has_preadv: bool) -> None:
    if not has_preadv:
        monkeypatch.delattr(os, "preadv")
    data = os.urandom(1 << 16)
    path.write_bytes(data)
    file = RegularFile(str(path))
    copies = [file, file.another()]
    wrong: list[int] = []

    def read(copy: RegularFile, offset: int) -> None:
        for _ in range(300):
            if copy.read(64, offset) != data[offset : offset + 64]:
                wrong.append(offset)

    threads = [threading.Thread(target=read, args=(copy, 9000 * place)) for place, copy in enumerate(copies * 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for copy in copies:
        copy.close()
    assert [] == wrong
