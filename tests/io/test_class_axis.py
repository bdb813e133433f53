"""Logits whose classes are not the last axis, from every source: the same bits as with the axis moved beforehand."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save_file

import lscli
from lscli.errors import InputError
from lscli.io.class_axis import rows_of
from lscli.io.memory import TensorArray
from lscli.io.views import interpreted
from lscli.options import Kind
from tests.io.make import archive, descriptors, figures

RANDOM = np.random.default_rng(8)
N, K, H, W = 6, 5, 3, 4
IMAGES = RANDOM.normal(size=(N, K, H, W)).astype(np.float32)
LABELS = RANDOM.integers(0, K, (N, H, W))
ROWS = np.ascontiguousarray(np.moveaxis(IMAGES, 1, -1)).reshape(-1, K)
COLUMNS = np.ascontiguousarray(ROWS.T)
# The rows are compared with those of a matrix, which are independent; see tests/cli/test_clusters.py.
ALONE: dict[str, Any] = {"clusters": "none"}
EXPECTED = figures(lscli.evaluate(ROWS, LABELS.ravel()))


def saved(folder: Path, kind: str, logits: NDArray[Any], labels: NDArray[Any]) -> tuple[Path, ...]:
    """The logits in a file of this kind, and the labels in it or in another."""
    path = folder / f"x.{kind.partition(' ')[0]}"
    if kind.startswith("npz"):
        method = zipfile.ZIP_DEFLATED if kind.endswith("packed") else zipfile.ZIP_STORED
        return (archive(path, method, logits=logits, labels=labels),)
    if kind == "safetensors":
        save_file({"logits": logits, "labels": labels}, path)
        return (path,)
    if kind == "pt":
        torch.save({"logits": torch.tensor(logits), "labels": torch.tensor(labels)}, path)
        return (path,)
    if kind in ("parquet", "arrow"):
        table = pa.table({f"c{place}": column for place, column in enumerate(logits.T)})
        if kind == "parquet":
            pq.write_table(table, path)
        else:
            with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
    elif kind == "csv":
        np.savetxt(path, logits, delimiter=",")
    elif kind == "npy F":
        np.save(path := folder / "x.npy", np.asfortranarray(logits))
    elif kind == "npy >":
        np.save(path := folder / "x.npy", logits.astype(">f4"))
    else:
        np.save(path, logits)
    np.save(folder / "y.npy", labels)
    return path, folder / "y.npy"


IN_PLACE = ["npy", "npy F", "npy >", "npz", "npz packed", "safetensors", "pt"]


@pytest.mark.parametrize("kind", IN_PLACE)
@pytest.mark.parametrize("axis", [1, -3])
def test_images_of_any_file(tmp_path: Path, kind: str, axis: int) -> None:
    files = saved(tmp_path, kind, IMAGES, LABELS)
    # A chunk of 5 rows divides every image, one of 12 is an image, and one of 30 is two and a half.
    for chunk_rows, threads in ((None, None), (1, 1), (5, 3), (12, 2), (30, 1), (30, 3)):
        found = lscli.evaluate(*files, **ALONE, class_axis=axis, chunk_rows=chunk_rows, threads=threads)
        assert EXPECTED == figures(found)
        assert [N * H * W, K] == found.inputs[0]["shape"]


@pytest.mark.parametrize("kind", [*IN_PLACE, "csv", "parquet", "arrow"])
def test_transposed_logits_of_any_file(tmp_path: Path, kind: str) -> None:
    files = saved(tmp_path, kind, COLUMNS, LABELS.ravel())
    for chunk_rows, threads in ((None, None), (1, 1), (5, 3), (100, 2)):
        assert EXPECTED == figures(
            lscli.evaluate(*files, **ALONE, class_axis=0, chunk_rows=chunk_rows, threads=threads)
        )


@pytest.mark.parametrize("order", ["C", "F", "classes last"])
def test_arrays_and_tensors(order: Any) -> None:
    if order == "classes last":  # the memory of torch.channels_last
        array = np.moveaxis(np.ascontiguousarray(np.moveaxis(IMAGES, 1, -1)), -1, 1)
    else:
        array = np.asarray(IMAGES, order=order)
    before = array.tobytes()
    for data in (array, torch.tensor(array)):
        assert EXPECTED == figures(lscli.evaluate(data, LABELS, **ALONE, class_axis=1, chunk_rows=7))
    assert before == array.tobytes()
    half = torch.tensor(IMAGES).bfloat16()
    rows = torch.tensor(ROWS).bfloat16()
    assert figures(lscli.evaluate(rows, LABELS.ravel())) == figures(lscli.evaluate(half, LABELS, **ALONE, class_axis=1))


def test_every_axis_of_every_length(tmp_path: Path) -> None:
    for shape in ((2, 3, 1), (1, 3, 4), (3, 2, 1, 2), (2, 3, 2, 2, 2), (3, 5)):
        logits = RANDOM.normal(size=shape)
        np.save(tmp_path / "x.npy", logits)
        for axis, classes in enumerate(shape):
            if classes < 2:
                continue
            rows = np.moveaxis(logits, axis, -1).reshape(-1, classes)
            labels = RANDOM.integers(0, classes, rows.shape[0])
            expected = figures(lscli.evaluate(rows, labels))
            for chunk_rows in (1, 2, 100):
                found = lscli.evaluate(tmp_path / "x.npy", labels, **ALONE, class_axis=axis, chunk_rows=chunk_rows)
                assert expected == figures(found)


def test_wide_rows_of_half_precision(tmp_path: Path) -> None:
    logits = RANDOM.normal(size=(3, 300, 50)).astype(np.float16)
    labels = RANDOM.integers(0, 300, (3, 50))
    np.save(tmp_path / "x.npy", logits)
    expected = figures(lscli.evaluate(logits.transpose(0, 2, 1).reshape(-1, 300), labels.ravel(), metrics="all"))
    for chunk_rows, threads in ((None, 2), (7, 3), (64, 1)):
        how: dict[str, Any] = {"chunk_rows": chunk_rows, "threads": threads, "metrics": "all"}
        assert expected == figures(lscli.evaluate(tmp_path / "x.npy", labels, **ALONE, class_axis=1, **how))


@pytest.mark.parametrize("kind", ["probs", "log-probs"])
def test_probabilities(tmp_path: Path, kind: Kind) -> None:
    p = torch.softmax(torch.tensor(IMAGES), dim=1)
    data = (p if kind == "probs" else p.log()).numpy()
    rows = np.moveaxis(data, 1, -1).reshape(-1, K)
    np.save(tmp_path / "x.npy", data)
    expected = figures(lscli.evaluate(rows, LABELS.ravel(), kind=kind))
    assert expected == figures(
        lscli.evaluate(tmp_path / "x.npy", LABELS, kind=kind, **ALONE, class_axis=1, chunk_rows=5)
    )


def test_shards_of_images(tmp_path: Path) -> None:
    for number, rows in enumerate((slice(0, 2), slice(2, 6))):
        np.save(tmp_path / f"x{number}.npy", IMAGES[rows])
        np.save(tmp_path / f"y{number}.npy", LABELS[rows])
    for labels in (tmp_path / "y*.npy", LABELS, LABELS.ravel()):
        assert EXPECTED == figures(lscli.evaluate(tmp_path / "x*.npy", labels, **ALONE, class_axis=1, chunk_rows=5))
    bad = IMAGES[2:].copy()
    bad[1, 2, 1, 3] = np.nan
    np.save(tmp_path / "x1.npy", bad)
    with pytest.raises(InputError, match=r"x1\.npy: row 19 has nan"):  # image 1, row 1, column 3
        lscli.evaluate(tmp_path / "x*.npy", LABELS, **ALONE, class_axis=1)


def test_shards_of_columns(tmp_path: Path) -> None:
    np.save(tmp_path / "x0.npy", COLUMNS[:, :30])
    np.save(tmp_path / "x1.npy", COLUMNS[:, 30:])
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x*.npy", LABELS.ravel(), **ALONE, class_axis=0, chunk_rows=7))


def test_a_checksum_is_compared(tmp_path: Path) -> None:
    (path,) = saved(tmp_path, "npz", IMAGES, LABELS)
    data = bytearray(path.read_bytes())
    data[data.index(IMAGES.tobytes()[:64]) + 500] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="checksum"):
        lscli.evaluate(path, **ALONE, class_axis=1, chunk_rows=5)


def test_a_block_that_does_not_fit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.io.class_axis._MOST", 1000)
    (path,) = saved(tmp_path, "npz packed", COLUMNS, LABELS.ravel())
    before = descriptors()
    with pytest.raises(InputError, match=r"takes 1\.406 KiB of memory") as caught:
        lscli.evaluate(path, **ALONE, class_axis=0)
    assert "np.moveaxis(logits, 0, -1)" in caught.value.hint
    assert before == descriptors()
    (path,) = saved(tmp_path, "npz packed", IMAGES, LABELS)  # an image at a time fits
    assert EXPECTED == figures(lscli.evaluate(path, **ALONE, class_axis=1))


def test_a_tensor_on_a_device_is_moved_there() -> None:
    # `TensorArray` holds a tensor of any device; one of the CPU shows the same steps.
    on_device = TensorArray(torch.tensor(IMAGES), "logits")
    assert np.array_equal(ROWS, rows_of(on_device, 1).tensor.numpy())  # type: ignore[attr-defined]
    assert np.array_equal(ROWS, rows_of(TensorArray(torch.tensor(COLUMNS), "logits"), 0).tensor.numpy())  # type: ignore[attr-defined]
    p = torch.softmax(torch.tensor(ROWS), dim=1)
    logs = interpreted(TensorArray(p, "logits"), "probs", binary=False)
    assert "float64" == logs.element
    assert np.array_equal(np.log(p.double().numpy()), logs.tensor.numpy())  # type: ignore[attr-defined]
