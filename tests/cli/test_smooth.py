"""`lscli smooth`: the targets of labels, a row each, or those of one label."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lscli import smooth_labels
from lscli.api.smooth import smoothed_rows
from lscli.options import Smoothing, SmoothOptions
from tests.cli.inprocess import Run, column, records
from tests.cli.terminal import on_terminal
from tests.command import LABELS, command

Y = np.load(LABELS)
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Seven labels of four classes, one of them ignored."""
    path = tmp_path / "y.npy"
    np.save(path, np.array([0, 1, 2, -100, 3, 1, 1]))
    return path


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_the_rows_are_the_targets_with_all_their_digits(run: Run, smoothing: Smoothing) -> None:
    rows = records(run("smooth", LABELS, "--classes", 10, "--eps", 0.3, "--smoothing", smoothing))
    expected = smooth_labels(Y, 10, 0.3, smoothing)
    assert [f"q{k}" for k in range(10)] == list(rows[0])
    assert expected.tolist() == [[float(cell) for cell in row.values()] for row in rows]


def test_the_article_s_example(run: Run) -> None:
    answer = run("smooth", "--label", 1, "--classes", 4, "--eps", 0.001)
    expected = (
        "q0,q1,q2,q3,floor,optimal_gap\n0.00025,0.99925,0.00025,0.00025,0.0069702559097376705,8.293299358711323\n"
    )
    assert (0, expected, "") == answer


def test_a_prior_from_a_file(run: Run, labels: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", PRIOR)
    (tmp_path / "p.csv").write_text("\n".join(map(str, PRIOR)))
    expected = smooth_labels(np.load(labels), 4, 0.2, "prior", PRIOR)
    for name in ("p.npy", "p.csv"):
        arguments = ("--classes", 4, "--eps", 0.2, "--smoothing", "prior", "--prior", tmp_path / name)
        answer = run("smooth", labels, *arguments, "-q", "-f", "json")
        document = json.loads(answer.out)
        np.testing.assert_allclose([list(row.values()) for row in document["rows"]], expected, rtol=1e-15)
        assert ["labels", "prior"] == [entry["role"] for entry in document["inputs"]]
        found = column(records(run("smooth", "--label", 3, *arguments)), "q3")
        assert [0.8 + 0.2 * 0.1] == pytest.approx(found, rel=1e-15)
        assert "The same" not in run("smooth", "--label", 3, *arguments, "-f", "table").out  # a prior has no equal


def test_the_empirical_prior_is_the_share_of_the_kept_labels(run: Run, labels: Path, tmp_path: Path) -> None:
    arguments = ("--smoothing", "prior", "--prior", "empirical", "--eps", 1, "-q")
    rows = records(run("smooth", labels, "--classes", 4, *arguments))
    assert [1 / 6, 3 / 6, 1 / 6, 1 / 6] == pytest.approx([float(cell) for cell in rows[0].values()], rel=1e-15)
    many = np.random.default_rng(0).random((50_000, 4)).astype(np.float32)  # several blocks
    np.save(tmp_path / "soft.npy", many)
    rows = records(run("smooth", tmp_path / "soft.npy", *arguments))
    sums = many.astype(float).sum(axis=0)
    assert (sums / sums.sum()).tolist() == pytest.approx([float(cell) for cell in rows[0].values()], rel=1e-12)


def test_ignored_labels_are_zeros_and_one_warning(run: Run, labels: Path, tmp_path: Path) -> None:
    answer = run("smooth", labels, "--classes", 4)
    assert f"lscli: warning: {labels}: 1 of 7 labels are ignored: their targets are 0\n" == answer.err
    assert "0.0,0.0,0.0,0.0" == answer.out.splitlines()[4]
    assert "" == run("smooth", labels, "--classes", 4, "-q").err
    np.save(labels, np.array([1, 7, 7]))
    assert "2 of 3 labels" in run("smooth", labels, "--classes", 4, "--ignore-index", 7).err
    np.save(tmp_path / "sets.npy", np.array([[1, 0], [-1, -1], [-1, 1]]))
    answer = run("smooth", tmp_path / "sets.npy", "--ignore-index", -1)
    assert "1 of 3 labels" in answer.err
    assert ["q0,q1", "0.95,0.05", "0.0,0.0", "0.05,0.95"] == answer.out.splitlines()
    np.save(tmp_path / "many.npy", np.full((40_000, 2), -100.0))  # several blocks
    assert "40000 of 40000 labels" in run("smooth", tmp_path / "many.npy", "-o", tmp_path / "x.npy").err


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", ">f4", "float64"])
def test_rows_of_the_file_are_sets_of_classes(run: Run, tmp_path: Path, dtype: str) -> None:
    sets = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    np.save(tmp_path / "sets.npy", sets.astype(dtype))
    np.savez(tmp_path / "sets.npz", labels=np.asfortranarray(sets.astype(dtype)), other=1)
    for path in (tmp_path / "sets.npy", tmp_path / "sets.npz"):
        for more in ((), ("--classes", 3)):
            rows = records(run("smooth", path, *more))
            expected = smooth_labels(sets, 3, 0.1).tolist()
            assert expected == [[float(cell) for cell in row.values()] for row in rows]


def test_class_numbers_from_other_files(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "y.npz", truth=np.array([1, 0]), other=np.array([0]))
    (tmp_path / "y.csv").write_text("name,y\na,1\nb,0\n")
    expected = "q0,q1\n0.05,0.95\n0.95,0.05\n"
    for arguments in (("y.npz", "--labels-key", "truth"), ("y.csv", "--labels-column", "y")):
        assert (0, expected, "") == run("smooth", tmp_path / arguments[0], *arguments[1:], "--classes", 2)


# Formats.


def test_an_array_by_the_suffix_and_through_a_pipe(run: Run, tmp_path: Path) -> None:
    expected = smooth_labels(Y, 10, 0.1)
    assert (0, "", "") == run("smooth", LABELS, "--classes", 10, "-o", tmp_path / "t.npy")
    found = np.load(tmp_path / "t.npy")
    assert (np.float64, True) == (found.dtype, np.array_equal(expected, found))
    done = subprocess.run(command(["smooth", LABELS, "--classes", 10, "-f", "npy"]), capture_output=True, check=True)
    assert (tmp_path / "t.npy").read_bytes() == done.stdout
    assert b"" == done.stderr


def test_an_array_is_nothing_for_a_terminal() -> None:
    code, shown, errors = on_terminal("smooth", LABELS, "--classes", "10", "-f", "npy")
    assert (2, "") == (code, shown)
    assert ["lscli: npy cannot be shown on a terminal", "hint: name a file: -o x.npy"] == errors.splitlines()


def test_json_parquet_and_markdown_hold_what_the_csv_holds(run: Run, tmp_path: Path) -> None:
    arguments = ("smooth", LABELS, "--classes", 10, "--smoothing", "classy")
    expected = pd.read_csv(io.StringIO(run(*arguments).out))
    assert (0, "", "") == run(*arguments, "-o", tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(expected, pd.read_parquet(tmp_path / "t.parquet"), rtol=1e-15)
    document = json.loads(run(*arguments, "-f", "json").out)
    assert ("lscli.smooth/1", expected.to_dict("records")) == (document["schema"], document["rows"])
    assert {"rows": 5000, "ignored": 0} == document["samples"]
    assert ["| q0 | q1 |", "| --- | --- |"] == [
        line[:11] + line[-2:] * (k == 1) for k, line in enumerate(run(*arguments, "-f", "markdown").out.split("\n")[:2])
    ]


def test_the_frame_of_the_rows_is_that_of_the_csv(run: Run) -> None:
    expected = pd.read_csv(io.StringIO(run("smooth", LABELS, "--classes", 10).out))
    many = np.tile(Y, 3)  # several blocks
    found = smoothed_rows(many, SmoothOptions(classes=10)).to_frame()
    pd.testing.assert_frame_equal(pd.concat([expected] * 3, ignore_index=True), found, rtol=1e-15)


def test_settings_and_where_they_are_from(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSCLI_SMOOTHING", "classy")
    settings = run("smooth", LABELS, "--classes", 10, "-f", "json").settings
    assert ("classy", "environment") == settings["smoothing"]
    assert [(10, "flag"), (0.1, "default")] == [settings["classes"], settings["eps"]]
    settings = run("smooth", "--label", 2, "--classes", 3, "--eps", "0.2", "-f", "json").settings
    assert [(2, "flag"), (0.2, "flag"), ("classy", "environment")] == [
        settings[name] for name in ("label", "eps", "smoothing")
    ]


def test_a_negative_eps_has_targets_and_no_floor(run: Run) -> None:
    arguments = ("smooth", "--label", 0, "--classes", 2, "--eps=-0.2", "--allow-negative-eps")
    assert (0, "q0,q1,floor,optimal_gap\n1.1,-0.1,,\n", "") == run(*arguments)
    text = run(*arguments, "-f", "table").out
    assert "none" in text
    assert "The same" not in text


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_all_of_the_smoothing_has_a_row_too(run: Run, smoothing: Smoothing) -> None:
    (row,) = records(run("smooth", "--label", 0, "--classes", 2, "--eps", 1, "--smoothing", smoothing))
    expected = {"uniform": ["0.5", "0.5"], "off-target": ["0.0", "1.0"], "classy": ["0.75", "0.25"]}[smoothing]
    assert expected == [row["q0"], row["q1"]]
    assert {"uniform": "0.0", "off-target": "-inf"}.get(smoothing, row["optimal_gap"]) == row["optimal_gap"]
