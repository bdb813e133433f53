"""Smoothed targets: as many classes as fit, and the targets of one label with their floor."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

import lscli
from lscli.listings import OneLabel, SmoothedLabel
from lscli.render.renderers import Screen
from tests.render.reports import NAN, smoothed, text_of


def one_label(targets: list[float], label: int = 1, floor: float = 0.5, conclusion: str = "") -> OneLabel:
    row = SmoothedLabel(targets, floor, NAN if floor != floor else 8.293)
    return OneLabel(rows=[row], label=label, smoothing="uniform", eps=0.001, conclusion=conclusion)


@pytest.mark.parametrize(("width", "fit"), [(60, 5), (80, 7), (120, 11)])
def test_as_many_classes_as_fit_are_shown(width: int, fit: int) -> None:
    inputs = [{"role": "labels", "path": "y.npy", "shape": [30], "dtype": "int64", "size": 368}]
    answer = smoothed(lscli.smooth_labels(np.arange(30), 50, 0.1), inputs=inputs, samples={"rows": 30})
    lines = text_of(answer, "table", Screen(width, color=False)).splitlines()
    assert " lscli  y.npy  30 samples x 50 classes, int64" in lines
    head = next(place for place, line in enumerate(lines) if line.startswith("  row"))
    assert ["row", *(f"q{k}" for k in range(fit))] == lines[head].split()
    assert [] == [line for line in lines if cell_len(line) > width]
    assert ["4", *["0.002000"] * 4, "0.9020"] == lines[head + 6].split()[:6]
    assert f"  not shown for lack of width: q{fit} to q49; -f csv has all" == lines[-1]


def test_all_classes_are_shown_where_they_fit() -> None:
    text = text_of(smoothed(np.array([[0.75, 0.25], [0.25, 0.75]]), samples={"rows": 2}), "table")
    assert [["0", "0.7500", "0.2500"], ["1", "0.2500", "0.7500"]] == [line.split() for line in text.splitlines()[-2:]]


@pytest.mark.parametrize("width", [80, 120])
def test_one_label_is_shown_from_top_to_bottom(width: int) -> None:
    same = "The same targets: off-target with eps 0.00075 and classy with eps 0.001001001001."
    answer = one_label([0.00025, 0.99925, 0.00025, 0.00025], floor=0.00697, conclusion=same)
    text = text_of(answer, "table", Screen(width, color=False))
    words = [line.split() for line in text.splitlines() if line]
    assert [] == [line for line in text.splitlines() if cell_len(line) > width]
    assert "Smoothed targets of label 1: 4 classes, uniform, eps 0.001" == " ".join(words[0])
    assert [["q0", "0.00025"], ["q1", "0.99925", "the", "label"], ["q2", "0.00025"], ["q3", "0.00025"]] == words[3:7]
    assert ["floor", "0.006970", "nats:"] == words[7][:3]
    assert "optimal gap  8.293 " in text
    assert same in " ".join(text.split())


@pytest.mark.parametrize(("other", "shown"), [(0.0001, "0.0001"), (0.0002, "0.0001 .. 0.0002")])
def test_many_other_classes_are_one_row(other: float, shown: str) -> None:
    text = text_of(one_label([*[0.0001] * 7, 0.9001, other, *[0.0001] * 991], label=7), "table")
    assert ["q7", "0.9001", "the", "label"] in [line.split() for line in text.splitlines()]
    (line,) = [line for line in text.splitlines() if line.split()[:1] == ["others"]]
    assert f"others {shown} each of 999 classes" == " ".join(line.split())


def test_targets_that_are_no_distribution_have_no_floor() -> None:
    text = text_of(one_label([-0.1, 1.1], floor=NAN), "table")
    assert "floor  none   the targets are no distribution" in text
    assert "optimal gap" not in text
