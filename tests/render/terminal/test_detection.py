"""The table of scores that tell ID from OOD samples."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from rich.cells import cell_len

from lscli.decisions.detection import Detection, DetectionRow
from lscli.render.renderers import Screen, render
from lscli.report import Setting

METRICS = ("auroc", "aupr_in", "aupr_out", "fpr95")


def made(sources: list[str], *, intervals: bool = True) -> Detection:
    """Scores `msp` and `energy`, of which energy is better by auroc, and both are equal by aupr_out."""
    values = {"msp": (0.75, 0.5, 0.25, 0.5), "energy": (0.875, 0.625, 0.25, 0.75)}
    names: Any = [*sources, "mean"] if len(sources) > 1 else sources
    rows = [
        DetectionRow(name, "", score, metric, value, *((0.125, 0.9375) if intervals else (math.nan, math.nan)))  # type: ignore[arg-type]
        for name in names
        for score, of_score in values.items()
        for metric, value in zip(METRICS, of_score, strict=True)
    ]
    inputs = [{"role": "logits", "path": "id.npy", "shape": [60, 4], "dtype": "float32"}]
    inputs += [{"role": "ood", "path": name, "shape": [1234, 4], "dtype": "float32"} for name in sources]
    return Detection(rows=rows, conclusion="The end.", inputs=inputs, settings={"level": Setting(0.95, "default")})


def text(answer: Detection, width: int = 200, *, color: bool = False) -> str:
    return b"".join(render(answer, "table", Screen(width, color))).decode()


def test_a_row_is_a_score_with_each_metric_and_its_interval() -> None:
    found = [re.split(r"\s{2,}", line.strip()) for line in text(made(["a/far.npy"])).splitlines()]
    heading = [word for metric in METRICS for word in (metric, f"95 % of {metric}")]
    assert ["score", *heading] in found
    assert ["energy", *(w for v in ("0.8750", "0.6250", "0.2500", "0.7500") for w in (v, "0.125 .. 0.938"))] in found
    assert ["against 1,234 OOD samples of a/far.npy"] in found
    assert ["The end."] in found


def test_several_sets_have_a_column_of_names_and_the_mean_comes_last() -> None:
    lines = [re.split(r"\s{2,}", line.strip()) for line in text(made(["a/far.npy", "a/near.npy"])).splitlines()]
    first = [line[0] for line in lines if len(line) > 2]
    assert ["lscli", "OOD", "far.npy", "energy", "near.npy", "energy", "mean", "energy"] == first


def test_the_best_value_of_each_metric_is_bold() -> None:
    answer = text(made(["a", "b"]), color=True)
    bold = re.findall(r"\x1b\[1m *(0\.\d+)", answer)  # not 0.2500, which both scores have
    assert 3 * ["0.5000", "0.8750", "0.6250"] == bold


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
@pytest.mark.parametrize("sources", [["x"], ["runs/a/very/long/name/of/a/file.npy", "runs/b/another/long/name.npy"]])
def test_it_fits_and_names_what_it_leaves_out(width: int, sources: list[str]) -> None:
    shown = text(made(sources), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    heading = next(line for line in shown.splitlines() if " score " in line)
    assert "auroc" in heading
    assert "fpr95" in heading
    missing = [metric for metric in METRICS if f"95 % of {metric}" not in heading]
    joined = " ".join(shown.split())
    assert bool(missing) == ("not shown for lack of width" in joined)
    assert [] == [metric for metric in missing if f"95 % of {metric}" not in joined]


def test_there_is_no_column_of_intervals_that_are_missing() -> None:
    assert "95 %" not in text(made(["x"], intervals=False))
