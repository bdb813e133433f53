"""`lscli report`: a page for a file, and refusals that leave files as they were."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import run
from tests.cli.inprocess import Run, assert_refused, save_pair
from tests.render.report.documents import Document

__all__ = ["run"]

FEW = ("--bootstrap", "20")


def text_of(path: Path) -> str:
    return Document(path.read_text(encoding="utf-8")).of("body")[0].text


def test_a_page_names_its_inputs_and_the_command_that_made_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_pair(Path(), name="a b.npy")
    answer = run("report", "a b.npy", "labels.npy", "--bins", "7", *FEW, "-o", "r.html", "-q")
    assert (0, "", "") == answer
    text = text_of(tmp_path / "r.html")
    assert "lscli report 'a b.npy' labels.npy --bins 7 --bootstrap 20 -o r.html -q" in text
    assert "bins 7 flag" in text
    assert str(tmp_path) not in text
    assert "40 x 3 float32" in text


def test_the_page_goes_to_a_pipe(run: Run, tmp_path: Path) -> None:
    answer = run("report", *save_pair(tmp_path), *FEW, "-q")
    assert (0, "") == (answer.code, answer.err)
    assert [] == Document(answer.out).open_at_the_end


def test_models_stand_side_by_side_with_their_differences(run: Run, tmp_path: Path) -> None:
    x, y = save_pair(tmp_path)
    other, page = tmp_path / "other.npy", tmp_path / "r.html"
    np.save(other, 3 * np.load(x))
    assert 0 == run("report", x, other, y, "--names", "one,three", *FEW, "-o", page, "-q").code
    text = text_of(page)
    assert "Differences from one" in text
    assert "three less one" in text
    assert 0 == run("report", x, y, "--temperature", "0.5", *FEW, "-o", page, "-q").code
    text = text_of(page)
    assert "logits.npy, before and after" in text
    assert "The logits are divided by T = 0.5." in text


def test_groups_and_weights_and_ignored_samples(run: Run, tmp_path: Path) -> None:
    x, y = save_pair(tmp_path)
    meta = tmp_path / "meta.csv"
    meta.write_text("site\n" + "north\nsouth\n" * 20)
    np.save(tmp_path / "w.npy", np.arange(40) % 3)
    labels = np.load(y)
    labels[:4] = -100
    np.save(y, labels)
    page = tmp_path / "r.html"
    words = ("--groups", meta, "--group-by", "site", "--weights", tmp_path / "w.npy", *FEW, "-o", page, "-q")
    assert 0 == run("report", x, y, *words).code
    text = text_of(page)
    assert "ignored 4" in text
    assert "north" in text
    assert "values and standard errors of each group" in text


def test_a_table_of_confidences_says_what_it_lacks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("confidence,correct\n" + "0.9,1\n0.6,0\n0.8,1\n" * 10)
    page = tmp_path / "r.html"
    answer = run(
        "report", tmp_path / "t.csv", "--confidence", "confidence", "--correct", "correct", *FEW, "-o", page, "-q"
    )
    assert (0, "") == (answer.code, answer.err)
    text = text_of(page)
    assert "Not in this report" in text
    assert "Classes: their table needs the logits of all classes." in text
    assert "accuracy" in text


@pytest.mark.parametrize("name", ["r.pdf", "r.csv", "r"])
def test_another_suffix_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    words = ("report", *save_pair(tmp_path), *FEW, "-q", "-o")
    assert_refused(run(*words, tmp_path / name), 2, "suffix .html", "say -o report.html; lscli eval writes")
    assert (0, "", "") == run(*words, tmp_path / "report.html")


def test_an_unwritable_path_keeps_the_old_file(run: Run, tmp_path: Path) -> None:
    pair = save_pair(tmp_path)
    assert_refused(run("report", *pair, "-o", tmp_path / "none" / "r.html"), 4, "make the folder first")
    old = tmp_path / "r.html"
    old.write_text("old")
    assert_refused(run("report", pair[0], tmp_path / "none.npy", "-o", old), 3, "none.npy")
    assert "old" == old.read_text()


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_before_any_work(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    answer = run("report", tmp_path / "none.npy", tmp_path / "none2.npy", "-o", tmp_path / "r.html")
    assert_refused(answer, 2, package, 'pip install "lscli-calibration[plot]"')


def test_other_commands_have_no_page(run: Run, tmp_path: Path) -> None:
    assert_refused(run("eval", *save_pair(tmp_path), "-f", "html"), 2, "html is a format of lscli report alone")
