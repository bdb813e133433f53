"""Parquet streams: a batch in memory at a time, whatever the row groups, each row decoded once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet as pq

import lscli
from lscli.errors import InputError
from lscli.io.formats import parquet
from lscli.io.open import open_inputs
from lscli.io.tables import arrow_table
from tests.io.make import figures, some_labels, some_logits
from tests.io.table_files import LABELS, LOGITS, refused, save, table

EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.parquet"


@pytest.mark.parametrize("group", [1, 7, 40])
@pytest.mark.parametrize("batch", [1, 20, 60, 1 << 20])
@pytest.mark.parametrize("layout", ["lists", "columns"])
def test_no_size_of_groups_and_batches_shows(
    path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, batch: int, group: int
) -> None:
    monkeypatch.setattr(parquet, "_BATCH", batch)
    monkeypatch.setattr(parquet, "_MOST", batch)
    assert EXPECTED == figures(lscli.evaluate(save(path, table(layout), group), chunk_rows=9))


@pytest.mark.parametrize("options", [{"compression": "zstd"}, {"use_dictionary": False}, {"data_page_version": "2.0"}])
def test_every_encoding_is_read(path: Path, options: dict[str, Any]) -> None:
    assert EXPECTED == figures(lscli.evaluate(save(path, table("lists"), **options)))


def test_onward_no_row_is_decoded_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    opened = parquet._Batches.__call__

    def noted(self: parquet._Batches, row: int) -> Any:
        calls.append(row)
        return opened(self, row)

    monkeypatch.setattr(parquet, "_BATCH", 100)  # five rows
    logits, _ = open_inputs(save(path, table("lists")))
    monkeypatch.setattr(parquet._Batches, "__call__", noted)
    for start in (0, 5, 25, 35, 2):
        logits.read(start, start + 5, np.empty((5, 5), np.float32))
    logits.close()
    assert [0, 2] == calls


def test_pages_that_fail_their_checksum_are_refused(path: Path) -> None:
    save(
        path, table("lists", some_logits(40, 5)), 40, write_page_checksum=True, compression="none", use_dictionary=False
    )
    data = path.read_bytes()
    place = data.index(some_logits(40, 5)[20].tobytes())
    path.write_bytes(data[:place] + b"\1" + data[place + 1 :])
    refused(path, "corrupt Parquet file: .*CRC")


def test_a_file_that_declares_far_more_than_it_has_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow_table, "_RATIO_FROM", 1 << 20)
    zeros = np.zeros((200_000, 50), np.float32)
    save(path, table("lists", zeros, label=np.zeros(200_000, np.int64)), 200_000)
    refused(path, r"declares \d.* MiB, \d+ times the file")


def test_an_encrypted_file_is_refused(path: Path) -> None:
    path.write_bytes(b"PARE" + save(path, table("lists")).read_bytes()[4:-4] + b"PARE")
    refused(path, "the file is encrypted")


def test_columns_with_points_in_their_names_are_read(path: Path) -> None:
    own = pa.table({f"a.{place}": LOGITS[:, place] for place in range(5)} | {"label": LABELS})
    assert EXPECTED == figures(lscli.evaluate(save(path, own)))


def test_eval_imports_no_pandas(path: Path) -> None:
    code = f"import lscli, sys; lscli.evaluate({str(save(path, table('lists')))!r}); print('pandas' in sys.modules)"
    assert "False\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["list.parquet", "columns.parquet", "list.arrow", "columns.arrow"])
def test_a_large_row_group_takes_no_memory(tmp_path: Path, kind: str) -> None:
    # 120 MB in one group or batch; one column per class has a page of each in memory.
    rows, classes = (300_000, 100) if kind.startswith("list") else (3_000_000, 10)
    logits = np.random.default_rng(0).standard_normal((rows, classes), np.float32)
    layout = "lists" if kind.startswith("list") else "columns"
    path = save(tmp_path / kind, table(layout, logits, label=some_labels(rows, classes)), rows)
    assert path.stat().st_size > 120e6
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert int(measured) < 75


_MEASURE = """
import sys, numpy, pyarrow.parquet
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10

before = peak()
path = sys.argv[1]
logits = FORMATS[path.rpartition(".")[2]].reader(path).open_array(RegularFile(path), ArrayRequest("logits"))
rows, classes = logits.shape
step = (1 << 20) // classes
buffer = numpy.empty((step, classes), numpy.float32)
for start in range(0, rows, step):
    stop = min(start + step, rows)
    logits.read(start, stop, buffer[: stop - start])
print(peak() - before)
"""


def test_a_file_without_rows_for_its_labels_is_refused(path: Path, tmp_path: Path) -> None:
    save(path, table("lists"))
    pq.write_table(pa.table({"label": LABELS[:39]}), tmp_path / "y.parquet")
    with pytest.raises(InputError, match=r"rows differ: .* has 40, the labels have 39"):
        lscli.evaluate(path, tmp_path / "y.parquet")
