"""What the members of an ensemble disagree about: means over samples, with all that other means have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lscli
from tests import ensembles

X, Y = ensembles.members(80, 5), ensembles.labels(80, 5)
ENTROPY, INFORMATION = (part.astype(float) for part in ensembles.disagreement(X))
OF_SAMPLES = {"expected_entropy": ENTROPY, "mutual_information": INFORMATION}


def rows(**options: Any) -> dict[tuple[str, str], lscli.report.Row]:
    report = lscli.evaluate(X, Y, ensemble_axis=0, **options)
    return {(row.metric, row.group): row for row in report.rows}


@pytest.mark.parametrize("metric", OF_SAMPLES)
def test_means_with_standard_errors_weights_and_groups(metric: str) -> None:
    x = OF_SAMPLES[metric]
    found = rows()[metric, ""]
    assert pytest.approx(x.mean(), rel=1e-12) == found.value
    assert pytest.approx(x.std(ddof=1) / np.sqrt(80), rel=1e-9) == found.stderr
    weight, group = np.arange(80) % 3, np.arange(80) % 4
    found_by_group = rows(weights=weight, groups=group, metrics=metric)
    assert pytest.approx(np.average(x, weights=weight), rel=1e-12) == found_by_group[metric, ""].value
    for name in range(4):
        own = np.average(x[group == name], weights=weight[group == name])
        assert pytest.approx(own, rel=1e-12) == found_by_group[metric, str(name)].value


def test_intervals_contain_the_values() -> None:
    for row in rows(metrics="ensemble", ci=True, bootstrap=200).values():
        assert row.ci_low < row.value < row.ci_high
        assert pytest.approx(3.92 * row.stderr, rel=0.3) == row.ci_high - row.ci_low


def test_ignored_and_skipped_rows_are_left_out() -> None:
    x, y = X.copy(), np.where(np.arange(80) < 10, -100, Y)
    x[1, 20, 2] = np.nan
    kept = np.delete(np.arange(10, 80), 10)
    with pytest.warns(lscli.LscliWarning, match="1 of 80 rows"):
        found = lscli.evaluate(x, y, ensemble_axis=0, nonfinite="skip", metrics="ensemble")
    for metric, values in OF_SAMPLES.items():
        assert pytest.approx(values[kept].mean(), rel=1e-12) == found[metric]


def test_the_entropy_of_the_mean_is_their_sum() -> None:
    report = lscli.evaluate(X, Y, ensemble_axis=0)
    parts = report["expected_entropy"] + report["mutual_information"]
    assert pytest.approx(report["entropy_mean"], rel=1e-12) == parts
    report = lscli.evaluate(X, Y, ensemble_axis=0, ensemble_of="logits")
    assert pytest.approx(parts, rel=1e-12) == report["expected_entropy"] + report["mutual_information"]
    assert pytest.approx(parts, rel=1e-3) != report["entropy_mean"]


def test_one_member_has_neither() -> None:
    report = lscli.evaluate(X[0], Y)
    assert not {*OF_SAMPLES} & {row.metric for row in report.rows}
    assert () == tuple(report.warnings)
    with pytest.warns(lscli.LscliWarning, match="there is one member; for the files of several, say ensemble=True"):
        lscli.evaluate(X[0], Y, metrics="mutual_information,accuracy")
    table = lscli.SampleTable.from_confidences([0.5, 0.7], [0, 1])
    with pytest.warns(lscli.LscliWarning, match="mutual_information is absent: there are no logits"):
        lscli.measure(table, metrics="mutual_information,accuracy")


def test_samples_are_ranked_by_disagreement() -> None:
    correct = ensembles.log_mean(X).argmax(axis=1) == Y
    right, wrong = INFORMATION[correct], INFORMATION[~correct]
    expected = (right[:, None] < wrong).mean()
    found = rows(score="mutual_information", metrics="failure_auroc,aurc")
    assert pytest.approx(expected, rel=1e-12) == found["failure_auroc", ""].value
    assert {"score": "mutual_information"} == found["aurc", ""].params
