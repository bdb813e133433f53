"""Warnings about ID and OOD samples that do not seem to be what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.certainty import CERTAINTY, certainty

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.api.reading import Reading
    from lscli.decisions.detection import DetectionRow
    from lscli.options import OodScore

_ROUNDING = 1e-13  # the relative difference of scores that are equal but for the order of their sums


def constant_scores(scores: Sequence[OodScore], readings: Sequence[Reading]) -> Iterator[str]:
    """Name the scores that are the same for all samples, so that they tell nothing."""
    found = []
    for score in scores:
        values = [certainty(read.all, score) for read in readings]
        low, high = min(float(each.min()) for each in values), max(float(each.max()) for each in values)
        if high == low or high - low <= _ROUNDING * max(abs(low), abs(high)):
            found.append(score)
    if found:
        *first, last = found
        who = f"{', '.join(first)} and {last} are" if first else f"{last} is"
        yield f"{who} the same for all samples, ID and OOD, so an AUROC of 0.5 says nothing about them"


def same_samples(inside: Reading, outside: Sequence[Reading]) -> Iterator[str]:
    """Name the sets that hold the ID samples themselves."""
    columns = sorted({column for column, _ in CERTAINTY.values()} & inside.all.columns.keys())
    for read in outside:
        if all(np.array_equal(inside.all[column], read.all[column]) for column in columns):
            yield f"{read.source}: its samples are those of {inside.source}: name a file of OOD samples"


def swapped(rows: Sequence[DetectionRow], inside: Reading, outside: Sequence[Reading]) -> Iterator[str]:
    """Name the sets whose samples look more like ID samples than those that are called so, by every score."""
    for read in outside:
        own = [row for row in rows if row.source == read.source and row.metric == "auroc"]
        if all(row.ci_high < 0.5 for row in own):
            where = f"{read.source}: every score is larger for its samples than for those of {inside.source}"
            yield f"{where}: ID samples come first"
