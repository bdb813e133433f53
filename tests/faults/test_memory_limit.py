"""Limits on memory: a control group's is fitted to by fewer rows and threads; any other ends in one line and code 4."""

from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

import lscli
from lscli.errors import ReadWriteError, UsageError
from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray
from lscli.kernels.class_sums import block_rows
from lscli.kernels.softmax_moments import FirstMoments
from lscli.limits import MemoryLimit, check_memory, has_room
from lscli.options import ReadingOptions
from lscli.recalibrators.base import FitRows
from lscli.scan.chunk_size import Fit, fit, thread_bytes
from tests.command import LABELS, LOGITS
from tests.faults.shells import assert_two_lines, under
from tests.io.make import figures, some_labels, some_logits
from tests.io.table_files import save, table

MIB = 1 << 20


def holes(folder: Path, rows: int, classes: int, descr: str = "<f4") -> list[str]:
    """The paths of logits and labels of zeros that take no room on the disk."""
    with (folder / "x.npy").open("wb") as file:
        header = {"descr": descr, "fortran_order": False, "shape": (rows, classes)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + np.dtype(descr).itemsize * rows * classes)
    np.save(folder / "y.npy", np.zeros(rows, np.int8))
    return [str(folder / "x.npy"), str(folder / "y.npy")]


@pytest.mark.parametrize("options", [[], ["--ci", "--bootstrap", "5"], ["--metrics", "nll_miscalibration"]])
@pytest.mark.parametrize("kib", [30_000, 80_000, 106_000, 112_000, 114_000, 120_000, 140_000, 170_000])
def test_any_limit_is_an_answer_or_two_lines(kib: int, options: list[str]) -> None:
    done = under(f"ulimit -v {kib}", ["eval", LOGITS, LABELS, *options])
    assert done.returncode in (0, 4), done.stderr
    if done.returncode:
        assert "" == done.stdout
        assert_two_lines(done.stderr)
        assert "memory" in done.stderr.splitlines()[0]


def test_help_takes_less() -> None:
    assert 0 == under("ulimit -v 60000", ["eval", "--help"]).returncode


@pytest.mark.parametrize(
    ("kib", "package", "options"), [(80_000, "numpy", []), (160_000, "scipy", ["--metrics", "nll_miscalibration"])]
)
def test_a_package_that_does_not_fit_is_named(kib: int, package: str, options: list[str]) -> None:
    # Its libraries would end the process, with an exit code that means something else.
    done = under(f"ulimit -v {kib}", ["eval", LOGITS, LABELS, *options])
    assert (4, f"lscli: {package}: needs ") == (done.returncode, done.stderr[:20])
    assert_two_lines(done.stderr)


@pytest.mark.parametrize("kind", ["x.parquet", "x.packed.arrow", "x.safetensors"])
@pytest.mark.parametrize("kib", [112_000, 150_000, 200_000, 220_000, 240_000, 260_000])
def test_memory_that_ran_out_in_a_library_is_no_fault_of_the_file(tmp_path: Path, kib: int, kind: str) -> None:
    logits, labels = some_logits(5000, 10), some_labels(5000, 10)
    path = tmp_path / kind
    if kind == "x.safetensors":
        save_file({"logits": logits, "labels": labels}, path)
    else:
        save(path, table("lists", logits, label=labels), 5000)
    done = under(f"ulimit -v {kib}", ["eval", path])
    assert done.returncode in (0, 4), done.stderr
    if done.returncode:
        assert "" == done.stdout
        assert_two_lines(done.stderr)
        assert "memory" in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    "says", ["std::bad_alloc", "malloc of size 64 failed", "Failed to launch worker thread: again"]
)
@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.safetensors"])
def test_a_library_may_say_it_by_any_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(says)

    path = tmp_path / name
    if name == "x.safetensors":
        save_file({"logits": some_logits(40, 5)}, path)
    else:
        save(path, table("lists"))
    monkeypatch.setattr("pyarrow.parquet.ParquetFile", fail)
    monkeypatch.setattr("pyarrow.ipc.open_file", fail)
    monkeypatch.setattr("safetensors.safe_open", fail)
    with pytest.raises(ReadWriteError, match="memory ran out"):
        lscli.evaluate(path, some_labels(40, 5))


@pytest.mark.parametrize("options", [[], ["--chunk-rows", "40000"]])
def test_an_array_that_does_not_fit_is_two_lines(tmp_path: Path, options: list[str]) -> None:
    inputs = holes(tmp_path, 3_000_000, 2, "<f2") if not options else holes(tmp_path, 50_000, 1000)
    done = under("ulimit -v 120000", ["eval", *inputs, "--ignore-index", "-1", *options])
    assert (4, "lscli: memory ran out: needs ") == (done.returncode, done.stderr[:29])
    assert_two_lines(done.stderr)


@pytest.mark.parametrize("started", [0, 1])
@pytest.mark.parametrize("options", [{}, {"ci": True, "bootstrap": 5}])
def test_threads_that_cannot_be_started_are_not_missed(
    monkeypatch: pytest.MonkeyPatch, started: int, options: dict[str, Any]
) -> None:
    inputs = some_logits(50, 5), some_labels(50, 5)
    expected = figures(lscli.evaluate(*inputs, **options))
    usual, calls = threading.Thread.start, []

    def start(thread: threading.Thread) -> None:
        calls.append(thread)
        if len(calls) > started:
            raise RuntimeError("can't start new thread")
        usual(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    assert expected == figures(lscli.evaluate(*inputs, threads=4, chunk_rows=3, **options))
    assert started < len(calls)


def test_an_error_in_the_main_thread_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x = some_logits(50, 5)
    x[7, 0] = np.nan
    with pytest.raises(lscli.LscliError) as expected:
        lscli.evaluate(x, some_labels(50, 5))
    monkeypatch.setattr("lscli.scan.chunk_size.memory_limit", lambda: MemoryLimit(20 * MIB, 100 * MIB))
    with pytest.raises(lscli.LscliError) as found:
        lscli.evaluate(x, some_labels(50, 5))
    assert str(expected.value) == str(found.value)


def stored(rows: int, classes: int, dtype: str = "float32") -> Logits:
    """Logits of which no value is read."""
    array = np.broadcast_to(np.zeros(1, dtype), (rows, classes))
    return Logits(MemoryArray(array, "logits"))


def fitted(free: int, *, total: int = 1 << 40, **given: Any) -> Fit:
    """What fits where `free` bytes are left, on 8 processors."""
    class_sums, beside = given.pop("class_sums", False), given.pop("beside", ())
    options = ReadingOptions(**{"device": "cpu", **given})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lscli.scan.chunk_size.memory_limit", lambda: MemoryLimit(free, total))
        patch.setattr("lscli.scan.chunk_size.processors", lambda: 8)
        return fit(stored(100_000, 1000), 10 * MIB, options, class_sums=class_sums, beside=beside)


def test_less_memory_is_fewer_rows_then_fewer_threads_then_fewer_rows_again() -> None:
    free = [1 << 40, 150 * MIB, 120 * MIB, 40 * MIB, 26 * MIB]
    assert [(8, 1048), (8, 1048), (8, 524), (2, 262), (1, 262)] == [tuple(fitted(size)) for size in free]
    assert (0, 1) == tuple(fitted(20 * MIB))


def test_what_is_given_is_obeyed() -> None:
    assert (8, 7) == tuple(fitted(24 * MIB, threads=8, chunk_rows=7))
    assert (3, 262) == tuple(fitted(30 * MIB, threads=3))
    assert (1, 2000) == tuple(fitted(32 * MIB, chunk_rows=2000))
    assert (5, 50) == tuple(fitted(0, device="cuda", threads=5, chunk_rows=50))


def test_what_is_filled_beside_the_table_counts() -> None:
    beside = [FirstMoments(np.zeros(100, int), 1000, "float32", 1.0)]
    assert [tuple(fitted(size, beside=beside)) for size in (1 << 40, 150 * MIB, 48 * MIB)] == [
        (8, 1048),
        (4, 262),
        (1, 262),
    ]


def test_passes_of_a_fit_take_fewer_threads_where_memory_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = FitRows(stored(2000, 1000), np.zeros(2000, np.int32), np.ones(2000))
    for free, threads in ((1 << 40, 3), (34 * MIB, 2), (10 * MIB, 1)):
        monkeypatch.setattr("lscli.scan.blocks.memory_limit", lambda free=free: MemoryLimit(free, 1 << 40))
        monkeypatch.setattr("lscli.scan.blocks.processors", lambda: 3)
        found: list[int] = []
        monkeypatch.setattr("lscli.scan.blocks.run_threads", lambda *given, found=found: found.append(given[2]))
        rows.read(lambda block: None, lambda _: None)
        assert [threads] == found


def test_chunks_stay_whole_blocks_of_the_sums_by_class() -> None:
    block = block_rows(1000, "float32")
    for free in (1 << 40, 150 * MIB, 60 * MIB, 45 * MIB, 20 * MIB):
        assert 0 == fitted(free, class_sums=True).chunk_rows % block


def test_what_surely_does_not_fit_is_refused() -> None:
    with pytest.raises(ReadWriteError, match=r"logits: needs 12 MiB of memory, limit 10 MiB") as caught:
        fitted(12 * MIB, total=10 * MIB)
    assert "give the container more memory" == caught.value.hint
    with pytest.raises(ReadWriteError, match="needs") as caught:
        fitted(30 * MIB, chunk_rows=50_000)
    assert "use a smaller --chunk-rows, or give the container more memory" == caught.value.hint


@pytest.mark.parametrize("sums", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("classes", [2, 10, 127, 128, 1000, 30_000, 300_000])
def test_a_thread_takes_no_more_than_is_reckoned_with(
    monkeypatch: pytest.MonkeyPatch, classes: int, dtype: str, sums: bool
) -> None:
    rows = max(2, (1 << 20) // classes)
    x = np.random.default_rng(0).standard_normal((rows, classes), np.float32).astype(dtype)
    y = np.zeros(rows, np.int32)
    peak: list[int] = []
    from lscli.scan.cpu import scan_on_cpu as usual

    def traced(logits: Logits, *arguments: Any) -> None:
        tracemalloc.start()
        usual(logits, *arguments)
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    monkeypatch.setattr("lscli.scan.scan.scan_on_cpu", traced)
    metrics = "all" if sums else "default"
    lscli.evaluate(x, y, metrics=metrics, threads=1, chunk_rows=rows // 2, bootstrap=2)
    reckoned = thread_bytes(stored(rows, classes, dtype), rows // 2, class_sums=sums)
    assert peak[0] <= reckoned <= 4 * peak[0]


def test_without_room_for_a_thread_the_main_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    # A thread that runs out of memory as it starts would keep the main one waiting for ever.
    inputs = some_logits(50, 5), some_labels(50, 5)
    expected = figures(lscli.evaluate(*inputs))
    monkeypatch.setattr("lscli.workers.has_room", lambda size: False)
    monkeypatch.setattr(threading.Thread, "start", lambda thread: pytest.fail("a thread is started"))
    assert expected == figures(lscli.evaluate(*inputs, threads=4, chunk_rows=3))


def test_room_is_what_can_be_mapped() -> None:
    assert (True, False) == (has_room(1 << 20), has_room(1 << 62))


def test_what_needs_more_memory_than_is_free_is_refused_before_it_is_taken() -> None:
    check_memory(1 << 20, "this", "try less")
    with pytest.raises(ReadWriteError, match=r"x: this needs .* TiB of memory, .* are free") as caught:
        check_memory(1 << 60, "this", "try less", "x")
    assert "try less" == caught.value.hint


def test_sums_by_class_of_many_groups_are_bounded_by_the_size_of_the_logits() -> None:
    rows, classes = 2_000, 1_000
    x, y = np.zeros((rows, classes), np.float32), np.zeros(rows, np.int64)
    with pytest.raises(UsageError, match=r"1000 classes x 15 bins x 2001 groups needs 1.342 GiB of memory, out of"):
        lscli.evaluate(x, y, metrics="classwise", groups=np.arange(rows))
