"""The sentences of `lscli compare` say what the verdicts say."""

from __future__ import annotations

import pytest

from lscli.decisions.comparison import ComparisonRow, Verdict
from lscli.summaries.comparison import conclude


def row(source: str, metric: str, difference: float, verdict: Verdict, group: str = "") -> ComparisonRow:
    return ComparisonRow(source, group, metric, 0.5, 0.25, difference, 0, 0, 0.01, 0.01, verdict)


BETTER, WORSE = row("b", "accuracy", 0.0166, "better"), row("b", "ece", 0.1, "worse")
SAME = row("b", "brier", -0.003, "no difference shown")
DOUBT = '"No difference shown" does not mean that the models are equal.'


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([BETTER], "b is better by accuracy (+0.0166) than a."),
        ([BETTER, WORSE], "b is better by accuracy (+0.0166) and worse by ece (+0.1) than a."),
        (
            [BETTER, SAME],
            f"b is better by accuracy (+0.0166) than a; no difference is shown in brier. {DOUBT}",
        ),
        ([SAME], f"No difference between b and a is shown in brier. {DOUBT}"),
        ([row("b", "ece", 0.001, "equivalent")], "b is equivalent to a within 0.01 in ece."),
        ([WORSE, row("b", "brier", 0, "equivalent")], "b is worse by ece (+0.1) than a; it is equivalent within 0.01"),
        ([WORSE._replace(group="x")], ""),
        ([WORSE._replace(verdict="")], ""),
        ([], ""),
    ],
)
def test_the_sentence_on_one_model(rows: list[ComparisonRow], words: str) -> None:
    found = conclude(rows, ["a", "b"], 0.95, 0.01)
    assert found.startswith(words)
    assert bool(words) == bool(found)


def test_of_many_metrics_three_are_named() -> None:
    rows = [row("b", f"m{k}", 0.1, "worse") for k in range(5)] + [row("b", f"n{k}", 0, "equivalent") for k in range(4)]
    found = conclude(rows, ["a", "b"], 0.95)
    assert "worse by m0 (+0.1), m1 (+0.1), m2 (+0.1) and 2 more than a" in found
    assert "equivalent in n0, n1, n2 and n3" in found


def test_several_models_have_a_sentence_each_and_one_on_the_adjustment() -> None:
    found = conclude([BETTER, row("c", "ece", 0.1, "worse")], ["a", "b", "c"], 0.9)
    assert (
        "b is better by accuracy (+0.0166) than a. c is worse by ece (+0.1) than a. "
        "For each metric, p-values are adjusted for 2 models (Holm), at level 0.9." == found
    )


def test_many_models_are_counted_and_the_best_is_named() -> None:
    verdicts: list[Verdict] = ["better", "better", "worse", "no difference shown", "equivalent"]
    rows = [row(f"m{k}", "ece", -0.1 * k - 0.1, word) for k, word in enumerate(verdicts)]
    found = conclude(rows, ["a", *(f"m{k}" for k in range(5))], 0.95)
    assert found.startswith(
        "By ece, of 5 models compared with the baseline, 2 are better, 1 is worse, 1 is equivalent and 1 is without "
        "a difference that is shown; the best is m1 (-0.2)."
    )


def test_only_metrics_with_several_values_are_named_with_their_param() -> None:
    rows = [row("b", "loss_smoothed", 0.1, "worse")._replace(params={"eps": eps}) for eps in (0.1, 0.2)]
    rows.append(WORSE._replace(params={"bins": 15}))
    found = conclude(rows, ["a", "b"], 0.95)
    assert "b is worse by loss_smoothed@0.1 (+0.1), loss_smoothed@0.2 (+0.1) and ece (+0.1) than a." == found
