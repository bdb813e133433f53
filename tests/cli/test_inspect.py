"""`lscli inspect`: what a file holds, what eval would take it for, and a next command that works."""

from __future__ import annotations

import json
import shlex
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.numpy import save_file

from tests.cli.inprocess import Answer, Run, assert_refused, records
from tests.command import LABELS, LOGITS
from tests.io.make import archive, forged, some_labels, some_logits

X, Y = some_logits(40, 5), some_labels(40, 5)
P = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)


def one(answer: Answer) -> dict[str, str]:
    rows = records(answer)
    assert 1 == len(rows)
    return rows[0]


def assert_works(run: Run, command: str) -> None:
    """The command that is proposed is one that eval takes without a complaint."""
    program, *arguments = shlex.split(command)
    assert ("lscli", "eval") == (program, arguments[0])
    answer = run(*arguments)
    assert 0 == answer.code, answer.err


def test_the_sample(run: Run) -> None:
    row = one(run("inspect", LOGITS))
    values = np.load(LOGITS)
    assert ("npy", "", "5000x10", "float32", "200000") == tuple(
        row[name] for name in ("format", "key", "shape", "dtype", "bytes")
    )
    assert (float(values.min()), float(values.max())) == (float(row["min"]), float(row["max"]))
    assert ("0", "0", "0", "0.0", "logits") == tuple(
        row[name] for name in ("nan", "posinf", "neginf", "sum_to_1", "taken_for")
    )
    assert f"lscli eval {LOGITS} {LABELS}" == row["command"]
    assert_works(run, row["command"])


WORDS = np.array(["a", "b", "c", "d", "e"])[Y]


@pytest.mark.parametrize("name", ["y.npy", "y.npz", "y.csv", "y.parquet", "y.feather"])
def test_labels_that_are_names_need_the_names(run: Run, tmp_path: Path, name: str) -> None:
    path, frame = tmp_path / name, pd.DataFrame({"species": WORDS})
    match path.suffix:
        case ".npy":
            np.save(path, WORDS)
        case ".npz":
            np.savez(path, WORDS)
        case ".csv":
            frame.to_csv(path, index=False)
        case ".parquet":
            frame.to_parquet(path)
        case _:
            frame.to_feather(path)
    row = one(run("inspect", path))
    assert ("40", "labels --class-names FILE") == (row["shape"], row["taken_for"])
    (tmp_path / "names.txt").write_text("\n".join("abcde"))
    np.save(tmp_path / "x.npy", X)
    words = row["command"].replace("LOGITS", str(tmp_path / "x.npy")).replace("FILE", str(tmp_path / "names.txt"))
    assert_works(run, words)


@pytest.mark.parametrize("prefix", ["p_", ""])
def test_labels_that_are_columns_need_no_names(run: Run, tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "x.parquet"
    frame = pd.DataFrame(X, columns=[f"{prefix}{letter}" for letter in "abcde"])
    frame.assign(label=WORDS, question=[f"why {n}?" for n in range(40)]).to_parquet(path)
    rows = records(run("inspect", path))
    assert ["labels", "neither: text that is not called label or labels"] == [row["taken_for"] for row in rows[-2:]]
    frame.assign(label=WORDS).to_parquet(path)
    rows = records(run("inspect", path))
    assert ["logits", "labels"] == [row["taken_for"] for row in rows]
    assert_works(run, rows[0]["command"])
    frame.assign(label=np.char.upper(WORDS)).to_parquet(path)
    rows = records(run("inspect", path))
    assert f"lscli eval {path} --class-names FILE" == rows[0]["command"]


@pytest.mark.parametrize("classes", [2, 3])
def test_truth_values_are_labels_of_two_classes(run: Run, tmp_path: Path, classes: int) -> None:
    np.savez(tmp_path / "x.npz", logits=X[:, :classes], labels=Y > 1)
    rows = records(run("inspect", tmp_path / "x.npz"))
    if classes == 2:
        assert ["logits", "labels"] == [row["taken_for"] for row in rows]
        assert_works(run, rows[1]["command"])
    else:
        assert ["logits", "neither: not integer labels (bool)"] == [row["taken_for"] for row in rows]
    np.save(tmp_path / "numbers.npy", Y.astype(str))
    assert "labels" == one(run("inspect", tmp_path / "numbers.npy"))["taken_for"]


def test_labels_are_told_from_logits(run: Run) -> None:
    row = one(run("inspect", LABELS))
    assert ("5000", "int64", "0", "9", "", "labels") == tuple(
        row[name] for name in ("shape", "dtype", "min", "max", "sum_to_1", "taken_for")
    )
    assert f"lscli eval {LOGITS} {LABELS}" == row["command"]


@pytest.mark.parametrize("kind", ["stored", "packed", "safetensors", "pt"])
def test_a_file_with_both_is_one_command(run: Run, tmp_path: Path, kind: str) -> None:
    path = tmp_path / {"stored": "x.npz", "packed": "x.npz", "safetensors": "x.safetensors", "pt": "x.pt"}[kind]
    if kind == "safetensors":
        save_file({"logits": X, "labels": Y}, path)
    elif kind == "pt":
        torch.save({"logits": torch.tensor(X), "labels": torch.tensor(Y), "epoch": 3}, path)
    else:
        archive(path, zipfile.ZIP_STORED if kind == "stored" else zipfile.ZIP_DEFLATED, logits=X, labels=Y)
    rows = {row["key"]: row for row in records(run("inspect", path))}
    assert ("logits", "labels") == (rows["logits"]["taken_for"], rows["labels"]["taken_for"])
    assert f"lscli eval {path}" == rows["logits"]["command"] == rows["labels"]["command"]
    assert ("epoch" in rows) == (kind == "pt")
    assert_works(run, rows["logits"]["command"])


def test_other_keys_are_named(run: Run, tmp_path: Path) -> None:
    path = archive(tmp_path / "my run.npz", scores=X, y=Y)
    command = records(run("inspect", path))[0]["command"]
    assert f"lscli eval {shlex.quote(str(path))} --logits-key scores --labels-key y" == command
    assert_works(run, command)


@pytest.mark.parametrize(
    ("values", "labels", "taken_for"),
    [
        (P.astype(np.float32), Y, "logits --kind probs"),
        (X.reshape(8, 5, 5), Y.reshape(8, 5), "logits --flatten"),
        (X.reshape(8, 5, 5)[:, :3], Y.reshape(8, 5)[:, :3], "logits --flatten"),
        (np.moveaxis(X.reshape(4, 2, 5, 5), -1, 1), Y.reshape(4, 2, 5), "logits --class-axis 1"),
        (np.moveaxis(X.reshape(4, 10, 5), -1, 1), Y.reshape(4, 10), "logits --class-axis 1"),
        (X.T, Y, "logits --class-axis 0"),
        (X[:, 0], Y % 2, "logits --binary"),
        (X[:, :1], Y % 2, "logits --binary"),
        (P[:, 0], Y % 2, "logits --kind probs --binary"),
        (torch.tensor(X).bfloat16().view(torch.uint16).numpy().view("V2"), Y, "logits --dtype bfloat16"),
        (np.where(np.arange(200).reshape(40, 5) == 7, np.nan, X), Y, "logits --nonfinite skip"),
    ],
)
def test_the_next_command_has_the_options_that_it_needs(
    run: Run, tmp_path: Path, values: Any, labels: Any, taken_for: str
) -> None:
    np.save(tmp_path / "logits.npy", values)
    np.save(tmp_path / "labels.npy", labels)
    row = one(run("inspect", tmp_path / "logits.npy"))
    assert taken_for == row["taken_for"]
    assert str(tmp_path / "labels.npy") in row["command"]
    assert_works(run, row["command"])


def test_the_axis_of_the_classes_is_left_open_without_labels(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X.reshape(4, 2, 5, 5))
    row = one(run("inspect", tmp_path / "x.npy"))
    assert ("logits --class-axis AXIS", True) == (row["taken_for"], row["command"].endswith("LABELS --class-axis AXIS"))


def test_log_probabilities_beside_class_numbers_are_the_top_k(run: Run, tmp_path: Path) -> None:
    values, ids = np.full((6, 2), -1.0), np.array([[7, 3]] * 6)
    np.savez(tmp_path / "x.npz", logits=values, ids=ids, labels=ids[:, 0])
    command = f"lscli eval {tmp_path}/x.npz --topk-classes ids --classes K"
    rows = {row["key"]: row for row in records(run("inspect", tmp_path / "x.npz"))}
    assert {command} == {row["command"] for row in rows.values()}
    assert ["logits --topk-classes ids --classes K", "class numbers", "labels"] == [
        row["taken_for"] for row in rows.values()
    ]
    words = command.replace("classes K", "classes 9").split()[1:]
    assert 0 == run(*words, "-m", "accuracy").code
    # Logits are no log-probabilities, and labels of one class per token are no class numbers.
    np.savez(tmp_path / "x.npz", logits=-values, ids=ids, labels=ids[:, 0])
    assert "--topk" not in run("inspect", tmp_path / "x.npz").out
    np.savez(tmp_path / "x.npz", own=values, labels=ids)
    assert "--topk" not in run("inspect", tmp_path / "x.npz").out


def test_lists_of_whole_numbers_beside_log_probabilities_are_the_top_k(run: Run, tmp_path: Path) -> None:
    rows = [{"logits": [-0.2, -2.5], "ids": [7, 3], "label": 7}] * 6
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pd.DataFrame(rows).to_parquet(tmp_path / "x.parquet")
    for name in ("x.jsonl", "x.parquet"):
        found = {row["key"]: row for row in records(run("inspect", tmp_path / name))}
        command = f"lscli eval {tmp_path}/{name} --topk-classes ids --classes K"
        assert ("class numbers", "int64") == (found["ids"]["taken_for"], found["ids"]["dtype"])
        assert {command} == {found["logits"]["command"], found["label"]["command"]}
        assert 0 == run(*command.replace("classes K", "classes 9").split()[1:], "-m", "accuracy").code


def test_labels_of_another_shape_are_not_offered(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "logits.npy", X.reshape(8, 5, 5)[:, :3])
    np.save(tmp_path / "labels.npy", Y.reshape(8, 5)[:, :3].T)
    for name in ("logits.npy", "labels.npy"):
        command = one(run("inspect", tmp_path / name))["command"]
        assert command.count(".npy") == 1
    path = archive(tmp_path / "x.npz", logits=np.moveaxis(X.reshape(4, 10, 5), -1, 1), labels=Y.reshape(4, 10))
    rows = records(run("inspect", path))
    assert [f"lscli eval {path} --class-axis 1"] * 2 == [row["command"] for row in rows]
    assert_works(run, rows[0]["command"])


def test_nan_and_infinities_are_counted(run: Run, tmp_path: Path) -> None:
    x = X.astype(np.float64)
    x[0, :2], x[1, 3], x[2, 0] = np.nan, np.inf, -np.inf
    np.save(tmp_path / "x.npy", x)
    row = one(run("inspect", tmp_path / "x.npy"))
    assert ("2", "1", "1") == (row["nan"], row["posinf"], row["neginf"])
    finite = x[np.isfinite(x)]
    assert (finite.min(), finite.max()) == (float(row["min"]), float(row["max"]))


@pytest.mark.parametrize("rows", [1, 3, 40])
def test_the_share_of_rows_that_sum_to_1(run: Run, tmp_path: Path, rows: int) -> None:
    x = np.concatenate([P[:rows], X[rows:] + 10])
    np.save(tmp_path / "x.npy", x)
    assert rows / 40 == float(one(run("inspect", tmp_path / "x.npy"))["sum_to_1"])


def test_differences_that_sum_to_1_are_no_probabilities(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[2.0, -1.0], [0.5, 0.5]]))
    assert 0.5 == float(one(run("inspect", tmp_path / "x.npy"))["sum_to_1"])


def test_the_size_of_blocks_changes_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", np.concatenate([P, X]))
    whole = run("inspect", tmp_path / "x.npy")
    monkeypatch.setattr("lscli.io.value_summary._BLOCK", 15)
    assert whole == run("inspect", tmp_path / "x.npy")


def test_an_array_that_is_neither_logits_nor_labels_says_why(run: Run, tmp_path: Path) -> None:
    archive(tmp_path / "x.npz", a=np.array(["x"]), b=np.zeros(()), c=np.ones((3, 1), np.int64), logits=X)
    rows = {row["key"]: row for row in records(run("inspect", tmp_path / "x.npz"))}
    for key, why in (
        ("a", "text that is not called label or labels"),
        ("b", "need logits of shape"),
        ("c", "need labels of shape (N,)"),
    ):
        assert rows[key]["taken_for"].startswith("neither: ")
        assert why in rows[key]["taken_for"]
        assert "" == rows[key]["command"]
    assert "logits" == rows["logits"]["taken_for"]


def test_shards_are_listed_in_their_order(run: Run, tmp_path: Path) -> None:
    for number in (2, 10):
        np.save(tmp_path / f"logits-{number}.npy", X)
        np.save(tmp_path / f"labels-{number}.npy", np.roll(Y, number // 10))
    rows = records(run("inspect", tmp_path / "logits-*.npy"))
    assert [f"{tmp_path}/logits-2.npy", f"{tmp_path}/logits-10.npy"] == [row["source"] for row in rows]
    command = rows[0]["command"]
    assert f"lscli eval '{tmp_path}/logits-*.npy' '{tmp_path}/labels-*.npy'" == command
    assert 0 == run(*shlex.split(command)[1:]).code


def test_json_has_numbers_and_nulls(run: Run, tmp_path: Path) -> None:
    archive(tmp_path / "x.npz", logits=X, names=np.array(["a"]))
    answer = json.loads(run("inspect", tmp_path / "x.npz", "-f", "json").out)
    rows = {row["key"]: row for row in answer["rows"]}
    assert ("lscli.inspect/1", float(X.min()), None) == (answer["schema"], rows["logits"]["min"], rows["names"]["min"])
    assert "eval reads it as logits." == answer["conclusion"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("x.npy", b"", "empty file"),
        ("x.npy", forged("'O'"), "object arrays are refused"),
        ("x.npz", b"hello", "corrupt archive"),
        ("x.pkl", b"\x80\x04]\x94.", "pickles are refused"),
        ("x.pt", b"\x80\x04]\x94.", "never loaded"),
        ("x.bin", b"hello", "unknown format '.bin'"),
    ],
)
def test_a_bad_file_is_refused_as_eval_refuses_it(run: Run, tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert_refused(run("inspect", tmp_path / name), 3, says, name)
    assert_refused(run("inspect", tmp_path / "none.npy"), 3, "not found")


def test_damage_in_the_data_is_seen(run: Run, tmp_path: Path) -> None:
    path = archive(tmp_path / "x.npz", logits=X)
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    assert "neither: " in one(run("inspect", path))["taken_for"]


@pytest.mark.parametrize("kind", ["npz", "pt"])
@pytest.mark.parametrize("alike", [True, False])
def test_the_time_grows_with_the_number_of_arrays(run: Run, tmp_path: Path, kind: str, alike: bool) -> None:
    seconds = []
    for count in (200, 800):
        arrays: dict[str, Any] = {
            f"k{number}": np.zeros((2 + number * (not alike), 3), np.float32) for number in range(count)
        }
        path = tmp_path / f"{count}.{kind}"
        if kind == "npz":
            np.savez(path, **arrays)
            np.savez(tmp_path / "labels.npz", **arrays)  # which is looked at for labels
        else:
            torch.save({key: torch.from_numpy(array) for key, array in arrays.items()}, path)
        times = []
        for _ in range(3):
            start = time.process_time()
            assert count == len(records(run("inspect", path)))
            times.append(time.process_time() - start)
        seconds.append(min(times))
    assert seconds[1] < 8 * seconds[0]  # 4 times is linear, 16 times quadratic


def test_of_many_arrays_each_command_names_its_own(run: Run, tmp_path: Path) -> None:
    arrays: dict[str, Any] = {f"k{number}": X for number in range(250)} | {"y": Y}
    rows = {row["key"]: row["command"] for row in records(run("inspect", archive(tmp_path / "x.npz", **arrays)))}
    for key in ("k0", "k249"):
        assert rows[key].endswith(f"--logits-key {key} --labels-key y")
        assert_works(run, rows[key])


def test_a_table_of_other_names_has_the_whole_command(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("age,p_left,left\n31,0.25,no\n42,0.75,yes\n53,0.5,yes\n")
    options = "--binary --kind probs --class-names no,yes"
    row = one(run("inspect", path))
    command = f"lscli eval {path} {options} --logits-key p_left --labels-column left"
    assert (f"logits {options}", command) == (row["taken_for"], row["command"])
    assert_works(run, command)
    shown = run("inspect", path, "-f", "table").out
    assert "if left holds the labels and p_left is the probability of yes." in " ".join(shown.split())


def test_lists_of_the_top_k_have_the_whole_command(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    line = '{"top": [-0.5, -1.5], "ids": [7, 3], "label": %d, "own_log_prob": %.1f}\n'
    path.write_text(line % (3, -1.5) + line % (7, -0.5))
    rows = {row["key"]: row for row in records(run("inspect", path))}
    options = "--topk-classes ids --classes K --label-log-probs own_log_prob"
    assert [f"logits {options}", "class numbers", "labels", "log-probabilities of the labels"] == [
        rows[key]["taken_for"] for key in ("top", "ids", "label", "own_log_prob")
    ]
    command = f"lscli eval {path} {options} --logits-key top"
    assert {command} == {row["command"] for row in rows.values()}
    assert_works(run, command.replace("classes K", "classes 9"))
