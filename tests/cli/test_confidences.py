"""`--confidence`: tables without logits on the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, column, records, values
from tests.cli.test_startup import imported
from tests.command import LABELS, LOGITS, lscli
from tests.measured import measured

RANDOM = np.random.default_rng(5)
CONFIDENCE = RANDOM.uniform(0.3, 1, 200)
OK = (RANDOM.random(200) < CONFIDENCE).astype(int)
TEXT = "conf,ok\n" + "".join(f"{c!r},{a}\n" for c, a in zip(CONFIDENCE.tolist(), OK.tolist(), strict=True))
COLUMNS = ("--confidence", "conf", "--correct", "ok")


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "t.csv"
    path.write_text(TEXT)
    return str(path)


def changed(folder: Path, row: int, cells: str, header: str = "conf,ok") -> str:
    """The table with other cells in one row."""
    lines = TEXT.splitlines()
    lines[0], lines[row + 1] = header, cells
    path = folder / "changed.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def test_eval_prints_what_applies(run: Run, table: str) -> None:
    answer = run("eval", table, *COLUMNS)
    found = values(answer)
    assert OK.mean() == found["accuracy"]
    assert CONFIDENCE.mean() == pytest.approx(found["confidence_mean"], rel=1e-12)
    assert {"ece", "rmsce", "mce", "ece_null", "error"} <= found.keys()
    assert not {"loss_hard", "brier", "eps_gap", "logit_gap_mean"} & found.keys()
    assert {table} == {row["source"] for row in records(answer)}


def test_a_pipe_is_read_once(table: str) -> None:
    with open(table, "rb") as file:
        answer = lscli("eval", "-", *COLUMNS, "-m", "accuracy", stdin=file, stdout=-1, stderr=-1)
    assert (0, "") == (answer.returncode, answer.stderr)
    assert f"-,,accuracy,{OK.mean()}," in answer.stdout


def test_the_terminal_says_that_there_are_no_logits(run: Run, table: str) -> None:
    for command in ("eval", "bins", "samples"):
        answer = run(command, table, *COLUMNS, "-f", "table")
        assert (0, "") == (answer.code, answer.err)
        assert "200 samples, without logits" in " ".join(answer.out.split())  # a long path wraps the line
        assert " x " not in answer.out
    shown = run("samples", table, *COLUMNS, "-f", "table").out
    assert "loss_hard" not in shown
    assert "Not shown" not in shown
    assert "nats" not in run("eval", table, *COLUMNS, "-f", "table").out


def test_samples_keep_their_columns_and_leave_empty_what_is_absent(run: Run, table: str) -> None:
    usual = list(records(run("samples", LOGITS, LABELS, "--worst", 1))[0])
    rows = records(run("samples", table, *COLUMNS))
    assert usual == list(rows[0])
    assert CONFIDENCE.tolist() == column(rows, "confidence")
    assert ["true" if a else "false" for a in OK] == [row["correct"] for row in rows]
    assert {""} == {row[name] for row in rows for name in ("label", "predicted", "loss_hard", "label_rank", "brier")}


def test_json_and_wide(run: Run, table: str) -> None:
    found = json.loads(run("eval", table, *COLUMNS, "-f", "json").out)
    assert {"role": "confidences", "path": table, "shape": [200], "dtype": "float64", "size": len(TEXT)} == found[
        "inputs"
    ][0]
    assert {"value": "conf", "from": "flag"} == found["settings"]["confidence"]
    assert {"rows": 200, "kept": 200, "ignored": 0, "skipped": 0} == found["samples"]
    (row,) = records(run("eval", table, *COLUMNS, "--wide"))
    assert OK.mean() == float(row["accuracy"])
    json.loads(run("samples", table, *COLUMNS, "-f", "json").out)


def test_metrics_that_need_logits_are_named(run: Run, table: str) -> None:
    answer = run("eval", table, *COLUMNS, "-f", "json")
    assert (0, "") == (answer.code, answer.err)
    said = json.loads(answer.out)["conclusion"]
    assert "Absent, because there are no logits: loss_hard, loss_uniform, " in said
    assert said.endswith(", eps_accuracy, smoothing_balance.")
    answer = run("eval", table, *COLUMNS, "-m", "ece,loss_hard,gamma_confidence")
    assert 0 == answer.code
    assert "lscli: warning: loss_hard, gamma_confidence are absent: there are no logits\n" == answer.err
    answer = run("eval", table, *COLUMNS, "-m", "ece,mutual_information")
    assert "lscli: warning: mutual_information is absent: there are no logits\n" == answer.err
    assert_refused(run("eval", table, *COLUMNS, "-m", "loss"), 2, "without logits: loss", "--metrics default")


@pytest.mark.parametrize("command", ["classes", "sweep", "explain", "inspect"])
def test_commands_that_need_logits_say_which_do_not(command: str, run: Run, table: str) -> None:
    arguments = ["0.5", table] if command == "explain" else [table]
    answer = run(command, *arguments, *COLUMNS)
    assert_refused(
        answer,
        2,
        "No such option" if command == "inspect" else f"--confidence is not an option of lscli {command}",
        "lscli eval, lscli bins, lscli samples, lscli compare, lscli check, lscli plot, lscli report and "
        "lscli threshold take it",
    )


@pytest.mark.parametrize(
    ("row", "cells", "says"),
    [
        (3, "1.5,1", "row 3: the confidence 1.5 is not in [0, 1]"),
        (3, "-0.5,1", "row 3: the confidence -0.5 is not in [0, 1]"),
        (3, "inf,1", "row 3: the confidence inf is not in [0, 1]"),
        (3, "nan,1", "row 3 has no value in 'conf'"),
        (3, ",1", "row 3 has no value in 'conf'"),
        (3, "0.5,", "row 3 has no value in 'ok'"),
        (3, "0.5,yes", "row 3, column 'ok': 'yes' is neither 0 nor 1, true nor false"),
        (3, "0.5,2", "row 3, column 'ok': '2' is neither 0 nor 1"),
        (3, "high,1", "row 3, column 'conf': 'high' is not a number"),
        (3, "0.5", "row 3 has 1 cells, the first line has 2"),
    ],
)
def test_a_bad_row_is_named(row: int, cells: str, says: str, run: Run, tmp_path: Path) -> None:
    for command in ("eval", "bins", "samples"):
        assert_refused(run(command, changed(tmp_path, row, cells), *COLUMNS), 3, "changed.csv", says)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--confidence", "conf"), 2, "does not say which predictions are right"),
        (("--correct", "ok"), 2, "correct: needs --confidence"),
        (("--predicted", "ok"), 2, "predicted: needs --confidence"),
        ((*COLUMNS, "--predicted", "ok"), 2, "correct: cannot be combined with --predicted"),
        ((*COLUMNS, "--kind", "probs"), 2, "kind: needs logits"),
        ((*COLUMNS, "--score", "margin"), 2, "score: margin is computed from logits"),
        (("--confidence", "cof", "--correct", "ok"), 3, "did you mean 'conf'?"),
        (("--confidence", "conf", "--predicted", "ok"), 3, "has no column 'labels' or 'label'"),
        ((*COLUMNS, "--group-by", "site"), 2, "no file is given for this column"),
    ],
)
def test_what_does_not_go_together_is_refused(words: Any, code: int, says: str, run: Run, table: str) -> None:
    assert_refused(run("eval", table, *words), code, says)


def test_files_without_columns_are_refused(run: Run, tmp_path: Path) -> None:
    assert_refused(run("eval", LABELS, *COLUMNS), 3, "holds one array, not the columns of a table", "np.savez")
    (tmp_path / "samples_x.jsonl").write_text('{"doc_id": 0}\n')
    answer = run("eval", tmp_path / "samples_x.jsonl", *COLUMNS)
    assert 3 == answer.code
    assert_refused(run("eval", tmp_path / "none.csv", *COLUMNS), 3, "not found")
    np.savez(tmp_path / "t.npz", conf=CONFIDENCE, ok=OK[1:], two=np.eye(2))
    assert_refused(run("eval", tmp_path / "t.npz", *COLUMNS), 3, "rows differ: 199, and 200 confidences")
    assert_refused(
        run("eval", tmp_path / "t.npz", "--confidence", "conf", "--correct", "two"), 3, "need one value per row"
    )


def test_the_names_of_columns_are_no_settings_of_a_project(
    run: Run, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LSCLI_CONFIDENCE", "conf")
    monkeypatch.setenv("LSCLI_CORRECT", "ok")
    assert 0 == run("eval", LOGITS, LABELS).code
    (tmp_path / "pyproject.toml").write_text('[tool.lscli]\nconfidence = "conf"\n')
    assert_refused(run("eval", LOGITS, LABELS), 2, "[tool.lscli] cannot set confidence", "type --confidence")


@pytest.mark.parametrize("suffix", ["csv", "parquet", "npz"])
def test_inspect_and_errors_name_the_command(suffix: str, run: Run, tmp_path: Path) -> None:
    path = tmp_path / f"t.{suffix}"
    if suffix == "npz":
        np.savez(path, conf=CONFIDENCE, ok=OK)
    else:
        import pandas as pd

        frame = pd.read_csv(io.StringIO(TEXT))
        frame.to_parquet(path, index=False) if suffix == "parquet" else frame.to_csv(path, index=False)
    command = f"lscli eval {path} --confidence conf --correct ok"
    rows = records(run("inspect", path))
    assert command == rows[0]["command"]
    assert "confidences --confidence conf --correct ok" == rows[0]["taken_for"]
    shown = run("inspect", path, "-f", "table").out
    assert "eval reads it as confidences, without logits." in shown
    for name in ("eval", "bins", "classes", "sweep"):
        answer = run(name, path)
        assert f"hint: if it has confidences instead of logits, say {command}; else " in answer.err
    assert OK.mean() == values(run(*command.split()[1:]))["accuracy"]


def test_a_long_path_is_a_part_of_the_command(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "a folder" / ("x" * 200) / "t.csv"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    assert f"say lscli eval '{path}' --confidence conf --correct ok; else " in run("eval", path).err


def test_logits_beside_confidences_are_still_logits(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", logits=np.eye(3)[OK] * 3, labels=OK, conf=CONFIDENCE, correct=OK)
    answer = run("inspect", tmp_path / "t.npz", "-f", "table")
    assert "eval reads it as logits with their labels." in answer.out
    (tmp_path / "t.csv").write_text("z0,z1,conf,ok\n0.5,1.5,0.5,1\n1.5,0.25,0.75,0\n")
    answer = run("eval", tmp_path / "t.csv")
    assert "--confidence" not in answer.err


def test_a_table_of_confidences_imports_nothing_slow_but_numpy(table: str) -> None:
    packages = imported("-m", "lscli", "eval", table, *COLUMNS, "-f", "csv")
    assert "numpy" in packages
    assert set() == {"torch", "pandas", "pydantic", "rich", "scipy", "pyarrow"} & packages


def test_memory_grows_with_the_rows_alone(tmp_path: Path) -> None:
    """Further columns of text take no more memory than a block of the file."""
    peaks = []
    for rows, more in ((1000, 0), (60_000, 0), (60_000, 30)):
        path = tmp_path / f"{rows}-{more}.csv"
        path.write_text("conf,ok" + ",text" * more + "\n" + ("0.5,1" + ",text" * more + "\n") * rows)
        run = measured(["eval", path, *COLUMNS, "-m", "calibration", "-o", tmp_path / "out.csv"])
        assert (0, "") == (run.code, run.err)
        peaks.append(run.memory)
    small, tall, wide = peaks
    assert tall - small < 59_000 * 100 + (4 << 20)
    assert wide - tall < 6 << 20


def test_the_samples_of_logits_are_a_table_of_confidences(run: Run, tmp_path: Path) -> None:
    expected = values(run("eval", LOGITS, LABELS))
    assert 0 == run("samples", LOGITS, LABELS, "-o", tmp_path / "s.csv").code
    for words in (("--correct", "correct"), ("--predicted", "predicted")):
        found = values(run("eval", tmp_path / "s.csv", "--confidence", "confidence", *words))
        assert {"accuracy", "ece", "mce", "confidence_gap"} <= found.keys()
        for metric, value in found.items():
            assert expected[metric] == pytest.approx(value, rel=1e-9), metric
