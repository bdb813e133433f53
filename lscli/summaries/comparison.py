"""The conclusion of `lscli compare`: which model is better, by what, and where no difference is shown."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.decisions.comparison import ComparisonRow, Verdict

# The most further models that get a sentence each, and metrics that are named for one verdict; more are counted.
_MOST = 3
_COUNTED: tuple[Verdict, ...] = ("better", "worse", "no difference shown", "equivalent")


def conclude(rows: Sequence[ComparisonRow], models: Sequence[str], level: float, margin: float | None = None) -> str:
    """What the samples show of each further model against the first, for all samples.

    Args:
        rows: the metrics of the further models.
        models: the names, the baseline first.
        level: the level of the tests.
        margin: of equivalence, if it was tested.

    Returns:
        The sentences; empty if no row has a verdict.
    """
    judged = [row for row in rows if row.verdict and not row.group]
    if not judged:
        return ""
    counts = Counter((row.source, row.metric) for row in judged)
    judged = [row._replace(metric=row.metric if counts[row.source, row.metric] == 1 else row.name) for row in judged]
    first, *others = models
    if len(others) <= _MOST:
        own = [[row for row in judged if row.source == name] for name in others]
        sentences = [_of_model(name, first, each, margin) for name, each in zip(others, own, strict=True) if each]
    else:
        sentences = [_of_metric(name, judged) for name in dict.fromkeys(row.metric for row in judged)]
    if any(row.verdict == "no difference shown" for row in judged):
        sentences.append('"No difference shown" does not mean that the models are equal.')
    if len(others) > 1:
        sentences.append(
            f"For each metric, p-values are adjusted for {len(others):,} models (Holm), at level {level:g}."
        )
    return " ".join(sentences)


def _of_model(name: str, first: str, rows: Sequence[ComparisonRow], margin: float | None) -> str:
    """One sentence on a model."""
    found = {word: [row for row in rows if row.verdict == word] for word in _COUNTED}
    clauses = [
        f"{word} by {_some([f'{row.metric} ({_signed(row.difference)})' for row in found[word]])}"
        for word in ("better", "worse")
        if found[word]
    ]
    parts = [f"{name} is {' and '.join(clauses)} than {first}"] if clauses else []
    if found["equivalent"]:
        within = "" if margin is None else f" within {rounded(margin, 4)}"
        names = _some([row.metric for row in found["equivalent"]])
        parts.append(f"{'it' if parts else name} is equivalent{'' if parts else f' to {first}'}{within} in {names}")
    if found["no difference shown"]:
        names = _some([row.metric for row in found["no difference shown"]])
        between = "" if parts else f" between {name} and {first}"
        parts.append(f"no difference{between} is shown in {names}")
    sentence = "; ".join(parts)
    return f"{sentence}." if parts[0].startswith(name) else f"{sentence[0].upper()}{sentence[1:]}."


def _of_metric(name: str, rows: Sequence[ComparisonRow]) -> str:
    """One sentence on a metric: how many models are better, and the best of these."""
    own = [row for row in rows if row.metric == name]
    words = {
        "better": "better",
        "worse": "worse",
        "equivalent": "equivalent",
        "no difference shown": "without a difference that is shown",
    }
    counts = {word: sum(row.verdict == word for row in own) for word in words}
    clauses = [f"{count:,} {'is' if count == 1 else 'are'} {words[word]}" for word, count in counts.items() if count]
    better = [row for row in own if row.verdict == "better" and not math.isnan(row.difference)]
    best = max(better, key=lambda row: abs(row.difference), default=None)
    tail = "" if best is None else f"; the best is {best.source} ({_signed(best.difference)})"
    return f"By {name}, of {len(own):,} models compared with the baseline, {_and(clauses)}{tail}."


def _signed(number: float) -> str:
    return rounded(number, 3, signed=True)


def _some(words: Sequence[str]) -> str:
    """The first words, and how many more there are; one that is left over is named, too."""
    more = len(words) - _MOST
    return _and(words if more < 2 else [*words[:_MOST], f"{more:,} more"])


def _and(words: Sequence[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
