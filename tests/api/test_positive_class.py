"""Two classes: calibration is that of class 1, as binary tools have it; other metrics keep the top label."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import expit, log_expit
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.classification import BinaryCalibrationError

import lscli
from lscli import SampleTable
from lscli.errors import InputError, LscliWarning, UsageError
from lscli.metrics.catalogue import METRICS
from lscli.options import Library, Norm

Array = NDArray[Any]
OF_CLASS = [metric.id for metric in METRICS.values() if metric.of_class and metric.at is None]
_PARTS = ("miscalibration", "discrimination", "uncertainty")
NORMS: list[tuple[Norm, str]] = [("l1", "ece"), ("l2", "rmsce"), ("max", "mce")]


def forecasts(kind: str = "random", rows: int = 300) -> tuple[Array, Array]:
    """Probabilities of class 1, below and above 1/2, that are not calibrated; and labels."""
    random = np.random.default_rng(5)
    p = random.integers(0, 21, rows) / 20 if kind == "grid" else np.append(random.random(rows - 4), [0, 1, 0, 1])
    return p, (random.random(rows) < p**1.5).astype(np.int64)


P, Y = forecasts()
OPEN = P[:-4]  # without 0 and 1, which make the uniform loss infinite


def of_class_1(p: Any = P, y: Any = Y, metrics: Any = OF_CLASS, **options: Any) -> dict[str, float]:
    report = lscli.evaluate(p, y, **{"binary": True, "kind": "probs", "metrics": metrics, **options})
    return {row.metric: row.value for row in report.rows if not row.group}


def measured(c: Any, a: Any, weight: Any = None, **options: Any) -> Mapping[str, float]:
    table = SampleTable.from_confidences(c, a, weight=weight)
    return {row.metric: row.value for row in lscli.measure(table, metrics=OF_CLASS, **options).rows}


def test_the_metrics_that_are_seen_from_a_class() -> None:
    expected = (
        "ece rmsce mce ece_null ece_p ece_equal_mass ece_sweep rmsce_debiased smece ks_calibration spiegelhalter_z"
    )
    parts = [f"{score}_{part}" for score in ("brier", "nll") for part in _PARTS]
    assert [*expected.split(), "spiegelhalter_p", *parts] == OF_CLASS


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("bins", [1, 2, 5, 10, 15, 20, 100])
@pytest.mark.parametrize("kind", ["random", "grid"])
def test_torchmetrics_and_scikit_learn_have_these_numbers_for_class_1(kind: str, bins: int, dtype: str) -> None:
    p, y = forecasts(kind)
    p = p.astype(dtype)
    found = of_class_1(p, y, "ece,rmsce,mce", compat="torchmetrics", bins=bins)
    for norm, name in NORMS:
        theirs = BinaryCalibrationError(n_bins=bins, norm=norm)(torch.from_numpy(p), torch.from_numpy(y))
        # It adds up in the type of the probabilities.
        tolerance = {"float16": 3e-3, "float32": 1e-6, "float64": 1e-12}[dtype]
        assert float(theirs) == pytest.approx(found[name], abs=tolerance)
    rows = [row for row in lscli.per_bin(p, y, binary=True, kind="probs", compat="sklearn", bins=bins).rows if row.size]
    share, mean = calibration_curve(y, p.astype(np.float64), n_bins=bins)
    assert share.tolist() == pytest.approx([row.accuracy for row in rows], rel=1e-12, abs=1e-12)
    assert mean.tolist() == pytest.approx([row.confidence for row in rows], rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("bins", "ece", "mce"),
    [(1, 0.08, 0.08), (2, 0.15, 0.16428571428571426), (5, 0.23, 0.3), (10, 0.33, 0.8)],
)
def test_numbers_of_netcal(bins: int, ece: float, mce: float) -> None:
    """netcal 1.4.0, `ECE(bins).measure(p, y)` and `MCE(bins)` of one-dimensional confidences."""
    p, y = [0.1, 0.2, 0.35, 0.5, 0.55, 0.6, 0.7, 0.85, 0.95, 1.0], [0, 1, 0, 0, 1, 0, 1, 1, 0, 1]
    found = of_class_1(p, y, "ece,mce", compat="netcal", bins=bins)
    assert {"ece": ece, "mce": mce} == pytest.approx(found, rel=1e-9)


@pytest.mark.parametrize("options", [{}, {"positive_class": 1}, {"bins": 7, "bin_edges": "left", "norm": "max"}])
def test_the_view_is_the_table_of_the_forecasts_of_the_class(options: Any) -> None:
    own = {name: value for name, value in options.items() if name != "positive_class"}
    assert measured(P, Y == 1, **own) == pytest.approx(of_class_1(**options), rel=1e-12)
    pair = np.stack([1 - P, P], axis=1)
    assert measured(P, Y == 1, **own) == pytest.approx(of_class_1(pair, binary=False, **{"positive_class": 1, **own}))


def test_class_0_is_the_other_forecast() -> None:
    assert measured(1 - P, Y == 0) == pytest.approx(of_class_1(positive_class=0), rel=1e-12)
    # The two residuals of a sample are opposite, so what has no bins is the same for both classes.
    one, zero = of_class_1(), of_class_1(positive_class=0)
    for name in ("smece", "spiegelhalter_z", "spiegelhalter_p", *OF_CLASS[-6:]):
        assert one[name] == pytest.approx(zero[name], rel=1e-9), name


def test_weights_and_groups_are_those_of_the_samples(tmp_path: Path) -> None:
    weight = np.random.default_rng(1).integers(0, 4, len(P)).astype(np.float64)
    assert measured(P, Y == 1, weight) == pytest.approx(of_class_1(weights=weight), rel=1e-12)
    inside = np.arange(len(P)) % 3 == 0
    sites = tmp_path / "sites.csv"
    sites.write_text("site\n" + "".join("ba"[own] + "\n" for own in inside.astype(int)), encoding="utf-8")
    grouped: dict[str, Any] = {"weights": weight, "groups": sites, "group_by": "site"}
    report = lscli.evaluate(P, Y, binary=True, kind="probs", metrics=OF_CLASS, **grouped)
    expected = measured(P[inside], Y[inside] == 1, weight[inside])
    assert expected == pytest.approx({row.metric: row.value for row in report.rows if row.group == "a"}, rel=1e-12)


@pytest.mark.parametrize("weights", [None, np.arange(len(P)) % 4 + 0.5])
def test_resamples_of_the_view_give_the_intervals_of_the_forecasts(weights: Any) -> None:
    options: dict[str, Any] = {"ci": True, "bootstrap": 40, "metrics": OF_CLASS}
    seen = lscli.evaluate(P, Y, binary=True, kind="probs", weights=weights, **options)
    table = SampleTable.from_confidences(P, Y == 1, weight=weights)
    expected = [(row.metric, row.ci_low, row.ci_high) for row in lscli.measure(table, **options).rows]
    assert expected == [(row.metric, row.ci_low, row.ci_high) for row in seen.rows]


def test_corp_splits_brier_half_and_the_hard_loss() -> None:
    z = np.random.default_rng(0).normal(0, 2, 500)
    y = (np.random.default_rng(1).random(500) < expit(1.5 * z - 0.5)).astype(int)
    found = of_class_1(z, y, [*OF_CLASS, "brier_half", "loss_hard"], kind="logits")
    for score, whole, own in (
        ("brier", "brier_half", brier_score_loss(y, expit(z))),
        ("nll", "loss_hard", log_loss(y, expit(z))),
    ):
        miscalibration, discrimination, uncertainty = (found[f"{score}_{part}"] for part in _PARTS)
        assert found[whole] == pytest.approx(miscalibration - discrimination + uncertainty, rel=1e-14)
        assert own == pytest.approx(found[whole], rel=1e-12)


def test_ks_and_spiegelhalter_by_hand() -> None:
    found = of_class_1()
    order = np.argsort(P, kind="stable")
    along = np.cumsum((Y - P)[order])[np.append(np.diff(P[order]) > 0, True)]
    z = ((Y - P) * (1 - 2 * P)).sum() / np.sqrt(((1 - 2 * P) ** 2 * P * (1 - P)).sum())
    assert np.abs(along).max() / len(P) == pytest.approx(found["ks_calibration"], rel=1e-12)
    assert z == pytest.approx(found["spiegelhalter_z"], rel=1e-12)


def test_confident_logits_keep_their_digits() -> None:
    z = np.array([-40.0, -39.0, 40.0, 41.0])
    (low, *_, high) = lscli.per_bin(z, [0, 0, 1, 1], binary=True).rows
    assert expit([-40.0, -39.0]).mean() == pytest.approx(low.gap, rel=1e-14)
    assert expit([-40.0, -41.0]).mean() == pytest.approx(-high.gap, rel=1e-14)
    assert (0, 1) == (low.accuracy, high.accuracy)
    tiny = of_class_1([1e-30, 1e-30], [0, 0], "ece")
    assert {"ece": 1e-30} == pytest.approx(tiny, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("kind", ["logits", "log-probs"])
def test_every_kind_and_type_of_values(kind: Any, dtype: str) -> None:
    z = np.random.default_rng(0).normal(0, 2, 300)
    data = (z if kind == "logits" else log_expit(z)).astype(dtype)
    own = data.astype(np.float64)
    expected = measured(expit(own) if kind == "logits" else np.exp(own), Y == 1)
    one, pair = of_class_1(data, kind=kind), np.stack([np.zeros_like(data), data], axis=1)
    assert expected == pytest.approx(one, rel=1e-5, abs=1e-7)
    assert repr(one) == repr(of_class_1(torch.from_numpy(data), kind=kind))
    if kind == "logits":
        assert repr(one) == repr(of_class_1(pair, kind=kind, binary=False, positive_class=1))


@pytest.mark.parametrize(
    ("columns", "dtype"),
    [(1, "float16"), (1, "float32"), (1, "float64"), (2, "float16"), (2, "float32"), (2, "float64")],
)
def test_probabilities_on_an_edge_stay_there(columns: int, dtype: str) -> None:
    """0.3 or 0.7 through a logarithm and back may be in the next bin."""
    p, y = np.round(np.arange(101) / 100, 2).astype(dtype), np.arange(101) % 2
    data, how = (p, {"binary": True}) if columns == 1 else (np.stack([1 - p, p], axis=1), {"positive_class": 1})
    for threads, chunk_rows in ((1, 7), (2, 40), (2, None)):
        given: dict[str, Any] = {"kind": "probs", "bins": 100, "threads": threads, "chunk_rows": chunk_rows, **how}
        upper = np.searchsorted(np.arange(1, 100) / 100, p.astype(np.float64), side="left")
        expected = np.bincount(upper, minlength=100)
        assert expected.tolist() == [row.size for row in lscli.per_bin(data, y, **given).rows]


def test_probabilities_are_those_of_the_rows_that_are_kept(tmp_path: Path) -> None:
    p, y = P.copy(), Y.copy()
    y[::7], p[3::50] = -100, np.nan
    keep = (y >= 0) & np.isfinite(p)
    np.savez_compressed(tmp_path / "both.npz", logits=p, labels=y)
    with pytest.warns(LscliWarning, match="are not finite"):
        found = of_class_1(str(tmp_path / "both.npz"), None, nonfinite="skip")
    assert measured(p[keep], y[keep] == 1) == pytest.approx(found, rel=1e-12)


def test_probabilities_that_sum_to_nearly_1_are_renormalised() -> None:
    pair = np.stack([1 - P, P], axis=1)
    expected = of_class_1(pair, binary=False, positive_class=1)
    assert expected == pytest.approx(of_class_1(pair * 1.009, binary=False, positive_class=1), rel=1e-9, abs=1e-12)


def test_the_top_label_on_request_and_without_a_word() -> None:
    pair = np.stack([1 - P, P], axis=1)
    correct, top = (P > 0.5) == Y, np.maximum(P, 1 - P)
    expected = measured(top, correct)
    assert expected == pytest.approx(of_class_1(top_label=True), rel=1e-9)
    assert expected == pytest.approx(of_class_1(pair, binary=False), rel=1e-9)
    assert not any(expected[name] == pytest.approx(of_class_1()[name], rel=1e-3) for name in ("ece", "mce", "smece"))


def test_only_the_metrics_of_a_class_change() -> None:
    seen, top = (lscli.evaluate(OPEN, Y[:-4], binary=True, kind="probs", metrics="all", **how) for how in _HOW)
    assert len(seen.rows) == len(top.rows)
    for one, other in zip(seen.rows, top.rows, strict=True):
        assert one.metric == other.metric
        assert (METRICS[one.metric].of_class) == (one.params.get("positive_class") == 1)
        assert "positive_class" not in other.params
        if not METRICS[one.metric].of_class:
            assert other.value == pytest.approx(one.value, rel=1e-12, abs=1e-12, nan_ok=True), one.metric


_HOW: tuple[dict[str, Any], ...] = ({}, {"top_label": True})


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ({"binary": True}, 1),
        ({"binary": True, "positive_class": 0}, 0),
        ({"binary": True, "top_label": True}, None),
    ],
)
def test_settings_and_sentences_name_the_class(options: Any, number: int | None) -> None:
    report = lscli.evaluate(OPEN, Y[:-4], kind="probs", **options)
    bins = lscli.per_bin(OPEN, Y[:-4], kind="probs", **options)
    assert [number, number] == [each.settings["positive_class"].value for each in (report, bins)]
    assert (number is not None) == (f"and the ece of class {number}, " in report.conclusion)
    meaning = f"Confidence is the mean probability of class {number}, and accuracy its share."
    assert ("" if number is None else meaning) == bins.conclusion


@pytest.mark.parametrize(
    ("options", "says", "hint"),
    [
        (
            {"positive_class": 1, "top_label": True, "binary": True},
            "cannot be combined with top_label=True",
            "leave one",
        ),
        ({"positive_class": 2, "binary": True}, "must be from 0 to 1, got 2", "one is 0 and one is 1"),
        ({"positive_class": -1, "binary": True}, "must be from 0 to 1, got -1", "one is 0 and one is 1"),
    ],
)
def test_options_that_contradict_are_refused(options: Any, says: str, hint: str) -> None:
    for question in (lscli.evaluate, lscli.per_bin):
        with pytest.raises(UsageError, match=f"positive-class.*{says}|{says}") as caught:
            question(P, Y, kind="probs", **options)
        assert hint in caught.value.hint


def test_a_positive_class_needs_two_classes() -> None:
    logits, labels = np.zeros((4, 3)), np.zeros(4, int)
    for question in (lscli.evaluate, lscli.per_bin):
        with pytest.raises(UsageError, match="needs two classes, and these logits have 3") as caught:
            question(logits, labels, positive_class=1)
        assert "lscli.per_class" in caught.value.hint
    # What the hint says works.
    assert 3 == len(lscli.per_class(logits, labels).rows)


def test_soft_labels_have_no_positive_class() -> None:
    soft = np.stack([1 - P, P], axis=1)
    with pytest.raises(UsageError, match="soft labels have no calibration errors"):
        lscli.evaluate(soft, soft, kind="probs", soft_labels=True, positive_class=1)
    report = lscli.evaluate(OPEN, soft[:-4], kind="probs", soft_labels=True, binary=True, metrics="loss_hard,brier")
    assert report.settings["positive_class"].value is None


def test_a_library_without_a_binary_error_is_named() -> None:
    compat: Library = "gpleiss"
    for question in (lscli.evaluate, lscli.per_bin):
        with pytest.warns(LscliWarning, match="gpleiss has no binary calibration error.*say top_label=True"):
            question(OPEN, Y[:-4], kind="probs", binary=True, compat=compat)
        question(OPEN, Y[:-4], kind="probs", binary=True, compat=compat, top_label=True)


def test_a_probability_above_1_is_refused() -> None:
    with pytest.raises(InputError):
        of_class_1([0.5, 1.5], [0, 1])
