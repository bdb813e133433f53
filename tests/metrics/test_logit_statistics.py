"""The spread of the logit gap and its quantiles, the shape of the other classes, and the largest logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli import SampleTable
from lscli.options import Kernel, Smoothing
from tests import naive
from tests.metrics.by_hand import target_of
from tests.metrics.tables import drawn, values

Array = NDArray[Any]
QUANTILES = {f"logit_gap_q{percent:02}": percent / 100 for percent in (5, 25, 50, 75, 95)}


def gaps(*numbers: float, weight: Any = None) -> SampleTable:
    """A table of logit gaps alone."""
    return SampleTable({"logit_gap": np.array(numbers, float)}, 4, None if weight is None else np.array(weight, float))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([-3.0, -0.5, 0.0, 0.1, 0.25, 2.0, 7.5]), st.integers(0, 5)), min_size=1),
)
def test_quantiles_are_those_of_numpy_on_repeated_samples(drawn_gaps: list[tuple[float, int]]) -> None:
    gap, weight = (np.array(part) for part in zip(*drawn_gaps, strict=True))
    repeated = np.repeat(gap, weight)
    for metric, q in QUANTILES.items():
        (plain,) = values(metric, gaps(*gap))
        assert np.quantile(gap, q) == pytest.approx(plain.value, rel=1e-14, abs=1e-15)
        (weighted,) = values(metric, gaps(*gap, weight=weight))
        if weight.sum():
            assert np.quantile(repeated, q) == pytest.approx(weighted.value, rel=1e-14, abs=1e-15)
        else:
            assert math.isnan(weighted.value)


@pytest.mark.parametrize("rows", [1, 2, 3, 19, 20, 21, 101, 1000])
def test_quantiles_of_continuous_gaps(rows: int) -> None:
    gap = np.random.default_rng(rows).standard_normal(rows)
    for metric, q in QUANTILES.items():
        assert np.quantile(gap, q) == pytest.approx(values(metric, gaps(*gap))[0].value, rel=1e-13, abs=1e-15)


def test_quantiles_next_to_infinite_gaps() -> None:
    found = {metric: values(metric, gaps(1, 2, 3, math.inf))[0].value for metric in QUANTILES}
    assert 2.5 == found["logit_gap_q50"]
    assert math.inf == found["logit_gap_q95"]
    low = {metric: values(metric, gaps(-math.inf, 1, 2, 3))[0].value for metric in QUANTILES}
    assert -math.inf == low["logit_gap_q05"]
    assert 1.5 == low["logit_gap_q50"]
    missing = [values(metric, gaps(1, math.nan, 3))[0].value for metric in QUANTILES]
    assert all(math.isnan(value) for value in missing)
    # A gap that does not count is not in the way.
    assert [2.0] == [values("logit_gap_q50", gaps(1, math.nan, 3, weight=[1, 0, 1]))[0].value]


def test_the_standard_deviation_is_that_of_repeated_samples() -> None:
    rng = np.random.default_rng(0)
    gap, weight = rng.standard_normal(50), rng.integers(0, 4, 50)
    assert gap.std(ddof=1) == pytest.approx(values("logit_gap_sd", gaps(*gap))[0].value, rel=1e-13)
    weighted = values("logit_gap_sd", gaps(*gap, weight=weight))[0].value
    assert np.repeat(gap, weight).std(ddof=1) == pytest.approx(weighted, rel=1e-13)
    assert math.isnan(values("logit_gap_sd", gaps(1.0))[0].value)
    assert math.isnan(values("logit_gap_sd", gaps(1.0, math.inf))[0].value)
    assert values("logit_gap_sd", gaps(2.0, 2.0))[0].value == 0


@pytest.mark.parametrize("classes", [3, 7, 200])
@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_means_against_the_textbook(classes: int, kernel: Kernel) -> None:
    logits, labels = drawn(60, classes)
    columns = {name: column.astype(float) for name, column in naive.columns(logits, labels).items()}
    expected = {
        "off_label_entropy": columns["off_label_entropy"] / math.log(classes - 1),
        "max_logit_mean": columns["largest_logit"],
        "logit_margin_mean": columns["logit_margin"],
        "maxsup_error_enhancement": -columns["above_label"] / classes,
        "maxsup_regularisation": columns["loss_uniform"] - columns["loss_hard"] + columns["above_label"] / classes,
        "above_target": columns["log_not_label"] < math.log(0.3 * (classes - 1) / classes),
    }
    rows = {row.metric: row for row in lscli.evaluate(logits, labels, eps=0.3, metrics="smoothing", kernel=kernel).rows}
    for name, column in expected.items():
        assert column.mean() == pytest.approx(rows[name].value, rel=1e-12), name
        assert column.std(ddof=1) / math.sqrt(60) == pytest.approx(rows[name].stderr, rel=1e-10), name


def test_equal_other_classes_have_the_entropy_1_at_any_confidence() -> None:
    for lead in (0.0, 2.0, 40.0, 900.0):
        logits = np.zeros((3, 5))
        logits[:, 2] = lead
        assert lscli.evaluate(logits, [2, 2, 2], metrics="off_label_entropy")["off_label_entropy"] == pytest.approx(1)


def test_above_target_keeps_its_digits_where_p_y_is_near_1() -> None:
    # 1 - p_y of 1e-20 is below 1 - q'(y) of 1e-19 and above 1e-21, which 1 - (1 - 1e-20) = 0 does not tell.
    logits = np.array([[math.log(1e20), 0.0]])
    report = lscli.evaluate(logits, [0], eps=[2e-19, 2e-21], metrics="above_target,loss_excess,excess_overshoot")
    assert [1, 0] == [row.value for row in report.rows if row.metric == "above_target"]
    expected = 1e-20 - 1e-19 + 1e-19 * math.log(10)
    assert expected == pytest.approx(report["excess_overshoot@2e-19"], rel=1e-12)


def test_intervals_of_quantiles_are_those_of_resamples() -> None:
    logits, labels = drawn(200, 4)
    report = lscli.evaluate(logits, labels, metrics="logit_gap_q50", ci=True, level=0.9, bootstrap=400)
    gap = naive.columns(logits, labels)["logit_gap"].astype(float)
    rng = np.random.default_rng(1)
    medians = [np.median(rng.choice(gap, 200)) for _ in range(2000)]
    (row,) = report.rows
    assert row.ci_low < row.value < row.ci_high
    assert np.quantile(medians, [0.05, 0.95]).tolist() == pytest.approx([row.ci_low, row.ci_high], abs=0.15)


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_p_y_that_is_its_target_but_for_rounding_is_not_above_it(smoothing: Smoothing, dtype: str) -> None:
    amounts = [0.01, 0.1, 0.3, 0.5, 0.9, 1.0]
    for classes in [*range(2, 25), 130, 1000]:
        equal = lscli.evaluate(np.zeros((1, classes), dtype), [0], eps=1.0, metrics="above_target")["above_target"]
        assert 0 == equal or smoothing != "uniform"
        for eps in amounts:
            target = target_of(smoothing, eps, 0, classes)
            if target[0] == 0:
                continue
            logits = np.log(target)[None].astype(dtype)
            options: dict[str, Any] = {"eps": eps, "smoothing": smoothing, "metrics": "above_target"}
            assert 0 == lscli.evaluate(logits, [0], **options)["above_target"], (classes, eps)
            logits[0, 0] += 1e-4
            assert 1 == lscli.evaluate(logits, [0], **options)["above_target"], (classes, eps)
