"""`evaluate(..., soft_labels=True)`: hard labels as one-hot rows, other libraries, laws, and what is refused."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

import lscli
from tests import naive
from tests.soft import METRICS, Array, drawn, evaluated, values

EPS = [0.0, 0.1, 0.6, 1.0]


def errors(report: lscli.Report) -> list[float]:
    return [row.stderr for row in report.rows]


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy", "prior", "empirical"])
@pytest.mark.parametrize(
    ("classes", "dtype", "tolerance"),
    [
        *[(2, "float32", 1e-12), (10, "float16", 1e-12), (127, "float64", 1e-12), (300, "float64", 1e-12)],
        *[(128, "float32", 2e-7), (300, "float16", 2e-7)],
    ],
)
def test_one_hot_labels_give_the_figures_of_hard_ones(
    classes: int, dtype: str, tolerance: float, smoothing: str
) -> None:
    logits, _ = drawn(200, classes, dtype)
    labels = np.random.default_rng(1).integers(0, classes, 200)
    labels[::7] = -100
    one_hot = np.full((200, classes), -100, np.int16)
    one_hot[labels >= 0] = np.eye(classes)[labels[labels >= 0]]
    options: dict[str, Any] = {
        "eps": [*EPS, 1e-9],
        "noise_rate": 0.2,
        "metrics": f"{METRICS},loss_prior,loss_noise_corrected",
    }
    options["smoothing"] = "prior" if smoothing == "empirical" else smoothing
    if smoothing in ("prior", "empirical"):
        prior = np.random.default_rng(2).dirichlet(np.ones(classes))
        options["prior"] = prior if smoothing == "prior" else "empirical"
    else:
        options["metrics"] = options["metrics"].replace("loss_prior,", "")
    expected = lscli.evaluate(logits, labels, **options)
    found = evaluated(logits, one_hot, **options)
    assert values(expected) == pytest.approx(values(found), rel=tolerance, abs=0.0)
    assert [(row.metric, row.params, row.n) for row in expected.rows] == [
        (row.metric, row.params, row.n) for row in found.rows
    ]
    of_means = {"loss_hard", "loss_uniform", "loss_smoothed", "brier", "loss_noise_corrected"}
    for one, other in zip(expected.rows, found.rows, strict=True):
        if one.metric in of_means:
            assert one.stderr == pytest.approx(other.stderr, rel=10 * tolerance)
    assert expected.samples == found.samples


@pytest.mark.parametrize("classes", [2, 17, 200])
def test_losses_are_those_of_torch(classes: int) -> None:
    logits, q = drawn(300, classes)
    found = evaluated(logits, q, eps=EPS)
    x, targets = torch.from_numpy(logits).double(), torch.from_numpy(q)
    for eps in EPS:
        expected = float(functional.cross_entropy(x, targets, label_smoothing=eps))
        assert expected == pytest.approx(found[f"loss_smoothed@{eps}"], rel=1e-12)
    hard = float(functional.cross_entropy(x, targets))
    assert hard == pytest.approx(found["loss_hard"], rel=1e-12)
    assert math.exp(hard) == pytest.approx(found["perplexity"], rel=1e-12)
    brier = float((x.softmax(1) - targets).square().sum(1).mean())
    assert [brier, brier / 2] == pytest.approx([found["brier"], found["brier_half"]], rel=1e-12)


def test_the_floor_and_the_excess_are_those_of_scipy() -> None:
    logits, q = drawn(300, 9)
    found = evaluated(logits, q, eps=EPS)
    p = scipy.special.softmax(logits.astype(float), axis=1)
    for eps in EPS:
        smoothed = (1 - eps) * q + eps / 9
        assert scipy.stats.entropy(smoothed, axis=1).mean() == pytest.approx(found[f"loss_floor@{eps}"], rel=1e-13)
        divergence = scipy.special.rel_entr(smoothed, p).sum(axis=1)
        assert divergence.mean() == pytest.approx(found[f"loss_excess@{eps}"], rel=1e-12)
        row = next(row for row in found.rows if (row.metric, row.params) == ("loss_excess", {"eps": eps}))
        assert divergence.std(ddof=1) / math.sqrt(300) == pytest.approx(row.stderr, rel=1e-12)
        row = next(row for row in found.rows if (row.metric, row.params) == ("loss_floor", {"eps": eps}))
        deviation = scipy.stats.entropy(smoothed, axis=1).std(ddof=1)
        assert deviation / math.sqrt(300) == pytest.approx(row.stderr, rel=1e-10, abs=1e-16)


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy", "prior"])
def test_a_smoothed_loss_is_that_of_the_smoothed_labels(smoothing: str) -> None:
    logits, q = drawn(50, 5)
    prior = np.array([0.4, 0.3, 0.0, 0.2, 0.1]) if smoothing == "prior" else None
    found = evaluated(logits, q, eps=EPS, smoothing=smoothing, prior=prior)
    log_p = naive.log_softmax(logits)
    for eps in EPS:
        smoothed = naive.soft_targets(q, eps, smoothing, prior)
        loss = -(smoothed * log_p).sum(axis=1)
        assert float(loss.mean()) == pytest.approx(found[f"loss_smoothed@{eps}"], rel=1e-12)
        assert float((loss - naive.entropies(smoothed)).mean()) == pytest.approx(found[f"loss_excess@{eps}"], rel=1e-12)


def test_a_negative_eps_has_a_loss_and_no_floor() -> None:
    logits, q = drawn(50, 5)
    found = evaluated(logits, q, eps=[-0.1, 0.2], allow_negative_eps=True)
    expected = 1.1 * found["loss_hard"] - 0.1 * found["loss_uniform"]
    assert expected == pytest.approx(found["loss_smoothed@-0.1"], rel=1e-13)
    assert [{"eps": 0.2}] * 2 == [row.params for row in found.rows if row.metric in ("loss_floor", "loss_excess")]


def test_a_metric_has_an_eps_of_its_own() -> None:
    logits, q = drawn(50, 5)
    expected = evaluated(logits, q, eps=0.3)
    found = evaluated(logits, q, "loss_floor@0.3,loss_excess@0.3,loss_floor@0.5")
    assert [expected["loss_floor"], expected["loss_excess"]] == [found["loss_floor@0.3"], found["loss_excess@0.3"]]
    assert naive.entropies((q + 0.2) / 2).mean() == pytest.approx(found["loss_floor@0.5"], rel=1e-13)


def test_noise_of_labels_that_are_votes_is_taken_out() -> None:
    # Votes of which a share rho is drawn anew are (1-rho) q + rho/K on average: their corrected loss is that of q.
    logits, q = drawn(100, 6)
    noisy = 0.7 * q + 0.3 / 6
    found = evaluated(logits, noisy, "loss_noise_corrected", noise_rate=0.3)
    assert evaluated(logits, q)["loss_hard"] == pytest.approx(found["loss_noise_corrected"], rel=1e-12)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Array, Array]:
    classes, rows = draw(st.integers(2, 6)), draw(st.integers(1, 5))
    logit, share = st.floats(-60, 60, width=32), st.sampled_from([0.0, 0.0, 1e-12, 0.1, 0.5, 1.0])
    x = draw(st.lists(logit, min_size=rows * classes, max_size=rows * classes))
    shares = draw(st.lists(share, min_size=rows * classes, max_size=rows * classes))
    q = np.array(shares).reshape(rows, classes)
    q[q.sum(axis=1) == 0] = 1.0
    return np.array(x, np.float32).reshape(rows, classes), q / q.sum(axis=1, keepdims=True)


@pytest.mark.filterwarnings("ignore:.*every row sums to 1", "ignore:.*all values lie between 0 and 1")
@settings(max_examples=60, deadline=None)
@given(cases(), st.floats(0, 1), st.randoms(use_true_random=False))
def test_laws(case: tuple[Array, Array], eps: float, random: Any) -> None:
    logits, q = case
    classes = logits.shape[1]
    found = evaluated(logits, q, eps=[eps, 1.0])
    hard, uniform = found["loss_hard"], found["loss_uniform"]
    smoothed = next(row.value for row in found.rows if row.metric == "loss_smoothed")
    assert (1 - eps) * hard + eps * uniform == pytest.approx(smoothed, rel=1e-12, abs=1e-13)
    assert math.log(classes) == pytest.approx(found["loss_floor@1.0"], rel=1e-14)
    assert uniform == pytest.approx(found["loss_smoothed@1.0"], rel=1e-14)
    excess = [row.value for row in found.rows if row.metric == "loss_excess"]
    assert min(excess) >= 0
    floor = [row.value for row in found.rows if row.metric == "loss_floor"]
    assert 0 <= floor[0] <= math.log(classes) * (1 + 1e-14)
    order = list(range(classes))
    random.shuffle(order)
    permuted = evaluated(np.ascontiguousarray(logits[:, order]), np.ascontiguousarray(q[:, order]), eps=[eps, 1.0])
    assert values(found) == pytest.approx(values(permuted), rel=1e-12, abs=1e-13)


def test_a_student_that_is_its_teacher_has_nothing_above_the_floor() -> None:
    for classes in (5, 400):
        logits, _ = drawn(100, classes, "float64")
        teacher = scipy.special.softmax(logits, axis=1)
        found = evaluated(logits, teacher, eps=0)
        entropy = float(scipy.stats.entropy(teacher, axis=1).mean())
        assert [entropy, entropy] == pytest.approx([found["loss_hard"], found["loss_floor"]], rel=1e-13)
        assert 0 <= found["loss_excess"] < 1e-14
        assert 0 <= found["brier"] < 1e-30


def test_a_weight_is_so_many_rows_and_a_group_is_a_selection() -> None:
    logits, q = drawn(80, 5)
    q[3] = -100
    weights, groups = np.arange(80) % 4, np.arange(80) % 3
    found = evaluated(logits, q, weights=weights, groups=groups, eps=[0.1, 0.5])
    for group in ("", "0", "1", "2"):
        rows = np.repeat(np.arange(80), np.where((groups == int(group or 0)) | (not group), weights, 0))
        expected = evaluated(logits[rows], q[rows], eps=[0.1, 0.5])
        own = [row for row in found.rows if row.group == group]
        assert values(expected) == pytest.approx(values(found, group), rel=1e-12)
        assert errors(expected) == pytest.approx([row.stderr for row in own], rel=1e-12, nan_ok=True)
        assert [float(np.count_nonzero(rows != 3))] * len(own) == [row.n for row in own]


def test_the_empirical_prior_is_the_mean_label() -> None:
    logits, q = drawn(70_000, 3)
    q[5], weights = -100, np.random.default_rng(1).random(70_000)
    share = weights / weights[np.arange(70_000) != 5].sum()
    mean = (share[:, None] * q)[np.arange(70_000) != 5].sum(axis=0)
    options: dict[str, Any] = {"metrics": "loss,brier", "smoothing": "prior", "weights": weights}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = evaluated(logits, q, prior=mean, **options)
        found = evaluated(logits, q, prior="empirical", **options)
    assert values(expected) == pytest.approx(values(found), rel=1e-12)
    assert ["logits", "labels", "weights"] == [entry["role"] for entry in found.inputs]


def test_intervals_do_not_depend_on_threads() -> None:
    logits, q = drawn(300, 5)
    one, other = (evaluated(logits, q, eps=EPS, ci=True, bootstrap=60, threads=threads) for threads in (1, 3))
    assert one.rows == other.rows
    for row in one.rows:
        assert row.ci_low <= row.value <= row.ci_high, row
    # A resample is a table of the same samples: intervals are as wide as standard errors tell.
    for row in one.rows:
        if row.stderr > 1e-12:
            assert 3.9 == pytest.approx((row.ci_high - row.ci_low) / row.stderr, rel=0.5), row
