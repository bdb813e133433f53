"""Tables of models against a baseline."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from lscli.decisions.comparison import Comparison, ComparisonRow, Verdict
from lscli.listings import Wide
from lscli.render.renderers import Screen, render
from lscli.render.terminal.model_names import short_names
from lscli.report import Row
from tests.render.reports import NAMES

NAN = math.nan


def row(source: str, metric: str, verdict: Verdict, group: str = "") -> ComparisonRow:
    return ComparisonRow(source, group, metric, 0.5, 0.25, 0.25, 0.125, 0.375, 0.01, 0.02, verdict)


def made(models: Sequence[str], verdicts: Sequence[Verdict] = ("worse",), groups: Sequence[str] = ("",)) -> Comparison:
    metrics = ("ece", "accuracy", "loss_hard", "brier")
    rows = [
        row(model, metric, verdicts[at % len(verdicts)], group)
        for group in groups
        for model in models[1:]
        for at, metric in enumerate(metrics)
    ]
    reports = [Row(model, group, "ece", 0.25, NAN, NAN, NAN, 60, {}) for group in groups for model in models]
    return Comparison(rows=rows, models=models, reports=reports, conclusion="The end.")


def text(answer: Comparison | Wide, width: int = 120, *, color: bool = False) -> str:
    return b"".join(render(answer, "table", Screen(width, color))).decode()


def test_two_models_are_columns_beside_the_difference_and_its_verdict() -> None:
    lines = text(made(["a.npy", "b.npy"], ["worse", "better", "no difference shown", "equivalent"])).splitlines()
    found = [re.split(r"\s{2,}", line.strip()) for line in lines]
    assert ["metric", "a.npy", "b.npy", "difference", "interval", "p", "verdict"] in found
    for metric, word in zip(
        ("ece", "accuracy", "loss_hard", "brier"), ("worse", "better", "no difference shown", "equivalent"), strict=True
    ):
        assert [metric, "0.2500", "0.5000", "+0.2500", "0.125 .. 0.375", "0.02", word] in found
    assert "The end." in lines[-1]


def test_several_models_have_their_values_side_by_side_and_their_differences_below() -> None:
    lines = [re.split(r"\s{2,}", line.strip()) for line in text(made(["a.npy", "b.npy", "c.npy"])).splitlines()]
    assert ["metric", "a.npy", "b.npy", "c.npy"] in lines
    assert ["ece", "0.2500", "0.5000", "0.5000"] in lines
    assert ["ece", "b.npy", "+0.2500", "0.125 .. 0.375", "0.02", "worse"] in lines
    assert ["c.npy", "+0.2500", "0.125 .. 0.375", "0.02", "worse"] in lines


def test_models_that_do_not_fit_side_by_side_have_a_row_each_and_so_has_the_baseline() -> None:
    models = [f"model_{k}.npy" for k in range(30)]
    lines = [re.split(r"\s{2,}", line.strip()) for line in text(made(models)).splitlines()]
    assert ["ece", "model_0.npy", "0.2500", "baseline"] in lines
    assert 4 * 29 == sum("worse" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("count", [2, 3, 30])
def test_tables_fit_the_screen_with_the_verdict_and_name_what_they_leave_out(width: int, count: int) -> None:
    models = [f"runs/a_long_name_of_a_model_{k}/logits.npy" for k in range(count)]
    shown = text(made(models, ["no difference shown"], ["", "a" * 30]), width)
    lines = shown.splitlines()
    assert [] == [line for line in lines if cell_len(line) > width]
    assert {"interval", "verdict"} <= {*shown.split()} or "not shown for lack of width" in shown
    assert ("no difference shown" if width >= 80 else "no difference") in shown
    assert 1 == sum("a" * 30 in line for line in lines)


def test_what_changed_stands_apart() -> None:
    pair = ComparisonRow("b.npy", "", "kl", 0.125, ci_low=0.0625, ci_high=0.25)
    answer = made(["a.npy", "b.npy"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ComparisonRow, "of_the_pair", property(lambda each: each.metric == "kl"))
        shown = text(Comparison(rows=[*answer.rows, pair], models=answer.models, reports=answer.reports))
    lines = [re.split(r"\s{2,}", line.strip()) for line in shown.splitlines()]
    assert lines.index(["What changed"]) < lines.index(["kl", "0.1250", "0.06250 .. 0.2500"])


def test_a_colour_never_stands_for_a_word() -> None:
    answer = made(["a.npy", "b.npy"], ["worse", "better"])
    colored = text(answer, color=True)
    assert "\x1b[32m" in colored
    assert "\x1b[31m" in colored
    plain = re.sub("\x1b\\[[0-9;]*m", "", colored)
    assert text(answer).splitlines() == [line.rstrip() for line in plain.splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_names_from_outside_are_printable(name: str) -> None:
    shown = text(made(["a.npy", name]))
    assert [] == [c for c in shown if not c.isprintable() and c != "\n"]


def test_without_intervals_there_are_no_empty_columns() -> None:
    rows = [ComparisonRow("b.npy", "", "ece", 0.5, 0.25, 0.25)]
    shown = text(Comparison(rows=rows, models=["a.npy", "b.npy"]))
    assert "verdict" not in shown
    assert "interval" not in shown


def test_a_row_per_model_shows_which_model_it_is_of() -> None:
    names = [f"runs/{'x' * 60}{k}/logits.npy" for k in range(3)]
    rows = [(name, "", 60, *[0.5] * 20) for name in names]
    shown = text(Wide(rows=rows, metrics=[f"metric_{k}" for k in range(20)], conclusion="The baseline is x."), 80)
    lines = [line for line in shown.splitlines() if "0.5000" in line]
    assert 3 == len({line.split()[0] for line in lines})
    assert [] == [line for line in shown.splitlines() if cell_len(line) > 80]
    assert "not shown for lack of width" in shown


def test_names_lose_what_they_share_first() -> None:
    assert ["a", "b"] == short_names(["runs/a/logits.npy", "runs/b/logits.npy"], 20)
    assert ["logits.npy", "other.npy"] == short_names(["x/logits.npy", "x/other.npy"], 20)
    long = ["n" * 30 + "1" + "m" * 30, "n" * 30 + "2" + "m" * 30]
    assert ["…1…", "…2…"] == short_names(long, 12)


@given(
    st.lists(st.text(st.sampled_from("ab/日\x1b"), max_size=8), min_size=1, max_size=12, unique=True),
    st.sampled_from(["", "long/" * 9, "n" * 50]),
    st.sampled_from(["", "/logits.npy", "日" * 30]),
    st.integers(10, 30),
)
def test_short_names_stay_different_and_fit(middles: list[str], before: str, after: str, room: int) -> None:
    names = [f"{before}{middle}{after}" for middle in middles]
    found = short_names(names, room)
    assert len(names) == len({*found})
    assert [] == [name for name in found if cell_len(name) > room or not name.isprintable()]


def test_names_lose_a_shared_suffix_before_they_are_cut() -> None:
    names = ["runs/logits.npy", "runs/logits_smoothed.npy"]
    assert ["logits.npy", "logits_smoothed.npy"] == short_names(names, 19)
    assert ["logits", "logits_smoothed"] == short_names(names, 15)
    assert ["logits", "logi…_smoothed"] == short_names(names, 14)
    runs = [f"many/resnet_ls_{k:02d}_seed_{k % 3}/logits.npy" for k in range(12)]
    assert ["…00_seed_0", "…11_seed_2"] == short_names(runs, 10)[:: len(runs) - 1]
    assert [".npy", "x.npy"] == short_names([".npy", "x.npy"], 5)


@pytest.mark.parametrize(("width", "absent"), [(100, []), (80, ["interval"])])
def test_both_values_and_the_verdict_come_before_the_interval(width: int, absent: list[str]) -> None:
    shown = text(made(["x/logits.npy", "x/logits_smoothed.npy"], ["no difference shown"]), width)
    heading = next(line for line in shown.splitlines() if "metric" in line).split()
    expected = ["metric", "logits", "logits_smoothed", "difference", "interval", "p", "verdict"]
    assert [word for word in expected if word not in absent] == [word.removesuffix(".npy") for word in heading]
