"""The report: values by name, a frame, a dictionary, a page."""

from __future__ import annotations

import html
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import lscli
from lscli.report import Row
from tests.command import LABELS, LOGITS

COLUMNS = ["source", "group", "metric", "value", "stderr", "ci_low", "ci_high", "n", "params"]


@pytest.fixture(scope="module")
def report() -> lscli.Report:
    return lscli.evaluate(LOGITS, LABELS, eps=[0.1, 0.2])


def test_a_value_by_its_name(report: lscli.Report) -> None:
    assert report["accuracy"] == 0.9362
    assert isinstance(report["ece"], float)
    assert report["loss_smoothed@0.2"] > report["loss_smoothed@0.1"]
    assert report["loss_smoothed@.20"] == report["loss_smoothed@0.2"]
    assert report["ece@15"] == report["ece"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("loss_smoothed", "loss_smoothed@0.1, loss_smoothed@0.2"),
        ("loss_smoothed@0.3", "no loss_smoothed@0.3"),
        ("x", "ece"),
    ],
)
def test_a_name_that_fits_none_or_several_says_what_there_is(report: lscli.Report, name: str, message: str) -> None:
    with pytest.raises(KeyError, match=message):
        report[name]


def test_the_frame_has_the_columns_of_the_csv(report: lscli.Report) -> None:
    frame = report.to_frame()
    assert list(Row._fields) == COLUMNS == list(frame.columns)
    assert len(report.rows) == len(frame)
    assert (frame["n"] == 5000).all()
    assert pd.api.types.is_float_dtype(frame["value"])
    assert frame.loc[frame["metric"] == "ece", "stderr"].isna().all()


def test_several_params_are_joined_as_the_csv_has_them() -> None:
    params = {"eps": 0.1, "smoothing": "classy"}
    report = lscli.Report([Row("x", "", "loss_smoothed", 1.5, math.nan, math.nan, math.nan, 3, params)])
    text = "eps=0.1;smoothing=classy"
    assert ("x", "", "loss_smoothed", 1.5, text) == (*report.rows[0].cells()[:4], report.rows[0].cells()[-1])
    assert ([text], text) == (report.to_frame()["params"].tolist(), report.to_dict()["rows"][0]["params"])
    assert params == report.rows[0].params


def test_the_dictionary_is_json(report: lscli.Report) -> None:
    document = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert ["schema", "lscli", "inputs", "settings"] == list(document)[:4]
    assert document["lscli"] == lscli.__version__
    assert document["inputs"][0] == {
        "role": "logits",
        "path": LOGITS,
        "shape": [5000, 10],
        "dtype": "float32",
        "size": 200_000,
    }
    assert document["settings"]["eps"] == {"value": [0.1, 0.2], "from": "argument"}
    assert document["settings"]["ignore_index"] == {"value": -100, "from": "default"}
    assert document["settings"]["kernel"] == {"value": "numpy", "from": "default"}
    assert document["samples"] == {"rows": 5000, "kept": 5000, "ignored": 0, "skipped": 0, "masked": 0}
    assert document["rows"][0]["ci_low"] is None


def test_infinities_are_null_in_json() -> None:
    with pytest.warns(lscli.LscliWarning, match="masked"):
        report = lscli.evaluate([[1.0, -math.inf, 3.0]], [0])
    rows = {row["metric"]: row for row in report.to_dict()["rows"]}
    assert rows["loss_uniform"]["value"] is None
    assert report["loss_uniform"] == math.inf
    assert report.to_dict()["samples"]["masked"] == 1
    assert "masked" in report.to_dict()["warnings"][0]


def test_a_notebook_shows_a_table_without_empty_columns(report: lscli.Report) -> None:
    page = report._repr_html_()
    assert "<table" in page
    assert "loss_hard" in page
    assert "ci_low" not in page


def test_a_notebook_shows_the_conclusion_and_the_warnings() -> None:
    with pytest.warns(lscli.LscliWarning, match="masked"):
        report = lscli.evaluate([[1.0, -math.inf, 3.0], [0.0, 3.0, 1.0]], [2, 1])
    page = report._repr_html_()
    assert html.escape(report.conclusion) in page
    assert [True] == [html.escape(note) in page for note in report.warnings]
    assert page.index("</table>") < page.index(html.escape(report.conclusion)) < page.index("Warning: ")


def test_a_notebook_shows_a_bounded_number_of_rows() -> None:
    groups = np.repeat(np.arange(60), 2)
    report = lscli.evaluate(
        4 * np.eye(3)[np.arange(120) % 3], np.arange(120) % 3, groups=groups, metrics="accuracy,error"
    )
    assert "<p>... 22 more rows</p>" in report._repr_html_()
    assert 100 == report._repr_html_().count("<tr><td>")


def test_a_report_reads_like_a_dict(report: lscli.Report) -> None:
    names = list(report)
    assert ["loss_hard", "loss_uniform", "perplexity", "loss_smoothed@0.1", "loss_smoothed@0.2"] == names[:5]
    assert len(names) == len({*names}) == len(report) == len(report.rows)
    assert dict(report) == dict(zip(names, (row.value for row in report.rows), strict=True))
    assert names == list(report.keys()) == [name for name, _ in report.items()]
    assert [report[name] for name in names] == report.values() == [value for _, value in report.items()]
    assert [True] * len(names) == [name in report for name in names]
    assert {"ece", "loss_hard"} == report.keys() & {"ece", "loss_hard", "loss_smoothed", "x"}
    assert report["ece"] == report.get("ece")
    assert (None, 0.5) == (report.get("x"), report.get("x", 0.5))


@pytest.mark.parametrize("name", ["x", "loss_smoothed", "loss_smoothed@0.3", 3, None])
def test_what_is_no_name_of_one_value_has_none(report: lscli.Report, name: object) -> None:
    assert name not in [*report]
    assert (name == "loss_smoothed") == (name in report)
    assert report.get(name) is None  # type: ignore[arg-type]
    with pytest.raises(KeyError):
        report[name]  # type: ignore[index]


def test_the_names_are_of_all_samples_and_in_the_order_asked() -> None:
    x, y = 4 * np.eye(3)[np.arange(12) % 3], np.arange(12) % 3
    report = lscli.evaluate(x, y, groups=np.arange(12) % 2, metrics="ece,accuracy,risk_at_coverage@0.5,loss_hard")
    assert ["ece", "accuracy", "risk_at_coverage", "loss_hard"] == list(report)
    assert 3 * len(report) == len(report.rows)


def test_several_models_share_no_name() -> None:
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 3
    report = lscli.sweep(x, y, others=[x * 2], eps=[0.1, 0.2])
    assert {"loss_difference", "loss_flip_eps"} == {name.partition("@")[0] for name in report}
    assert dict(report) == {name: report[name] for name in report}
    assert len(lscli.sweep(x, y, eps=[0.1])) == len(lscli.sweep(x, y, eps=[0.1]).rows)


def test_a_source_s_name_cannot_write_into_the_page() -> None:
    report = lscli.Report([Row("<script>x</script>", "", "ece", 0.1, math.nan, math.nan, math.nan, 3, {"bins": 15})])
    assert "<script>" not in report._repr_html_()


def test_the_repr_is_short(report: lscli.Report) -> None:
    assert repr(report).startswith("Report(loss_hard=0.2828, ")
    assert "loss_smoothed@0.1=1.853" in repr(report)
    assert len(repr(report)) < 200


def test_the_source_is_the_path_as_typed(tmp_path: Path) -> None:
    archive = tmp_path / "both.npz"
    np.savez(archive, logits=np.eye(3) * 4, labels=[0, 1, 2])
    assert {row.source for row in lscli.evaluate(archive).rows} == {str(archive)}


def test_groups_and_intervals_are_rows_and_columns() -> None:
    logits, labels = np.load(LOGITS)[:400], np.load(LABELS)[:400]
    groups = np.where(labels < 5, "low", "high")
    report = lscli.evaluate(logits, labels, groups=groups, ci=True, bootstrap=20, metrics="accuracy,ece")
    order = [(group, metric) for group in ("", "high", "low") for metric in ("accuracy", "ece")]
    assert order == [(row.group, row.metric) for row in report.rows]
    assert report.rows[0].value == report["accuracy"]
    assert [400, int((labels >= 5).sum()), int((labels < 5).sum())] == [row.n for row in report.rows[::2]]
    frame = report.to_frame()
    assert ["", "", "high", "high", "low", "low"] == frame["group"].tolist()
    assert frame[["ci_low", "ci_high"]].notna().all(axis=None)
    page = report._repr_html_()
    assert "ci_low" in page
    assert "<th>group</th>" in page
    for row, name in ((report.rows[2], "high"), (report.rows[4], "low")):
        alone = lscli.evaluate(logits[groups == name], labels[groups == name])
        assert alone["accuracy"] == pytest.approx(row.value, rel=1e-14)


def test_weights_count_in_n() -> None:
    logits, labels = np.load(LOGITS)[:100], np.load(LABELS)[:100]
    whole = lscli.evaluate(logits, labels, weights=np.full(100, 3), metrics="accuracy").rows[0].n
    assert (300, int) == (whole, type(whole))
    assert 26.5625 == lscli.evaluate(logits, labels, weights=np.full(100, 0.265625), metrics="accuracy").rows[0].n


def test_settings_of_calibration_and_intervals_are_noted() -> None:
    report = lscli.evaluate(np.eye(3) * 4, [0, 1, 2], compat="netcal", bin_edges="left", metrics="ece", seed=3)
    assert (10, "default") == report.settings["bins"]
    assert ("netcal", "argument") == report.settings["compat"]
    assert ("left", "argument") == report.settings["bin_edges"]
    assert (3, "argument") == report.settings["seed"]
    assert (1000, "default") == report.settings["bootstrap"]
    assert {"norm", "score", "level", "ci", "weights", "groups"} <= report.settings.keys()
    described = lscli.evaluate(np.eye(3) * 4, [0, 1, 2], weights=[1, 2, 3], metrics="ece").inputs[2]
    assert {"role": "weights", "path": "weights", "shape": [3], "dtype": "int64"} == {
        key: described[key] for key in ("role", "path", "shape", "dtype")
    }
