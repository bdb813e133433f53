"""The metrics by family, each with its whole definition."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from lscli.listings import MetricList, MetricRow
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.render.renderers import Screen
from tests.render.reports import squeezed, text_of

ALL = MetricList(
    rows=[
        MetricRow(metric.id, name, metric.chosen_by == "default", metric.interval, metric.described, metric.better)
        for name, family in FAMILIES.items()
        for metric in family.metrics
    ]
)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_every_definition_is_whole_and_fits(width: int) -> None:
    text = text_of(ALL, "table", Screen(width, color=False))
    assert [] == [line for line in text.splitlines() if cell_len(line) > width]
    for metric in METRICS.values():
        side = f"; {metric.better} is better" if metric.better else ""
        assert squeezed(f"{metric.id} {metric.described} [interval: {metric.interval}{side}]") in squeezed(text)
    lines = text.splitlines()
    assert [f"  {name}" for name in FAMILIES] == [line for line in lines if line[:2] == "  " and line[2:3].strip(" *")]


def test_the_default_set_is_marked() -> None:
    lines = [line.split() for line in text_of(ALL, "table", Screen(60, color=False)).splitlines()]
    marked = [line[1] for line in lines if line[:1] == ["*"]]
    assert [name for name, metric in METRICS.items() if metric.chosen_by == "default"] == marked


def test_a_definition_stands_beside_its_metric_where_there_is_room() -> None:
    rows = [MetricRow("ece", "calibration", False, "none", "expected calibration error")]
    text = text_of(MetricList(rows=rows), "table", Screen(80, color=False))
    assert "    ece    expected calibration error [interval: none]\n" in text
