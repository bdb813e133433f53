"""What a hint says to type is read by the shell as the name that is meant, and leads to the right number."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save_file

import lscli
from tests.cli.inprocess import Run
from tests.io.make import some_labels, some_logits
from tests.io.table_files import save
from tests.test_text import ODD


@pytest.mark.parametrize("name", [*ODD, "a\tb", "\x1b[2J"])
def test_the_hint_for_a_column_of_labels_leads_to_the_right_number(run: Run, tmp_path: Path, name: str) -> None:
    x, y = some_logits(40, 3), some_labels(40, 3)
    quoted = '"' + name.replace('"', '""') + '"'
    lines = [f"{row[0]!r},{label},{row[1]!r},{row[2]!r}" for row, label in zip(x.tolist(), y.tolist(), strict=True)]
    (tmp_path / "x.csv").write_text("\n".join([f"b,{quoted},c,d", *lines]))
    answer = run("eval", tmp_path / "x.csv")
    assert 3 == answer.code
    said = re.search(r"--labels-column (.*?)(?=; else)", answer.err)
    assert said, answer.err
    done = run("eval", tmp_path / "x.csv", *shlex.split(said[0]), "--metrics", "loss_hard")
    assert 0 == done.code, done.err
    assert f"{lscli.evaluate(x, y, metrics='loss_hard').rows[0].value!r}," in done.out


def test_the_hint_for_a_typed_column_of_labels(run: Run, tmp_path: Path) -> None:
    x, y = some_logits(40, 3), some_labels(40, 3)
    columns = {"b": x[:, 0], "$(x)": y, "c": x[:, 1], "d": x[:, 2]}
    path = save(tmp_path / "x.parquet", pa.table({name: np.ascontiguousarray(c) for name, c in columns.items()}))
    answer = run("eval", path)
    said = re.search(r"--labels-column (.*?)(?=; else)", answer.err)
    assert said, answer.err
    assert 0 == run("eval", path, *shlex.split(said[0])).code


def test_keys_of_an_archive_are_quoted_and_bounded(run: Run, tmp_path: Path) -> None:
    x = some_logits(40, 3)
    save_file({"$(id)": x, "a b": x, "k" * 30_000: x, "e\x1b[2J": x}, tmp_path / "x.safetensors")
    np.save(tmp_path / "y.npy", some_labels(40, 3))
    answer = run("eval", tmp_path / "x.safetensors", tmp_path / "y.npy")
    assert 3 == answer.code
    assert "--logits-key: " in answer.err
    assert "'$(id)'" in answer.err
    assert "'a b'" in answer.err
    assert len(answer.err) < 1000
    assert answer.err.replace("\n", "").isprintable()


def test_inspect_offers_no_command_that_cannot_be_typed(tmp_path: Path) -> None:
    x = some_logits(40, 3)
    save_file({"a\x1b[2Jb": x, "c d": x + 1}, tmp_path / "x.safetensors")
    rows = lscli.inspect(tmp_path / "x.safetensors").rows
    commands = {row.key: row.command for row in rows}
    assert "" == commands["a\x1b[2Jb"]
    assert ["--logits-key", "c d"] == shlex.split(commands["c d"])[-2:]
