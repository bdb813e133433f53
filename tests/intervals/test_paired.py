"""Differences between two models: exact where others' libraries are, and one story in interval and p-value."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from statsmodels.stats.weightstats import ttost_paired

from lscli import SampleTable
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.paired import Difference, paired, paired_with_each
from lscli.metrics.base import Settings
from lscli.metrics.selection import select
from lscli.smoothing.targets import Targets
from tests.intervals.paired_coverage import MODELS, TASKS, compared
from tests.metrics.tables import CLASS_WEIGHTS, CLASSES, table_of

SETTINGS = Settings(eps=(0.1,))
MEANS = "loss_hard,brier,accuracy,error,confidence_mean,confidence_gap,loss_smoothed,loss_excess,gamma,brier_half"
RESAMPLED = "ece,rmsce,ece_equal_mass,aurc,perplexity,eps_gap,failure_auroc,coverage_at_risk"


def resampling(level: float = 0.95, resamples: int = 100, threads: int = 1) -> Resampling:
    return Resampling(Bootstrap(resamples, 0, level), threads, None)


def two(n: int = 300, seed: int = 0, apart: float = 0.5, **options: Any) -> tuple[SampleTable, SampleTable]:
    """Two models whose logits differ by noise of this deviation."""
    random = np.random.default_rng(seed)
    logits, labels = 1.5 * random.standard_normal((n, CLASSES)), random.integers(0, CLASSES, n)
    logits[np.arange(n), labels] += 3
    others = 1.3 * logits + apart * random.standard_normal(logits.shape)
    first, second = table_of(logits, labels), table_of(others, labels)
    return replace(first, **options), replace(second, **options)


def of(tables: tuple[SampleTable, SampleTable], metrics: str, *given_: Any, **options: Any) -> dict[str, Difference]:
    found = paired(*tables, select(metrics), SETTINGS, *given_ or [resampling(**options)])
    return {difference.metric: difference for difference in found}


@pytest.mark.parametrize(
    ("metric", "column", "factor"),
    [("loss_hard", "loss_hard", 1), ("accuracy", "correct", 1), ("brier", "brier", 1), ("brier_half", "brier", 0.5)],
)
def test_the_difference_of_means_is_the_paired_t_test(metric: str, column: str, factor: float) -> None:
    first, second = two(40)
    expected = ttest_rel(factor * second[column], factor * first[column])
    low, high = expected.confidence_interval(0.9)
    found = of((first, second), metric, level=0.9)[metric]
    assert (expected.pvalue, low, high) == pytest.approx((found.p_value, found.ci_low, found.ci_high), rel=1e-9)
    assert found.difference == found.value - found.baseline != 0


def test_clusters_give_the_p_value_of_cluster_robust_regression() -> None:
    cluster = np.random.default_rng(1).integers(0, 12, 300)
    first, second = two(cluster=cluster)
    model = sm.OLS(second["loss_hard"] - first["loss_hard"], np.ones(300))
    fit = model.fit(cov_type="cluster", cov_kwds={"groups": cluster, "df_correction": True}, use_t=True)
    found = of((first, second), "loss_hard")["loss_hard"]
    # Its factor for small samples is G/(G-1) (N-1)/(N-k), here with k = 1.
    assert fit.params[0] == pytest.approx(found.difference, rel=1e-12)
    assert fit.pvalues[0] == pytest.approx(found.p_value, rel=1e-9)
    assert (*fit.conf_int()[0],) == pytest.approx((found.ci_low, found.ci_high), rel=1e-9)


def test_class_weights_make_a_ratio_whose_difference_is_linearised() -> None:
    first, second = two()
    targets = Targets("uniform", None, CLASS_WEIGHTS)
    (found,) = paired(first, second, select("loss_hard"), Settings(targets=targets), resampling())
    weight = CLASS_WEIGHTS[first["label"]]
    x = second["loss_hard"] - first["loss_hard"]
    expected = float((weight * x).sum() / weight.sum())
    deviation = weight * (x - expected)
    stderr = math.sqrt(300 / 299 * float(np.square(deviation).sum())) / float(weight.sum())
    assert expected == pytest.approx(found.difference, rel=1e-9)
    assert 2 * 1.9679 * stderr == pytest.approx(found.ci_high - found.ci_low, rel=1e-4)


def test_every_mean_has_the_interval_that_resamples_have() -> None:
    tables = two(2000)
    random = np.random.default_rng(3)
    choices = select(MEANS)
    drawn = []
    for _ in range(400):
        weight = np.bincount(random.integers(0, 2000, 2000), minlength=2000).astype(float)
        of_both = [[c.values(t.with_weights(weight), SETTINGS)[0].value for c in choices] for t in tables]
        drawn.append(np.subtract(of_both[1], of_both[0]))
    for spread, found in zip(np.std(drawn, axis=0), of(tables, MEANS).values(), strict=True):
        assert 2 * 1.96 * spread == pytest.approx(found.ci_high - found.ci_low, rel=0.15), found.metric


def test_the_difference_of_a_rank_is_that_of_a_plain_bootstrap() -> None:
    tables = two(400)
    (choice,) = select("aurc")
    random = np.random.default_rng(5)
    drawn = []
    for _ in range(600):
        rows = random.integers(0, 400, 400)
        one, other = (SampleTable({k: c[rows] for k, c in t.columns.items()}, CLASSES) for t in tables)
        drawn.append(choice.values(other, SETTINGS)[0].value - choice.values(one, SETTINGS)[0].value)
    found = of(tables, "aurc", resamples=600)["aurc"]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (low, high) == pytest.approx((found.ci_low, found.ci_high), abs=0.15 * (high - low))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["none", "weights", "clusters"]), st.sampled_from([0.1, 1.0]))
def test_if_the_models_change_places_the_interval_is_mirrored(seed: int, kind: str, apart: float) -> None:
    random = np.random.default_rng(seed)
    options: dict[str, Any] = {}
    if kind != "none":
        options["weight" if kind == "weights" else "cluster"] = random.integers(1, 9, 60) - (kind == "clusters")
    tables = two(60, seed, apart, **options)
    names = f"{MEANS},ece,aurc,perplexity"
    there, back = (of(pair, names, resamples=9) for pair in (tables, tables[::-1]))
    for metric, one in there.items():
        other = back[metric]
        assert (one.value, one.baseline) == (other.baseline, other.value)
        mirrored = (-other.difference, -other.ci_high, -other.ci_low, other.p_value)
        assert mirrored == pytest.approx((one.difference, one.ci_low, one.ci_high, one.p_value), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_p_is_below_1_less_the_level_if_and_only_if_0_is_outside(level: float) -> None:
    outside = 0
    for seed in range(3):
        for options in ({}, {"cluster": np.arange(150) // 10}):
            found = of(two(150, seed, 1.0, **options), f"{MEANS},ece,aurc,eps_gap", level=level, resamples=40)
            for each in found.values():
                assert 0 <= each.p_value <= 1, each
                assert (each.p_value < 1 - level) == (not each.ci_low <= 0 <= each.ci_high), each
                outside += each.p_value < 1 - level
    assert outside > 5


def test_a_model_and_itself_do_not_differ() -> None:
    first, _ = two()
    for each in of((first, replace(first)), f"{MEANS},{RESAMPLED},smece", resamples=20).values():
        assert (0, 0, 0, 1) == (each.difference, each.ci_low, each.ci_high, each.p_value), each


def test_classes_in_another_order_make_no_difference() -> None:
    random = np.random.default_rng(0)
    logits, labels = 2 * random.standard_normal((200, CLASSES)), random.integers(0, CLASSES, 200)
    order = random.permutation(CLASSES)
    renamed = table_of(logits[:, order], np.argsort(order)[labels])
    first = table_of(logits, labels)
    second = replace(renamed, columns={**renamed.columns, "label": first["label"]})
    for each in of((first, second), "loss_hard,confidence_mean,perplexity").values():
        assert (0, 1) == (each.difference, each.p_value)


def test_the_same_difference_in_every_sample_is_certain() -> None:
    first = SampleTable.from_confidences(np.full(50, 0.5), np.arange(50) % 2)
    second = SampleTable.from_confidences(np.full(50, 0.75), np.arange(50) % 2)
    found = of((first, second), "confidence_mean")["confidence_mean"]
    assert (0.25, 0.25, 0.25, 0) == (found.difference, found.ci_low, found.ci_high, found.p_value)


def test_a_row_of_weight_0_changes_nothing() -> None:
    weight = np.random.default_rng(2).integers(1, 4, 120).astype(float)
    more = two(121, weight=np.append(weight, 0.0))
    fewer = tuple(replace(t.select(np.arange(121) < 120), weight=weight) for t in more)
    one, other = (of((t[0], t[1]), f"{MEANS},{RESAMPLED}", resamples=20) for t in (more, fewer))
    for metric, found in one.items():
        assert found[2:] == pytest.approx(other[metric][2:], rel=1e-9, abs=1e-12, nan_ok=True), metric


def test_the_same_bytes_for_any_number_of_threads() -> None:
    tables = two()
    expected = repr(of(tables, RESAMPLED, resamples=30))
    assert {expected} == {repr(of(tables, RESAMPLED, resamples=30, threads=threads)) for threads in (2, 3)}
    assert expected != repr(of(tables, RESAMPLED, resampling(resamples=30)._replace(bootstrap=Bootstrap(30, 1))))


def test_several_models_have_what_each_has_alone() -> None:
    first, second = two()
    third = two(apart=2.0)[1]
    together = paired_with_each(
        first, [second, third], select(f"{MEANS},{RESAMPLED}"), SETTINGS, resampling(resamples=20)
    )
    alone = [list(of((first, model), f"{MEANS},{RESAMPLED}", resamples=20).values()) for model in (second, third)]
    assert repr(alone) == repr(together)


def test_infinite_losses_have_no_difference_and_a_missing_metric_is_left_out() -> None:
    first, second = two(50)
    losses = np.append(np.inf, first["loss_hard"][1:])
    infinite = [replace(t, columns={**t.columns, "loss_hard": losses}) for t in (first, second)]
    found = of((infinite[0], infinite[1]), "loss_hard,accuracy")
    assert math.isnan(found["loss_hard"].difference)
    assert math.isnan(found["loss_hard"].p_value)
    assert math.isfinite(found["accuracy"].p_value)
    one = of((first, infinite[1]), "loss_hard")["loss_hard"]
    assert math.inf == one.difference
    assert all(map(math.isnan, (one.ci_low, one.ci_high, one.p_value)))
    lacking = second.without({"brier"})
    assert ["accuracy"] == list(of((first, lacking), "brier,accuracy"))


def test_without_a_bootstrap_or_with_one_cluster_there_are_differences_alone() -> None:
    for tables, how in ((two(50), Resampling(None, 1, None)), (two(50, cluster=np.zeros(50, int)), resampling())):
        for each in of(tables, "loss_hard,ece,aurc", how).values():
            assert math.isfinite(each.difference)
            assert math.isnan(each.ci_low)
            assert math.isnan(each.p_value)


def test_one_class_of_two_has_its_own_differences() -> None:
    random = np.random.default_rng(4)
    labels = random.integers(0, 2, 200)
    logits = random.standard_normal((200, 2))
    own = {"label": labels, "predicted": logits.argmax(axis=1)}
    tables = tuple(
        replace(t, columns={**t.columns, **own}) for t in (table_of(x, labels) for x in (logits, 2 * logits))
    )
    positive = Settings(positive_class=1)
    (found,) = paired(tables[0], tables[1], select("ece"), positive, resampling(resamples=30))
    views = tuple(table.of_class(1) for table in tables)
    (expected,) = paired(views[0], views[1], select("ece"), Settings(), resampling(resamples=30))
    assert expected[2:] == pytest.approx(found[2:], nan_ok=True)
    assert 1 == found.params["positive_class"]


@pytest.mark.parametrize("change", ["rows", "weights", "clusters", "labels"])
def test_other_samples_are_refused(change: str) -> None:
    first, second = two(30)
    other = {
        "rows": lambda: second.select(np.arange(30) > 0),
        "weights": lambda: second.with_weights(np.ones(30)),
        "clusters": lambda: second.with_clusters(np.arange(30)),
        "labels": lambda: replace(second, columns={**second.columns, "label": second["label"][::-1]}),
    }[change]()
    with pytest.raises(ValueError, match="the same samples"):
        of((first, other), "accuracy")


def test_a_model_is_worse_than_one_without_any_error_once_its_own_error_is_shown() -> None:
    half = np.full(200, 0.5)
    first = SampleTable.from_confidences(half, np.arange(200) < 100)
    for right, shown in ((87, False), (70, True)):
        found = of((first, SampleTable.from_confidences(half, np.arange(200) < right)), "ece", resamples=300)["ece"]
        assert shown == (found.ci_low > 0) == (found.p_value < 0.05)


def test_a_difference_of_errors_has_the_correlation_of_resamples() -> None:
    n, random = 2000, np.random.default_rng(11)
    for place, least, most in ((2, -0.2, 0.5), (3, 0.6, 0.95)):
        drawn = TASKS[0].draw(MODELS[place], random, n)
        one, other = (SampleTable.from_confidences(c, a) for c, a, _ in drawn)
        errors = []
        for _ in range(300):
            weight = np.bincount(random.integers(0, n, n), minlength=n)
            bins = [np.ceil(c * 15) for c, _, _ in drawn]
            errors.append(
                [
                    np.abs(np.bincount(b.astype(int), weight * (a - c))).sum() / n
                    for b, (c, a, _) in zip(bins, drawn, strict=True)
                ]
            )
        rho = float(np.corrcoef(errors, rowvar=False)[0, 1])
        assert least < rho < most
        widths = []
        for table in (one, other):
            certain = SampleTable.from_confidences(np.ones(n), np.ones(n))
            alone = of((certain, table), "ece", resamples=200)["ece"]
            widths.append(alone.ci_high - alone.ci_low)
        expected = math.sqrt(widths[0] ** 2 + widths[1] ** 2 - 2 * rho * widths[0] * widths[1])
        found = of((one, other), "ece", resamples=200)["ece"]
        assert expected == pytest.approx(found.ci_high - found.ci_low, rel=0.2)


def test_p_and_interval_agree_where_no_error_is_shown() -> None:
    half = np.full(200, 0.5)
    first = SampleTable.from_confidences(half, np.arange(200) < 100)
    for right in (80, 90, 95):
        for level in (0.7, 0.74, 0.76, 0.8, 0.9):
            second = SampleTable.from_confidences(half, np.arange(200) < right)
            found = of((first, second), "ece", resamples=300, level=level)["ece"]
            assert (found.p_value < 1 - level) == (found.ci_low > 0), (right, level)


@pytest.mark.slow
@pytest.mark.parametrize(("place", "true"), [(0, 0.0), (4, 0.0450), (6, -0.0450)], ids=["equal", "over", "tempered"])
def test_the_interval_contains_the_difference_of_errors_without_noise(place: int, true: float) -> None:
    # Without regard to the bias, 27 to 70 % of the intervals of the second and third would contain the truth.
    found = [compared(TASKS[0], MODELS[place], 500, run, 60) for run in range(30)]
    covered = sum(each.ci_low <= true <= each.ci_high for each in found)
    assert covered >= 26
    assert min(each.ci_high - each.ci_low for each in found) < 0.08


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.2])
def test_equivalence_of_means_is_two_one_sided_t_tests(margin: float) -> None:
    first, second = two(40)
    found = paired(first, second, select("loss_hard,brier"), SETTINGS, resampling(), margin)
    for each, column in zip(found, ("loss_hard", "brier"), strict=True):
        expected = ttost_paired(second[column], first[column], -margin, margin)[0]
        assert expected == pytest.approx(each.p_equivalent, rel=1e-9), column


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.25])
def test_a_difference_is_equivalent_if_and_only_if_its_interval_is_within_the_margin(alpha: float) -> None:
    verdicts = []
    for seed in range(2):
        for options in ({}, {"cluster": np.arange(150) // 10}):
            tables = two(150, seed, 0.3, **options)
            names = f"{MEANS},ece,aurc,eps_gap"
            intervals = of(tables, names, level=1 - 2 * alpha, resamples=20)
            for margin in (0.02, 0.1, 0.3):
                for each in paired(*tables, select(names), SETTINGS, resampling(resamples=20), margin):
                    ends = intervals[each.metric]
                    within = -margin < ends.ci_low and ends.ci_high < margin
                    assert within == (each.p_equivalent < alpha), (margin, each)
                    verdicts.append(within)
    assert 0.1 < np.mean(verdicts) < 0.95


def test_a_model_and_itself_are_equivalent_and_without_a_margin_nothing_is() -> None:
    first, _ = two()
    same = replace(first)
    for each in paired(first, same, select(f"{MEANS},{RESAMPLED}"), SETTINGS, resampling(resamples=9), 1e-9):
        assert 0 == each.p_equivalent, each
    assert all(math.isnan(each.p_equivalent) for each in of((first, same), f"{MEANS},ece", resamples=9).values())


def test_a_margin_beyond_all_differences_holds() -> None:
    first, second = two(20)
    (found,) = paired(first, second, select("accuracy"), SETTINGS, resampling(), 1.5)
    assert 0 == found.p_equivalent


def test_the_same_difference_in_every_sample_is_within_a_margin_or_not() -> None:
    first = SampleTable.from_confidences(np.full(50, 0.5), np.arange(50) % 2)
    second = SampleTable.from_confidences(np.full(50, 0.75), np.arange(50) % 2)
    for margin, expected in ((0.3, 0), (0.2, 1)):
        (found,) = paired(first, second, select("confidence_mean"), SETTINGS, resampling(), margin)
        assert expected == found.p_equivalent
