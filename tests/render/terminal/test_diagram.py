"""The reliability diagram has a bar for each bin, fits its screen, and shows the groups."""

from __future__ import annotations

import numpy as np
import pytest
from rich.cells import cell_len

import lscli
from lscli.listings import Bin, Bins
from lscli.render.renderers import Screen
from tests.command import LABELS, LOGITS
from tests.render.reports import NAN, text_of


def drawing(*bins: Bin, width: int = 100) -> list[str]:
    return text_of(Bins(rows=bins), "table", Screen(width, color=False)).splitlines()


def one_bin(confidence: float, accuracy: float, low: float = 0.0, size: int = 10, group: str = "") -> Bin:
    return Bin("x.npy", group, low, low + 0.1, size, confidence, accuracy, confidence - accuracy, NAN, NAN)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_every_bin_of_the_sample_has_a_bar_with_a_mark(width: int) -> None:
    lines = text_of(lscli.per_bin(LOGITS, LABELS), "table", Screen(width, color=False)).splitlines()
    assert [] == [line for line in lines if cell_len(line) > width]
    drawn = [line for line in lines if line.startswith("    0.")]
    assert ["1", "5", "17", "29", "70", "55", "53", "68", "81", "153", "4,468"] == [line.split()[2] for line in drawn]
    assert ["│"] * 11 == [bar for line in drawn for bar in line if bar == "│"]


def test_the_gap_between_confidence_and_accuracy_is_filled() -> None:
    *_, above, below, _, _ = drawing(one_bin(0.9, 0.1), one_bin(0.1, 0.9, low=0.1))
    assert (5, 40, 0) == tuple(above.count(c) for c in "█░▓")
    assert (5, 0, 39) == tuple(below.count(c) for c in "█░▓")
    assert (["0.1000", "+0.8000"], ["0.9000", "-0.8000"]) == (above.split()[-2:], below.split()[-2:])


def test_empty_bins_are_shown_between_others_only() -> None:
    empty = [one_bin(NAN, NAN, low=low, size=0) for low in (0.0, 0.2, 0.4)]
    lines = drawing(empty[0], one_bin(0.1, 0.1, low=0.1), empty[1], one_bin(0.3, 0.3, low=0.3), empty[2])
    drawn = [line for line in lines if line.startswith("    0.")]
    assert ["0.1000", "0.2000", "0.3000"] == [line.split()[0] for line in drawn]
    assert "·" * 50 == drawn[1].split()[-1]


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_each_group_has_a_title_and_its_own_bars(width: int) -> None:
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(60, 4)), rng.integers(0, 4, 60)
    groups = [f"[bold]{k % 2}[/bold]\x1b[2J" for k in range(60)]
    lines = text_of(lscli.per_bin(logits, labels, groups=groups), "table", Screen(width, color=False)).splitlines()
    titles = [place for place, line in enumerate(lines) if "[bold]" in line]
    assert ["[bold]0[/bold]\\x1b[2J", "[bold]1[/bold]\\x1b[2J"] == [lines[place].strip() for place in titles]
    counts = [int(line.split()[2]) if line.startswith("    0.") else 0 for line in lines]
    first, second = titles
    assert [60, 30, 30] == [sum(counts[:first]), sum(counts[first:second]), sum(counts[second:])]


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_the_legend_is_broken_between_its_entries(width: int) -> None:
    lines = drawing(one_bin(0.9, 0.1), width=width)
    legend = lines[next(place for place, line in enumerate(lines) if "█ accuracy" in line) :]
    entries = ["█ accuracy", "░ confidence above it", "▓ accuracy above confidence", "│ mean confidence"]
    assert entries == [entry for line in legend for entry in line.strip().split("  ")]
    assert [] == [line for line in legend if len(line) > width]
