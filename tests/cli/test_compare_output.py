"""`lscli compare`: the order of models, a row a model, and the exit code of a regression."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import lscli
from lscli.metrics.catalogue import METRICS
from tests.cli.inprocess import Run, assert_refused, records
from tests.cli.terminal import on_terminal
from tests.command import LABELS, LOGITS

FEW = ["--bootstrap", "100"]  # the verdicts here are clear
METRIC = ["--metrics", "ece,loss_hard", *FEW]


@pytest.fixture
def models(tmp_path: Path) -> list[str]:
    """The sample, and models that are the better calibrated the later they come."""
    x = np.load(LOGITS)
    for k, factor in enumerate((4, 2, 1)):
        np.save(tmp_path / f"m{k}.npy", x * np.float32(factor))
    return [str(tmp_path / f"m{k}.npy") for k in range(3)]


@pytest.fixture(autouse=True)
def directed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, better in (("ece", "lower"), ("loss_hard", "lower"), ("accuracy", "higher")):
        monkeypatch.setitem(METRICS, name, METRICS[name]._replace(better=better))  # type: ignore[arg-type]


def test_models_are_ordered_with_the_best_first_and_the_baseline_apart(run: Run, models: list[str]) -> None:
    typed = records(run("compare", *models, LABELS, *METRIC))
    assert [models[1]] * 2 + [models[2]] * 2 == [row["source"] for row in typed]
    rows = records(run("compare", *models, LABELS, *METRIC, "--sort", "ece"))
    assert [models[2]] * 2 + [models[1]] * 2 == [row["source"] for row in rows]
    assert sorted(map(str, typed)) == sorted(map(str, rows))


def test_a_metric_of_which_more_is_better_is_ordered_downwards(run: Run, models: list[str]) -> None:
    np.save(models[1], -np.load(models[1]))
    rows = records(run("compare", *models, LABELS, "--wide", "--sort", "accuracy", "-q"))
    assert [models[0], models[2], models[1]] == [row["source"] for row in rows]


def test_wide_has_a_row_per_model_and_the_values_of_eval(run: Run, models: list[str]) -> None:
    rows = records(run("compare", *models, LABELS, *METRIC, "--wide"))
    alone = [records(run("eval", model, LABELS, *METRIC, "--wide"))[0] for model in models]
    assert alone == rows
    by_ece = records(run("compare", *models, LABELS, *METRIC, "--wide", "--sort", "ece"))
    assert alone[::-1] == by_ece


def test_wide_draws_no_resample(run: Run, models: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("intervals are computed")

    monkeypatch.setattr("lscli.api.compare.paired_with_each", refuse)
    assert 3 == len(records(run("compare", *models, LABELS, "--wide")))


def test_wide_on_a_terminal_names_the_models_and_the_baseline(run: Run, models: list[str]) -> None:
    shown = run("compare", *models, LABELS, "--wide", "--sort", "ece", "-f", "table").out
    assert ["m2.npy", "m1.npy", "m0.npy"] == [line.split()[0] for line in shown.splitlines() if line[2:3] == "m"][1:]
    assert f"The baseline is {models[0]}." in " ".join(shown.split())


def test_values_alone_in_python_are_those_with_intervals(models: list[str]) -> None:
    whole = lscli.compare(models, LABELS, metrics="ece,loss_smoothed", eps="0.1,0.2", bootstrap=100)
    alone = lscli.compare(models, LABELS, metrics="ece,loss_smoothed", eps="0.1,0.2", intervals=False)
    assert [(r.source, r.name, r.value, r.baseline, r.difference) for r in whole.rows] == [
        (r.source, r.name, r.value, r.baseline, r.difference) for r in alone.rows
    ]
    assert {""} == {row.verdict for row in alone.rows}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sort", "aurc"], ["sort: this metric is not compared", "take one of: ece, loss_hard"]),
        (["--sort", "loss_har"], ["sort: this metric is not compared", "did you mean 'loss_hard'?"]),
        (["--fail-on-regression", "aurc"], ["fail-on-regression: this metric is not compared"]),
        (["--fail-on-regression", ","], ["no metric is named"]),
        (["--fail-on-regression", "confidence_mean", "--metrics", "confidence_mean"], ["no value of confidence_mean"]),
        (["--fail-on-regression", "ece", "--wide"], ["a table of the values alone has no verdicts"]),
    ],
)
def test_a_name_that_decides_nothing_is_refused_before_a_file_is_read(
    run: Run, flags: list[str], words: list[str]
) -> None:
    assert_refused(run("compare", "missing.npy", "gone.npy", LABELS, *METRIC, *flags), 2, *words)


def test_the_order_needs_one_value(run: Run, models: list[str]) -> None:
    several = ["--metrics", "loss_smoothed", "--eps", "0.1,0.2", "--wide"]
    assert_refused(
        run("compare", *models, LABELS, *several, "--sort", "loss_smoothed"), 2, "several values", "loss_smoothed@0.2"
    )
    rows = records(run("compare", *models, LABELS, *several, "--sort", "loss_smoothed@0.2"))
    assert sorted(float(row["loss_smoothed@0.2"]) for row in rows) == [float(row["loss_smoothed@0.2"]) for row in rows]


def test_a_regression_exits_with_1_after_everything_is_written(run: Run, models: list[str], tmp_path: Path) -> None:
    worse = ["compare", models[2], models[0], LABELS, *METRIC]
    plain = run(*worse)
    answer = run(*worse, "--fail-on-regression", "ece,loss_hard")
    assert (0, 1, plain.out) == (plain.code, answer.code, answer.out)
    assert 2 == len(answer.err.splitlines())
    assert f"{models[0]} is worse by ece" in answer.err
    quiet = run(*worse, "--fail-on-regression", "ece", "-q", "-o", tmp_path / "out.csv")
    assert (1, "", "") == quiet
    assert plain.out == (tmp_path / "out.csv").read_text()


def test_github_gets_an_annotation_for_each_regression_and_a_summary(
    run: Run, models: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["compare", models[2], models[0], LABELS, *METRIC]
    plain = run(*words)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    assert plain == run(*words)  # without the option there is nothing that fails
    answer = run(*words, "--fail-on-regression", "ece,loss_hard")
    assert (1, plain.out) == (answer.code, answer.out)
    titles = [line.partition("::error title=")[2].partition("::")[0] for line in answer.err.splitlines()]
    assert ["lscli compare%3A ece", "lscli compare%3A loss_hard"] == titles
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("### Comparison\n\n")
    assert "is worse by" in summary.partition("| source |")[0]
    assert 2 == summary.count("| worse |")
    assert (1, "") == run(*words, "--fail-on-regression", "ece", "-q")[::2]
    assert summary == (tmp_path / "summary.md").read_text()


def test_reports_have_no_verdicts_that_could_fail(run: Run, models: list[str], tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("old.json", "new.json")]
    for model, path in zip(models, paths, strict=False):
        run("eval", model, LABELS, *METRIC, "-f", "json", "-o", path)
    for named in ([*paths], ["--each", tmp_path / "*.json"]):
        refused = run("compare", *named, "--fail-on-regression", "ece")
        assert_refused(refused, 2, "fail-on-regression: reports are compared by value", "lscli check")
        rows = records(run("compare", *named, "--wide", "--sort", "ece"))
        assert sorted(rows, key=lambda row: float(row["ece"])) == rows
        assert {"5000"} == {row["n"] for row in rows}
    assert_refused(run("compare", *paths, LABELS), 2, "reports are compared without labels", "leave the labels out")
    assert_refused(run("compare", *paths, "--sort", "los_hard"), 2, "no value here", "did you mean 'loss_hard'?")
    assert_refused(run("compare", *paths, "--names", "a"), 2, "names: has 1 names for 2 models")
    assert_refused(run("compare", *paths, "--names", " ,b"), 2, "names: has an empty name")


@pytest.mark.parametrize("order", [[2, 0, 1], [0, 2, 1], [0, 1, 2, 2]])
def test_labels_among_the_models_are_named(run: Run, models: list[str], order: list[int]) -> None:
    paths = [[*models[:2], LABELS][place] for place in order]
    refused = run("compare", *paths)
    assert_refused(refused, 3, "labels.npy: is no model: its shape is (5000,)", "one file of labels last")


def test_no_regression_exits_with_0(run: Run, models: list[str]) -> None:
    assert (0, "") == run("compare", *models, LABELS, *METRIC, "--fail-on-regression", "ece")[::2]
    assert (0, "") == run("compare", *models[:1] * 1, models[0], LABELS, *METRIC, "--fail-on-regression", "ece")[::2]


def test_a_metric_without_a_verdict_counts_as_worse(
    run: Run, models: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lscli.decisions.verdicts.verdict", lambda *_: "")
    answer = run("compare", *models, LABELS, *METRIC, "--fail-on-regression", "ece")
    assert (1, "lscli: there is no verdict on ece, which counts as worse\n") == (answer.code, answer.err)


def test_json_has_the_models_and_the_values_of_each(run: Run, models: list[str]) -> None:
    found = json.loads(run("compare", *models, LABELS, *METRIC, "-f", "json").out)
    assert ("lscli.compare/1", models) == (found["schema"], found["models"])
    alone = json.loads(run("eval", models[1], LABELS, *METRIC, "-f", "json").out)["rows"]
    assert alone == [row for row in found["reports"] if row["source"] == models[1]]


def test_a_comparison_can_be_asked(models: list[str]) -> None:
    found = lscli.compare([models[2], models[0]], LABELS, metrics="ece,loss_smoothed", eps="0.1,0.2", bootstrap=100)
    (ece,) = found.of("ece")
    assert [ece] == found.regressions(["ece"])
    assert ece in found.regressions()
    assert [] == found.regressions([])
    assert [0.2] == [row.params["eps"] for row in found.of("loss_smoothed@0.2")]
    assert 2 == len(found.of("loss_smoothed"))
    with pytest.raises(KeyError, match="there are: ece"):
        found.of("aurc")
    with pytest.raises(KeyError, match="no group 'x'"):
        found.of("ece", "x")
    assert len(found.rows) == len(found.to_frame())
    assert "Comparison(2 models, 3 differences: 3 worse" in repr(found)
    assert "<td>worse</td>" in found._repr_html_()


@pytest.mark.parametrize("width", [80, 120])
def test_a_terminal_shows_the_table_and_its_verdicts(models: list[str], width: int) -> None:
    code, shown, errors = on_terminal("compare", models[2], models[0], LABELS, *FEW, width=width)
    assert (0, "") == (code, errors)
    plain = re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines()
    assert [] == [line for line in plain if len(line) > width]
    for metric in ("loss_hard", "brier", "accuracy", "ece"):
        assert 1 == sum(line.startswith(f"  {metric} ") for line in plain)
