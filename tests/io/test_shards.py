"""Shards are one array: the figures of the whole, errors that name the file and its own row."""

from __future__ import annotations

import os
import resource
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.errors import InputError, UsageError
from tests.io.make import archive, descriptors, figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5), some_labels(40, 5)
EXPECTED = figures(lscli.evaluate(LOGITS, LABELS))
CUTS = {2: slice(0, 7), 9: slice(7, 8), 10: slice(8, 40)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, rows in CUTS.items():
        np.save(tmp_path / f"logits-{number}.npy", LOGITS[rows])
        np.save(tmp_path / f"labels-{number}.npy", LABELS[rows])
    np.save(tmp_path / "whole.npy", LABELS)
    return tmp_path


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("chunk_rows", [1, 3, 7, 100])
def test_shards_give_the_figures_of_the_whole(folder: Path, chunk_rows: int, threads: int) -> None:
    report = lscli.evaluate(folder / "logits-*.npy", folder / "labels-*.npy", chunk_rows=chunk_rows, threads=threads)
    assert EXPECTED == figures(report)
    assert [40, 5] == report.inputs[0]["shape"]
    assert [str(folder / f"logits-{number}.npy") for number in CUTS] == report.inputs[0]["shards"]
    assert [str(folder / f"labels-{number}.npy") for number in CUTS] == report.inputs[1]["shards"]
    assert str(folder / "logits-*.npy") == report.rows[0].source


def test_one_file_may_label_all_shards(folder: Path) -> None:
    assert EXPECTED == figures(lscli.evaluate(folder / "logits-*.npy", folder / "whole.npy"))
    assert EXPECTED == figures(lscli.evaluate(LOGITS, folder / "labels-*.npy"))


def test_labels_follow_their_logits_and_not_their_own_order(tmp_path: Path) -> None:
    # Of the logits the number comes first ("-" before "."), of the labels it comes last ("+" before "-").
    for part, rows in (("-2", slice(0, 7)), ("", slice(7, 40))):
        np.save(tmp_path / f"x{part}.npy", LOGITS[rows])
        np.save(tmp_path / f"y{part}+.npy", LABELS[rows])
    assert EXPECTED == figures(lscli.evaluate(tmp_path / "x*.npy", tmp_path / "y*.npy"))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_archive_holds_its_own_labels(tmp_path: Path, compression: int) -> None:
    for number, rows in CUTS.items():
        archive(tmp_path / f"x{number}.npz", compression, logits=LOGITS[rows], labels=LABELS[rows])
    for chunk_rows in (1, 5, None):
        assert EXPECTED == figures(lscli.evaluate(tmp_path / "x*.npz", chunk_rows=chunk_rows, threads=2))


def test_byte_orders_may_differ(folder: Path) -> None:
    np.save(folder / "logits-9.npy", LOGITS[7:8].astype(">f4"))
    assert EXPECTED == figures(lscli.evaluate(folder / "logits-*.npy", LABELS, chunk_rows=3))


def test_samples_and_the_torch_kernel_read_shards(folder: Path) -> None:
    rows = list(lscli.per_sample(folder / "logits-*.npy", LABELS, chunk_rows=3).rows)
    assert [row[2:] for row in lscli.per_sample(LOGITS, LABELS).rows] == [row[2:] for row in rows]
    torch = lscli.evaluate(folder / "logits-*.npy", LABELS, kernel="torch")
    assert figures(lscli.evaluate(LOGITS, LABELS, kernel="torch")) == figures(torch)


def refused(kind: type[lscli.LscliError], says: str, *arguments: Any, **options: Any) -> lscli.LscliError:
    before = descriptors()
    with pytest.raises(kind, match=says) as caught:
        lscli.evaluate(*arguments, **options)
    assert before == descriptors()
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_bad_row_is_named_by_its_file_and_its_number_there(folder: Path, value: float) -> None:
    bad = LOGITS[8:].copy()
    bad[3, 1] = value
    np.save(folder / "logits-10.npy", bad)
    for chunk_rows in (1, 100):
        error = refused(InputError, "row 3 has", folder / "logits-*.npy", LABELS, chunk_rows=chunk_rows)
        assert str(folder / "logits-10.npy") == error.where


def test_a_bad_label_is_named_by_its_file_and_its_number_there(folder: Path) -> None:
    np.save(folder / "labels-10.npy", np.where(np.arange(32) == 4, 5, LABELS[8:]))
    error = refused(InputError, "label out of range at row 4", folder / "logits-*.npy", folder / "labels-*.npy")
    assert str(folder / "labels-10.npy") == error.where


def test_a_pair_of_other_rows_is_named(folder: Path) -> None:
    np.save(folder / "labels-2.npy", LABELS[:8])
    np.save(folder / "labels-9.npy", LABELS[8:8])
    error = refused(
        InputError,
        "rows differ: .*logits-2.npy has 7, the labels have 8",
        folder / "logits-*.npy",
        folder / "labels-*.npy",
    )
    assert str(folder / "labels-2.npy") == error.where


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_file_that_comes_twice_is_refused(folder: Path, link: Any) -> None:
    link(folder / "logits-2.npy", folder / "logits-3.npy")
    error = refused(InputError, "the same file as .*logits-2.npy", folder / "logits-*.npy", LABELS)
    assert str(folder / "logits-3.npy") == error.where


def test_a_shard_of_the_wrong_kind_is_named(folder: Path) -> None:
    (folder / "logits-9.npy").write_bytes(b"hello")
    assert str(folder / "logits-9.npy") == refused(InputError, "not a .npy", folder / "logits-*.npy", LABELS).where


def test_two_shards_that_a_shell_put_in_a_patterns_place_are_recognised(folder: Path) -> None:
    error = refused(UsageError, "is a shard of logits", folder / "logits-2.npy", folder / "logits-9.npy")
    assert "quote a pattern" in error.hint


def test_more_shards_than_files_may_be_open(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for row in range(40):
        np.save(tmp_path / f"x{row}.npy", LOGITS[row : row + 1])
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, hard))
        assert EXPECTED == figures(lscli.evaluate(tmp_path / "x*.npy", LABELS))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_no_descriptor_stays_open(folder: Path) -> None:
    before = descriptors()
    lscli.evaluate(folder / "logits-*.npy", folder / "labels-*.npy")
    assert before == descriptors()
