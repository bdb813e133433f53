"""A default of the project that a question has no use for does not refuse it; what is typed and of no use does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, save_more

CONFIDENCES = ["--confidence", "conf", "--correct", "ok"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with logits x.npy, labels y.npy, a table t.csv and metadata meta.csv."""
    monkeypatch.chdir(tmp_path)
    save_more(tmp_path)
    (tmp_path / "t.csv").write_text("conf,ok\n0.9,1\n0.6,0\n0.7,1\n")
    (tmp_path / "meta.csv").write_text("patient,site\n" + "".join(f"p{i // 3},s{i % 2}\n" for i in range(60)))
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n")
    values = np.log([[0.7, 0.2], [0.5, 0.3]])
    np.savez(tmp_path / "topk.npz", logits=values, ids=[[3, 1], [2, 0]], own=values[:, 0], labels=[3, 0])
    return tmp_path


def write(folder: Path, table: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.lscli]\n{table}\n")


@pytest.mark.parametrize(
    "line",
    [
        *("min-prob = 0.001", 'class-names = "names.txt"', 'kind = "probs"', "ensemble-axis = 0", "binary = true"),
        *('class-weights = "w.npy"', 'smoothing = "prior"\nprior = "empirical"', 'device = "cuda"', 'score = "margin"'),
    ],
)
def test_a_table_of_confidences_needs_nothing_that_is_for_logits(run: Run, project: Path, line: str) -> None:
    plain = run("eval", "t.csv", *CONFIDENCES)
    assert 0 == plain.code
    write(project, line)
    assert plain == run("eval", "t.csv", *CONFIDENCES)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ('ensemble-of = "logits"', "eval x.npy y.npy"),
        ('ensemble-of = "logits"', "sweep x.npy y.npy"),
        ('score = "mutual_information"', "eval x.npy y.npy"),
        ('label-log-probs = "own"\ntopk-num-classes = 9', "eval x.npy y.npy"),
        ('clusters = "first-axis"', "eval x.npy y.npy"),
        ("confidence-scale = 100", "eval x.npy y.npy"),
        ('clusters = "patient"\ngroups = "meta.csv"', "classes x.npy y.npy"),
        ("min-prob = 0.001", "eval topk.npz --topk-classes ids --classes 4"),
    ],
)
def test_what_changes_nothing_here_refuses_nothing(run: Run, project: Path, line: str, command: str) -> None:
    plain = run(*command.split())
    assert 0 == plain.code
    write(project, line)
    assert plain == run(*command.split())


def test_the_same_in_the_environment(run: Run, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSCLI_MIN_PROB", "0.001")
    settings = run("eval", "t.csv", *CONFIDENCES, "-f", "json").settings
    assert (None, "default") == settings["min_prob"]
    assert (0.001, "environment") == run("eval", "x.npy", "y.npy", "-f", "json").settings["min_prob"]


def test_metadata_with_a_column_to_group_by_is_read(run: Run, project: Path) -> None:
    write(project, 'groups = "meta.csv"\ngroup-by = "site"')
    assert {"s0", "s1"} <= {line.split(",")[1] for line in run("classes", "x.npy", "y.npy").out.splitlines()}


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (["eval", "t.csv", *CONFIDENCES, "--min-prob", "0.001"], "min-prob"),
        (["eval", "x.npy", "y.npy", "--ensemble-of", "logits"], "ensemble-of"),
        (["eval", "x.npy", "y.npy", "--clusters", "first-axis"], "clusters"),
    ],
)
def test_what_is_typed_is_refused(run: Run, project: Path, words: list[str], refused: str) -> None:
    write(project, 'min-prob = 0.002\nensemble-of = "logits"\nclusters = "none"')
    assert_refused(run(*words), 2, f"lscli: {refused}: ")
