"""Metrics over several eps are a matrix that fits its screen, marks the least excess, and shows names safely."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rich.cells import cell_len

from lscli.render.renderers import Screen
from lscli.report import Report, Row
from tests.render.reports import INF, NAMES, NAN, report, row, text_of, without_color

CURVES = {
    "loss_smoothed": [0.5, 1.25, 2.0, 2.75],
    "loss_floor": [0.0, 0.5003, 0.8669, 1.177],
    "loss_excess": [0.5, 0.4, 0.45, 123.456],
    "excess_overshoot": [0.0, 0.0005653, 0.1, 0.2],
    "excess_undershoot": [0.5, 0.25, 0.05, 0.01],
    "excess_structure": [0.0, 0.125, 0.3, 0.4],
    "logit_gap_optimal": [INF, 4.511, 3.714, 3.192],
    "above_target": [0.0, 0.8828, 0.902, 1.0],
}
GAPS = {"05": 1.0, "25": 3.0, "50": 4.0, "75": 5.0, "95": 9.0}
EPS = [0.0, 0.1, 0.25, 1.0]
HEADINGS = ["eps", "smoothed", "floor", "excess", "shoot", "shoot", "structure", "gap", "target"]


def curve_rows(eps: list[float] = EPS, params: dict[str, str] | None = None, **more: Any) -> list[Row]:
    of_eps = [
        row(metric, value, params={"eps": e, **(params or {})}, **more)
        for metric, values in CURVES.items()
        for e, value in zip(eps, values, strict=False)
    ]
    gaps = [row(f"logit_gap_q{name}", value, **more) for name, value in GAPS.items()]
    return [row("loss_hard", 0.5, stderr=0.01, **more), *of_eps, row("logit_gap_mean", 4.25, **more), *gaps]


def paired_rows(flip: float = 0.12345, **more: Any) -> list[Row]:
    differences = [
        row("loss_difference", value, stderr=0.1, params={"eps": eps}, **more)
        for eps, value in zip(EPS, [-1.0, -0.05, 0.19, 0.2], strict=True)
    ]
    return [*differences, row("loss_flip_eps", flip, stderr=0.034, **more)]


def sweep_of(rows: list[Row], **more: Any) -> Report:
    """A report whose rows keep their own sources."""
    return Report(rows, **{name: value for name, value in report(**more).__dict__.items() if name != "rows"})


def shown(rows: list[Row], width: int = 100) -> list[str]:
    return text_of(sweep_of(rows), "table", Screen(width, color=False)).splitlines()


def cells(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_eps_go_down_and_metrics_across() -> None:
    lines = cells(shown(curve_rows()))
    assert HEADINGS in lines
    assert ["0.00", "0.5000", "0", "0.5000", "0", "0.5000", "0", "inf", "0"] in lines
    assert ["▸", "0.10", "1.250", "0.5003", "0.4000", "0.0005653", "0.2500", "0.1250", "4.511", "0.8828"] in lines
    assert ["1.00", "2.750", "1.177", "123.5", "0.2000", "0.01000", "0.4000", "3.192", "1.000"] in lines
    assert 1 == sum("▸" in line and "least" not in line for line in lines)
    assert ["loss_hard", "0.5000", "0.010", "cross-entropy,", "nats"] in lines
    assert [] == [line for line in lines if "loss_smoothed" in line or "logit_gap_q05" in line]


def test_rows_of_the_largest_eps_first_are_put_in_order() -> None:
    lines = shown(curve_rows(EPS[::-1]))
    found = [line.split()[-9] for line in lines if re.match(r"    [▸ ] [01]\.\d\d ", line)]
    assert ["0.00", "0.10", "0.25", "1.00"] == found


@pytest.mark.parametrize("eps", [[0.1], [0.1, 0.2]])
def test_two_eps_are_rows_among_the_others(eps: list[float]) -> None:
    text = "\n".join(shown(curve_rows(eps)))
    assert len(eps) == text.count("loss_smoothed")
    assert "logit_gap_q05" in text
    assert "least excess" not in text


def test_the_row_of_the_least_excess_alone_is_green() -> None:
    text = text_of(sweep_of(curve_rows()), "table", Screen(100, color=True))
    (green,) = [line for line in text.splitlines() if "\x1b[1;32m" in line]
    assert ["▸", "0.10"] == without_color(green).split()[:2]


def test_no_eps_is_marked_where_no_excess_is_finite() -> None:
    rows = [each._replace(value=INF) if each.metric == "loss_excess" else each for each in curve_rows()]
    assert "▸" not in "\n".join(shown(rows))


@pytest.mark.parametrize(
    ("width", "hidden"),
    [
        (120, ""),
        (80, ""),
        (76, "logit_gap_optimal"),
        (60, "excess_structure, logit_gap_optimal, above_target"),
        (50, "excess_undershoot, excess_structure, logit_gap_optimal, above_target"),
        (40, "excess_overshoot, excess_undershoot, excess_structure, logit_gap_optimal, above_target"),
    ],
)
def test_a_narrow_screen_does_without_the_least_important_and_says_so(width: int, hidden: str) -> None:
    lines = shown(curve_rows(), width)
    said = " ".join(" ".join(lines).split())
    assert [] == [line for line in lines if cell_len(line) > width]
    assert (f"not shown for lack of width: {hidden}; -f csv has all Logit gap" in said) == bool(hidden)
    assert ["0.00", "0.5000", "0", "0.5000"] in [line[:4] for line in cells(lines)]


def test_an_interval_of_the_excess_has_a_column() -> None:
    rows = [
        each._replace(ci_low=0.9 * each.value, ci_high=1.1 * each.value) if each.params else each
        for each in curve_rows()
    ]
    lines = shown(rows, 120)
    (line,) = [line for line in lines if "0.25 " in line and "2.000" in line]
    assert "0.4500  0.4050 .. 0.4950" in line
    narrow = " ".join(" ".join(shown(rows, 66)).split())
    assert "0.4500 0.4050 .. 0.4950" in narrow
    narrow = " ".join(" ".join(shown(rows, 50)).split())
    assert "0.4500 0.4050 .. 0.4950" not in narrow
    assert "not shown for lack of width: interval of the excess" in narrow


def test_the_gaps_are_drawn_over_those_that_eps_asks_for() -> None:
    lines = shown(curve_rows())
    (place,) = [place for place, line in enumerate(lines) if "Logit gap: mean 4.250" in line]
    bar, marks, names = lines[place + 1 : place + 4]
    assert ["1.000", "9.000"] == [bar.split()[0], bar.split()[-1]]
    length = len(bar) - len("  1.000 " + " 9.000")

    def at(gap: float) -> int:
        return len("  1.000 ") + round((gap - 1) / 8 * (length - 1))

    assert ("├", "│", "┤") == (bar[at(1)], bar[at(4)], bar[at(9)])
    assert ("─", "█", "█", "─") == (bar[at(3) - 1], bar[at(3)], bar[at(5)], bar[at(5) + 1])
    assert [at(3.192), at(3.714), at(4.511)] == [place for place, mark in enumerate(marks) if mark == "▴"]
    assert ["1", "0.25", "0.1", "<-", "eps"] == names.split()


@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_gaps_that_are_not_finite_are_rows(value: float) -> None:
    rows = [each._replace(value=value) if each.metric == "logit_gap_q95" else each for each in curve_rows()]
    text = "\n".join(shown(rows))
    assert "Logit gap:" not in text
    assert "logit_gap_q05" in text


def test_gaps_that_are_all_the_same_are_drawn() -> None:
    rows = [each._replace(value=4.0) if "gap" in each.metric else each for each in curve_rows()]
    assert any("4.000 │" in line for line in shown(rows))


def test_a_further_model_has_its_difference_and_where_it_flips() -> None:
    rows = [*curve_rows(), *curve_rows(source="b.npy"), *paired_rows(source="b.npy")]
    lines = shown(rows)
    assert "  Smoothed loss less that of logits.npy, on the same samples" in lines
    split = cells(lines)
    assert ["0.00", "-1.000", "0.10", "smaller"] in split
    assert ["0.10", "-0.05000", "0.10"] in split
    assert ["0.25", "0.1900", "0.10"] in split
    assert ["1.00", "0.2000", "0.10", "larger"] in split
    assert "  The ranking flips at eps 0.1235 ± 0.034" in lines
    assert [" logits.npy", " b.npy"] == [line for line in lines if line in (" logits.npy", " b.npy")]
    none = shown([*rows[:-1], rows[-1]._replace(value=NAN, stderr=NAN)])
    assert "  The ranking of the two is the same at every eps between 0 and 1." in none


def test_the_band_of_a_bootstrap_says_whether_a_loss_is_smaller() -> None:
    rows = [each._replace(ci_low=each.value - 2, ci_high=each.value + 0.1) for each in paired_rows(source="b.npy")]
    split = cells(shown([*curve_rows(), *rows]))
    assert ["0.00", "-1.000", "0.10", "-3.000", "..", "-0.9000", "smaller"] in split
    assert ["1.00", "0.2000", "0.10", "-1.800", "..", "0.3000"] in split


def test_groups_of_several_models_have_their_own() -> None:
    of_group: dict[str, Any] = {"group": "night", "n": 7}
    rows = [
        *curve_rows(),
        *curve_rows(**of_group),
        *curve_rows(source="b.npy"),
        *curve_rows(source="b.npy", **of_group),
    ]
    lines = shown(rows)
    assert 4 == sum("the least excess" in line for line in lines)
    assert 2 == lines.count(" night  7 samples")
    assert lines[-1].startswith(" Over-confident")


def test_what_the_losses_are_against_is_said_once() -> None:
    lines = shown(curve_rows(params={"smoothing": "classy"}))
    assert 1 == sum("smoothing=classy" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_screen_whatever_the_name(name: str, width: int) -> None:
    rows = [*curve_rows(source=name), *curve_rows(source="b.npy"), *paired_rows(source="b.npy", ci_low=-1, ci_high=1)]
    for color in (False, True):
        text = text_of(sweep_of(rows, name=name), "table", Screen(width, color))
        plain = re.sub("\x1b\\[[0-9;]*m", "", text)
        assert color == (text != plain)
        assert [] == [line for line in plain.splitlines() if cell_len(line) > width]
        assert "" == "".join(c for c in plain if c != "\n" and not c.isprintable())
