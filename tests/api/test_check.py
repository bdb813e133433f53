"""Check says of every limit whether the number that `lscli.evaluate` gives is within it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.api import reading
from lscli.decisions.checked import Checked
from tests.io.make import some_labels, some_logits

X, Y = some_logits(300, 4), some_labels(300, 4)
RIGHT = np.random.default_rng(1).random(300) < 0.7
X[np.arange(300)[RIGHT], Y[RIGHT]] += 4
OLD = X + np.random.default_rng(2).normal(size=X.shape).astype(np.float32)
GROUPS = np.where(np.arange(300) % 3 == 0, "a", "b")


def passes(found: Checked) -> dict[str, bool]:
    return {row.metric: row.passed for row in found.rows}


@pytest.mark.parametrize("bound", ["max", "min"])
def test_values_and_intervals_are_those_of_evaluate(bound: str) -> None:
    options: dict[str, Any] = {"bins": 7, "weights": np.arange(300) % 4, "groups": GROUPS, "eps": 0.2, "bootstrap": 50}
    metrics = ["ece", "loss_smoothed", "risk_at_coverage@0.9"]
    options_of_check: dict[str, Any] = {bound: dict.fromkeys(metrics, 0.1), **options}
    found = lscli.check(X, Y, **options_of_check)
    report = lscli.evaluate(X, Y, metrics=metrics, ci=True, **options)
    assert [(row.source, row.group, row.value, row.ci_low, row.ci_high) for row in report.rows] == [
        (row.source, row.group, row.value, row.ci_low, row.ci_high) for row in found.rows
    ]
    assert ["", "a", "b"] == list(dict.fromkeys(row.group for row in found.rows))
    assert metrics == list(dict.fromkeys(row.metric for row in found.rows))
    assert [row.value <= 0.1 if bound == "max" else row.value >= 0.1 for row in found.rows] == [
        row.passed for row in found.rows
    ]


def test_a_value_at_its_limit_passes_and_the_next_number_does_not() -> None:
    accuracy, loss = (lscli.evaluate(X, Y)[name] for name in ("accuracy", "loss_hard"))
    assert lscli.check(X, Y, min={"accuracy": accuracy}, max={"loss_hard": loss}).passed
    found = lscli.check(X, Y, min={"accuracy": math.nextafter(accuracy, 2)}, max={"loss_hard": math.nextafter(loss, 0)})
    assert [False, False] == [row.passed for row in found.rows]
    assert found.rows == found.failures
    assert not found.passed


def test_of_several_eps_each_must_pass_and_a_number_after_at_is_one_of_its_own() -> None:
    small, large = (lscli.evaluate(X, Y, eps=eps)["loss_smoothed"] for eps in (0.1, 0.2))
    limits = {"loss_smoothed": (small + large) / 2, "loss_smoothed@0.3": 100}
    found = lscli.check(X, Y, max=limits, eps=[0.1, 0.2])
    assert {"loss_smoothed@0.1": True, "loss_smoothed@0.2": False, "loss_smoothed@0.3": True} == passes(found)


def test_a_strict_check_needs_the_whole_interval() -> None:
    row = lscli.evaluate(X, Y, ci=True, metrics="accuracy").rows[0]
    between = (row.value + row.ci_low) / 2
    assert lscli.check(X, Y, min={"accuracy": between}).passed
    assert not lscli.check(X, Y, min={"accuracy": between}, strict=True).passed
    assert lscli.check(X, Y, min={"accuracy": row.ci_low}, strict=True).passed
    assert lscli.check(X, Y, max={"accuracy": row.ci_high}, strict=True).passed
    assert not lscli.check(X, Y, max={"accuracy": (row.value + row.ci_high) / 2}, strict=True).passed


def test_a_metric_that_is_absent_fails_and_a_warning_says_why() -> None:
    with pytest.warns(lscli.LscliWarning, match="loss_noise_corrected is absent"):
        found = lscli.check(X, Y, max={"loss_noise_corrected": 9, "loss_hard": 9})
    assert {"loss_noise_corrected": False, "loss_hard": True} == passes(found)
    assert math.isnan(found.failures[0].value)


@pytest.mark.filterwarnings("ignore:.*its loss is infinite")
def test_an_infinite_value_is_compared() -> None:
    masked = X.copy()
    masked[0, Y[0]] = -np.inf
    assert {"loss_hard": False} == passes(lscli.check(masked, Y, max={"loss_hard": 1e300}))
    assert lscli.check(masked, Y, min={"loss_hard": 3}).passed
    assert not lscli.check(masked, Y, min={"loss_hard": 3}, strict=True).passed


@pytest.mark.parametrize("strict", [False, True])
def test_a_rise_is_the_paired_difference_of_compare(strict: bool) -> None:
    names = ["loss_hard", "brier", "ece", "accuracy"]
    found = lscli.check(
        X,
        Y,
        baseline=OLD,
        max_rise=dict.fromkeys(names, 0.01),
        max_drop={"accuracy": 0.01},
        strict=strict,
        groups=GROUPS,
        bootstrap=100,
    )
    compared = lscli.compare([OLD, X], Y, metrics=names, groups=GROUPS, bootstrap=100)
    pairs = {(row.group, row.metric): row for row in compared.rows}
    for row in found.rows:
        other = pairs[row.group, row.metric]
        assert (other.value, other.baseline, other.difference) == (row.value, row.baseline, row.difference)
        assert (other.ci_low, other.ci_high) == (row.ci_low, row.ci_high)
        end = (row.ci_high if row.bound == "max-rise" else row.ci_low) if strict else row.difference
        assert row.passed == ((end if row.bound == "max-rise" else -end) <= 0.01)
    assert 15 == len(found.rows)


def test_values_and_rises_stand_side_by_side_and_the_baseline_is_an_input() -> None:
    found = lscli.check(X, Y, max={"loss_hard": 0.01, "classwise_ece": 0.9}, baseline=OLD, max_rise={"loss_hard": 1})
    assert [("max", False), ("max", True), ("max-rise", True)] == [(row.bound, row.passed) for row in found.rows]
    assert found.rows[0].value == found.rows[2].value
    assert ["logits", "labels", "baseline"] == [entry["role"] for entry in found.inputs]


def test_a_rise_of_a_temperature_has_no_interval_of_resamples_that_keep_it() -> None:
    found = lscli.check(X, Y, baseline=OLD, max_rise={"temperature": 100})
    assert math.isnan(found.rows[0].ci_low)
    assert found.passed
    with pytest.warns(lscli.LscliWarning, match="temperature has no interval, which a strict check needs"):
        assert not lscli.check(X, Y, baseline=OLD, max_rise={"temperature": 100}, strict=True).passed


def test_a_rise_of_no_difference_passes_at_zero() -> None:
    limits = {"loss_hard": 0, "accuracy": 0, "ece": 0}
    assert lscli.check(X, Y, baseline=X, max_rise=limits, max_drop=limits, strict=True).passed


def saved(folder: Path, **options: Any) -> Path:
    path = folder / "old.json"
    report = lscli.evaluate(OLD, Y, metrics=["loss_hard", "ece", "loss_smoothed"], **options)
    path.write_text(json.dumps(report.to_dict()))
    return path


def test_a_saved_report_is_compared_by_its_values(tmp_path: Path) -> None:
    path, old = saved(tmp_path, groups=GROUPS), lscli.evaluate(OLD, Y, groups=GROUPS)
    found = lscli.check(X, Y, baseline=path, max_rise={"loss_hard": 0.01, "ece": 0.01}, groups=GROUPS, bootstrap=50)
    report = lscli.evaluate(X, Y, ci=True, groups=GROUPS, metrics=["loss_hard", "ece"], bootstrap=50)
    new = {(row.group, row.metric): row for row in report.rows}
    baselines = {(row.group, row.metric): row.value for row in old.rows}
    for row in found.rows:
        own, baseline = new[row.group, row.metric], baselines[row.group, row.metric]
        assert (own.value, baseline, own.value - baseline) == (row.value, row.baseline, row.difference)
        assert (own.ci_low - baseline, own.ci_high - baseline) == (row.ci_low, row.ci_high)
        assert row.passed == (row.difference <= 0.01)


def test_a_strict_check_says_that_a_saved_report_counts_as_exact(tmp_path: Path) -> None:
    with pytest.warns(lscli.LscliWarning, match=r"old\.json: its values count as exact"):
        found = lscli.check(X, Y, baseline=saved(tmp_path), max_rise={"loss_hard": 0.01}, strict=True)
    [row] = found.rows
    assert row.passed == (row.ci_high <= 0.01)


@pytest.mark.filterwarnings("ignore::lscli.LscliWarning")
def test_what_a_saved_report_lacks_fails_and_other_settings_are_named(tmp_path: Path) -> None:
    found = lscli.check(
        X[:200], Y[:200], baseline=saved(tmp_path, bins=5), max_rise={"ece": 1, "brier": 1, "loss_smoothed@0.3": 1}
    )
    assert {"ece": True, "brier": False, "loss_smoothed@0.3": False} == passes(found)
    notes = "\n".join(found.warnings)
    assert "the report has no brier" in notes
    assert "the report has no loss_smoothed@0.3" in notes
    assert "bins (5 there, 15 here)" in notes
    assert "the report is of 300 samples, and this check of 200" in notes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"schema": ', "ends early"),
        ('{"schema": "lscli.check/1", "rows": []}', "not a report"),
        ('{"schema": "lscli.report/1", "rows": [{}]}', "source is null"),
        ('{"schema": "lscli.report/1"}', "rows is null"),
        ('{"schema": "lscli.report/1", "rows": 3}', "rows is a number"),
    ],
)
def test_another_file_of_json_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "old.json").write_text(text)
    with pytest.raises(lscli.InputError, match=words):
        lscli.check(X, Y, baseline=tmp_path / "old.json", max_rise={"ece": 0.1})


def test_tables_without_logits_are_checked_but_not_compared_sample_by_sample() -> None:
    table = {"confidence": np.linspace(0.5, 1, 40), "correct": np.arange(40) % 2}
    options: dict[str, Any] = {"confidence": "confidence", "correct": "correct"}
    with pytest.warns(lscli.LscliWarning, match="loss_hard is absent: there are no logits"):
        found = lscli.check(table, max={"ece": 0.9, "loss_hard": 1}, **options)
    assert {"ece": True, "loss_hard": False} == passes(found)
    with pytest.warns(lscli.LscliWarning, match="loss_hard is absent"):
        assert not lscli.check(table, max={"loss_hard": 1}, **options).passed
    with pytest.raises(lscli.UsageError, match="not compared sample by sample"):
        lscli.check(table, baseline=OLD, max_rise={"ece": 0.1}, **options)


def test_soft_labels_have_losses() -> None:
    soft = np.full((300, 4), 0.02)
    soft[np.arange(300), Y] = 0.94
    with pytest.warns(lscli.LscliWarning, match="left out: ece"):
        found = lscli.check(X, soft, soft_labels=True, max={"ece": 1, "loss_hard": 9})
    assert {"ece": False, "loss_hard": True} == passes(found)
    with pytest.raises(lscli.UsageError, match="soft labels are not compared"):
        lscli.check(X, soft, soft_labels=True, baseline=OLD, max_rise={"loss_hard": 1})


def test_limits_are_checked_before_anything_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "read", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(lscli.UsageError, match="min: accuracy=90 is never kept"):
        lscli.check("none.npy", "none.npy", min={"accuracy": 90})


def test_errors_are_in_the_words_of_python() -> None:
    with pytest.raises(lscli.UsageError, match="there is no limit") as refused:
        lscli.check(X, Y)
    assert "give one with max or min, for example max={'ece': 0.05}" == refused.value.hint
    with pytest.raises(lscli.UsageError, match="max_rise: there is nothing to compare with"):
        lscli.check(X, Y, max_rise={"ece": 0.1})


def test_the_conclusion_counts_the_limits() -> None:
    assert "The limit is kept." == lscli.check(X, Y, max={"loss_hard": 9}, bootstrap=20).conclusion
    assert "All 2 limits are kept." == lscli.check(X, Y, max={"loss_hard": 9, "brier": 2}, bootstrap=20).conclusion
    found = lscli.check(X, Y, max={"loss_hard": 0, "ece": 0, "brier": 2}, bootstrap=20)
    assert found.conclusion.startswith("1 of 3 limits is kept: loss_hard ")


def test_the_settings_hold_the_limits() -> None:
    found = lscli.check(X, Y, max={"loss_hard": 9, "ece": 0.5}, min="accuracy=0", eps=0.3)
    settings = {name: setting.value for name, setting in found.settings.items()}
    assert (["ece=0.5", "loss_hard=9.0"], ["accuracy=0.0"]) == (sorted(settings["max"]), settings["min"])
    assert ([0.3], 15, None) == (settings["eps"], settings["bins"], settings["max_rise"])


def test_it_is_a_table() -> None:
    found = lscli.check(X, Y, max={"loss_hard": 9})
    columns = ["source", "group", "metric", "value", "ci_low", "ci_high", "bound", "limit", "pass"]
    assert [*columns, "baseline", "difference"] == list(found.to_frame().columns)
    assert "loss_hard" in found._repr_html_()
