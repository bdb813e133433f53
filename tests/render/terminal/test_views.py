"""Each class of answers has its view."""

from __future__ import annotations

import numpy as np
import pytest

from lscli import listings
from lscli.render.terminal import views
from tests.render.reports import LISTING, NAN, PLAIN, report, smoothed

BIN = listings.Bin("x.npy", "", 0.0, 1.0, 10, 0.5, 0.5, 0.0, NAN, NAN)
ARRAY = listings.ArrayRow("x.npy", "npy", "", "40", "int64", 320, 0, 4, 0, 0, 0, NAN, "labels", "")
CANDIDATE = listings.CandidateRow(0.0, 0.5, 0.1, "uniform", "mean", "H", "torch")
LABEL = listings.SmoothedLabel([0.25, 0.75], 0.5, 1.0)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (listings.Bins(rows=[BIN]), "mean confidence"),
        (listings.Candidates(rows=[CANDIDATE], value="0.5"), "H, U, P: mean hard loss"),
        (listings.Contents(rows=[ARRAY]), "taken for labels"),
        (smoothed(np.eye(2), samples={"rows": 2}), "  row     q0     q1"),
        (listings.OneLabel(rows=[LABEL], label=1, smoothing="uniform", eps=0.5), "the label"),
        (listings.MetricList(rows=[listings.MetricRow("ece", "calibration", True, "none", "x")]), "* ece    x"),
        (LISTING, "Things"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_listing_has_the_view_of_its_class(answer: listings.Listing, words: str) -> None:
    assert words in "".join(views.listing(answer, PLAIN))


def test_a_report_has_the_view_of_metrics_by_family() -> None:
    assert "Calibration" in "".join(views.report(report(), PLAIN))
