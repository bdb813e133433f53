"""`lscli bins`: the bins that ece adds up, each with its interval, and a drawing of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from tests.cli.inprocess import Run, column, records, values
from tests.command import LABELS, LOGITS

HEADER = "source,group,low,high,count,confidence,accuracy,gap,ci_low,ci_high"
RULES = [
    [],
    ["--bins", "1"],
    ["--bins", "10"],
    ["--bins", "500"],
    ["--bin-edges", "left"],
    ["--bins", "7", "--bin-edges", "left"],
    *(["--compat", name] for name in ("torchmetrics", "netcal", "gpleiss", "sklearn", "relplot", "focal")),
    ["--compat", "torchmetrics", "--bins", "20"],
]


@pytest.mark.parametrize("rule", RULES, ids=" ".join)
def test_the_bins_add_up_to_ece(run: Run, rule: list[str]) -> None:
    rows = records(run("bins", LOGITS, LABELS, *rule))
    count, gap = np.array(column(rows, "count")), np.nan_to_num(column(rows, "gap"))
    assert 5000 == count.sum()
    ece = values(run("eval", LOGITS, LABELS, "--metrics", "ece", *rule))["ece"]
    assert ece == pytest.approx((count * abs(gap)).sum() / 5000, rel=1e-12)


@pytest.mark.parametrize("bins", [1, 3, 15, 100, 6_000])
def test_bins_of_equal_count_add_up_to_ece_equal_mass(run: Run, bins: int) -> None:
    rows = records(run("bins", LOGITS, LABELS, "--equal-mass", "--bins", bins))
    count, gap = np.array(column(rows, "count")), np.array(column(rows, "gap"))
    ece = values(run("eval", LOGITS, LABELS, "--metrics", "ece_equal_mass", "--bins", bins))["ece_equal_mass"]
    assert 5000 == count.sum()
    assert ece == pytest.approx(np.nansum(count * abs(gap)) / 5000, rel=1e-12)


def test_an_empty_bin_is_a_row_with_its_edges_alone(run: Run) -> None:
    answer = run("bins", LOGITS, LABELS, "--bins", "15")
    rows = records(answer)
    assert HEADER == answer.out.partition("\n")[0]
    edges = [k / 15 for k in range(16)]
    assert edges[:-1] == pytest.approx(column(rows, "low"), abs=1e-15)
    assert edges[1:] == pytest.approx(column(rows, "high"), abs=1e-15)
    empty = [row for row in rows if row["count"] == "0"]
    assert 4 == len(empty)
    assert {""} == {row[name] for row in empty for name in ("confidence", "accuracy", "gap", "ci_low", "ci_high")}


def test_the_gap_is_confidence_minus_accuracy(run: Run) -> None:
    rows = [row for row in records(run("bins", LOGITS, LABELS)) if row["count"] != "0"]
    difference = np.subtract(column(rows, "confidence"), column(rows, "accuracy"))
    assert difference == pytest.approx(column(rows, "gap"), abs=1e-12)
    assert all(float(row["low"]) < float(row["confidence"]) <= float(row["high"]) for row in rows)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_the_interval_is_wilsons(run: Run, level: float) -> None:
    rows = [row for row in records(run("bins", LOGITS, LABELS, "--level", level)) if row["count"] != "0"]
    for row in rows:
        count = int(row["count"])
        right = round(float(row["accuracy"]) * count)
        expected = binomtest(right, count).proportion_ci(level, method="wilson")
        assert (expected.low, expected.high) == pytest.approx(
            (float(row["ci_low"]), float(row["ci_high"])), rel=1e-9, abs=1e-12
        )


def test_one_class_or_one_row_can_be_binned(run: Run, tmp_path: Path) -> None:
    logits, labels = f"{tmp_path}/a.npy", f"{tmp_path}/b.npy"
    np.save(logits, np.array([[2.0, 0.0]], np.float32))
    np.save(labels, [0])
    for more in ([], ["--equal-mass"]):
        rows = records(run("bins", logits, labels, *more))
        assert 1 == sum(column(rows, "count"))
        assert "lscli" in run("bins", logits, labels, *more, "-f", "table").out


def test_json_is_an_object_with_the_rule(run: Run) -> None:
    answer = run("bins", LOGITS, LABELS, "--bins", "10", "-f", "json")
    document = json.loads(answer.out)
    assert ("lscli.bins/1", 10) == (document["schema"], len(document["rows"]))
    assert (10, "flag") == answer.settings["bins"]
    assert (False, "default") == answer.settings["equal_mass"]
    assert HEADER.split(",") == list(document["rows"][0])
    assert document["rows"][0]["accuracy"] is None


def test_two_classes_say_which_class_they_are_of(run: Run, tmp_path: Path) -> None:
    """The numbers are those of scikit-learn's calibration_curve of the same five forecasts."""
    table = tmp_path / "p.csv"
    table.write_text("p,label\n.25,0\n.25,0\n.55,1\n.75,1\n.75,1\n", encoding="utf-8")
    given = ["bins", table, "--logits-key", "p", "--kind", "probs", "--bins", 2]
    meaning = "Confidence is the mean probability of class 1, and accuracy its share."
    rows = records(run(*given, "--binary"))
    assert HEADER == ",".join(rows[0])
    assert [0.25, (0.55 + 0.75 + 0.75) / 3] == pytest.approx(column(rows, "confidence"), rel=1e-14)
    assert [0, 1] == column(rows, "accuracy")
    for format_name in ("table", "markdown", "json"):
        assert meaning in run(*given, "--binary", "-f", format_name).out
        assert "Confidence is" not in run(*given, "--binary", "--top-label", "-f", format_name).out
    assert (1, "default") == run(*given, "--binary", "-f", "json").settings["positive_class"]
    assert (None, "default") == run(*given, "--binary", "--top-label", "-f", "json").settings["positive_class"]
    assert (0, "flag") == run(*given, "--binary", "--positive-class", 0, "-f", "json").settings["positive_class"]
