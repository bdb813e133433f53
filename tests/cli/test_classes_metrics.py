"""`lscli classes --metrics`: any metric of the samples of each class, one more column each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, column, records, save_more, values

METRICS = "loss,smoothing,aurc,ece,loss_smoothed@0.3"
OPTIONS = ("--eps", "0.1,0.2", "--noise-rate", "0.1", "--smoothing", "off-target")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    x, y = save_more(tmp_path, rows=90, classes=5)
    labels = np.load(y)
    labels[labels == 3] = 0  # a class without samples
    np.save(y, labels)
    return x, y


def test_each_column_is_the_metric_of_the_samples_of_the_class(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    rows = records(run("classes", *pair, "--metrics", METRICS, *OPTIONS))
    x, y = (np.load(path) for path in pair)
    for k in (0, 1, 2, 4):
        np.save(tmp_path / "xk.npy", x[y == k])
        np.save(tmp_path / "yk.npy", y[y == k])
        alone = run("eval", tmp_path / "xk.npy", tmp_path / "yk.npy", "--metrics", METRICS, *OPTIONS, "--wide")
        expected = records(alone)[0]
        names = [name for name in expected if name not in ("source", "group", "n")]
        assert {"loss_smoothed@0.1", "loss_smoothed@0.2", "loss_smoothed@0.3", "loss_noise_corrected@0.1"} <= set(names)
        for name in names:
            found, wanted = column(rows[k : k + 1], name), column([expected], name)
            assert wanted == pytest.approx(found, rel=1e-12, abs=1e-12, nan_ok=True), (k, name)
    assert {""} == {rows[3][name] for name in names}


def test_the_columns_of_old_come_first_and_are_the_same(run: Run, pair: tuple[str, str]) -> None:
    plain = records(run("classes", *pair))
    more = records(run("classes", *pair, "--metrics", "gamma,above_target"))
    assert [*plain[0], "gamma", "above_target@0.1"] == list(more[0])
    assert plain == [{name: row[name] for name in plain[0]} for row in more]


def test_classes_are_sorted_by_a_metric(run: Run, pair: tuple[str, str]) -> None:
    rows = records(run("classes", *pair, "--metrics", "above_target@0.2", "--sort", "above_target@0.2"))
    found = column(rows[:4], "above_target@0.2")
    assert sorted(found, reverse=True) == found
    assert len(set(found)) > 1
    assert "" == rows[4]["above_target@0.2"]


def test_groups_weights_and_class_weights_go_with_it(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    weight = np.arange(90) % 3
    np.save(tmp_path / "w.npy", weight)
    np.save(tmp_path / "c.npy", np.arange(1.0, 6.0))
    meta = tmp_path / "meta.csv"
    meta.write_text("half\n" + "a\nb\n" * 45, encoding="utf-8")
    options = ("--weights", tmp_path / "w.npy", "--class-weights", tmp_path / "c.npy")
    rows = records(
        run("classes", *pair, *options, "--groups", meta, "--group-by", "half", "--metrics", "loss_smoothed,gamma")
    )
    x, y = (np.load(path) for path in pair)
    mine = (np.arange(90) % 2 == 1) & (y == 2)
    np.save(tmp_path / "xk.npy", np.repeat(x[mine], weight[mine], axis=0))
    np.save(tmp_path / "yk.npy", np.repeat(y[mine], weight[mine]))
    alone = run("eval", tmp_path / "xk.npy", tmp_path / "yk.npy", *options[2:], "--metrics", "loss_smoothed,gamma")
    expected = values(alone)
    row = next(row for row in rows if (row["group"], row["class"]) == ("b", "2"))
    assert expected["loss_smoothed"] == pytest.approx(float(row["loss_smoothed@0.1"]), rel=1e-12)
    assert expected["gamma"] == pytest.approx(float(row["gamma"]), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--metrics", "classwise_ece"], ["classwise_ece is about all classes together"]),
        (["--metrics", "gama"], ["did you mean 'gamma'"]),
        (["--sort", "gamma"], ["unknown column 'gamma'"]),
        (["--metrics", "gamma", "--sort", "gama"], ["did you mean 'gamma'"]),
        (["--metrics", "loss_smoothed", "--sort", "loss_smoothed@0.3"], ["unknown column", "loss_smoothed@0.1"]),
        (["--metrics", "gamma", "--eps", "2"], ["[0, 1]"]),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(run: Run, pair: tuple[str, str], options: list[str], words: list[str]) -> None:
    assert_refused(run("classes", *pair, *options), 2, *words)
