"""A report fits its screen, shows four digits, and shows names safely."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.render.renderers import Screen
from lscli.render.terminal.table import elided
from lscli.report import Report, Setting
from lscli.text import printable
from tests.render.reports import NAMES, ROWS, report, row, squeezed, text_of, without_color

WIDTHS = [60, 80, 100, 200]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_screen(name: str, width: int) -> None:
    for color in (False, True):
        text = without_color(text_of(report(name), "table", Screen(width, color)))
        assert [] == [line for line in text.splitlines() if cell_len(line) > width]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is(name: str, width: int) -> None:
    text = squeezed(text_of(report(name), "table", Screen(width, color=False)))
    shown = elided(printable(name), width - 9)
    assert squeezed(f"lscli {shown} 5,000 samples x 10 classes, float32") in text
    assert squeezed(f"Over-confident: {printable(name)} has an ece of 0.0341.") in text


@pytest.mark.parametrize("name", NAMES)
def test_a_coloured_table_has_no_other_control_characters(name: str) -> None:
    colored = text_of(report(name), "table", Screen(80, color=True))
    plain = without_color(colored)
    assert "\x1b[" in colored
    assert "" == "".join(c for c in plain if c != "\n" and not c.isprintable())
    assert squeezed(text_of(report(name), "table", Screen(80, color=False))) == squeezed(plain)


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
    long = {"risk": 0.05, "score": "max_logit_pnorm", "p": 2, "held_out": 2488}
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


@pytest.mark.parametrize("width", WIDTHS)
def test_each_group_has_a_title_and_its_metrics(width: int) -> None:
    rows = [row(group=group, n=n) for group, n in (("", 60), ("day", 20), ("[x] \x1b[2J", 40))]
    lines = text_of(report(rows=rows), "table", Screen(width, color=False)).splitlines()
    titles = [" All samples  60 samples", " day  20 samples", " [x] \\x1b[2J  40 samples"]
    assert titles == [line for line in lines if line in titles]
    assert 3 == sum(line.split()[:2] == ["ece", "0.1000"] for line in lines)


@pytest.mark.parametrize(("settings", "title"), [({"level": Setting(0.9, "flag")}, "90 % interval"), ({}, "interval")])
def test_intervals_are_a_column_headed_by_their_level(settings: dict[str, Setting], title: str) -> None:
    answer = report(rows=[row(ci_low=0.05, ci_high=0.2), row("accuracy", 0.9)], settings=settings)
    lines = [line.split("  ") for line in text_of(answer, "table").splitlines()]
    (heading,) = [line for line in lines if "metric" in line]
    assert title == heading[-1].strip()
    assert "0.05000 .. 0.2000" in [cell.strip() for line in lines for cell in line]


def test_params_that_are_defaults_are_not_shown() -> None:
    rows = [row(params={"bins": 15}), row("aurc", params={"score": "msp"}), row("ece_equal_mass", params={"bins": 20})]
    text = text_of(report(rows=rows), "table")
    assert (False, False, True) == ("bins=15" in text, "msp" in text, "bins=20" in text)


DEFAULT = [metric.id for metric in METRICS.values() if metric.chosen_by == "default"]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
@pytest.mark.parametrize("more", [{}, {"stderr": 0.0012, "ci_low": -0.04171, "ci_high": -0.02922}])
def test_no_metric_is_broken_and_what_is_left_out_is_said(width: int, more: dict[str, float]) -> None:
    answer = Report([row(name, 0.06381, **more) for name in DEFAULT])
    lines = text_of(answer, "table", Screen(width, color=False)).splitlines()
    assert [] == [line for line in lines if cell_len(line) > width]
    table = [line.split()[:2] for line in lines if "0.06381" in line]
    assert [[name, "0.06381"] for name in DEFAULT] == table
    said = " ".join(" ".join(lines).split())
    hidden = [name for name, text in (("stderr", "0.0012"), ("ci_low, ci_high", "-0.04171")) if text not in said]
    expected = f"not shown for lack of width: {', '.join(hidden)}; -f csv has all"
    assert (expected in said) == (bool(hidden) and bool(more))


@pytest.mark.parametrize("eps", [0.1, 0.123456])
def test_the_gist_of_a_metric_stands_on_its_line_at_80_columns(eps: float) -> None:
    rows = [row(name, 0.06381, stderr=0.0012, params={"eps": eps} if "loss_" in name else {}) for name in DEFAULT]
    lines = text_of(Report(rows), "table", Screen(80, color=False)).splitlines()
    for name in DEFAULT:
        line = next(line for line in lines if line.split()[:1] == [name])
        assert METRICS[name].gist == line.rpartition("0.0012")[2].strip()


@pytest.mark.parametrize(
    ("names", "titles"),
    [
        ("ece mce accuracy error", ["Calibration", "Accuracy and confidence"]),
        ("ece mce accuracy error rmsce smece", ["Calibration", "Accuracy and confidence", "Calibration"]),
        ("ece accuracy mce error", []),
        ("ece accuracy", []),
        ("ece accuracy loss_hard", []),
        ("ece", []),
    ],
)
def test_metrics_are_in_the_order_of_the_rows_under_titles_that_group_them(names: str, titles: list[str]) -> None:
    text = text_of(Report([row(name) for name in names.split()]), "table")
    assert names.split() == [line.split()[0] for line in text.splitlines() if "0.1000" in line]
    known = {family.title for family in FAMILIES.values()}
    assert titles == [line.strip() for line in text.splitlines() if line.strip() in known]
