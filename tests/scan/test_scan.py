"""The loop: one answer whatever the chunks and threads, rows left out, errors that name the first row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import lscli
from lscli.io.open import open_inputs
from lscli.kernels.devices import cpu_kernel
from lscli.kernels.rowstate import COLUMNS, fields_for
from lscli.scan.device import device_state
from lscli.scan.scan import scan, scan_parts

Array = NDArray[Any]


def data(rows: int, classes: int, dtype: str = "float32", *, masked: bool = False) -> tuple[Array, Array]:
    rng = np.random.default_rng(classes)
    logits = (3 * rng.standard_normal((rows, classes))).astype(dtype)
    if masked:
        logits[::13] *= 40  # the others of some underflow
        logits[3::13] *= 1000
    if masked:
        logits[rng.random((rows, classes)) < 0.02] = -np.inf
        logits[:, 0] = np.where(np.isneginf(logits).all(axis=1), 0, logits[:, 0])
    logits[::7, 1] = logits[::7, 0]  # ties
    labels = rng.integers(0, classes, rows)
    labels[::11] = -100
    return logits, labels


def columns(logits: Any, labels: Any, **options: Any) -> dict[str, bytes]:
    """The bytes of every column, those of two vectors among them."""
    opened, truth = open_inputs(logits, labels)
    label, _ = truth.checked(opened.shape[1], -100)
    c = np.random.default_rng(opened.shape[1]).random(opened.shape[1])
    vectors = {"all": c, "some": np.where(c < 0.5, 0.0, 1e3 * c)}
    table = scan(opened, label, (*COLUMNS, "row"), vectors=vectors, **options).table
    return {name: column.tobytes() for name, column in table.columns.items()}


@pytest.mark.parametrize("mode", ["keep", "exclude"])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize(
    ("rows", "classes", "dtype"),
    [
        (257, 2, "float32"),
        (257, 10, "float32"),
        (129, 50, "float16"),
        (65, 127, "float64"),
        (65, 128, "float32"),
        (67, 333, "float64"),
        (35, 1000, "float16"),
        (35, 1001, "float32"),
        (40, 33_000, "float32"),
    ],
)
def test_no_bit_depends_on_chunks_or_threads(kernel: str, mode: str, rows: int, classes: int, dtype: str) -> None:
    logits, labels = data(rows, classes, dtype, masked=True)
    how = {"kernel": kernel, "masked_classes": mode}
    expected = columns(logits, labels, threads=1, **how)
    for chunk_rows, threads in ((1, 1), (2, 3), (3, 1), (17, 2), (64, 4), (rows, 1), (10 * rows, 2)):
        found = columns(logits, labels, threads=threads, chunk_rows=chunk_rows, **how)
        assert expected.keys() == found.keys()
        assert [] == [name for name in expected if expected[name] != found[name]]


@pytest.mark.parametrize("classes", [7, 1000])
def test_no_bit_depends_on_the_tiles_within_a_chunk(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = data(100, classes)
    expected = columns(logits, labels, threads=1)
    for tile in (1, 100 * classes, 333 * classes):
        monkeypatch.setattr("lscli.kernels.numpy_kernel.TILE", tile)
        assert expected == columns(logits, labels, threads=1)


@pytest.mark.parametrize("mode", ["keep", "exclude"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("classes", [5, 400])
def test_a_file_gives_the_bits_of_an_array(classes: int, dtype: str, mode: str, tmp_path: Path) -> None:
    # Files are read into buffers that the kernel works in; arrays of the caller are left alone.
    logits, labels = data(300, classes, dtype, masked=True)
    if dtype != "float16":
        logits[7, 2] = logits[199, 1] = 3e38  # a tile where the differences do not take the place of the logits
    before = logits.copy()
    np.save(tmp_path / "logits.npy", logits)
    from_array = columns(logits, labels, chunk_rows=100, masked_classes=mode)
    for chunk_rows in (1, 70):
        found = columns(tmp_path / "logits.npy", labels, chunk_rows=chunk_rows, masked_classes=mode)
        assert [] == [name for name in from_array if from_array[name] != found[name]]
    assert before.tobytes() == logits.tobytes()


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [5, 400])
def test_a_row_alone_gives_the_bits_that_it_has_among_others(kernel: str, classes: int) -> None:
    logits, labels = data(40, classes, masked=True)
    labels = np.maximum(labels, 0)
    logits[20, 2:] = -np.inf
    how = {"kernel": kernel, "masked_classes": "exclude"}
    among = columns(logits, labels, **how)
    for row in range(40):
        alone = columns(logits[row : row + 1], labels[row : row + 1], **how)
        for name in among.keys() - {"row"}:
            size = len(alone[name])
            assert among[name][row * size : (row + 1) * size] == alone[name], (row, name)


def test_the_report_does_not_depend_on_chunks_or_threads() -> None:
    logits, labels = data(1000, 20)
    expected = repr(lscli.evaluate(logits, labels, metrics="all").rows)
    for threads, chunk_rows in ((1, 1), (3, 7), (2, 999)):
        assert expected == repr(
            lscli.evaluate(logits, labels, metrics="all", threads=threads, chunk_rows=chunk_rows).rows
        )


def test_ignored_samples_leave_as_if_they_had_never_been() -> None:
    logits, labels = data(200, 10)
    kept = labels != -100
    logits[~kept] = np.nan  # nobody looks at them
    alone, among = columns(logits[kept], labels[kept]), columns(logits, labels, chunk_rows=9)
    assert np.frombuffer(among.pop("row"), np.int64).tolist() == np.flatnonzero(kept).tolist()
    del alone["row"]
    assert alone == among


def parts(logits: Any, labels: Any, names: Any = (*COLUMNS, "row"), **options: Any) -> list[Any]:
    opened, truth = open_inputs(logits, labels)
    label, _ = truth.checked(opened.shape[1], -100)
    return list(scan_parts(opened, label, names, threads=2, **options))


@pytest.mark.parametrize("classes", [5, 300])
@pytest.mark.parametrize("from_file", [True, False])
def test_the_parts_are_the_whole(
    classes: int, from_file: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lscli.scan.scan._CPU_PART", 8 * classes)  # parts of 16 rows
    logits, labels = data(203, classes, masked=True)
    labels[32:48] = -100
    logits[16:32] = np.nan
    np.save(tmp_path / "logits.npy", logits)
    given = tmp_path / "logits.npy" if from_file else logits
    told: list[tuple[int, int]] = []
    found = parts(given, labels, nonfinite="skip", progress=lambda done, total: told.append((done, total)))
    assert len(found) == 12
    assert [len(part.table) for part in found].count(0) == 1
    assert sum(part.skipped for part in found) == (labels[16:32] != -100).sum()
    assert told[-1] == (203, 203)
    whole = columns(given, labels, nonfinite="skip")
    for name, expected in ((name, whole[name]) for name in (*COLUMNS, "row")):
        assert expected == b"".join(part.table[name].tobytes() for part in found), name


def test_errors_of_a_part_name_the_row_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.scan.scan._CPU_PART", 80)
    logits = np.zeros((200, 10), np.float32)
    logits[150, 2] = np.nan
    with pytest.raises(lscli.InputError, match="row 150 has nan"):
        parts(logits, np.zeros(200, int))
    with pytest.raises(lscli.InputError, match="no row is finite"):
        parts(logits * np.nan, np.zeros(200, int), nonfinite="skip")


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize(("bad", "what"), [(np.nan, "nan"), (np.inf, "+inf"), (-np.inf, "nothing but -inf")])
def test_the_first_row_that_is_not_finite_is_named(bad: float, what: str, threads: int) -> None:
    logits = np.zeros((500, 4), np.float32)
    logits[123] = logits[124] = logits[400] = bad
    with pytest.raises(lscli.InputError, match=f"row 123 has {what}".replace("+", r"\+")):
        lscli.evaluate(logits, np.zeros(500, int), threads=threads, chunk_rows=5)


def test_rows_that_are_not_finite_can_be_skipped() -> None:
    logits, labels = data(100, 5)
    broken = logits.copy()
    broken[[3, 50, 98], [0, 1, 2]] = np.nan, np.inf, np.nan
    broken[70] = -np.inf
    left = np.setdiff1d(np.arange(100), [3, 50, 70, 98])
    expected = lscli.evaluate(logits[left], labels[left])
    with pytest.warns(lscli.LscliWarning, match="4 of 100 rows are not finite"):
        found = lscli.evaluate(broken, labels, nonfinite="skip", chunk_rows=8)
    assert expected.rows == found.rows
    assert found.samples["skipped"] == 4


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(lscli.InputError, match="no row is finite"):
        lscli.evaluate(np.full((3, 2), np.nan), [0, 1, 0], nonfinite="skip")


def test_progress_ends_at_the_last_row() -> None:
    told: list[tuple[int, int]] = []
    lscli.evaluate(*data(100, 3), chunk_rows=10, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)


def test_an_error_in_the_caller_s_progress_stops_the_threads() -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lscli.evaluate(*data(2000, 300), chunk_rows=1, progress=interrupt)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("classes", [6, 130])
def test_the_loop_on_a_device_gives_the_states_of_the_kernel(dtype: str, classes: int) -> None:
    # On the CPU its buffers are copied plainly; on a GPU pinned ones travel on a stream of their own.
    tensor = torch.randn(50, classes, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    labels = np.arange(50) % classes
    opened, _ = open_inputs(tensor, labels)
    raw = tensor.view(torch.uint16).numpy() if dtype == "bfloat16" else tensor.numpy()
    fields = fields_for(COLUMNS) | {"open_shift"}
    c = np.random.default_rng(0).random((2, classes))
    expected = cpu_kernel("torch", classes, dtype, fields, (), c).row_state(raw, labels).parts()
    assert {"dots", "open_shift", "above_label", "log_tail", "tail_entropy"} <= expected.keys()
    for device in DEVICES:
        told: list[int] = []
        how: Any = {"chunk_rows": 7, "threads": 2, "progress": told.append}
        found = device_state(opened, labels, device, fields, vectors=c, **how).parts()
        for name, part in expected.items():
            np.testing.assert_allclose(found[name], part, rtol=1e-6, atol=1e-6, err_msg=f"{device} {name}")
        assert told == [*range(7, 50, 7), 50]


DEVICES = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


@pytest.mark.parametrize("classes", [4, 200])
@pytest.mark.parametrize("metrics", ["default", "ece"])
def test_samples_with_a_masked_class_are_counted_whatever_is_asked_for(classes: int, metrics: str) -> None:
    logits = np.zeros((60, classes), np.float32)
    logits[:, 0] = 3
    logits[5:25, 1] = -np.inf
    logits[30] = np.nan
    with pytest.warns(lscli.LscliWarning):
        report = lscli.evaluate(logits, np.zeros(60, int), metrics=metrics, nonfinite="skip", chunk_rows=7)
    assert report.samples["masked"] == 20
    assert report.samples["skipped"] == 1
