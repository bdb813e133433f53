"""Metrics of selective prediction: published numbers, brute force over orders, weights, and the choice of a norm."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from lscli.kernels.rowstate import PNORM_EXPONENTS
from lscli.metrics import scores, selective
from lscli.metrics.base import Settings, Value
from lscli.metrics.scores import SCORE_COLUMNS, score_columns
from lscli.options import Score
from lscli.table import SampleTable
from tests.metrics.tables import values

Array = NDArray[Any]
# Those of any score; `aurc_pnorm_gain` is in test_pnorm_gain.py.
METRICS = {metric.id: metric for metric in selective.METRICS if metric.columns is score_columns}


def near(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-12, abs=1e-15, nan_ok=True)


def table_of(confidence: Any, correct: Any, weight: Any = None) -> SampleTable:
    columns = {"confidence": np.array(confidence, np.float64), "correct": np.array(correct, np.bool_)}
    return SampleTable(columns, weight=None if weight is None else np.array(weight, np.float64))


def result(metric: str, table: SampleTable, **settings: Any) -> Value:
    (value,) = METRICS[metric].compute(table, Settings(**settings))
    assert math.isnan(value.stderr) or metric == "risk_at_coverage"
    return value


def number(metric: str, table: SampleTable, **settings: Any) -> float:
    return result(metric, table, **settings).value


def numbers(table: SampleTable, **settings: Any) -> list[float]:
    return [number(metric, table, **settings) for metric in METRICS]


def random_table(rows: int = 400, seed: int = 0) -> SampleTable:
    """Scores of every kind, equal ones among them; the norms differ in how well they rank."""
    rng = np.random.default_rng(seed)
    ease = rng.standard_normal(rows)
    ease[::4] = np.round(ease[::4], 1)
    noise = np.abs(np.arange(len(PNORM_EXPONENTS)) - 4) / 3 + 0.1
    pnorm = 1 / (1 + np.exp(-ease[:, None] - noise * rng.standard_normal((rows, len(PNORM_EXPONENTS)))))
    hashes = rng.integers(0, 1 << 63, rows, np.uint64)
    pnorm[1::5], hashes[1::5] = pnorm[0], hashes[0]
    columns: dict[str, Array] = {
        "confidence": 1 / (1 + np.exp(-ease)),
        "margin": np.round(rng.random(rows), 2),
        "entropy": rng.random(rows),
        "largest_logit": rng.standard_normal(rows).astype(np.float32),
        "pnorm_scores": pnorm,
        "row_hash": hashes,
        "correct": rng.random(rows) < 1 / (1 + np.exp(-2 * ease)),
        "mutual_information": rng.random(rows),
    }
    return SampleTable(columns)


# (confidences, correct, expected)
ALTERNATING = [0, 1] * 50
PUBLISHED = [
    ("fd-shifts, constant", [0.5] * 100, ALTERNATING, {"aurc": 0.5, "augrc": 0.25, "failure_auroc": 0.5}, 0.3440861),
    (
        "fd-shifts, perfect",
        ALTERNATING,
        ALTERNATING,
        {"aurc": 0.1559139, "augrc": 0.125, "failure_auroc": 1.0},
        0.0,
    ),
    (
        "fd-shifts, inverse",
        [1, 0] * 50,
        ALTERNATING,
        {"aurc": 0.8440861, "augrc": 0.375, "failure_auroc": 0.0},
        0.6881722,
    ),
    (
        "fd-shifts, linear",
        np.linspace(0, 1, 100),
        ALTERNATING,
        {"aurc": 0.4853111, "augrc": 0.2475, "failure_auroc": 0.51},
        0.3293972,
    ),
    (
        "fd-shifts c4467ae",
        [0.9, 0.8, 0.7, 0.6],
        [1, 0, 1, 0],
        {"aurc": 1 / 3, "augrc": 0.1875, "failure_auroc": 0.75},
        0.125,
    ),
]


@pytest.mark.parametrize(("source", "confidence", "correct", "expected", "eaurc"), PUBLISHED)
def test_published(source: str, confidence: Any, correct: Any, expected: dict[str, float], eaurc: float) -> None:
    table = table_of(confidence, correct)
    assert expected == pytest.approx({metric: number(metric, table) for metric in expected}, abs=5e-8)
    assert eaurc == pytest.approx(number("eaurc", table), abs=5e-8)


def test_published_thresholds() -> None:
    """TorchUncertainty: the confidence of a binary forecast p is max(p, 1 - p)."""
    p = np.array([0.1, 0.2, 0.3, 0.4, 0.2])
    risky = table_of(1 - p, 1 - np.array([0, 0, 1, 1, 1]))
    assert 4 / 5 == number("coverage_at_risk", risky, risk=0.5)
    assert 1 / 3 == number("risk_at_coverage", risky, coverage=0.5)
    # MAPIE
    assert 1.0 == number("failure_auroc", table_of([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]))


def orders(confidence: list[int], correct: list[bool]) -> list[list[int]]:
    """The errors along every order, the most confident first and equal ones in all their orders."""
    ties: dict[int, list[int]] = {}
    for c, a in zip(confidence, correct, strict=True):
        ties.setdefault(c, []).append(int(not a))
    of_each = [list(itertools.permutations(ties[c])) for c in sorted(ties, reverse=True)]
    return [list(itertools.chain(*order)) for order in itertools.product(*of_each)]


SAMPLES = st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=7)


@hypothesis_settings(max_examples=80, deadline=None)
@given(SAMPLES, st.sampled_from([0.0, 0.1, 0.3, 0.5, 2 / 3, 0.8, 1.0]))
def test_every_order_of_equal_scores(samples: list[tuple[int, bool]], share: float) -> None:
    confidence, correct = [c for c, _ in samples], [a for _, a in samples]
    table, n = table_of(confidence, correct), len(samples)
    rates = np.array([np.cumsum(order) / np.arange(1, n + 1) for order in orders(confidence, correct)])
    assert rates.mean() == pytest.approx(number("aurc", table), rel=1e-13, abs=1e-15)
    k = max(1, math.ceil(share * n - 1e-9))
    assert rates[:, k - 1].mean() == near(number("risk_at_coverage", table, coverage=share))
    best = np.cumsum(sorted(not a for a in correct)) / np.arange(1, n + 1)
    assert rates.mean() - best.mean() == pytest.approx(number("eaurc", table), abs=1e-14)
    assert 0 <= number("eaurc", table)
    ends = [k for k in range(1, n + 1) if k == n or len({*sorted(confidence)[n - k - 1 : n - k + 1]}) == 2]
    kept = [k / n for k in ends if rates[0, k - 1] <= share + 1e-12]
    assert max(kept, default=0.0) == number("coverage_at_risk", table, risk=share)


@hypothesis_settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans(), st.integers(1, 3)), min_size=2, max_size=40))
def test_failure_auroc_and_augrc(samples: list[tuple[int, bool, int]]) -> None:
    confidence, correct, weight = (np.array(x) for x in zip(*samples, strict=True))
    table = table_of(confidence, correct, weight)
    auroc, accuracy = number("failure_auroc", table), np.average(correct, weights=weight)
    if correct.all() or not correct.any():
        assert math.isnan(auroc)
        assert (1 - accuracy) ** 2 / 2 == near(number("augrc", table))
        return
    assert roc_auc_score(correct, confidence, sample_weight=weight) == near(auroc)
    expected = (1 - auroc) * accuracy * (1 - accuracy) + (1 - accuracy) ** 2 / 2
    assert expected == near(number("augrc", table))
    values = np.unique(confidence)[::-1]
    errors = [0.0, *(weight[(confidence >= v) & ~correct].sum() / weight.sum() for v in values)]
    coverage = [0.0, *(weight[confidence >= v].sum() / weight.sum() for v in values)]
    assert np.trapezoid(errors, coverage) == near(number("augrc", table))


def test_thresholds_do_not_depend_on_rounding() -> None:
    table = table_of(np.linspace(1, 0, 100), np.arange(100) % 10 >= 3)
    assert 3 / 7 == near(number("risk_at_coverage", table, coverage=0.07))  # .07 * 100 > 7
    assert 1.0 == number("coverage_at_risk", table, risk=0.1 * 3)
    assert 1.0 == number("coverage_at_risk", table, risk=0.3)
    assert 0.9 == number("coverage_at_risk", table_of(np.linspace(1, 0, 10), [1] * 9 + [0]), risk=0.0)
    # Not inside a run: one of the two would do, but nobody can say which.
    assert 0.0 == number("coverage_at_risk", table_of([0.5, 0.5], [1, 0]), risk=0.25)


@pytest.mark.parametrize("right", [True, False])
def test_all_right_or_all_wrong(right: bool) -> None:
    error = 0.0 if right else 1.0
    for table in (table_of([0.1, 0.2, 0.2], [right] * 3), table_of([0.3], [right]), table_of([0.3], [right], [0.25])):
        expected = [error, 0.0, error / 2, math.nan, error, 1 - error]
        assert expected == near(numbers(table))


def test_nothing_to_rank_is_nan() -> None:
    table = table_of([0.1, 0.2], [1, 0])
    for empty in (table.with_weights(np.zeros(2)), table_of([], [])):
        assert all(math.isnan(value) for value in numbers(empty))


def test_a_nan_score_counts_unless_its_weight_is_0() -> None:
    table = table_of([0.1, math.nan, 0.3], [1, 0, 0])
    assert all(math.isnan(value) for value in numbers(table))
    assert numbers(table_of([0.1, 0.3], [1, 0])) == numbers(table.resample(np.array([1.0, 0.0, 1.0])))


@pytest.mark.parametrize("score", SCORE_COLUMNS)
def test_the_order_of_the_samples_does_not_matter(score: str) -> None:
    table = random_table()
    for seed in range(3):
        shuffled = table.select(np.random.default_rng(seed).permutation(len(table)))
        assert numbers(table, score=score) == numbers(shuffled, score=score)
        assert result("aurc", table, score=score).params == result("aurc", shuffled, score=score).params


@pytest.mark.parametrize("score", SCORE_COLUMNS)
def test_a_weight_is_a_multiplicity(score: str) -> None:
    table = random_table()
    weight = np.random.default_rng(2).integers(0, 4, len(table))
    repeated, weighted = (
        table.select(np.repeat(np.arange(len(table)), weight)),
        table.with_weights(weight.astype(float)),
    )
    assert numbers(repeated, score=score) == near(numbers(weighted, score=score))
    assert result("aurc", repeated, score=score).params == result("aurc", weighted, score=score).params
    ones = table.with_weights(np.ones(len(table)))
    assert numbers(table, score=score) == numbers(ones, score=score)


def test_one_large_weight_is_many_samples() -> None:
    rng = np.random.default_rng(3)
    confidence, correct, weight = rng.random(3000), rng.random(3000) < 0.7, rng.integers(1, 30, 3000)
    repeated = table_of(np.repeat(confidence, weight), np.repeat(correct, weight))
    assert numbers(repeated) == near(numbers(table_of(confidence, correct, weight)))


def test_weights_need_not_be_whole() -> None:
    rng = np.random.default_rng(4)
    confidence, correct, weight = rng.integers(0, 30, 200), rng.random(200) < 0.7, rng.random(200) * 3
    exact, nearly = table_of(confidence, correct, weight), table_of(confidence, correct, weight + 1e-9)
    assert numbers(exact) == pytest.approx(numbers(nearly), rel=1e-6)
    # A weight that vanishes takes its sample away.
    last = [*weight[:-1], 1e-12]
    assert numbers(table_of(confidence[:-1], correct[:-1], weight[:-1])) == pytest.approx(
        numbers(table_of(confidence, correct, last)), rel=1e-9
    )
    # The ranking of many is that of their shares: less than 1/N apart.
    many = [number("aurc", table_of(confidence, correct, weight * scale)) for scale in (1e3, 1e6)]
    assert many[0] == pytest.approx(many[1], rel=1e-3)
    for metric in ("augrc", "failure_auroc", "coverage_at_risk"):
        scaled = table_of(confidence, correct, weight * 0.001)
        assert number(metric, exact, risk=0.3) == near(number(metric, scaled, risk=0.3))
    assert 0.25 == near(number("risk_at_coverage", table_of([1, 1], [1, 0], [0.3, 0.1])))


@pytest.mark.parametrize("score", ["msp", "margin", "entropy", "max_logit", "mutual_information"])
def test_scores_read_their_columns(score: Score) -> None:
    table = random_table()
    column = table[SCORE_COLUMNS[score]]
    plain = table_of(-column if score in ("entropy", "mutual_information") else column, table["correct"])
    assert numbers(plain) == numbers(table, score=score)
    assert {"score": score} == result("aurc", table, score=score).params
    lacking = SampleTable({name: c for name, c in table.columns.items() if name != SCORE_COLUMNS[score]})
    assert all([] == values(metric, lacking, Settings(score=score)) for metric in METRICS)


def test_params_begin_with_the_parameter() -> None:
    table = random_table()
    assert [("coverage", 0.8), ("score", "msp")] == list(result("risk_at_coverage", table).params.items())
    assert [("risk", 0.05), ("score", "msp")] == list(result("coverage_at_risk", table).params.items())
    params = result("coverage_at_risk", table, score="max_logit_pnorm", risk=0.2).params
    assert ["risk", "score", "p", "held_out"] == list(params)


def half(table: SampleTable, held_out: bool, column: int) -> SampleTable:
    rows = scores.held_out_rows(table) == held_out
    weight = None if table.weight is None else table.weight[rows]
    return table_of(table["pnorm_scores"][rows, column], table["correct"][rows], weight)


@pytest.mark.parametrize("seed", range(5))
def test_the_norm_is_chosen_on_the_other_half(seed: int) -> None:
    table = random_table(1000, seed)
    columns = range(len(PNORM_EXPONENTS))
    best = min(columns, key=lambda column: number("aurc", half(table, True, column)))
    for metric in METRICS:
        found = result(metric, table, score="max_logit_pnorm")
        held_out = int(scores.held_out_rows(table).sum())
        assert (PNORM_EXPONENTS[best], held_out) == (found.params["p"], found.params["held_out"])
        assert number(metric, half(table, False, best)) == found.value
    # A quarter of the rows are or are not one and the same.
    assert 0.25 < scores.held_out_rows(table).mean() < 0.75


def test_equal_norms_are_the_smallest() -> None:
    table = random_table()
    same = SampleTable({**table.columns, "pnorm_scores": np.repeat(table["pnorm_scores"][:, :1], 8, axis=1)})
    assert 1 == result("aurc", same, score="max_logit_pnorm").params["p"]


def test_a_resample_keeps_the_choice_and_the_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    table = random_table()
    original = result("aurc", table, score="max_logit_pnorm")
    column = PNORM_EXPONENTS.index(original.params["p"])
    weights = [np.random.default_rng(seed).integers(0, 4, len(table)).astype(float) for seed in range(3)]
    expected = [number("aurc", half(table.with_weights(weight), False, column)) for weight in weights]
    # Nothing is sorted or chosen again.
    monkeypatch.setattr("lscli.metrics.sorted_values.SortedValues.of", None)
    found = [result("aurc", table.resample(weight), score="max_logit_pnorm") for weight in weights]
    assert expected == [value.value for value in found]
    assert [original.params] * 3 == [value.params for value in found]
    ones = result("aurc", table.resample(np.ones(len(table))), score="max_logit_pnorm")
    assert original[::2] == ones[::2]


def test_an_empty_half_is_nan() -> None:
    table = random_table()
    held_out = scores.held_out_rows(table)
    constant = SampleTable({**table.columns, "row_hash": np.zeros(len(table), np.uint64)})
    tables = [constant, *(table.with_weights(rows.astype(float)) for rows in (held_out, ~held_out))]
    tables += [table.resample(held_out.astype(float)), table.select(held_out), table.select(~held_out)]
    for empty in tables:
        assert all(math.isnan(value) for value in numbers(empty, score="max_logit_pnorm"))
    none = result("aurc", table.select(~held_out), score="max_logit_pnorm")
    assert {"score": "max_logit_pnorm", "held_out": 0} == none.params


def test_masked_rows_have_no_norm() -> None:
    table = random_table()
    for row in range(8):
        pnorm = table["pnorm_scores"].copy()
        pnorm[row] = math.nan
        masked = SampleTable({**table.columns, "pnorm_scores": pnorm})
        assert all(math.isnan(value) for value in numbers(masked, score="max_logit_pnorm"))
