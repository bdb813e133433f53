"""Time grows with the number of keys, columns and lines of a file, and not with its square."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save_file

import lscli
from lscli.errors import InputError, LscliError
from lscli.io.array_request import ArrayRequest
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS
from lscli.io.memory import read_all
from lscli.text import nearest
from tests.io.table_files import save

# Four times the work may take this much longer; work that grows with the square takes sixteen times as long.
MOST = 9.0


def growth(small: Callable[[], object], large: Callable[[], object]) -> float:
    """How much longer `large` takes, in processor time: the best of some tries, as other processes spoil caches."""

    def least(call: Callable[[], object]) -> float:
        times = []
        for _ in range(3):
            start = time.process_time()
            call()
            times.append(time.process_time() - start)
        return min(times)

    small()  # imports
    return least(large) / least(small)


def open_each(path: Path) -> None:
    """Open and read every array of a file by its key, as `inspect` does."""
    with contextlib.closing(RegularFile(str(path))) as file:
        reader = FORMATS[path.suffix[1:]].reader(str(path))
        for entry in reader.contents(file):
            read_all(reader.open_array(file.another(), ArrayRequest("x", "numbers", entry.key)))


def many(path: Path, count: int) -> Path:
    """A file of so many arrays of three numbers, which are not of one type and so are no classes."""
    arrays = {f"c{place}x": np.arange(3, dtype=np.float32 if place % 2 else np.float64) for place in range(count)}
    if path.suffix == ".safetensors":
        save_file(arrays, path)
        return path
    return save(path, pa.table(arrays))


@pytest.mark.parametrize("suffix", [".safetensors", ".parquet", ".arrow"])
def test_arrays_are_opened_one_by_one(tmp_path: Path, suffix: str) -> None:
    small, large = many(tmp_path / f"s{suffix}", 300), many(tmp_path / f"l{suffix}", 1200)
    assert growth(lambda: open_each(small), lambda: open_each(large)) < MOST


def text(path: Path, columns: int, name: str) -> Path:
    header = ",".join(name.format(place) for place in range(columns)) + "\n" if name else ""
    row = ",".join(f"{place % 7}.5" for place in range(columns)) + "\n"
    path.write_text(header + row + row.replace("1.5", "2.5"))
    return path


def refused_or_read(path: Path, **options: Any) -> None:
    with contextlib.suppress(LscliError):
        lscli.evaluate(path, np.array([0, 1]), metrics="loss_hard", threads=1, **options)


@pytest.mark.parametrize("name", ["", "logit_{}", "n{:07}x", "same", "a{}", "{}b", "logit_7"])
def test_columns_of_text(tmp_path: Path, name: str) -> None:
    small, large = text(tmp_path / "s.csv", 10_000, name), text(tmp_path / "l.csv", 40_000, name)
    assert growth(lambda: refused_or_read(small), lambda: refused_or_read(large)) < MOST


@pytest.mark.parametrize("option", ["logits_key", "labels_column"])
def test_a_name_that_is_missing_among_many(tmp_path: Path, option: str) -> None:
    small, large = text(tmp_path / "s.csv", 5_000, "n{:07}x"), text(tmp_path / "l.csv", 20_000, "n{:07}x")
    missing = {option: "n0000007"}
    assert growth(lambda: refused_or_read(small, **missing), lambda: refused_or_read(large, **missing)) < MOST


@pytest.mark.parametrize("line", ["\n", "  \r\n", '""\n', "0\n"])
def test_lines_of_text(tmp_path: Path, line: str) -> None:
    paths = [tmp_path / "s.csv", tmp_path / "l.csv"]
    for path, count in zip(paths, (100_000, 400_000), strict=True):
        path.write_text("0.5,1.5\n" + line * count, newline="")
    small, large = (lambda: refused_or_read(paths[0])), (lambda: refused_or_read(paths[1]))
    assert growth(small, large) < MOST


def test_a_long_name_is_compared_with_none() -> None:
    start = time.process_time()
    assert "" == nearest("k" * 30_000, ["k" * 30_000 + str(place) for place in range(12)])
    assert time.process_time() - start < 1


def test_blank_lines_are_passed_over_only_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.io.formats.delimited._BLOCK", 8)
    path = tmp_path / "x.csv"
    path.write_text("0.5,1.5\n2.5,3.5\n" + " \n" * 50)
    assert 2 == lscli.evaluate(path, np.array([0, 1])).rows[0].n
    path.write_text("0.5,1.5\n2.5,3.5\n" + " \n" * 50 + "4.5,5.5\n")
    with pytest.raises(InputError, match="row 2 is a blank line"):
        lscli.evaluate(path, np.array([0, 1, 1]))


@pytest.mark.parametrize("cells", [",", "1,", '"",'])
@pytest.mark.parametrize("role", ["logits", "labels", "inspect", "groups"])
def test_a_line_of_too_many_cells_is_refused_before_it_is_cut(tmp_path: Path, role: str, cells: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(cells * (1 << 20))
    uses: dict[str, Callable[[], object]] = {
        "logits": lambda: lscli.evaluate(path, np.zeros(1, int)),
        "labels": lambda: lscli.evaluate(np.eye(2), path),
        "inspect": lambda: lscli.inspect(path),
        "groups": lambda: lscli.evaluate(np.eye(2), np.zeros(2, int), groups=path, group_by="a"),
    }
    with pytest.raises(InputError, match="has 1048577 columns; at most 1048576 are read") as caught:
        uses[role]()
    assert caught.value.hint
