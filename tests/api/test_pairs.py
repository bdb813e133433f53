"""Metrics that belong to a pair of models, through `lscli.compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import rel_entr, softmax
from scipy.stats import binomtest, norm, t

import lscli
from lscli.decisions.comparison import Comparison, ComparisonRow

Models = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


@pytest.fixture
def models() -> Models:
    random = np.random.default_rng(5)
    first, other = random.normal(0, 2, (2, 400, 6)).astype(np.float32)
    return first, (first + other).astype(np.float32), random.integers(0, 6, 400)


def _rows(found: Comparison, group: str = "") -> dict[str, ComparisonRow]:
    return {row.metric: row for row in found.rows if row.group == group}


def test_changes(models: Models) -> None:
    first, other, y = models
    was, now = first.argmax(1), other.argmax(1)
    rows = _rows(lscli.compare([first, other], y, bootstrap=20))
    worse, better = (was == y) & (now != y), (was != y) & (now == y)
    assert rows["right_to_wrong"].value == worse.mean()
    assert rows["wrong_to_right"].value == better.mean()
    assert rows["changed_wrong"].value == ((was != y) & (now != y) & (was != now)).mean()
    assert rows["mcnemar_p"].value == pytest.approx(
        binomtest(int(worse.sum()), int(worse.sum() + better.sum())).pvalue, rel=1e-12
    )
    assert rows["right_to_wrong"].ci_low < worse.mean() < rows["right_to_wrong"].ci_high
    assert np.isnan(rows["right_to_wrong"].baseline)


def test_divergence(models: Models) -> None:
    first, other, y = models
    p, q = softmax(first.astype(float), 1), softmax(other.astype(float), 1)
    kl, at = rel_entr(p, q).sum(1), np.arange(len(y))
    rows = _rows(lscli.compare([first, other], y, metrics="divergence", bootstrap=20))
    assert rows["kl"].value == pytest.approx(kl.mean())
    assert rows["kl_q95"].value == pytest.approx(np.quantile(kl, 0.95))
    assert rows["kl_max"].value == pytest.approx(kl.max())
    assert rows["kl_reverse"].value == pytest.approx(rel_entr(q, p).sum(1).mean())
    assert rows["top1_agreement"].value == (p.argmax(1) == q.argmax(1)).mean()
    assert rows["label_prob_change"].value == pytest.approx((q - p)[at, y].mean())
    assert rows["label_prob_change_rms"].value == pytest.approx(np.sqrt(np.square((q - p)[at, y]).mean()))


def test_rows_that_all_models_keep_and_groups(models: Models) -> None:
    first, other, y = models
    first[3], other[7], y[11] = np.nan, np.nan, -100
    groups = np.arange(len(y)) % 2
    with pytest.warns(lscli.LscliWarning, match="left out"):
        found = lscli.compare(
            {"a": first, "b": other, "c": first.copy()}, y, metrics="kl", nonfinite="skip", groups=groups, bootstrap=20
        )
    keep = ~np.isin(np.arange(len(y)), [3, 7, 11])
    kl = rel_entr(softmax(first.astype(float), 1), softmax(other.astype(float), 1)).sum(1)
    own = [row for row in found.rows if row.source == "b"]
    assert {row.group: row.value for row in own} == {
        "": pytest.approx(kl[keep].mean()),
        "0": pytest.approx(kl[keep & (groups == 0)].mean()),
        "1": pytest.approx(kl[keep & (groups == 1)].mean()),
    }
    assert [row.value for row in found.rows if row.source == "c"] == [0, 0, 0]


def test_threads_and_chunks_change_no_digit(models: Models) -> None:
    first, other, y = models
    speeds: list[dict[str, Any]] = [{"threads": 1}, {"threads": 3}, {"chunk_rows": 7}]
    found = [
        [row[2:8] for row in lscli.compare([first, other], y, metrics="kl,js", bootstrap=20, **given).rows]
        for given in speeds
    ]
    assert str(found[0]) == str(found[1]) == str(found[2])


def test_mcnemar_needs_whole_samples(models: Models) -> None:
    first, other, y = models
    weights = np.linspace(0.5, 2, len(y))
    with pytest.warns(UserWarning, match="mcnemar_p is absent: it needs whole samples"):
        found = lscli.compare([first, other], y, metrics="changes,mcnemar_p", weights=weights, bootstrap=20)
    assert {"right_to_wrong", "wrong_to_right", "changed_wrong"} == _rows(found).keys()


def test_models_of_other_classes_are_refused(models: Models) -> None:
    first, other, y = models
    with pytest.raises(lscli.InputError, match="has 6, this has 7"):
        lscli.compare([first, np.c_[other, other[:, 0]]], y, metrics="kl", bootstrap=20)


def test_one_model_has_none(models: Models) -> None:
    first, _, y = models
    with pytest.warns(UserWarning, match="kl, mcnemar_p are absent: there is one model; lscli.compare takes several"):
        lscli.evaluate(first, y, metrics="kl,mcnemar_p,accuracy")


def test_without_labels(models: Models) -> None:
    first, other, _ = models
    rows = _rows(lscli.compare([first, other], no_labels=True, bootstrap=20))
    assert "label_prob_change" not in rows
    assert rows["top1_agreement"].value == (first.argmax(1) == other.argmax(1)).mean()
    assert rows["kl"].value > 0
    found = lscli.compare([first, other], no_labels=True, bootstrap=20)
    assert {"logits"} == {entry["role"] for entry in found.inputs}
    masked = np.where(np.arange(first.shape[1]) == 0, -np.inf, first)
    with pytest.raises(lscli.InputError, match=r"row 0 has a masked class \(-inf\)\n"):  # not "which is its label"
        lscli.compare([masked, masked], no_labels=True, masked_classes="error")
    with pytest.raises(lscli.UsageError, match="needs labels: accuracy"):
        lscli.compare([first, other], no_labels=True, metrics="kl,accuracy")


@pytest.mark.parametrize("clusters", [None, np.arange(400) // 4])
def test_intervals_of_divergences_need_no_resamples(models: Models, clusters: bool) -> None:
    first, other, y = models
    rows, again = (
        _rows(lscli.compare([first, other], y, metrics="divergence", clusters=clusters, bootstrap=20, seed=seed))
        for seed in (1, 2)
    )
    groups = np.arange(400) if clusters is None else clusters
    kl = rel_entr(softmax(first.astype(float), 1), softmax(other.astype(float), 1)).sum(1)
    change = (softmax(other.astype(float), 1) - softmax(first.astype(float), 1))[np.arange(400), y]
    for name, x in (("kl", kl), ("label_prob_change", change)):
        mean, sums = x.mean(), np.bincount(groups, x - x.mean())
        stderr = np.sqrt(np.square(sums).sum() * len(sums) / (len(sums) - 1)) / len(x)
        reach = stderr * (norm.ppf(0.975) if clusters is None else t.ppf(0.975, len(sums) - 1))
        plus_minus = np.array([-1, 1]) * reach
        ends = mean * np.exp(plus_minus / mean) if name == "kl" else mean + plus_minus
        assert ends == pytest.approx([rows[name].ci_low, rows[name].ci_high], rel=1e-6)
    for name, row in rows.items():
        assert (row.ci_low, row.ci_high) == pytest.approx((again[name].ci_low, again[name].ci_high), nan_ok=True)


def test_equal_models_have_no_divergence(models: Models) -> None:
    first, _, y = models
    for name, row in _rows(lscli.compare([first, first.copy()], y, metrics="divergence", bootstrap=20)).items():
        expected = 1.0 if name == "top1_agreement" else 0.0
        assert row.value == expected
        if name not in ("top1_agreement", "kl_max", "kl_reverse_max", "js_max"):
            assert (row.ci_low, row.ci_high) == (0.0, 0.0)


def test_labels_are_found_in_the_file_of_each_model_or_of_the_first(models: Models, tmp_path: Path) -> None:
    first, other, y = models
    expected = lscli.compare([first, other], y, metrics="kl,label_prob_change", bootstrap=20)
    np.savez(tmp_path / "a.npz", logits=first, labels=y)
    np.savez(tmp_path / "b.npz", logits=other, labels=y)
    np.save(tmp_path / "b.npy", other)
    for name in ("b.npz", "b.npy"):
        found = lscli.compare([tmp_path / "a.npz", tmp_path / name], metrics="kl,label_prob_change", bootstrap=20)
        assert [row.value for row in expected.rows] == [row.value for row in found.rows]


def test_each_model_may_have_labels_of_its_own(models: Models) -> None:
    first, other, y = models
    found = lscli.compare({"a": first, "b": other}, {"a": y, "b": y.copy()}, metrics="kl", bootstrap=20)
    assert _rows(lscli.compare([first, other], y, metrics="kl", bootstrap=20))["kl"].value == _rows(found)["kl"].value


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"labels": [0] * 400}, "labels are given as well"),
        ({"ignore_index": 3}, "ignore-index: there are no labels|ignore_index: there are no labels"),
        ({"cross_fit": "temperature"}, "cross_fit: there are no labels"),
    ],
)
def test_what_only_labels_have_is_refused_without_labels(models: Models, given: dict[str, Any], words: str) -> None:
    with pytest.raises(lscli.UsageError, match=words):
        lscli.compare([models[0], models[1]], no_labels=True, bootstrap=20, **given)


def test_tables_without_logits_have_no_outputs_to_compare() -> None:
    table: Any = {"confidence": np.linspace(0.5, 1, 40), "correct": np.arange(40) % 2}
    with pytest.raises(lscli.UsageError, match="all models have logits"):
        lscli.compare([table, table], no_labels=True, confidence="confidence", correct="correct")


@pytest.mark.parametrize(
    "options", [{"metrics": "divergence,js"}, {"temperature": 2.0}, {"weights": np.arange(400) % 3}, {"flatten": True}]
)
def test_without_labels_takes_options_of_reading(models: Models, options: dict[str, Any]) -> None:
    first, other, y = models
    if "flatten" in options:
        first, other, y = first.reshape(20, 20, 6), other.reshape(20, 20, 6), y.reshape(20, 20)
    options = {"metrics": "kl,js,top1_agreement", **options}
    found = lscli.compare([first, other], no_labels=True, bootstrap=20, **options)
    same = lscli.compare([first, other], y, bootstrap=20, **options)
    values = {row.metric: row.value for row in same.rows}
    assert {row.metric: values[row.metric] for row in found.rows} == {row.metric: row.value for row in found.rows}
    assert "js" in {row.metric for row in found.rows}
    assert [] == found.warnings


def test_a_check_limits_what_changed_and_the_divergence(models: Models) -> None:
    first, other, y = models
    rows = _rows(lscli.compare([first, other], y, metrics="changes,divergence"))
    limits = {"kl": 0.5, "right_to_wrong": 0.5, "js": 0.5}
    found = lscli.check(other, y, max=limits, min={"top1_agreement": 0.99, "accuracy": 0}, baseline=first)
    for row in found.rows:
        if row.metric != "accuracy":
            expected = rows[row.metric]
            assert (expected.value, expected.ci_low, expected.ci_high) == (row.value, row.ci_low, row.ci_high)
            assert row.passed == (row.value <= 0.5 if row.bound == "max" else row.value >= 0.99)
    assert {*limits, "top1_agreement", "accuracy"} == {row.metric for row in found.rows}
    with pytest.raises(lscli.UsageError, match="a report does not have the outputs that kl compares"):
        lscli.check(other, y, max={"kl": 1}, baseline=lscli.evaluate(first, y))


def test_a_check_finds_the_labels_of_the_model_for_a_baseline_without_any(models: Models, tmp_path: Path) -> None:
    first, other, y = models
    np.savez(tmp_path / "model.npz", logits=other, labels=y)
    np.save(tmp_path / "old.npy", first)
    found = lscli.check(tmp_path / "model.npz", max={"kl": 99}, baseline=tmp_path / "old.npy", bootstrap=20)
    expected = lscli.compare([first, other], y, metrics="kl", bootstrap=20)
    assert [expected.rows[0].value] == [row.value for row in found.rows]
