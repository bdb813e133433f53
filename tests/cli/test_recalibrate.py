"""`lscli recalibrate`: before and after a map, from two pairs of files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from tests.cli.inprocess import Run, assert_refused, records, values

COLUMNS = "source,group,metric,before,after,difference,ci_low,ci_high,p_value"
FILES = ("val_x.npy", "val_y.npy", "test_x.npy", "test_y.npy")
FAST = ("--bootstrap", 30)


def drawn(n: int, seed: int, sharp: float = 1.0, classes: int = 4) -> tuple[Any, Any]:
    """Logits of a model that is calibrated if it is not sharpened: the labels follow its probabilities."""
    random = np.random.default_rng(seed)
    z = 1.5 * random.standard_normal((n, classes))
    labels = (softmax(z, axis=1).cumsum(axis=1) > random.random((n, 1))).argmax(axis=1)
    return (sharp * z).astype(np.float32), labels


def save(folder: Path, val: tuple[Any, Any], test: tuple[Any, Any]) -> None:
    for name, values_ in zip(FILES, (*val, *test), strict=True):
        np.save(folder / name, values_)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with samples of a model that is over-confident by a factor of 2."""
    save(tmp_path, drawn(500, 1, 2), drawn(400, 2, 2))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_csv_has_these_columns_and_the_values_of_eval(run: Run, folder: Path) -> None:
    answer = run("recalibrate", *FILES, *FAST, "-o", "cal.json")
    assert COLUMNS == answer.out.splitlines()[0]
    rows = records(answer)
    assert ["loss_hard", "brier", "accuracy", "ece"] == [row["metric"] for row in rows]
    assert {("test_x.npy", "")} == {(row["source"], row["group"]) for row in rows}
    before = values(run("eval", *FILES[2:]))
    after = values(run("eval", *FILES[2:], "--calibrator", "cal.json"))
    for row in rows:
        assert (before[row["metric"]], after[row["metric"]]) == (float(row["before"]), float(row["after"]))
        assert float(row["after"]) - float(row["before"]) == pytest.approx(float(row["difference"]), abs=1e-15)
    assert 1.6 < json.loads((folder / "cal.json").read_text())["parameters"]["temperature"] < 2.4


def test_the_terminal_has_a_table_and_a_sentence(run: Run, folder: Path) -> None:
    answer = run("recalibrate", *FILES, *FAST, "-f", "table")
    assert (0, "") == (answer.code, answer.err)
    assert "metric     before" in answer.out
    assert "400 samples x 4 classes" in answer.out
    sentence = " ".join(answer.out.split("\n\n")[-1].split())
    assert sentence.startswith("Temperature ")
    assert "(standard error 0." in sentence
    assert "lowers the loss of the test samples by" in sentence


def test_two_archives_are_enough(run: Run, folder: Path) -> None:
    expected = records(run("recalibrate", *FILES, *FAST))
    for name in ("val", "test"):
        np.savez(folder / f"{name}.npz", logits=np.load(f"{name}_x.npy"), labels=np.load(f"{name}_y.npy"))
    found = records(run("recalibrate", "val.npz", "test.npz", *FAST))
    assert [{**row, "source": ""} for row in expected] == [{**row, "source": ""} for row in found]


def test_groups_clusters_and_weights_are_of_the_test_samples(run: Run, folder: Path) -> None:
    np.save("g.npy", np.arange(400) % 2)
    np.save("c.npy", np.arange(400) // 4)
    np.save("w.npy", np.arange(400) % 3)
    words = ("--groups", "g.npy", "--clusters", "c.npy", "--weights", "w.npy", "-m", "loss_hard,ece")
    rows = records(run("recalibrate", *FILES, *FAST, *words, "-o", "cal.json"))
    assert [("", "loss_hard"), ("", "ece"), ("0", "loss_hard")] == [(row["group"], row["metric"]) for row in rows[:3]]
    for group in ("", "0", "1"):
        after = values(run("eval", *FILES[2:], *words, "--calibrator", "cal.json"), group)
        assert after == {row["metric"]: float(row["after"]) for row in rows if row["group"] == group}
    table = run("recalibrate", *FILES, *FAST, *words, "-f", "table").out
    assert "group  metric" in table
    assert "all    loss_hard" in table


@pytest.mark.parametrize("share", [1.0, 0.3], ids=["the same", "some"])
def test_samples_of_both_sets_are_noticed(share: float, run: Run, folder: Path) -> None:
    val, test = drawn(500, 1, 2), drawn(400, 2, 2)
    count = int(500 * share)
    rest = (val[0][:0], val[1][:0]) if share == 1 else test
    save(folder, val, (np.vstack((val[0][:count], rest[0])), np.concatenate((val[1][:count], rest[1]))))
    answer = run("recalibrate", *FILES, *FAST)
    assert 0 == answer.code
    (warning,) = answer.err.splitlines()
    said = "was fitted on these samples" if share == 1 else "of the samples that the calibrator was fitted on"
    assert said in warning
    assert warning.endswith("use other samples, or measure these with lscli eval --cross-fit temperature")
    assert 0 == run("eval", *FILES[2:], "--cross-fit", "temperature").code


def test_a_map_without_an_effect_is_said_to_have_none(run: Run, folder: Path) -> None:
    save(folder, drawn(3000, 1), drawn(300, 2))
    found = json.loads(run("recalibrate", *FILES, *FAST, "-f", "json").out)
    assert "shows no effect on the loss of the test samples beyond noise" in found["conclusion"]
    assert found["rows"][0]["p_value"] >= 0.05


def test_a_map_that_harms_is_said_to(run: Run, folder: Path) -> None:
    save(folder, drawn(500, 1, 2), drawn(2000, 2, 0.5))
    found = json.loads(run("recalibrate", *FILES, *FAST, "-f", "json").out)
    assert "raises the loss of the test samples by" in found["conclusion"]
    assert found["rows"][0]["p_value"] < 0.05


def test_the_best_of_all_methods_is_kept_and_named(run: Run, folder: Path) -> None:
    answer = run("recalibrate", *FILES, *FAST, "--method", "all", "-o", "cal.json", "-f", "json")
    found = json.loads(answer.out)
    kept = json.loads((folder / "cal.json").read_text())
    assert kept == found["calibrator"]
    ranked = records(run("fit", *FILES[:2], "--method", "all", *FAST))
    best = next(row for row in ranked if row["method"] not in ("", "raw", "none"))
    assert best["method"] == kept["method"]


def test_one_sample_has_no_interval(run: Run, folder: Path) -> None:
    test = drawn(400, 2, 2)
    save(folder, drawn(500, 1, 2), (test[0][:1], test[1][:1]))
    found = json.loads(run("recalibrate", *FILES, *FAST, "-f", "json").out)
    assert "nan" not in found["conclusion"]
    assert "without an interval" in found["conclusion"]
    assert {None} == {row["p_value"] for row in found["rows"]}


def _change(folder: Path, name: str, values_: Any) -> None:
    np.save(folder / name, values_)


@pytest.mark.parametrize(
    ("change", "words", "code", "says"),
    [
        ("other classes", FILES, 3, ("test_x.npy: has 5 classes, and val_x.npy has 4", "logits of one model")),
        ("separable", FILES, 3, ("val_x.npy: no temperature is best", "some of which are wrong")),
        ("nan in test", FILES, 3, ("test_x.npy: row 3 has nan", "--nonfinite skip")),
        ("", FILES[:3], 2, ("two or four paths are needed, got 3", "VAL_LOGITS VAL_LABELS TEST_LOGITS TEST_LABELS")),
        ("", (*FILES[:3], "missing.npy"), 3, ("missing.npy: not found", "check the path")),
        ("", (*FILES[:2], "-", "test_y.npy"), 2, ("the test files are read twice", "save them to a file")),
        ("", (*FILES, "-m", "temperature"), 2, ("temperature has no paired difference", "lscli eval")),
        ("", (*FILES, "-o", "cal.csv"), 2, ("has the suffix .json", "say -o cal.json")),
        ("", (*FILES, "--ci"), 2, ("--ci is not an option of lscli recalibrate", "there are always intervals")),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_and_nothing_is_written(
    change: str, words: tuple[str, ...], code: int, says: tuple[str, ...], run: Run, folder: Path
) -> None:
    val, test = drawn(500, 1, 2), drawn(400, 2, 2)
    if change == "other classes":
        save(folder, val, drawn(300, 3, classes=5))
    elif change == "separable":
        _change(folder, FILES[0], 9 * np.eye(4)[val[1]])
    elif change:
        test[0][3, 1] = np.nan
        save(folder, val, test)
    output = () if "-o" in words else ("-o", "cal.json")
    assert_refused(run("recalibrate", *words, *FAST, *output), code, *says)
    assert not [*folder.glob("cal*")]
