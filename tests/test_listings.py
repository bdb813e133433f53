"""Listings: every class has columns, rows with names, and a frame of its cells."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lscli
from lscli import listings
from lscli.api.apply import applied
from lscli.api.smooth import smoothed_label, smoothed_rows
from lscli.api.wide import wide
from lscli.listings import (
    ArrayRow,
    Bin,
    Bins,
    CandidateRow,
    Candidates,
    Classes,
    ClassRow,
    Contents,
    Listing,
    LogitArray,
    Matrix,
    MetricList,
    MetricRow,
    OneLabel,
    Sample,
    Samples,
    SmoothedLabel,
    SmoothedLabels,
    Wide,
)
from lscli.options import ApplyOptions, SmoothOneOptions, SmoothOptions

RANDOM = np.random.default_rng(2)
LOGITS, LABELS = RANDOM.normal(size=(40, 3)), RANDOM.integers(0, 3, 40)
LOSS = "1.25"
COLUMNS = {
    Bins: "source group low high count confidence accuracy gap ci_low ci_high",
    Classes: "source group class name support predicted base_rate mean_prob recall precision ece loss_hard "
    "loss_uniform logit_gap gamma",
    Samples: "source group row label predicted correct confidence one_minus_confidence label_prob label_rank "
    "loss_hard loss_uniform entropy brier margin logit_gap weight",
    Candidates: "difference loss eps smoothing recipe formula who",
    Contents: "source format key shape dtype bytes min max nan posinf neginf sum_to_1 taken_for command",
    SmoothedLabels: "q0 q1 q2",
    LogitArray: "logit_0 logit_1 logit_2",
    OneLabel: "q0 q1 q2 floor optimal_gap",
    MetricList: "id family default interval definition better",
    Wide: "source group n accuracy ece loss_smoothed@0.1 loss_smoothed@0.2",
}
# The names of a row's fields, where they are not those of the columns.
ROWS: dict[Any, Any] = {
    Bins: Bin,
    Classes: ClassRow,
    Samples: Sample,
    Candidates: CandidateRow,
    Contents: ArrayRow,
    OneLabel: SmoothedLabel,
    MetricList: MetricRow,
}


@pytest.fixture
def made(tmp_path: Path) -> dict[type[Listing], Listing]:
    """A listing of each class, from the question that gives it."""
    np.save(tmp_path / "x.npy", LOGITS)
    report = lscli.evaluate(LOGITS, LABELS, metrics="accuracy,ece,loss_smoothed", eps=[0.1, 0.2])
    found = [
        lscli.per_bin(LOGITS, LABELS, bins=4),
        lscli.per_class(LOGITS, LABELS, metrics="gamma"),
        lscli.per_sample(LOGITS, LABELS),
        lscli.explain(LOSS, LOGITS, LABELS, candidates=4),
        lscli.inspect(str(tmp_path / "x.npy")),
        applied(lscli.fit(LOGITS, LOGITS.argmax(axis=1) * (LABELS > 0)).calibrator, LOGITS, ApplyOptions()),
        smoothed_rows(LABELS, SmoothOptions(classes=3)),
        smoothed_label(1, SmoothOneOptions(classes=3)),
        MetricList(rows=[MetricRow("ece", "calibration", True, "inversion", "an error", "lower")]),
        wide(report),
    ]
    return {type(listing): listing for listing in found}


def test_every_class_is_made_by_a_question(made: dict[type[Listing], Listing]) -> None:
    classes = {each for each in vars(listings).values() if inspect.isclass(each) and issubclass(each, Listing)}
    assert classes - {Listing} == made.keys() == COLUMNS.keys()
    assert len(made) == len({listing.name for listing in made.values()})
    assert all(listing.title for listing in made.values())


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_and_frame(made: dict[type[Listing], Listing], kind: type[Listing]) -> None:
    listing = made[kind]
    assert COLUMNS[kind].split() == list(listing.columns)
    frame = listing.to_frame()
    assert COLUMNS[kind].split() == frame.columns.tolist()
    assert len(frame) > 0
    if kind not in (Samples, SmoothedLabels, LogitArray):  # whose rows are read once
        cells = [tuple(row) for row in listing.cells()]
        pd.testing.assert_frame_equal(frame, pd.DataFrame(cells, columns=list(listing.columns)))
        assert {len(listing.columns)} == {len(row) for row in cells}


@pytest.mark.parametrize("kind", ROWS)
def test_rows_have_names(made: dict[type[Listing], Listing], kind: type[Listing]) -> None:
    rows = list(made[kind].rows)
    assert rows
    assert {ROWS[kind]} == {type(row) for row in rows}


def test_fields_have_the_names_of_their_columns_but_for_two(made: dict[type[Listing], Listing]) -> None:
    bins, classes = made[Bins], made[Classes]
    assert isinstance(bins, Bins)
    assert isinstance(classes, Classes)
    assert [row.size for row in bins.rows] == bins.to_frame()["count"].tolist()
    assert 40 == sum(row.size for row in bins.rows)
    assert [row.number for row in classes.rows] == classes.to_frame()["class"].tolist() == [0, 1, 2]
    assert ["gamma"] == classes.metrics
    assert [row.metrics[0] for row in classes.rows] == classes.to_frame()["gamma"].tolist()
    assert (*COLUMNS[Classes].split()[:-1],) == Classes.FIXED


def test_rows_of_a_matrix_are_tuples_of_its_blocks() -> None:
    matrix = Matrix((3, 2), [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0]])])
    assert [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)] == list(matrix)
    listing = SmoothedLabels(rows=matrix)
    assert ["q0", "q1"] == list(listing.columns)
    assert [[1, 2], [3, 4], [5, 6]] == listing.to_frame().to_numpy().tolist()


def test_one_label_says_what_it_lists(made: dict[type[Listing], Listing]) -> None:
    found = made[OneLabel]
    assert isinstance(found, OneLabel)
    assert "Smoothed targets of label 1: 3 classes, uniform, eps 0.1" == found.title
    assert (1, "uniform", 0.1) == (found.label, found.smoothing, found.eps)
    assert 3 == len(found.rows[0].targets)
    assert (*found.rows[0].targets, found.rows[0].floor, found.rows[0].optimal_gap) == next(iter(found.cells()))


def test_candidates_know_the_printed_loss(made: dict[type[Listing], Listing]) -> None:
    found = made[Candidates]
    assert isinstance(found, Candidates)
    assert LOSS == found.value
    for row in found.rows:
        assert row.loss - float(LOSS) == pytest.approx(row.difference)


def test_a_listing_has_a_provenance(made: dict[type[Listing], Listing]) -> None:
    bins = made[Bins]
    assert ["logits", "labels"] == [entry["role"] for entry in bins.inputs]
    assert {"rows": 40, "kept": 40} == {key: bins.samples[key] for key in ("rows", "kept")}
    assert 4 == bins.settings["bins"].value


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_repr_is_one_line_with_rows_and_columns(made: dict[type[Listing], Listing], kind: type[Listing]) -> None:
    listing = made[kind]
    text = repr(listing)
    assert text.startswith(f"{kind.__name__}(")
    assert ", ".join(COLUMNS[kind].split()[:6]) in text
    assert ("\n" not in text, True) == (True, len(text) < 600)


def test_the_repr_has_the_first_row(made: dict[type[Listing], Listing]) -> None:
    assert "Classes(3 rows of source, group, class, " in repr(made[Classes])
    assert "; first source=logits, class=0, support=" in repr(made[Classes])
    assert "1 row of" in repr(made[OneLabel])
    assert "OneLabel(1 row of q0, q1, q2, floor, optimal_gap; first q0=0.03333, q1=0.9333, " in repr(made[OneLabel])


@pytest.mark.parametrize("kind", [Samples, SmoothedLabels])
def test_showing_rows_that_are_computed_while_they_are_read_reads_none(
    made: dict[type[Listing], Listing], kind: type[Listing]
) -> None:
    listing = made[kind]
    page = listing._repr_html_()
    assert "computed while they are read" in page
    assert "<td>" not in page
    assert "first" not in repr(listing)
    assert 40 == len(list(listing.cells()))


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_notebook_shows_the_columns(made: dict[type[Listing], Listing], kind: type[Listing]) -> None:
    page = made[kind]._repr_html_()
    assert COLUMNS[kind].split() == re.findall("<th>(.*?)</th>", page)
    assert str(made[kind].title) in page


def test_a_notebook_shows_the_first_rows_and_says_how_many_there_are_more() -> None:
    rows = [MetricRow(f"m{number}", "<i>x</i>", number % 2 == 0, "none", "d" * 1000) for number in range(1000)]
    page = MetricList(rows=rows, conclusion="a < b", warnings=["c & d"])._repr_html_()
    assert 20 == page.count("<tr><td>")
    assert "<p>... 980 more rows</p>" in page
    assert ("<i>" not in page, "&lt;i&gt;" in page) == (True, True)
    assert page.index("980 more") < page.index("<p>a &lt; b</p>") < page.index("<p>Warning: c &amp; d</p>")
    assert len(page) < 20 * 400
    exact = MetricList(rows=rows[:20])._repr_html_()
    assert (20, False) == (exact.count("<tr><td>"), "more rows" in exact)


def test_a_notebook_shows_the_first_columns_of_many() -> None:
    page = smoothed_label(1, SmoothOneOptions(classes=1000))._repr_html_()
    assert 30 == page.count("<th>")
    assert "<p>... 972 more columns</p>" in page


def test_a_missing_number_is_empty_and_a_bool_is_yes_or_nothing(made: dict[type[Listing], Listing]) -> None:
    rows = [MetricRow("a", "b", True, "none", "x"), MetricRow("c", "d", False, "none", "y")]
    assert "<td>yes</td><td>none</td><td>x</td>" in MetricList(rows=rows)._repr_html_()
    assert "<td></td><td>none</td><td>y</td>" in MetricList(rows=rows)._repr_html_()
    assert "nan" not in made[Bins]._repr_html_()
