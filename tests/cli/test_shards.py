"""Patterns of shards on the command line: their order is shown, and those that a shell has replaced are recognised."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, records
from tests.io.make import some_labels, some_logits

X, Y = some_logits(60, 5), some_labels(60, 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, rows in ((2, slice(0, 20)), (10, slice(20, 50)), (9, slice(50, 60))):
        np.save(tmp_path / f"x-{number}.npy", X[rows])
        np.save(tmp_path / f"y-{number}.npy", Y[rows])
    return tmp_path


def test_the_order_is_shown_on_stderr_and_in_json(run: Run, folder: Path) -> None:
    answer = run("eval", folder / "x-*.npy", folder / "y-*.npy", "-f", "json")
    shown = {role: [f"{folder}/{role}-{number}.npy" for number in (2, 9, 10)] for role in "xy"}
    lines = [f"lscli: {folder}/{role}-*.npy: 3 shards: {', '.join(shown[role])}" for role in "xy"]
    assert (0, lines) == (answer.code, answer.err.splitlines())
    assert [shown["x"], shown["y"]] == [entry["shards"] for entry in json.loads(answer.out)["inputs"]]


def test_quiet_does_not_list_the_shards(run: Run, folder: Path) -> None:
    assert "" == run("eval", folder / "x-*.npy", folder / "y-*.npy", "-q").err


def test_of_many_shards_only_some_are_listed(run: Run, tmp_path: Path) -> None:
    for row in range(60):
        np.save(tmp_path / f"x{row}.npy", X[row : row + 1])
    np.save(tmp_path / "y.npy", Y)
    (line,) = run("eval", tmp_path / "x*.npy", tmp_path / "y.npy").err.splitlines()
    assert "60 shards: " in line
    assert f"x17.npy, ..., {tmp_path}/x59.npy" in line
    assert "x18.npy" not in line


def test_one_shard_is_called_one_shard(run: Run, folder: Path) -> None:
    assert ": 1 shard: " in run("eval", folder / "x-2*.npy", folder / "y-2*.npy").err


@pytest.mark.parametrize("command", ["bins", "classes", "sweep"])
def test_other_commands_read_shards(run: Run, folder: Path, command: str) -> None:
    sharded = run(command, folder / "x-*.npy", folder / "y-*.npy", "-q")
    order = np.r_[0:20, 50:60, 20:50]
    np.save(folder / "x.npy", X[order])
    np.save(folder / "y.npy", Y[order])
    whole = run(command, folder / "x.npy", folder / "y.npy", "-q")
    rows = [[{**row, "source": ""} for row in records(answer)] for answer in (whole, sharded)]
    assert rows[0] == rows[1]


def test_a_model_in_shards_is_compared_with_one_in_a_file(run: Run, folder: Path) -> None:
    order = np.r_[0:20, 50:60, 20:50]
    np.save(folder / "other.npy", X[order] * 2)
    np.save(folder / "labels.npy", Y[order])
    answer = run("sweep", folder / "x-*.npy", folder / "other.npy", folder / "labels.npy", "-q")
    assert {"loss_difference"} & {row["metric"] for row in records(answer)}
    np.save(folder / "other.npy", X[:40])
    answer = run("sweep", folder / "x-*.npy", folder / "other.npy", folder / "labels.npy", "-q")
    assert_refused(answer, 3, "has logits of shape (40, 5)", "of (60, 5)")


def test_a_pattern_that_the_shell_replaced_is_wrong_usage(run: Run, folder: Path) -> None:
    files = sorted(folder.glob("x-*.npy"))
    assert_refused(run("eval", *files), 2, "unexpected extra argument", "quote a pattern")
    assert_refused(run("eval", *files[:2]), 2, "is a shard of logits", "quote a pattern")
    assert "quote a pattern" not in run("eval", files[0], folder / "y-2.npy", "x").err


def test_an_output_that_is_one_of_the_shards_is_refused(run: Run, folder: Path) -> None:
    before = (folder / "y-9.npy").read_bytes()
    answer = run("eval", folder / "x-*.npy", folder / "y-*.npy", "-f", "csv", "-o", folder / "y-9.npy")
    assert_refused(answer, 2, "the output is one of the inputs")
    assert before == (folder / "y-9.npy").read_bytes()
