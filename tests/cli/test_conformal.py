"""`lscli conformal`: paths, sets in files, and inputs that are refused."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

import lscli
from lscli.cli.conformal_paths import calibration_and_test
from lscli.options import ConformalOptions
from lscli.render.renderers import Screen, render
from tests.cli.inprocess import Run, assert_refused, records

COLUMNS = "source,group,method,class,n,quantile,coverage,coverage_low,coverage_high,mean_size,empty"
pytest.importorskip("pyarrow")


def drawn(n: int, seed: int, classes: int = 4) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    z = 1.5 * random.standard_normal((n, classes))
    labels = (softmax(z, axis=1).cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    return z.astype(np.float32), labels


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Calibration and test samples, each as two arrays, as an archive and as a table."""
    for name, n, seed in (("cal", 200, 1), ("test", 150, 2)):
        x, y = drawn(n, seed)
        np.save(tmp_path / f"{name}_x.npy", x)
        np.save(tmp_path / f"{name}_y.npy", y)
        np.savez(tmp_path / f"{name}.npz", logits=x, labels=y)
        frame = pd.DataFrame(x, columns=[f"logit_{k}" for k in range(4)]).assign(label=y)
        frame.to_parquet(tmp_path / f"{name}.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


CAL, TEST = ("cal_x.npy", "cal_y.npy"), ("test_x.npy", "test_y.npy")


@pytest.mark.parametrize(
    "paths",
    [
        ("cal.npz", "test.npz"),
        ("cal.npz", *TEST),
        ("cal.parquet", "test.parquet"),
        (*CAL, "test.npz"),
        (*CAL, "test.parquet"),
        ("cal.npz", "cal.npz", "test.npz", "test.npz"),
    ],
)
def test_each_form_of_the_paths_gives_the_same_numbers(run: Run, folder: Path, paths: Sequence[str]) -> None:
    expected = [list(row.values())[1:] for row in records(run("conformal", *CAL, *TEST))]
    assert expected == [list(row.values())[1:] for row in records(run("conformal", *paths))]


@pytest.mark.parametrize("paths", [CAL, ("cal.npz",), ("cal.parquet",)])
def test_without_test_samples_there_is_one_row(run: Run, folder: Path, paths: Sequence[str]) -> None:
    answer = run("conformal", *paths)
    assert COLUMNS == answer.out.splitlines()[0]
    (row,) = records(answer)
    # k = ceil(201 x 0.9) = 181
    assert ("200", "", "") == (row["n"], row["mean_size"], row["class"])
    assert 181 / 201 == float(row["coverage"])


@pytest.mark.parametrize("paths", [("cal.npz", "test_x.npy"), (*CAL, "test_x.npy")])
def test_test_labels_may_be_missing(run: Run, folder: Path, paths: Sequence[str]) -> None:
    with_labels = records(run("conformal", *CAL, *TEST))[1]
    row = records(run("conformal", *paths, "--sets", "sets.jsonl"))[1]
    assert ("", "", "") == (row["coverage"], row["coverage_low"], row["coverage_high"])
    assert (with_labels["mean_size"], with_labels["empty"]) == (row["mean_size"], row["empty"])
    assert {"row", "size", "classes"} == {*json.loads((folder / "sets.jsonl").read_text().splitlines()[0])}


@pytest.mark.parametrize(
    ("paths", "roles"),
    [
        (("cal.npz", "-"), ("cal.npz", None, "-", None)),
        (("cal.npz", "-", "test_y.npy"), ("cal.npz", None, "-", "test_y.npy")),
        (("cal_x.npy", "-"), ("cal_x.npy", "-", None, None)),
        (("-", "cal_y.npy", "test.npz"), ("-", "cal_y.npy", "test.npz", None)),
        ((*CAL, "-"), (*CAL, "-", None)),
    ],
)
def test_standard_input_may_be_any_of_them(folder: Path, paths: Sequence[str], roles: Sequence[str]) -> None:
    assert roles == calibration_and_test(paths, ConformalOptions())


def expected_sets() -> list[list[int]]:
    """By numpy: 1 - p of the label, its 181st smallest value, and the classes within it."""
    (x, y), (u, _) = drawn(200, 1), drawn(150, 2)
    scores = np.sort(1 - softmax(x.astype(np.float64), axis=1)[np.arange(200), y])
    return [np.flatnonzero(1 - row <= scores[180]).tolist() for row in softmax(u.astype(np.float64), axis=1)]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_sets_are_written_in_each_format(run: Run, folder: Path, suffix: str) -> None:
    (row,) = records(run("conformal", *CAL, *TEST, "--sets", f"sets{suffix}"))[1:]
    path = folder / f"sets{suffix}"
    if suffix == ".parquet":
        found = pd.read_parquet(path).to_dict("records")
        classes = [list(each["classes"]) for each in found]
    elif suffix == ".csv":
        with path.open(newline="") as stream:
            found = list(csv.DictReader(stream))
        classes = [[int(word) for word in each["classes"].split()] for each in found]
    else:
        found = [json.loads(line) for line in path.read_text().splitlines()]
        classes = [each["classes"] for each in found]
    assert expected_sets() == classes
    assert np.mean([len(each) for each in classes]) == pytest.approx(float(row["mean_size"]))
    labels = drawn(150, 2)[1]
    assert [*range(150)] == [int(each["row"]) for each in found]
    assert labels.tolist() == [int(each["label"]) for each in found]
    assert [len(each) for each in classes] == [int(each["size"]) for each in found]


def test_names_of_classes_are_a_column(run: Run, folder: Path) -> None:
    run("conformal", *CAL, *TEST, "--sets", "sets.parquet", "--class-names", "a,b,c,d")
    for entry in pd.read_parquet(folder / "sets.parquet").to_dict("records"):
        assert ["abcd"[number] for number in entry["classes"]] == list(entry["names"])
    run("conformal", *CAL, *TEST, "--sets", "sets.jsonl", "--class-names", "a,b,c,d")
    for line in (folder / "sets.jsonl").read_text().splitlines():
        entry = json.loads(line)
        assert ["abcd"[number] for number in entry["classes"]] == entry["names"]


@pytest.mark.parametrize("more", [(), ("--method", "raps"), ("--by-class", "--no-empty")])
def test_threads_change_no_byte(run: Run, folder: Path, more: Sequence[str]) -> None:
    found = set()
    for speed in (("--threads", 1), ("--threads", 4, "--chunk-rows", 7)):
        answer = run("conformal", *CAL, *TEST, *more, *speed, "--sets", "sets.csv")
        found.add((answer.out, (folder / "sets.csv").read_bytes()))
    assert 1 == len(found)


def test_no_empty_adds_the_prediction(run: Run, folder: Path) -> None:
    words = ("conformal", *CAL, *TEST, "--alpha", 0.6, "--sets", "sets.jsonl")
    before, after = records(run(*words))[1], records(run(*words, "--no-empty"))[1]
    assert 0 < float(before["empty"])
    assert 0 == float(after["empty"])
    predicted = drawn(150, 2)[0].argmax(axis=1).tolist()
    found = [json.loads(line)["classes"] for line in (folder / "sets.jsonl").read_text().splitlines()]
    assert all(each for each in found)
    assert all(best in each for each, best in zip(found, predicted, strict=True))
    labels = drawn(150, 2)[1].tolist()
    held = np.mean([label in each for each, label in zip(found, labels, strict=True)])
    assert held == pytest.approx(float(after["coverage"]))


def test_groups_are_rows(run: Run, folder: Path) -> None:
    np.save("groups.npy", np.arange(150) % 2)
    rows = records(run("conformal", *CAL, *TEST, "--groups", "groups.npy"))
    assert ["", "", "0", "1"] == [row["group"] for row in rows]
    assert ["200", "150", "75", "75"] == [row["n"] for row in rows]


def test_the_terminal_has_a_table_and_a_sentence(run: Run, folder: Path) -> None:
    answer = run("conformal", *CAL, *TEST, "-f", "table")
    assert (0, "") == (answer.code, answer.err)
    text = " ".join(answer.out.split())
    assert "samples n quantile coverage interval mean size" in text
    assert "at least 90 % of samples" in text
    assert "of 150 test samples" in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_view_fits_a_narrow_terminal_with_whole_numbers(folder: Path, width: int) -> None:
    found = lscli.conformal(*CAL, *TEST, method="aps", by_class=True)
    text = b"".join(render(found, "table", Screen(width, color=False))).decode()
    assert all(len(line) <= width for line in text.splitlines())
    assert "…" not in text
    assert (width < 200) == ("not shown for lack of width" in " ".join(text.split()))
    assert f"{found.tested.mean_size:#.4g}" in text  # type: ignore[union-attr]


def test_a_shift_is_noticed(run: Run, folder: Path) -> None:
    np.save("other.npy", np.roll(np.load("test_y.npy"), 1))
    answer = run("conformal", *CAL, "test_x.npy", "other.npy")
    assert "is lower than chance allows for alpha 0.1" in answer.err
    assert "" == run("conformal", *CAL, *TEST).err


def test_the_same_samples_are_no_test(run: Run, folder: Path) -> None:
    assert "no test of the promise" in run("conformal", "cal.npz", "cal.npz", "cal.npz", "cal.npz").err


def test_small_classes_are_named(run: Run, folder: Path) -> None:
    y = drawn(200, 1)[1]
    np.save("y.npy", np.where(y == 3, 2, y))
    answer = run("conformal", "cal_x.npy", "y.npy", "--by-class")
    assert "class 3 has fewer than 9 calibration samples, so every set holds it" in answer.err
    assert "inf" == list(csv.DictReader(answer.out.splitlines()))[3]["quantile"]


def test_too_few_samples(run: Run, folder: Path) -> None:
    np.save("x.npy", drawn(8, 1)[0])
    np.save("y.npy", drawn(8, 1)[1])
    assert_refused(run("conformal", "x.npy", "y.npy"), 3, "8 calibration samples are too few for alpha 0.1", "give 9")


def test_no_samples(run: Run, folder: Path) -> None:
    np.save("x.npy", np.empty((0, 4), np.float32))
    np.save("y.npy", np.empty(0, np.int64))
    assert 3 == run("conformal", "x.npy", "y.npy").code


def test_other_classes(run: Run, folder: Path) -> None:
    np.save("x.npy", drawn(20, 1, classes=5)[0])
    assert_refused(run("conformal", *CAL, "x.npy"), 3, "x.npy: has 5 classes, and cal_x.npy has 4")


def test_equal_scores(run: Run, folder: Path) -> None:
    np.save("x.npy", np.zeros((200, 4), np.float32))
    answer = run("conformal", "x.npy", "cal_y.npy", *TEST, "-f", "json")
    assert "All calibration scores are equal" in json.loads(answer.out)["conclusion"]


def test_sets_are_written_completely_or_not_at_all(run: Run, folder: Path) -> None:
    (folder / "sets.csv").write_text("old")
    np.save("bad.npy", np.full((9, 4), np.nan, np.float32))
    answer = run("conformal", *CAL, "bad.npy", "--sets", "sets.csv")
    assert 3 == answer.code
    assert "old" == (folder / "sets.csv").read_text()
    assert [] == list(folder.glob(".lscli-*"))


@pytest.mark.parametrize("name", ["cal_x.npy", "out.csv"])
def test_sets_do_not_overwrite(run: Run, folder: Path, name: str) -> None:
    if name == "cal_x.npy":
        (folder / "sets.csv").symlink_to(folder / name)
        answer = run("conformal", *CAL, *TEST, "--sets", "sets.csv")
        assert_refused(answer, 2, "the output is one of the inputs")
    else:
        assert_refused(run("conformal", *CAL, *TEST, "--sets", name, "-o", name), 2, "is named twice")
