"""The sentence of `lscli recalibrate`: what a map does to the test samples, as far as they show it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.text import rounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.recalibrators.base import Fit, Method
    from lscli.recalibrators.before_after import BeforeAfterRow


_SCORES = {"loss_hard": "loss", "brier": "Brier score"}


def conclude(method: Method, fit: Fit, rows: Sequence[BeforeAfterRow], level: float) -> str:
    """What the map does to the loss (or the Brier score), ece and accuracy of all test samples."""
    of_all = {row.metric: row for row in reversed(rows) if not row.group}
    score = next((of_all[name] for name in _SCORES if name in of_all), None)
    clauses = [
        "is fitted" if score is None else _effect(score, f"the {_SCORES[score.metric]} of the test samples", level)
    ]
    for name, digits in (("ece", 3), ("accuracy", 4)):
        row = of_all.get(name)
        if row is not None and row.difference == 0:
            clauses.append(f"{name} stays at {rounded(row.before, digits)}")
        elif row is not None and math.isfinite(row.difference):
            noise = ", not beyond noise" if row.p_value >= 1 - level else ""
            clauses.append(f"{name} goes from {rounded(row.before, digits)} to {rounded(row.after, digits)}{noise}")
    sentence = f"{_subject(method, fit)} {'; '.join(clauses)}."
    return " ".join((sentence, *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in fit.notes)))


def _effect(row: BeforeAfterRow, score: str, level: float) -> str:
    """The verb and the rest of a sentence on a score that is better if it is smaller."""
    if not math.isfinite(row.difference):
        infinite = [name for name, value in (("before", row.before), ("after", row.after)) if math.isinf(value)]
        return f"is fitted; {score} is infinite {' and '.join(infinite)}" if infinite else "is fitted"
    if row.difference == 0:
        return f"leaves {score} as it is"
    by = rounded(abs(row.difference), 3)
    verb = "lowers" if row.difference < 0 else "raises"
    if math.isnan(row.p_value):
        return f"{verb} {score} by {by}, without an interval"
    interval = f"{rounded(100 * level, 4)} % interval"
    if row.p_value >= 1 - level:
        shown = f"{interval} {rounded(row.ci_low, 3)} to {rounded(row.ci_high, 3)}"
        return f"shows no effect on {score} beyond noise ({rounded(row.difference, 3, signed=True)}, {shown})"
    near, far = sorted((abs(row.ci_low), abs(row.ci_high)))
    return f"{verb} {score} by {by} ({interval} {rounded(near, 3)} to {rounded(far, 3)})"


def _subject(method: Method, fit: Fit) -> str:
    numbers = [
        f"{name} {rounded(value, 4)}"
        + (f" (standard error {rounded(fit.stderr[name], 2)})" if name in fit.stderr else "")
        for name, value in fit.parameters._asdict().items()
        if np.ndim(value) == 0 and name != "uniform"
    ]
    if method.name == "temperature":
        return numbers[0].replace("temperature", "Temperature", 1)
    title = method.title[0].upper() + method.title[1:]
    return f"{title} ({', '.join(numbers)})" if numbers else title
