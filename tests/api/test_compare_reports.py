"""Reports are compared by value, and nothing more is said of them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

import lscli
from lscli.errors import LscliWarning, UsageError

Y = np.arange(60) % 3
X = np.random.default_rng(0).normal(size=(60, 3)) + 2 * np.eye(3)[Y]
OLD = lscli.evaluate(X, Y)
NEW = lscli.evaluate(2 * X, Y)


def test_a_difference_is_that_of_the_values_without_a_test() -> None:
    found = lscli.compare({"old": OLD, "new": NEW}, metrics="loss_hard,ece")
    assert [("new", "loss_hard"), ("new", "ece")] == [(row.source, row.metric) for row in found.rows]
    for row in found.rows:
        assert NEW[row.metric] - OLD[row.metric] == row.difference
        assert all(map(math.isnan, (row.ci_low, row.ci_high, row.p_value, row.p_adjusted)))
        assert row.verdict == ""
    assert "compared by value" in found.conclusion


def test_files_and_reports_mix(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps(OLD.to_dict()))
    found = lscli.compare([path, NEW])
    assert {row.metric for row in OLD.rows} == {row.metric for row in found.rows}


def test_other_settings_and_counts_and_what_is_absent_are_named() -> None:
    other = lscli.evaluate(X[:30], Y[:30], bins=10, metrics="ece,loss_hard")
    with pytest.warns(LscliWarning) as caught:
        found = lscli.compare({"old": OLD, "new": other}, metrics="ece,loss_hard")
    said = [str(each.message) for each in caught]
    assert found.warnings == said
    assert said == [
        "new has bins 10, the first report 15",
        "new is of 30 samples, the first report of 60",
        "new lacks ece bins=15",
        "old lacks ece bins=10",
    ]


@pytest.mark.parametrize(
    ("models", "labels", "options", "says"),
    [
        ([OLD, X], None, {}, "some models are reports, and others are logits"),
        ([OLD, NEW], Y, {}, "reports are compared without labels"),
        ([OLD], None, {}, "there is one report"),
        ([OLD, NEW], None, {"margin": 0.1}, "margin: .* this option needs logits"),
        ([OLD, NEW], None, {"weights": np.ones(60)}, "weights: .* this option needs logits"),
        ([OLD, NEW], None, {"metrics": "smece"}, "the reports share none of these metrics"),
        ([OLD, NEW], None, {"names": "a"}, "names: has 1 names for 2 models"),
    ],
)
def test_what_needs_logits_is_refused(models: object, labels: object, options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        lscli.compare(models, labels, **options)  # type: ignore[arg-type]


def test_names_are_unique_and_printable_and_values_have_their_samples() -> None:
    found = lscli.compare([OLD, NEW, NEW], metrics="ece", names=["a\x1b[2J", "b", "b"])
    assert ["a\\x1b[2J", "b", "b (2)"] == found.models
    assert {("ece", 60)} == {(row.metric, row.n) for row in found.reports}


@pytest.mark.parametrize("models", [None, 3])
def test_what_is_no_list_of_models_is_refused(models: object) -> None:
    with pytest.raises(UsageError, match="models: must be a list or a mapping"):
        lscli.compare(models, Y)  # type: ignore[arg-type]
