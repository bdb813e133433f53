"""Parquet and Arrow files, in every way of writing them, give the figures of their arrays."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import lscli
from lscli.errors import InputError, LscliWarning
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS, format_of
from lscli.io.open import open_inputs, open_soft_inputs
from tests.io.make import descriptors, figures, some_labels, some_logits
from tests.io.table_files import KINDS, LABELS, LAYOUTS, LOGITS, outcomes, refused, save, table

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))


@pytest.fixture(params=KINDS)
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    return tmp_path / f"x{request.param}"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_gives_the_figures_of_its_array(path: Path, layout: str) -> None:
    save(path, table(layout))
    for chunk_rows in (1, 7, 13, 26, 100, None):
        for threads in (1, 3):
            assert EXPECTED == figures(lscli.evaluate(path, chunk_rows=chunk_rows, threads=threads))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("element", ["float16", "float64"])
def test_every_type_of_floats_is_read(path: Path, layout: str, element: str) -> None:
    logits = LOGITS.astype(element)
    report = lscli.evaluate(save(path, table(layout, logits)))
    assert figures(lscli.evaluate(logits, LABELS)) == figures(report)
    assert (element, [40, 5]) == (report.inputs[0]["dtype"], report.inputs[0]["shape"])


@pytest.mark.parametrize("element", ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"])
def test_every_type_of_labels_is_read(path: Path, element: str) -> None:
    report = lscli.evaluate(save(path, table("lists", label=LABELS.astype(element))))
    assert (EXPECTED, element) == (figures(report), report.inputs[1]["dtype"])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_are_read_in_any_order(path: Path, layout: str) -> None:
    logits, _ = open_inputs(save(path, table(layout)))
    try:
        for start, stop in ((30, 40), (0, 1), (5, 31), (5, 31), (39, 40), (38, 40), (12, 14), (0, 40)):
            out = np.empty((stop - start, 5), np.float32)
            assert LOGITS[start:stop].tolist() == logits.read(start, stop, out).tolist()
    finally:
        logits.close()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_shards_are_one_array(path: Path, layout: str) -> None:
    for name, rows in (("2", slice(0, 17)), ("10", slice(17, 40))):
        save(path.with_name(f"part-{name}{path.name[1:]}"), table(layout, LOGITS[rows], label=LABELS[rows]))
    assert EXPECTED == figures(lscli.evaluate(path.with_name(f"part-*{path.name[1:]}"), chunk_rows=9))


def test_labels_have_a_table_of_their_own(path: Path) -> None:
    assert EXPECTED == figures(lscli.evaluate(LOGITS, save(path, pa.table({"y": LABELS}))))
    save(path, pa.table({"row": LABELS * 0, "y": LABELS}))
    assert EXPECTED == figures(lscli.evaluate(LOGITS, path, labels_column="y"))
    assert EXPECTED == figures(lscli.evaluate(LOGITS, path, labels_key="y"))


def test_weights_have_a_column(path: Path) -> None:
    weights = np.arange(40) % 3
    expected = figures(lscli.evaluate(LOGITS, LABELS, weights=weights))
    save(path, pa.table({"weight": weights.astype(np.float64), "other": weights * 0}))
    assert expected == figures(lscli.evaluate(LOGITS, LABELS, weights=path))
    assert expected == figures(lscli.evaluate(LOGITS, LABELS, weights=save(path, pa.table({"w": weights}))))


def test_binary_logits_are_a_column(path: Path) -> None:
    z, y = LOGITS[:, 0], LABELS % 2
    expected = figures(lscli.evaluate(z, y, binary=True))
    assert expected == figures(lscli.evaluate(save(path, pa.table({"z": z, "label": y})), binary=True))
    more = save(path, pa.table({"a": z + 1, "z": z, "label": y}))
    assert expected == figures(lscli.evaluate(more, binary=True, logits_key="z"))
    assert "name one with logits_key: a, z" == refused(path, "has 2 columns", binary=True).hint


def test_soft_labels_are_lists_too(path: Path) -> None:
    soft = np.abs(LOGITS)
    labels = pa.FixedSizeListArray.from_arrays(soft.ravel(), 5)
    file = save(path, table("lists", labels=labels))
    logits, truth = open_soft_inputs(file)
    try:
        blocks = list(truth.blocks(100))
        assert soft.tolist() == blocks[0].tolist()
        assert (40, 5) == logits.shape
    finally:
        logits.close()
        truth.close()


def test_a_slice_is_written_without_its_surroundings(path: Path) -> None:
    whole = table("lists", some_logits(60, 5), label=some_labels(60, 5))
    expected = figures(lscli.evaluate(some_logits(60, 5)[11:49], some_labels(60, 5)[11:49]))
    assert expected == figures(lscli.evaluate(save(path, whole.slice(11, 38))))


def test_a_tensor_of_one_dimension_is_a_list(path: Path) -> None:
    tensors = pa.FixedShapeTensorArray.from_numpy_ndarray(LOGITS)
    assert EXPECTED == figures(lscli.evaluate(save(path, pa.table({"logits": tensors, "label": LABELS}))))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_null_is_named_with_its_row(path: Path, layout: str) -> None:
    rows: list[Any] = LOGITS.tolist()
    rows[33] = [None, *rows[33][1:]] if layout == "columns" else None
    if layout != "columns":
        own = {"logits": pa.array(rows, pa.list_(pa.float32(), 5 if layout == "lists" else -1))}
    else:
        own = {f"logit_{k}": pa.array([row[k] for row in rows], pa.float32()) for k in range(5)}
    save(path, pa.table({**own, "label": LABELS}))
    refused(path, f"column '{next(iter(own))}' has a null at row 33", chunk_rows=5)


def test_a_null_within_a_list_and_among_labels_is_named(path: Path) -> None:
    rows: list[Any] = LOGITS.tolist()
    rows[14][3] = None
    save(path, pa.table({"logits": pa.array(rows, pa.list_(pa.float32(), 5)), "label": LABELS}))
    refused(path, "column 'logits' has a null at row 14")
    labels = [*LABELS.tolist()[:39], None]
    refused(save(path, table("lists", label=labels)), "column 'label' has a null at row 39")


def test_nan_is_a_value(path: Path) -> None:
    logits = LOGITS.copy()
    logits[21, 2] = np.nan
    refused(save(path, table("columns", logits)), "row 21 has nan")
    with pytest.warns(LscliWarning, match="1 of 40 rows are not finite"):
        report = lscli.evaluate(path, nonfinite="skip")
    kept = np.arange(40) != 21
    assert figures(lscli.evaluate(logits[kept], LABELS[kept])) == figures(report)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_rows_are_refused(path: Path, layout: str) -> None:
    refused(save(path, table(layout).slice(0, 0)), "no rows")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_damaged_file_is_refused_or_read_and_nothing_else(path: Path, layout: str) -> None:
    data = save(path, table(layout)).read_bytes()
    # A flipped bit of a value is a value.
    assert outcomes(path, data, 60) <= {"read", "InputError", "ReadWriteError"}
    for size in (0, 3, 40, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        refused(path, "corrupt|empty file")


def test_a_file_cut_off_while_it_is_read_has_changed(path: Path) -> None:
    save(path, table("lists", some_logits(5000, 50), label=some_labels(5000, 50)), 5000)
    logits, _ = open_inputs(path)
    os.truncate(path, 20_000)
    with pytest.raises(InputError, match="changed while reading"):
        logits.read(0, 5000, np.empty((5000, 50), np.float32))
    logits.close()


def test_a_file_written_over_while_it_is_read_has_changed(path: Path) -> None:
    save(path, table("lists", some_logits(5000, 50), label=some_labels(5000, 50)), 5000)
    logits, _ = open_inputs(path)
    path.write_bytes(bytes(path.stat().st_size))

    def read() -> None:
        logits.read(0, 5000, np.empty((5000, 50), np.float32))
        logits.check_unchanged()

    with pytest.raises(InputError, match="changed while reading"):
        read()
    logits.close()


def test_another_format_by_that_name_is_recognised(path: Path, tmp_path: Path) -> None:
    other = ".arrow" if path.suffix == ".parquet" else ".parquet"
    save(tmp_path / f"y{other}", table("lists")).rename(path)
    refused(path, "not a")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_descriptors_are_closed_in_the_end(path: Path, layout: str) -> None:
    save(path, table(layout))
    before = descriptors()
    lscli.evaluate(path)
    kept = [refused(path, "has no column", logits_key="none"), refused(path, "has no column", labels_key="none")]
    data = path.read_bytes()
    for size in (len(data) // 2, len(data) - 3):
        path.write_bytes(data[:size])
        kept.append(refused(path, "corrupt"))
    assert before == descriptors()
    assert 4 == len(kept)


def test_contents_are_the_columns(path: Path) -> None:
    save(path, table("lists", label=LABELS, text=["a"] * 40))
    expected = [("logits", (40, 5), "float32"), ("label", (40,), "int64"), ("text", (40,), "string")]
    assert expected == contents(path)
    save(path, table("columns", label=LABELS, weight=LOGITS[:, 0]))
    expected = [("logit_[0-9]*", (40, 5), "float32"), ("label", (40,), "int64"), ("weight", (40,), "float32")]
    assert expected == contents(path)
    assert EXPECTED == figures(lscli.evaluate(path, logits_key="logit_[0-9]*"))


def contents(path: Path) -> list[tuple[Any, ...]]:
    file = RegularFile(str(path))
    try:
        return [tuple(entry) for entry in FORMATS[format_of(str(path), "logits")].reader("").contents(file)]
    finally:
        file.close()
