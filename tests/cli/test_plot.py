"""`lscli plot`, and the pictures of other commands: the files, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lscli.curves.curves import READ_BY
from tests.cli.inprocess import Run
from tests.cli.terminal import on_terminal
from tests.command import LABELS, LOGITS, ROOT, SAMPLE
from tests.io.make import some_labels, some_logits

SMOOTHED = str(SAMPLE / "logits_smoothed.npy")
VAL, TEST = str(SAMPLE / "val.npz"), str(SAMPLE / "test.npz")
MAGIC = {"svg": b"<?xml", "pdf": b"%PDF-", "png": b"\x89PNG"}


@pytest.mark.parametrize("format", MAGIC)
def test_the_suffix_names_the_format(run: Run, tmp_path: Path, format: str) -> None:  # noqa: A002
    path = tmp_path / f"x.{format}"
    answer = run("plot", LOGITS, LABELS, "-o", path)
    assert (0, "", "") == (answer.code, answer.out, answer.err)
    assert path.read_bytes().startswith(MAGIC[format])


def test_a_picture_goes_into_a_pipe_and_so_do_its_points(run: Run) -> None:
    assert run("plot", LOGITS, LABELS, "-f", "svg").out.startswith("<?xml")
    lines = run("plot", LOGITS, LABELS, "-f", "csv").out.splitlines()
    assert lines[0].startswith("source,group,low,high,count,confidence,accuracy")
    assert 1 < len(lines)


def test_before_and_after_are_in_the_points(run: Run) -> None:
    lines = run("plot", LOGITS, LABELS, "--temperature", "2", "-f", "csv").out.splitlines()
    assert lines[0].startswith("source,group,step,low")
    assert ["after", "before"] == sorted({line.split(",")[2] for line in lines[1:]})


def test_logits_of_standard_input_are_read_twice() -> None:
    with open(LOGITS, "rb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "lscli", "plot", "-", LABELS, "--temperature", "2", "-f", "csv"],
            stdin=file,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert (0, "") == (done.returncode, done.stderr)
    assert ",after," in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ["bins", LOGITS, LABELS],
        ["compare", LOGITS, SMOOTHED, LABELS, "--bootstrap", "10"],
        ["conformal", VAL, TEST],
        ["ood", LOGITS, SMOOTHED, "--bootstrap", "10"],
    ],
)
def test_the_answer_of_another_command_is_drawn(run: Run, tmp_path: Path, words: list[str]) -> None:
    answer = run(*words, "-o", tmp_path / "x.svg")
    assert (0, "", "") == (answer.code, answer.out, answer.err)
    assert b"</svg>" in (tmp_path / "x.svg").read_bytes()


def test_recalibrate_draws_into_a_pipe(run: Run) -> None:
    assert run("recalibrate", VAL, TEST, "--bootstrap", "10", "-m", "ece", "-f", "svg").out.startswith("<?xml")


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["plot", LOGITS, LABELS], 2, "hint: say -o reliability.pdf, or -f csv for its points"),
        (["plot", LOGITS, LABELS, "-o", "x.jpg"], 2, "the suffix '.jpg' names no format"),
        (["plot", LOGITS, LABELS, "-o", "x.pgn"], 2, "did you mean '.png'"),
        (["plot", LOGITS, LABELS, "-o", "."], 2, "the output is a directory"),
        (["plot", LOGITS, LABELS, "-o", "none/x.pdf"], 4, "hint: make the folder first"),
        (["plot", LOGITS, LABELS, "-o", "x.pdf", "--chart", "reliabilty"], 2, "did you mean 'reliability'?"),
        (["plot", LOGITS, LABELS, "-o", "x.pdf", "--width", "wide"], 2, "--width double"),
        (["plot", LOGITS, LABELS, "-o", "x.pdf", "--width", "0"], 2, "from 2.5 to 20, got '0'"),
        (["plot", LOGITS, LABELS, "-o", "x.pdf", "--temperature", "0"], 2, "temperature"),
        (["plot", LOGITS, LABELS, "-o", "x.pdf", "--eps", "0.2"], 2, "leave out --eps, or say --chart smoothing"),
        (["plot", LOGITS, "-o", "x.pdf"], 2, "no labels were given"),
        (["plot", LOGITS, "none.npy", "-o", "x.pdf"], 3, "none.npy"),
        (["eval", LOGITS, LABELS, "-o", "x.pdf"], 2, "pdf is a format of lscli plot, bins, sweep, compare"),
        (["samples", LOGITS, LABELS, "-f", "svg"], 2, "svg is a format of lscli plot"),
        (["sweep", LOGITS, LABELS, "--eps", "0.1", "-o", "x.pdf"], 2, "a sweep over several eps has one"),
    ],
)
def test_bad_input_is_one_line_and_a_hint_and_the_old_file_stays(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    old = tmp_path / "x.pdf"
    old.write_bytes(b"old")
    answer = run(*words)
    assert code == answer.code
    assert ["lscli", "hint"] == [line.partition(":")[0] for line in answer.err.splitlines()]
    assert says in answer.err
    assert b"old" == old.read_bytes()
    assert ["x.pdf"] == os.listdir(tmp_path)


def test_models_that_differ_are_refused(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", some_logits(20, 3))
    np.save(tmp_path / "b.npy", some_logits(21, 3))
    np.save(tmp_path / "y.npy", some_labels(20, 3))
    answer = run("plot", tmp_path / "a.npy", tmp_path / "b.npy", tmp_path / "y.npy", "-o", tmp_path / "x.pdf")
    assert 3 == answer.code
    assert "has 21 samples" in answer.err
    assert not (tmp_path / "x.pdf").exists()


@pytest.mark.parametrize("words", [["plot", "none.npy", "none.npy"], ["bins", "none.npy", "none.npy"]])
def test_without_matplotlib_it_is_refused_before_any_work(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    answer = run(*words, "-o", tmp_path / "x.pdf")
    assert 2 == answer.code
    assert [
        "lscli: a picture needs matplotlib, which is not installed",
        'hint: pip install "lscli-calibration[plot]"',
    ] == answer.err.splitlines()


def test_settings_that_matplotlib_refuses_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lscli", "plot", LOGITS, LABELS, "-o", str(tmp_path / "x.pdf")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "nonsense"},
        check=False,
    )
    assert (2, "") == (done.returncode, done.stdout)
    error, hint = done.stderr.splitlines()
    assert error.startswith("lscli: matplotlib cannot be imported")
    assert "MPLBACKEND" in hint
    assert [] == os.listdir(tmp_path)


def test_points_need_no_matplotlib(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 0 == run("plot", LOGITS, LABELS, "-f", "csv").code


@pytest.mark.parametrize("format", MAGIC)
def test_no_picture_goes_to_a_terminal(format: str) -> None:  # noqa: A002
    code, out, err = on_terminal("plot", LOGITS, LABELS, "-f", format)
    assert (2, "") == (code, out)
    expected = [f"lscli: format: {format} cannot be shown on a terminal", f"hint: name a file: -o x.{format}"]
    assert expected == err.splitlines()


def test_a_threshold_that_is_not_found_is_drawn_and_the_exit_code_says_so(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", np.load(LOGITS).argmin(1))
    answer = run("threshold", LOGITS, tmp_path / "y.npy", "--max-error", "0.01", "-q", "-f", "svg")
    assert (1, "") == (answer.code, answer.err)
    assert "No threshold keeps the error" in answer.out


READ = {
    "--bins": "5",
    "--bin-edges": "left",
    "--compat": "sklearn",
    "--score": "margin",
    "--eps": "0.123",
    "--smoothing": "off-target",
    "--max-error": "0.1",
}


@pytest.mark.parametrize("flag", READ)
def test_an_option_that_a_chart_does_not_read_is_refused_and_the_hint_leads_to_one_that_does(
    run: Run, flag: str
) -> None:
    assert {name.lstrip("-").replace("-", "_") for name in READ} == READ_BY.keys()
    answer = run("plot", LOGITS, LABELS, "--chart", "temperature", flag, READ[flag], "-f", "csv")
    assert (2, "") == (answer.code, answer.out)
    assert "the chart temperature does not read it" in answer.err
    hinted = answer.err.split("--chart ")[1].strip()
    with_it = run("plot", LOGITS, LABELS, "--chart", hinted, flag, READ[flag], "-f", "csv")
    without = run("plot", LOGITS, LABELS, "--chart", hinted, "-f", "csv")
    assert 0 == with_it.code
    assert with_it.out != without.out or flag == "--bin-edges"  # no confidence of the sample is on an edge
