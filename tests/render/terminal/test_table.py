"""The table fits its screen, shows four digits, and obeys no name."""

from __future__ import annotations

import re

import pytest
from rich.cells import cell_len

from lscli.metrics.catalogue import FAMILIES
from lscli.render.renderers import Screen
from lscli.report import Report
from lscli.text import printable
from tests.render.reports import LISTING, LISTING_ROWS, NAMES, ROWS, report, row, text_of

WIDTHS = [60, 80, 100, 200]


def without_color(text: str) -> str:
    return re.sub("\x1b\\[[0-9;]*m", "", text)


def squeezed(text: str) -> str:
    """The text without spaces and line ends: however it was wrapped."""
    return "".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    for answer in (report(name), LISTING):
        for color in (False, True):
            text = without_color(text_of(answer, "table", Screen(width, color)))
            assert [] == [line for line in text.splitlines() if cell_len(line) > width]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is(name: str, width: int) -> None:
    text = squeezed(text_of(report(name), "table", Screen(width, color=False)))
    assert squeezed(f"lscli {printable(name)} 5,000 samples x 10 classes, float32") in text
    assert squeezed(f"Over-confident: {printable(name)} has an ece of 0.0341.") in text


@pytest.mark.parametrize("name", NAMES)
def test_a_coloured_table_has_no_other_control_characters(name: str) -> None:
    for answer in (report(name), LISTING):
        colored = text_of(answer, "table", Screen(80, color=True))
        plain = without_color(colored)
        assert "\x1b[" in colored
        assert "" == "".join(c for c in plain if c != "\n" and not c.isprintable())
        assert squeezed(text_of(answer, "table", Screen(80, color=False))) == squeezed(plain)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_metric_and_number_stays_in_one_piece(width: int) -> None:
    lines = text_of(report(), "table", Screen(width, color=False)).splitlines()
    # On a narrow screen a parameter has a line of its own.
    text = (
        "\n".join(lines)
        .replace("1.853\n        eps=0.1", "eps=0.1 1.853")
        .replace("3.400\n        eps=0.2", "eps=0.2 3.400")
    )
    starts = [line.split()[: 2 + line.count("eps=")] for line in text.splitlines() if line.startswith("    ")]
    for name, *cells in (
        ("loss_hard", "0.2828"),
        ("loss_uniform", "inf"),
        ("loss_smoothed", "eps=0.1", "1.853"),
        ("loss_smoothed", "eps=0.2", "3.400"),
        ("accuracy", "0.3333"),
        ("top3_accuracy", "0.9500"),
        ("eps_gap", "-inf"),
        ("gamma", "1.000e+10"),
    ):
        assert [name, *cells] in starts


@pytest.mark.parametrize("width", WIDTHS)
def test_no_number_is_cut_beside_a_long_parameter_or_a_wide_interval(width: int) -> None:
    long = "risk=0.05;score=max_logit_pnorm;p=2;held_out=2488"
    for more in ({"params": long}, {"stderr": 0.0012, "ci_low": -0.04171, "ci_high": -0.02922}):
        answer = Report([row("coverage_at_risk", 0.06381, **more), row("confidence_on_correct", -0.03645)])
        text = text_of(answer, "table", Screen(width, color=False))
        assert ["0.06381", "-0.03645"] == [number for number in ("0.06381", "-0.03645") if number in text]


def test_a_standard_error_has_two_digits() -> None:
    (line,) = [line for line in text_of(report(), "table").splitlines() if "loss_hard" in line]
    assert ["loss_hard", "0.2828", "0.019"] == line.split()[:3]


def test_no_number_shows_more_than_four_digits() -> None:
    text = text_of(report(conclusion=""), "table")
    assert "0.28282" not in text
    assert "0.33333" not in text


def test_metrics_stand_under_the_titles_of_their_families() -> None:
    text = text_of(report(), "table")
    titles = [FAMILIES[name].title for name in ("loss", "confidence", "calibration", "smoothing")]
    assert titles == [line.strip() for line in text.splitlines() if line.strip() in titles]


def test_the_title_says_what_was_left_out() -> None:
    assert "7 ignored and 3 skipped" in text_of(report(), "table")
    assert "ignored" not in text_of(report(samples={"rows": 5000, "kept": 5000}), "table")


def test_no_line_ends_with_spaces() -> None:
    for width in WIDTHS:
        assert [] == [
            line for line in text_of(report(), "table", Screen(width, False)).splitlines() if line[-1:] == " "
        ]


def test_a_report_of_nothing_is_a_table_too() -> None:
    assert "lscli" in text_of(Report([]), "table")
    assert "loss_hard" in text_of(Report(ROWS), "table")


def test_a_listing_shows_its_title_columns_and_cells() -> None:
    text = text_of(LISTING, "table", Screen(200, color=False))
    lines = [line.split() for line in text.splitlines()]
    assert ["Things"] in lines
    assert ["id", "kept", "value", "definition"] in lines
    assert ["one", "yes", "0.3000", "mean", "of", "|a", "-", "b|,", "in", "[0,", "1]"] in lines
    assert ["four", "-12346"] in lines
    assert squeezed(printable(LISTING_ROWS[2][3])) in squeezed(text)
