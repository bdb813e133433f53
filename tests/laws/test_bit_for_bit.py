"""No bit of a result on the CPU depends on chunks, threads, tiles, the other rows, or where the logits are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.smoothing.targets import Targets
from tests import soft
from tests.scan.passes import columns, data


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
def test_a_file_and_an_array_give_the_same_bits(classes: int, dtype: str, mode: str, tmp_path: Path) -> None:
    # Files are read into buffers that the kernel overwrites; the caller's arrays must not change.
    logits, labels = data(300, classes, dtype, masked=True)
    if dtype != "float16":
        logits[7, 2] = logits[199, 1] = 3e38  # in such a tile the differences do not replace the logits
    before = logits.copy()
    np.save(tmp_path / "logits.npy", logits)
    from_array = columns(logits, labels, chunk_rows=100, masked_classes=mode)
    for chunk_rows in (1, 70):
        found = columns(tmp_path / "logits.npy", labels, chunk_rows=chunk_rows, masked_classes=mode)
        assert [] == [name for name in from_array if from_array[name] != found[name]]
    assert before.tobytes() == logits.tobytes()


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("classes", [5, 400])
def test_a_row_alone_has_the_same_bits_as_among_others(kernel: str, classes: int) -> None:
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


def soft_columns(*arguments: Any, **options: Any) -> dict[str, bytes]:
    """The bytes of every column of a pass over soft labels."""
    found = soft.table(*arguments, **options)
    return {name: column.tobytes() for name, column in found.columns.items()}


@pytest.mark.parametrize(
    ("rows", "classes", "dtype"),
    [
        (257, 2, "float32"),
        (300, 10, "float32"),
        (65, 127, "float64"),
        (65, 128, "float32"),
        (67, 333, "float16"),
        (67, 200, "float64"),
    ],
)
@pytest.mark.parametrize("mode", ["keep", "exclude"])
def test_no_bit_of_soft_labels_depends_on_chunks_threads_or_tiles(
    rows: int, classes: int, dtype: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits, q = soft.drawn(rows, classes, dtype)
    labels = q.astype(np.float32)
    if classes > 2:
        masked = np.random.default_rng(3).random((rows, classes)) < 0.05
        logits[masked & (labels == 0)] = -np.inf
        logits[:, 1] = np.where(np.isneginf(logits).all(axis=1), 0, logits[:, 1])
    labels[::11] = -100
    labels[5, labels[5] == 0] = -100  # among values: 0
    before = logits.tobytes(), labels.tobytes()
    c = {"dot": np.where(np.arange(classes) % 2 == 0, 1.0, 0.0)}
    how: dict[str, Any] = {"eps": (0.0, 0.3), "vectors": c, "masked_classes": mode, "columns": (*soft.COLUMNS, "row")}
    if mode != "exclude":
        how["targets"] = Targets(class_weights=np.arange(classes) / 7)
    expected = soft_columns(logits, labels, threads=1, **how)
    assert [row for row in range(rows) if row % 11] == np.frombuffer(expected["row"], np.int64).tolist()
    for chunk_rows, threads in ((1, 1), (2, 3), (3, 1), (17, 2), (64, 4), (10 * rows, 2)):
        assert expected == soft_columns(logits, labels, threads=threads, chunk_rows=chunk_rows, **how)
    for tile in (1, 100 * classes, 333 * classes):
        monkeypatch.setattr("lscli.kernels.numpy_kernel.TILE", tile)
        assert expected == soft_columns(logits, labels, threads=2, **how)
    assert before == (logits.tobytes(), labels.tobytes())  # the caller's arrays are not written to
