"""Tables of metrics against their limits."""

from __future__ import annotations

import math
import re

import pytest
from rich.cells import cell_len

from lscli.decisions.checked import Checked, CheckRow
from lscli.render.renderers import Screen, render

NAN = math.nan
ROWS = [
    CheckRow("x.npy", "", "ece", 0.125, 0.0625, 0.25, "max", 0.05, False),
    CheckRow("x.npy", "", "accuracy", 0.9375, 0.875, 0.96875, "min", 0.9, True),
    CheckRow("x.npy", "", "loss_hard", 0.5, -0.25, 0.125, "max-rise", 0.01, True, 0.5625, -0.0625),
    CheckRow("x.npy", "", "brier", NAN, NAN, NAN, "max-drop", 0.01, False),
]


def text(rows: list[CheckRow], format_name: str = "table", width: int = 120) -> str:
    return b"".join(render(Checked(rows=rows, conclusion="The end."), format_name, Screen(width, color=False))).decode()


def test_a_line_has_the_value_the_limit_and_a_word_in_the_order_of_the_limits() -> None:
    lines = [re.split(r"\s{2,}", line.strip()) for line in text(ROWS).splitlines()]
    assert ["metric", "value", "baseline", "difference", "interval", "limit", "verdict"] in lines
    wanted = [
        ["ece", "0.1250", "0.06250 .. 0.2500", "<= 0.05", "FAIL"],
        ["accuracy", "0.9375", "0.8750 .. 0.9688", ">= 0.9", "pass"],
        ["loss_hard", "0.5000", "0.5625", "-0.06250", "-0.2500 .. 0.1250", "rise <= 0.01", "pass"],
        ["brier", "missing", "drop <= 0.01", "FAIL"],
    ]
    assert wanted == [line for line in lines if line[-1] in ("pass", "FAIL")]
    assert ["The end."] == lines[-1]


def test_without_a_baseline_there_is_no_column_of_it() -> None:
    shown = text(ROWS[:2])
    assert "baseline" not in shown
    assert "difference" not in shown


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_narrow_screen_keeps_limits_and_verdicts(width: int) -> None:
    shown = text([row._replace(group="a\x1b[2J" * 9) for row in ROWS], width=width)
    assert [] == [line for line in shown.splitlines() if cell_len(line) > width or not line.isprintable()]
    assert {"limit", "verdict"} <= {*shown.split()}
    assert "FAIL" in shown


def test_markdown_and_notebooks_say_pass_and_fail_and_csv_true_and_false() -> None:
    assert "| FAIL |" in text(ROWS, "markdown")
    assert "<td>FAIL</td>" in Checked(rows=ROWS)._repr_html_()
    assert ["false", "true", "true", "false"] == [line.split(",")[8] for line in text(ROWS, "csv").splitlines()[1:]]


def test_the_representation_has_the_verdicts() -> None:
    assert "Checked(ece FAIL, accuracy pass, loss_hard pass, brier FAIL)" == repr(Checked(rows=ROWS))
    assert repr(Checked(rows=ROWS * 2)).endswith("accuracy pass, ...)")
