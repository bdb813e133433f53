"""The conclusion of `lscli ood`: which score separates best, and what passes at the recall that was asked for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lscli.decisions.detection import MEAN
from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.detection import DetectionRow


def conclude(rows: Sequence[DetectionRow], recall: float, level: float) -> str:
    """What the samples show about the scores; of several sets of OOD samples, by the means over them.

    A score is called the best only if its interval lies above those of all others. Intervals of scores of the same
    samples may overlap where a paired comparison would tell the scores apart, so this claims too little, not too much.
    """
    sources = list(dict.fromkeys(row.source for row in rows))
    own = [row for row in rows if row.source == sources[-1]]
    aurocs = sorted((row for row in own if row.metric == "auroc"), key=lambda row: -row.value)
    best, *others = aurocs
    several = len(sources) > 1
    known = not math.isnan(best.ci_low)
    interval = f" ({100 * level:g} % interval {_number(best.ci_low)} to {_number(best.ci_high)})" if known else ""
    over, mean = (f"Over {len(sources) - 1:,} OOD sets, ", "mean ") if several else ("", "")
    what = f"the largest {mean}AUROC," if others else f"{'a mean' if several else 'an'} AUROC of"
    first = f"{over}{best.score} has {what} {_number(best.value)}{interval}"
    near = [row.score for row in others if not row.ci_high < best.ci_low]
    if not others or not known:
        sentences = [f"{first}."]
    elif near:
        theirs = f"that of {near[0]}" if len(near) == 1 else f"those of {_and(near)}"
        sentences = [f"{first}, but this interval overlaps with {theirs}: no score is shown to be the best."]
    else:
        sentences = [f"{first}, above the intervals of all other scores."]
    passed = next(row for row in own if row.score == best.score and row.metric.startswith("fpr"))
    share = f"{_percent(passed.value)} of the OOD samples{' (the mean of the sets)' if several else ''}"
    sentences.append(f"At a threshold that keeps {100 * recall:g} % of the ID samples, {share} are kept, too.")
    if several:
        each = [row for row in rows if row.metric == "auroc" and row.score == best.score and row.source != MEAN]
        hardest = min(each, key=lambda row: row.value)
        sentences.append(f"The lowest AUROC of {best.score} is that of {hardest.source}, {_number(hardest.value)}.")
    return " ".join(sentences)


def _number(value: float) -> str:
    return rounded(value, 4)


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 3)} %"


def _and(words: Sequence[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
