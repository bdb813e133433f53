"""`lscli eval --soft-labels`: the metrics that are printed, those that are left out, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lscli.cli.main import COMMANDS
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.metrics.ensemble import COLUMNS as OF_MEMBERS
from tests.cli.inprocess import Run, assert_refused
from tests.measured import measured
from tests.soft import drawn

STAYS = ["loss_hard", "loss_uniform", "perplexity", "loss_smoothed", "loss_floor", "loss_excess", "brier"]


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    logits, q = drawn(40, 6)
    np.save(tmp_path / "x.npy", logits)
    np.save(tmp_path / "q.npy", q)
    return str(tmp_path / "x.npy"), str(tmp_path / "q.npy")


def left_out(err: str, name: str) -> list[str]:
    """The metrics of the one warning that names them."""
    said = f"lscli: warning: {name}: soft labels have losses and Brier scores; left out: "
    (line,) = [line for line in err.splitlines() if line.startswith(said)]
    return line.removeprefix(said).split(", ")


def test_the_default_set_has_losses_and_brier_and_names_the_rest(run: Run, pair: tuple[str, str]) -> None:
    answer = run("eval", *pair, "--soft-labels")
    lines = [line.split(",") for line in answer.out.splitlines()[1:]]
    assert (0, STAYS) == (answer.code, [line[2] for line in lines])
    assert all(line[3] for line in lines)
    # There is no prior, no rate, and one member.
    absent = {"loss_prior", "loss_noise_corrected", "expected_entropy", "mutual_information"}
    assert [
        name for name, metric in METRICS.items() if metric.chosen_by == "default" and name not in {*STAYS, *absent}
    ] == left_out(answer.err, pair[1])
    assert 1 == len(answer.err.splitlines())
    assert "" == run("eval", *pair, "--soft-labels", "-q").err


def test_all_means_every_metric_of_soft_labels(run: Run, pair: tuple[str, str]) -> None:
    answer = run("eval", *pair, "--soft-labels", "--metrics", "all", "--noise-rate", "0.1", "--ci", "--bootstrap", "5")
    named = [line.split(",")[2] for line in answer.out.splitlines()[1:]]
    assert [*STAYS[:3], "loss_noise_corrected", *STAYS[3:], "brier_half"] == named
    assert all(all(line.split(",")[5:7]) for line in answer.out.splitlines()[1:])
    by_name = {name for name, metric in METRICS.items() if metric.chosen_by == "name"}
    of_pairs = {each.id for name in ("paired", "changes", "divergence") for each in FAMILIES[name].metrics}
    others = {*METRICS} - by_name - of_pairs - {*named, "loss_prior", *OF_MEMBERS}
    assert others == set(left_out(answer.err, pair[1]))


def test_a_named_metric_is_left_out_too(run: Run, pair: tuple[str, str]) -> None:
    answer = run("eval", *pair, "--soft-labels", "--metrics", "accuracy,loss_hard,top3_accuracy,target_on@0.2")
    assert (0, 2) == (answer.code, len(answer.out.splitlines()))
    assert {"target_on", "accuracy", "top3_accuracy"} == set(left_out(answer.err, pair[1]))
    assert 1 == len(answer.err.splitlines())


def test_a_table_and_json(run: Run, pair: tuple[str, str]) -> None:
    table = run("eval", *pair, "--soft-labels", "-f", "table").out
    assert [True] * len(STAYS) == [name in table for name in STAYS]
    conclusion = table.rstrip().splitlines()[-1]
    assert conclusion.strip().startswith("The smoothed loss at eps 0.1 is ")
    assert [] == [word for word in ("confident", "ece", "fit best") if word in table]
    answer = json.loads(run("eval", *pair, "--soft-labels", "-f", "json").out)
    assert [[40, 6], [40, 6]] == [entry["shape"] for entry in answer["inputs"]]
    assert ["logits", "labels"] == [entry["role"] for entry in answer["inputs"]]
    assert ["float32", "float64"] == [entry["dtype"] for entry in answer["inputs"]]
    assert {"value": True, "from": "flag"} == answer["settings"]["soft_labels"]
    assert {"rows": 40, "kept": 40, "ignored": 0, "skipped": 0, "masked": 0} == answer["samples"]
    assert 1 == len(answer["warnings"])


def test_only_eval_sweep_and_check_take_soft_labels(run: Run, pair: tuple[str, str]) -> None:
    for name in COMMANDS:
        assert ("--soft-labels" in run(name, "--help-all").out) == (name in ("eval", "sweep", "check")), name
    assert 0 == run("eval", *pair, "--soft-labels", "--wide", "-q").code


def broken(q: Any, how: str) -> Any:
    """Labels that are refused."""
    q = q.copy()
    if how == "sum":
        q[3] *= 0.98
    elif how == "nan":
        q[3, 2] = np.nan
    elif how == "below":
        q[3, :2] = -0.1, 1.1
    elif how == "zeros":
        q[3] = 0
    elif how == "part":
        q[3] = np.where(np.arange(6) == 0, -100, 0.1)
    elif how == "sets":
        q = (q > 0.0).astype(np.int64)
        q[:, 0], q[0] = 1, np.eye(6)[1]
    elif how == "rows":
        q = q[:30]
    elif how == "classes":
        q = q[:, :5]
    elif how == "numbers":
        q = q.argmax(axis=1)
    elif how == "tokens":
        q = q[:, :, None]
    elif how == "words":
        q = q.astype(str)
    return np.full_like(q, -100) if how == "ignored" else q


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("sum", ["row 3 sums to 0.98, not to 1", "divide each row by its sum"]),
        ("nan", ["row 3, class 2: nan is not in [0, 1]"]),
        ("below", ["row 3, class 0: -0.1 is not in [0, 1]"]),
        ("zeros", ["row 3 sums to 0, not to 1", "fill its row with -100, the ignore index"]),
        ("part", ["row 3 sums to 0.5, not to 1", "divide each row by its sum"]),
        ("sets", ["multi-label rows of 0 and 1: row ", "of 6 classes", "--binary"]),
        ("rows", ["rows differ: ", "x.npy has 40, the labels have 30"]),
        ("classes", ["classes differ: ", "x.npy has 6, the labels have 5"]),
        ("numbers", ["need soft labels of shape (N, K), got (40,)", "leave out --soft-labels"]),
        ("tokens", ["need soft labels of shape (N, K), got (40, 6, 1)", "--flatten"]),
        ("words", ["not numbers"]),
        ("ignored", ["all 40 samples are ignored", "--ignore-index"]),
    ],
)
def test_labels_that_are_not_distributions_are_refused(
    run: Run, pair: tuple[str, str], how: str, words: list[str]
) -> None:
    np.save(pair[1], broken(np.load(pair[1]), how))
    for chunk_rows in (1, 1000):
        answer = run("eval", *pair, "--soft-labels", "--chunk-rows", chunk_rows)
        assert_refused(answer, 3, pair[1], *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--metrics", "accuracy,ece,classwise"], ["accuracy, ece, classwise_ece, ", "--metrics loss,brier"]),
        (
            ["--class-weights", "w.npy", "--weight-mode", "target-only"],
            ["weight-mode: target-only weighs a sample by its label", "--weight-mode torch"],
        ),
        (["--kernel", "torch"], ["soft-labels: are computed by numpy on the CPU, not by torch on cpu"]),
        (["--smoothing", "prior"], ["needs a prior"]),
    ],
)
def test_options_that_soft_labels_exclude_are_refused(
    run: Run, pair: tuple[str, str], options: list[str], words: list[str]
) -> None:
    assert_refused(run("eval", *pair, "--soft-labels", *options), 2, *words)


def test_a_matrix_of_labels_is_refused_with_the_option(run: Run, pair: tuple[str, str]) -> None:
    assert_refused(run("eval", *pair), 3, "need labels of shape (N,), got (40, 6)", "--soft-labels")


def test_memory_is_flat(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        """Peak memory in MiB of `eval` on so many rows of 1000 classes."""
        with (tmp_path / "x.npy").open("wb") as file:
            header = {"descr": "<f4", "fortran_order": False, "shape": (rows, 1000)}
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 4000 * rows)
        labels = np.lib.format.open_memmap(str(tmp_path / "q.npy"), "w+", np.uint8, (rows, 1000))
        labels[:, 0] = 1
        del labels
        line = ["eval", tmp_path / "x.npy", tmp_path / "q.npy", "--soft-labels", "-q", "-o", tmp_path / "out.csv"]
        run = measured([*line, "--threads", "2"])
        assert (0, "") == (run.code, run.err)
        return run.memory >> 20

    # Logits and labels are 160 MB more, and 4 columns of 32,000 samples 1 MiB.
    assert peak(40_000) - peak(8_000) <= 5
