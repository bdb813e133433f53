"""`lscli samples`: one row per sample, of which the metrics are the means."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.cli.inprocess import Run, assert_refused, column, records, save_more, values
from tests.command import LABELS, LOGITS

HEADER = (
    "source,group,row,label,predicted,correct,confidence,one_minus_confidence,label_prob,label_rank,loss_hard,"
    "loss_uniform,entropy,brier,margin,logit_gap,weight"
)


def frame(run: Run, *arguments: object) -> pd.DataFrame:
    answer = run("samples", *arguments)
    assert (0, "") == (answer.code, answer.err)
    return pd.read_csv(io.StringIO(answer.out), keep_default_na=False)


def test_the_columns_average_to_the_metrics(run: Run) -> None:
    answer = run("samples", LOGITS, LABELS)
    assert HEADER == answer.out.partition("\n")[0]
    table = frame(run, LOGITS, LABELS)
    assert list(range(5000)) == table["row"].tolist()
    expected = values(run("eval", LOGITS, LABELS, "--metrics", "default,accuracy,brier"))
    for name, metric in (
        ("loss_hard", "loss_hard"),
        ("loss_uniform", "loss_uniform"),
        ("correct", "accuracy"),
        ("confidence", "confidence_mean"),
        ("entropy", "entropy_mean"),
        ("margin", "margin_mean"),
        ("label_prob", "label_prob_mean"),
        ("logit_gap", "logit_gap_mean"),
        ("brier", "brier"),
    ):
        assert expected[metric] == pytest.approx(table[name].mean(), rel=1e-12), metric
    assert {1} == set(table["weight"])


def test_columns_agree_with_each_other_and_the_logits(run: Run) -> None:
    x, y, table = np.load(LOGITS), np.load(LABELS), frame(run, LOGITS, LABELS)
    assert y.tolist() == table["label"].tolist()
    assert x.argmax(axis=1).tolist() == table["predicted"].tolist()
    assert (table["label"] == table["predicted"]).tolist() == table["correct"].tolist()
    assert (1 - table["confidence"]).tolist() == pytest.approx(table["one_minus_confidence"].tolist(), abs=1e-15)
    assert (table["label_rank"] == 0).tolist() == table["correct"].tolist()
    assert np.exp(-table["loss_hard"]).tolist() == pytest.approx(table["label_prob"].tolist(), abs=1e-12)


def test_rows_left_out_do_not_change_the_numbers_of_the_others(run: Run, tmp_path: Path) -> None:
    logits, labels = save_more(tmp_path)
    y = np.load(labels)
    y[[3, 7, 59]] = -100
    np.save(labels, y)
    x = np.load(logits)
    x[[0, 30]] = np.nan
    np.save(logits, x)
    answer = run("samples", logits, labels, "--nonfinite", "skip", "--chunk-rows", "8", "-q")
    kept = [k for k in range(60) if k not in (0, 3, 7, 30, 59)]
    assert kept == [int(row["row"]) for row in records(answer)]


@pytest.mark.parametrize("count", [1, 10, 200, 9999])
def test_the_worst_by_loss_are_those_of_pandas(run: Run, count: int) -> None:
    whole = frame(run, LOGITS, LABELS)
    expected = whole.sort_values("loss_hard", ascending=False, kind="stable").head(count).reset_index(drop=True)
    pd.testing.assert_frame_equal(expected, frame(run, LOGITS, LABELS, "--worst", count, "--chunk-rows", "333"))


@pytest.mark.parametrize("count", [1, 10, 200, 9999])
def test_the_worst_by_confidence_are_the_most_confident_of_the_wrong(run: Run, count: int) -> None:
    whole = frame(run, LOGITS, LABELS)
    wrong = whole[whole["correct"] == False]  # noqa: E712
    expected = wrong.sort_values("confidence", ascending=False, kind="stable").head(count).reset_index(drop=True)
    found = frame(run, LOGITS, LABELS, "--worst", count, "--by", "confidence", "--chunk-rows", "333")
    pd.testing.assert_frame_equal(expected, found)


def test_without_a_wrong_sample_the_csv_is_a_header_alone(run: Run, tmp_path: Path) -> None:
    logits, labels = save_more(tmp_path)
    np.save(labels, np.load(logits).argmax(axis=1))
    for format_name, expected in (("csv", HEADER + "\n"), ("json", None), ("table", None), ("markdown", None)):
        answer = run("samples", logits, labels, "--worst", "3", "--by", "confidence", "-f", format_name)
        assert (0, "") == (answer.code, answer.err)
        assert expected in (None, answer.out)
        if format_name == "json":
            assert [] == json.loads(answer.out)["rows"]


def test_chunks_and_threads_change_no_byte(run: Run) -> None:
    expected = run("samples", LOGITS, LABELS)
    assert expected == run("samples", LOGITS, LABELS, "--chunk-rows", "77", "--threads", "3")


def test_json_is_an_object_with_the_rows(run: Run, tmp_path: Path) -> None:
    answer = run("samples", *save_more(tmp_path), "-f", "json")
    document = json.loads(answer.out)
    assert ("lscli.samples/1", 60) == (document["schema"], len(document["rows"]))
    assert HEADER.split(",") == list(document["rows"][0])
    assert ["logits", "labels"] == [entry["role"] for entry in document["inputs"]]


def test_weights_and_groups_are_columns(run: Run, tmp_path: Path) -> None:
    logits, labels = save_more(tmp_path)
    np.save(tmp_path / "w.npy", np.arange(60) / 2)
    (tmp_path / "m.csv").write_text("g,h\n" + "".join(f"{k % 3},x\n" for k in range(60)))
    more = ["--weights", tmp_path / "w.npy", "--groups", tmp_path / "m.csv", "--group-by", "g"]
    rows = records(run("samples", logits, labels, *more, "--chunk-rows", "7"))
    assert [k / 2 for k in range(60)] == column(rows, "weight")
    assert [str(k % 3) for k in range(60)] == [row["group"] for row in rows]


@pytest.mark.parametrize(
    "command", [["samples"], ["eval", "--ci", "--bootstrap", "20"], ["bins"], ["classes"]], ids=str
)
def test_parquet_holds_what_the_csv_holds(run: Run, tmp_path: Path, command: list[str]) -> None:
    name, *more = command
    text = run(name, LOGITS, LABELS, *more).out
    strings = dict.fromkeys(("source", "group", "params", "name"), str)
    expected = pd.read_csv(io.StringIO(text), dtype=strings, na_values=[""], keep_default_na=False)
    expected = expected.fillna({column: "" for column in strings if column in expected})
    assert (0, "", "") == run(name, LOGITS, LABELS, *more, "-o", tmp_path / "x.parquet")
    found = pd.read_parquet(tmp_path / "x.parquet")
    assert list(expected) == list(found)
    pd.testing.assert_frame_equal(expected, found, check_dtype=False, rtol=1e-14, atol=0)


PARQUET = 'pip install "lscli-calibration[parquet]", or write a .csv'


def test_parquet_without_pyarrow_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for command in ("samples", "eval"):
        assert_refused(run(command, LOGITS, LABELS, "-o", tmp_path / "x.parquet"), 2, "pyarrow", PARQUET)
    assert_refused(run("samples", LOGITS, LABELS, "-f", "parquet"), 2, "pyarrow", PARQUET)
    assert [] == list(tmp_path.iterdir())


def test_rows_that_are_skipped_are_counted_after_the_last(run: Run, tmp_path: Path) -> None:
    logits, labels = tmp_path / "x.npy", tmp_path / "y.npy"
    np.save(logits, np.array([[0, 1.0], [np.nan, 0], [2, 0]]))
    np.save(labels, np.array([0, 1, 0]))
    answer = run("samples", logits, labels, "--nonfinite", "skip")
    assert (0, 3) == (answer.code, len(answer.out.splitlines()))
    assert answer.err == f"lscli: warning: {logits}: 1 of 3 rows are not finite and are left out\n"
