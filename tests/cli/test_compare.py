"""`lscli compare`: which paths are models, their names, and files of every kind."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.inprocess import Run, assert_refused, records
from tests.command import lscli

RNG = np.random.default_rng(7)
N, K = 80, 3
Y = RNG.integers(0, K, N)
XS = {name: RNG.standard_normal((N, K)) + scale * np.eye(K)[Y] for name, scale in (("run2", 1), ("run10", 2), ("z", 3))}
FAST = ("--bootstrap", "20", "-m", "accuracy", "-q")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for each model, with logits, labels and both."""
    monkeypatch.chdir(tmp_path)
    for name, x in XS.items():
        (tmp_path / name).mkdir()
        np.save(tmp_path / name / "logits.npy", x)
        np.save(tmp_path / name / "labels.npy", Y)
        np.savez(tmp_path / name / "both.npz", logits=x, labels=Y)
    np.save(tmp_path / "y.npy", Y)
    return tmp_path


ALL = ["run2/logits.npy", "run10/logits.npy", "z/logits.npy", "y.npy"]


@pytest.mark.parametrize(
    "words",
    [
        ALL,
        ["run2/both.npz", "run10/both.npz", "z/both.npz"],
        ["run2/both.npz", "run10/logits.npy", "z/logits.npy"],
        ["--each", "*/logits.npy", "y.npy"],
        ["--each", "*/logits.npy", "*/labels.npy"],
        ["--each", "*/both.npz"],
    ],
)
def test_models_are_found_and_named(run: Run, folder: Path, words: list[str]) -> None:
    answer = run("compare", *words, *FAST)
    assert "" == answer.err
    rows = records(answer)
    typed = [word for word in words if word.startswith(("run10", "z"))]
    assert (typed or ["run10", "z"]) == [row["source"] for row in rows]
    expected = [(XS[name].argmax(axis=1) == Y).mean() for name in ("run10", "z")]
    assert expected == pytest.approx([float(row["value"]) for row in rows])


def test_names_are_given_and_escaped(run: Run, folder: Path) -> None:
    rows = records(run("compare", *ALL, *FAST, "--names", "a,b,c"))
    assert ["b", "c"] == [row["source"] for row in rows]


def test_shards_are_one_model(run: Run, folder: Path) -> None:
    for name in ("run2", "z"):
        for part, own in enumerate(np.split(XS[name], 2)):
            np.save(f"{name}-{part}.npy", own)
    rows = records(run("compare", "run2-*.npy", "z-*.npy", "y.npy", *FAST))
    expected = records(run("compare", "run2/logits.npy", "z/logits.npy", "y.npy", *FAST))
    assert [row["difference"] for row in expected] == [row["difference"] for row in rows]


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("command", ["compare", "sweep"])
def test_one_input_may_come_from_a_pipe(folder: Path, place: int, command: str) -> None:
    own = ["--eps", "0.1"] if command == "sweep" else ["-m", "accuracy", "--bootstrap", "20"]
    piped = lscli(
        *(command, *ALL[:place], "-", *ALL[place + 1 :], *own, "-q", "-f", "csv"),
        input=Path(ALL[place]).read_bytes(),
        text=False,
    )
    assert (0, b"") == (piped.returncode, piped.stderr)
    values = [row["value"] for row in csv.DictReader(io.StringIO(piped.stdout.decode()))]
    named = lscli(command, *ALL, *own, "-q", "-f", "csv")
    assert values == [row["value"] for row in csv.DictReader(io.StringIO(named.stdout))]


@pytest.mark.parametrize("command", ["compare", "sweep"])
def test_labels_that_are_piped_with_the_first_model(folder: Path, command: str) -> None:
    done = lscli(command, "-", "z/logits.npy", "-q", input=Path("run2/both.npz").read_bytes(), text=False)
    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ["--weights", "w.npy", "--groups", "g.npy"],
        ["--clusters", "g.npy"],
        ["--temperature", "2"],
        ["--cross-fit", "temperature"],
        ["--ignore-index", "1"],
        ["--kind", "logits", "--threads", "2"],
    ],
)
def test_options_of_reading_are_those_of_every_model(run: Run, folder: Path, words: list[str]) -> None:
    np.save("w.npy", RNG.random(N))
    np.save("g.npy", np.arange(N) % 10)
    given = ("-m", "loss_hard", "-q", *words)
    answer = run("compare", *ALL, "--bootstrap", "20", *given)
    found = {(row["source"], row["group"]): float(row["value"]) for row in records(answer)}
    for name in ("run10", "z"):
        for row in records(run("eval", f"{name}/logits.npy", "y.npy", *given)):
            assert found[f"{name}/logits.npy", row["group"]] == pytest.approx(float(row["value"]), rel=1e-12)


def test_members_of_each_model(run: Run, folder: Path) -> None:
    answer = run("compare", "*/logits.npy", "*/logits.npy", "y.npy", "--ensemble", *FAST)
    [row] = records(answer)
    assert 0 == float(row["difference"])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "no models are named"),
        (["z/logits.npy", "y.npy"], 2, "needs two models or more"),
        (["--each", "no/*.npy", "y.npy"], 3, "no file matches the pattern"),
        (["--each", "z/log*.npy", "y.npy"], 3, "only z/logits.npy matches the pattern"),
        (["--each", "z/logits.npy", "y.npy"], 3, "is no pattern"),
        (["--each", "*/logits.npy", "z/logits.npy", "y.npy"], 2, "but 2 paths are named"),
        (["--each", "*/logits.npy", "run*/labels.npy"], 3, "matches 2 files, the pattern of models 3"),
        (["--each", "*/logits.npy", "y.npy", "--ensemble"], 2, "not the member of an ensemble"),
        ([*ALL, "--names", "a,b"], 2, "has 2 names for 3 models"),
        (["-", "-", "y.npy"], 2, "standard input can be read only once"),
        (["z/logits.npy", "missing.npy", "y.npy"], 3, "missing.npy"),
    ],
)
def test_models_that_cannot_be_read_are_refused(run: Run, folder: Path, words: list[str], code: int, says: str) -> None:
    assert_refused(run("compare", *words), code, says)


def test_the_answer_in_json_has_all_inputs(run: Run, folder: Path) -> None:
    found = json.loads(run("compare", *ALL, *FAST, "-f", "json").out)
    assert ["run2/logits.npy", "y.npy", "run10/logits.npy", "z/logits.npy"] == [e["path"] for e in found["inputs"]]
