"""The conclusion of `lscli ood`: a score is called the best only where its interval says so."""

from __future__ import annotations

import math
from typing import Any

from lscli.decisions.detection import DetectionRow
from lscli.summaries.detection import conclude


def rows(source: str, **aurocs: tuple[float, float, float]) -> list[DetectionRow]:
    """AUROC with its interval, and a false positive rate of 1 - AUROC, by score."""
    made: list[Any] = []
    for score, of_auroc in aurocs.items():
        made.append(DetectionRow(source, "", score, "auroc", *of_auroc))  # type: ignore[arg-type]
        made.append(DetectionRow(source, "", score, "fpr95", 1 - of_auroc[0], math.nan, math.nan))  # type: ignore[arg-type]
    return made


def test_the_best_score_is_above_all_other_intervals() -> None:
    said = conclude(rows("a", msp=(0.75, 0.7, 0.8), energy=(0.875, 0.85, 0.9)), 0.95, 0.95)
    assert said == (
        "energy has the largest AUROC, 0.875 (95 % interval 0.85 to 0.9), above the intervals of all other scores. "
        "At a threshold that keeps 95 % of the ID samples, 12.5 % of the OOD samples are kept, too."
    )


def test_no_score_is_the_best_where_intervals_overlap() -> None:
    said = conclude(rows("a", msp=(0.75, 0.7, 0.8), energy=(0.875, 0.79, 0.9), margin=(0.5, 0.4, 0.6)), 0.9, 0.95)
    assert "but this interval overlaps with that of msp: no score is shown to be the best." in said
    assert "keeps 90 % of the ID" in said
    said = conclude(rows("a", msp=(0.75, 0.7, 0.8), energy=(0.875, 0.75, 0.9), margin=(0.7, 0.6, 0.8)), 0.9, 0.95)
    assert "overlaps with those of msp and margin" in said


def test_nothing_is_claimed_without_intervals_or_other_scores() -> None:
    nan = math.nan
    said = conclude(rows("a", msp=(0.75, nan, nan), energy=(0.875, nan, nan)), 0.95, 0.95)
    assert said.startswith("energy has the largest AUROC, 0.875. At")
    said = conclude(rows("a", msp=(0.75, 0.7, 0.8)), 0.95, 0.95)
    assert said.startswith("msp has an AUROC of 0.75 (95 % interval 0.7 to 0.8). At")


def test_several_sets_are_judged_by_their_mean_and_the_hardest_is_named() -> None:
    sets = [*rows("easy", msp=(0.9, 0.8, 1)), *rows("hard", msp=(0.6, 0.5, 0.7)), *rows("mean", msp=(0.75, 0.7, 0.8))]
    said = conclude(sets, 0.95, 0.95)
    assert said.startswith("Over 2 OOD sets, msp has a mean AUROC of 0.75 (95 %")
    best = conclude([*sets, *rows("mean", energy=(0.7, 0.6, 0.8))], 0.95, 0.95)
    assert best.startswith("Over 2 OOD sets, msp has the largest mean AUROC, 0.75 (95 %")
    assert " of the OOD samples (the mean of the sets) are kept, too." in said
    assert said.endswith("The lowest AUROC of msp is that of hard, 0.6.")
