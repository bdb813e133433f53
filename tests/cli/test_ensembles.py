"""Ensembles in every command that reads logits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests import ensembles
from tests.cli.inprocess import Run, assert_refused, column, records, values
from tests.command import lscli

X, Y = ensembles.members(60, 4), ensembles.labels(60, 4)
P = np.exp(ensembles.log_mean(X)).astype(float)
ENTROPY, INFORMATION = (part.astype(float) for part in ensembles.disagreement(X))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for place, x in enumerate(X):
        np.save(f"x-{place}.npy", x)
    np.save("stack.npy", X)
    np.save("y.npy", Y)
    np.save("mean.npy", np.log(P))
    return tmp_path


FILES, AXIS = ("x-*.npy", "y.npy", "--ensemble", "-q"), ("stack.npy", "y.npy", "--ensemble-axis", 0)


@pytest.mark.parametrize("command", ["eval", "bins", "classes", "samples", "sweep"])
def test_every_command_reads_the_mean(run: Run, command: str) -> None:
    expected = records(run(command, "mean.npy", "y.npy"))
    for arguments in (FILES, AXIS):
        rows = [
            row
            for row in records(run(command, *arguments))
            if row.get("metric") not in ("expected_entropy", "mutual_information")
        ]
        assert len(expected) == len(rows)
        for one, other in zip(expected, rows, strict=True):
            for name, cell in one.items():
                if name != "source" and cell != other[name]:
                    assert pytest.approx(float(cell), rel=1e-9, abs=1e-9) == float(other[name])


def test_the_files_are_named_in_their_order(run: Run) -> None:
    np.save("x-10.npy", X[0])
    answer = run("eval", *FILES[:-1])
    assert (0, "lscli: x-*.npy: 4 members: x-0.npy, x-1.npy, x-2.npy, x-10.npy\n") == (answer.code, answer.err)


def test_eval_prints_how_much_the_members_disagree(run: Run) -> None:
    found = values(run("eval", *FILES))
    assert pytest.approx(ENTROPY.mean(), rel=1e-12) == found["expected_entropy"]
    assert pytest.approx(INFORMATION.mean(), rel=1e-12) == found["mutual_information"]
    assert "mutual_information" not in values(run("eval", "x-0.npy", "y.npy"))


def test_samples_of_an_ensemble_have_two_more_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.scan.scan._PART_ROWS", 25)  # several parts
    rows = records(run("samples", *FILES, "--chunk-rows", 7))
    assert ["weight", "expected_entropy", "mutual_information"] == list(rows[0])[-3:]
    np.testing.assert_allclose(column(rows, "expected_entropy"), ENTROPY, rtol=1e-12)
    np.testing.assert_allclose(column(rows, "mutual_information"), INFORMATION, rtol=1e-12)
    worst = records(run("samples", *FILES, "--worst", 3))
    losses = -np.log(P[np.arange(60), Y])
    order = np.argsort(-losses)[:3].tolist()
    assert order == [int(row["row"]) for row in worst]
    np.testing.assert_allclose(column(worst, "mutual_information"), INFORMATION[order], rtol=1e-12)
    assert "weight" == list(records(run("samples", "x-0.npy", "y.npy"))[0])[-1]


def test_ensembles_are_compared(run: Run) -> None:
    np.save("z-0.npy", X[0])
    np.save("z-1.npy", X[1])
    np.save("stack2.npy", X[:2])
    two = np.exp(ensembles.log_mean(X[:2])).astype(float)[np.arange(60), Y]
    expected = (-np.log(two) + np.log(P[np.arange(60), Y])).mean()
    for arguments in (
        ("x-*.npy", "z-*.npy", "y.npy", "--ensemble", "-q"),
        ("stack.npy", "stack2.npy", "y.npy", "--ensemble-axis", "0"),
    ):
        rows = records(run("sweep", *arguments, "--eps", "0"))
        difference = next(row for row in rows if row["metric"] == "loss_difference")
        assert pytest.approx(expected, rel=1e-9) == float(difference["value"])
    np.save("z-0.npy", X[0, :50])
    np.save("stack2.npy", X[:2, :50])
    says = "of shape (50, 4), x-*.npy of (60, 4)"
    assert_refused(run("sweep", "x-*.npy", "z-*.npy", "y.npy", "--ensemble"), 3, says)
    says = "of shape (50, 4), stack.npy of (60, 4)"
    assert_refused(run("sweep", "stack.npy", "stack2.npy", "y.npy", "--ensemble-axis", 0), 3, says)


def test_explain_finds_the_loss_of_an_ensemble(run: Run) -> None:
    loss = -np.log(P[np.arange(60), Y]).mean()
    rows = records(run("explain", f"{loss:.6f}", *FILES))
    assert ("0.0", "mean over kept samples") == (rows[0]["eps"], rows[0]["recipe"])


def test_the_table_and_json_say_what_the_mean_is_of(run: Run) -> None:
    table = run("eval", *FILES, "-f", "table").out
    assert "60 samples x 4 classes, float32, mean of the probabilities of 3 members" in table
    assert "Members of the ensemble" in table
    answer = json.loads(run("eval", *AXIS, "--ensemble-of", "logits", "-f", "json").out)
    assert [f"stack.npy (member {place})" for place in range(3)] == answer["inputs"][0]["members"]
    assert {"value": "logits", "from": "flag"} == answer["settings"]["ensemble_of"]
    assert {"value": 0, "from": "flag"} == answer["settings"]["ensemble_axis"]
    table = run("bins", *AXIS, "--ensemble-of", "logits", "-f", "table").out
    assert "mean of the logits of 3 members" in table


def test_standard_input_holds_all_members() -> None:
    with Path("stack.npy").open("rb") as stream:
        done = lscli("eval", "-", "y.npy", "--ensemble-axis", 0, "-m", "mutual_information", stdin=stream)
    assert (0, "") == (done.returncode, done.stderr)
    assert pytest.approx(INFORMATION.mean(), rel=1e-12) == float(done.stdout.splitlines()[1].split(",")[3])


def test_inspect_knows_members_by_their_labels(run: Run) -> None:
    np.save("logits.npy", X)
    np.save("labels.npy", Y)
    (row,) = records(run("inspect", "logits.npy"))
    assert "lscli eval logits.npy labels.npy --ensemble-axis 0" == row["command"]
    np.save("logits.npy", X.reshape(3, 6, 10, 4))
    np.save("labels.npy", Y.reshape(6, 10))
    (row,) = records(run("inspect", "logits.npy"))
    assert "lscli eval logits.npy labels.npy --flatten --ensemble-axis 0" == row["command"]
    assert 0 == run(*row["command"].split()[1:], "-q").code
    Path("labels.npy").unlink()
    (row,) = records(run("inspect", "stack.npy"))
    assert "lscli eval stack.npy LABELS --class-axis AXIS" == row["command"]
    assert "--ensemble-axis AXIS if one holds the members" in " ".join(
        run("inspect", "stack.npy", "-f", "table").out.split()
    )
    assert "ensemble" not in run("inspect", "x-0.npy", "-f", "table").out
