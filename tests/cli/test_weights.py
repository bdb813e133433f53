"""`--weights`: counts of the rows, from a file or an array, checked before the logits are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lscli
from tests.cli.inprocess import Run, assert_refused, records, save_more, values

METRICS = ["--metrics", "all", "--bins", "7"]
COUNTS = [k % 4 for k in range(60)]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    return save_more(tmp_path)


def saved(folder: Path, kind: str, weights: object) -> str:
    path = str(folder / f"w.{kind}")
    if kind == "npy":
        np.save(path, weights)  # type: ignore[arg-type]
    elif kind == "npz":
        np.savez(path, weights=weights)  # type: ignore[arg-type]
    else:
        cells = np.asarray(weights).tolist()
        Path(path).write_text("weight\n" + "".join(f"{cell}\n" for cell in cells), encoding="utf-8")
    return path


@pytest.mark.parametrize("kind", ["npy", "npz", "csv"])
def test_a_weight_counts_as_so_many_rows(run: Run, tmp_path: Path, pair: tuple[str, str], kind: str) -> None:
    x, y = (np.repeat(np.load(path), COUNTS, axis=0) for path in pair)
    np.save(tmp_path / "xx.npy", x)
    np.save(tmp_path / "yy.npy", y)
    expected = run("eval", tmp_path / "xx.npy", tmp_path / "yy.npy", *METRICS)
    found = run("eval", *pair, *METRICS, "--weights", saved(tmp_path, kind, COUNTS))
    assert [(row["metric"], row["n"], row["params"]) for row in records(expected)] == [
        (row["metric"], row["n"], row["params"]) for row in records(found)
    ]
    for field in ("value", "stderr"):
        one, other = ([float(row[field] or "nan") for row in records(each)] for each in (expected, found))
        assert one == pytest.approx(other, rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("kind", ["csv", "tsv", "parquet"])
def test_a_column_among_others_is_called_weight_or_weights(
    run: Run, tmp_path: Path, pair: tuple[str, str], kind: str
) -> None:
    expected = run("eval", *pair, *METRICS, "--weights", saved(tmp_path, "npy", COUNTS))
    path = tmp_path / f"table.{kind}"
    for names in (("weight", "id"), ("id", "weights"), ("weights", "weight")):
        chosen = "weight" if "weight" in names else "weights"
        frame = pd.DataFrame({name: COUNTS if name == chosen else [0] * 60 for name in names})
        if kind == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False, sep="\t" if kind == "tsv" else ",")
        assert expected.out == run("eval", *pair, *METRICS, "--weights", path).out


def test_weights_of_one_change_no_value(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    expected = values(run("eval", *pair, *METRICS))
    found = values(run("eval", *pair, *METRICS, "--weights", saved(tmp_path, "npy", np.ones(60))))
    assert expected == pytest.approx(found, rel=1e-12, abs=1e-15, nan_ok=True)


@pytest.mark.parametrize("command", [["bins"], ["bins", "--equal-mass"], ["classes"]], ids=" ".join)
def test_tables_count_weights_too(run: Run, tmp_path: Path, pair: tuple[str, str], command: list[str]) -> None:
    x, y = (np.repeat(np.load(path), COUNTS, axis=0) for path in pair)
    np.save(tmp_path / "xx.npy", x)
    np.save(tmp_path / "yy.npy", y)
    name, *more = command
    expected = records(run(name, tmp_path / "xx.npy", tmp_path / "yy.npy", *more))
    found = records(run(name, *pair, *more, "--weights", saved(tmp_path, "npy", COUNTS)))
    for one, other in zip(expected, found, strict=True):
        for key in one.keys() - {"source", "group", "name"}:
            assert float(one[key] or "nan") == pytest.approx(float(other[key] or "nan"), rel=1e-6, nan_ok=True), key


def test_the_python_function_takes_arrays_and_lists(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    found = values(run("eval", *pair, "--weights", saved(tmp_path, "npy", COUNTS)))
    for weights in (COUNTS, np.array(COUNTS, np.uint8), np.array(COUNTS, np.float32)):
        report = lscli.evaluate(*pair, weights=weights)
        assert {row.metric: row.value for row in report.rows} == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([1.0] * 30 + [-1.0] + [1.0] * 29, ["row 30 is negative (-1)"]),
        ([1.0] * 59 + [np.nan], ["row 59 is not finite (nan)"]),
        ([np.inf] + [1.0] * 59, ["row 0 is not finite (inf)"]),
        ([1.0] * 59, ["rows differ: 60 logits, 59 weights"]),
        ([0.0] * 60, ["no weight is above 0"]),
        ([1.0] * 59 + [1e308], ["row 59 is 1e+308", "from 1e-50 to 1e+50"]),
        ([0.0, 5e-324] + [0.0] * 58, ["row 1 is 4.94e-324", "from 1e-50 to 1e+50"]),
        (["a"] * 60, ["weight"]),
        ([True] * 60, ["not numbers (bool)"]),
        (np.ones((60, 1)), ["shape (N,), got (60, 1)"]),
        (np.ones(60, complex), ["not numbers (complex128)"]),
        ([], ["0 weights"]),
    ],
    ids=["negative", "nan", "inf", "short", "zero", "huge", "tiny", "strings", "bool", "2-D", "complex", "empty"],
)
@pytest.mark.parametrize("command", ["eval", "bins", "classes", "samples"])
def test_wrong_weights_are_refused(
    run: Run, tmp_path: Path, pair: tuple[str, str], command: str, weights: object, words: list[str]
) -> None:
    path = saved(tmp_path, "npy", weights)
    assert_refused(run(command, *pair, "--weights", path), 3, path, *words)


@pytest.mark.parametrize("cells", [["x"] * 60, [""] * 60, ["1"] * 59, ["-1"] * 60, ["nan"] * 60, ["1e999"] * 60])
def test_a_csv_without_weights_is_refused(run: Run, tmp_path: Path, pair: tuple[str, str], cells: list[str]) -> None:
    path = tmp_path / "w.csv"
    path.write_text("w\n" + "\n".join(cells) + "\n")
    assert_refused(run("eval", *pair, "--weights", path), 3, str(path))


def test_a_missing_file_is_refused(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    assert_refused(run("eval", *pair, "--weights", tmp_path / "none.npy"), 3, "none.npy")


def test_all_weight_on_rows_that_are_ignored_is_refused(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    y = np.load(pair[1])
    y[5] = -100
    np.save(pair[1], y)
    path = saved(tmp_path, "npy", np.arange(60) == 5.0)
    np.save(path, (np.arange(60) == 5).astype(float))
    assert_refused(run("eval", *pair, "--weights", path), 3, "no weight is above 0")


def test_weights_that_sum_to_one_cause_a_warning(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = saved(tmp_path, "npy", np.full(60, 1 / 60))
    answer = run("eval", *pair, "--weights", path)
    assert (0, 1) == (answer.code, answer.err.count("\n"))
    assert f"lscli: warning: {path}: the weights sum to 1: they are read as counts" in answer.err
    assert "" == run("eval", *pair, "--weights", path, "-q").err


def test_json_names_the_weights_among_the_inputs(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = saved(tmp_path, "npy", np.ones(60))
    for command in ("eval", "bins", "classes", "samples"):
        answer = run(command, *pair, "--weights", path, "-f", "json")
        entry = json.loads(answer.out)["inputs"][-1]
        assert {"role": "weights", "path": path, "shape": [60], "dtype": "float64"}.items() <= entry.items()
        assert (path, "flag") == answer.settings["weights"]


def test_the_table_says_that_it_is_weighted(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = saved(tmp_path, "npy", np.ones(60))
    assert ", weighted" in run("eval", *pair, "--weights", path, "-f", "table").out
    assert ", weighted" not in run("eval", *pair, "-f", "table").out


def test_the_weights_are_not_overwritten(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    path = saved(tmp_path, "csv", np.ones(60))
    assert_refused(run("eval", *pair, "--weights", path, "-o", path), 2, "the output is one of the inputs")
