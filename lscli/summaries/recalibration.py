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


def conclude(method: Method, fit: Fit, rows: Sequence[BeforeAfterRow], level: float) -> str:
    """What the map does to the loss, ece and accuracy of all test samples."""
    of_all = {row.metric: row for row in reversed(rows) if not row.group}
    clauses = []
    loss, ece, accuracy = (of_all.get(name) for name in ("loss_hard", "ece", "accuracy"))
    subject = _subject(method, fit)
    if loss is not None and math.isfinite(loss.difference):
        shown = f"{rounded(100 * level, 4)} % interval {rounded(loss.ci_low, 3)} to {rounded(loss.ci_high, 3)}"
        if loss.difference == 0:
            clauses.append("leaves the loss of the test samples as it is")
        elif not loss.p_value < 1 - level:
            by = f"{rounded(loss.difference, 3, signed=True)}, {shown}"
            clauses.append(f"shows no effect on the loss of the test samples beyond noise ({by})")
        else:
            verb = "lowers" if loss.difference < 0 else "raises"
            near, far = sorted((abs(loss.ci_low), abs(loss.ci_high)))
            shown = f"{rounded(100 * level, 4)} % interval {rounded(near, 3)} to {rounded(far, 3)}"
            clauses.append(f"{verb} the loss of the test samples by {rounded(abs(loss.difference), 3)} ({shown})")
    if ece is not None and math.isfinite(ece.difference):
        values = f"from {rounded(ece.before, 3)} to {rounded(ece.after, 3)}"
        if ece.difference == 0:
            clauses.append(f"ece stays at {rounded(ece.before, 3)}")
        else:
            clauses.append(f"ece goes {values}" + ("" if ece.p_value < 1 - level else ", which is within noise"))
    if accuracy is not None and math.isfinite(accuracy.difference):
        if accuracy.difference == 0:
            clauses.append("accuracy is unchanged")
        else:
            beyond = "" if accuracy.p_value < 1 - level else ", which is within noise"
            clauses.append(f"accuracy goes from {rounded(accuracy.before, 4)} to {rounded(accuracy.after, 4)}{beyond}")
    if loss is None or not math.isfinite(loss.difference):
        clauses.insert(0, "is fitted")
    sentence = f"{subject} {clauses[0]}"
    sentence += "".join(f"; {clause}" for clause in clauses[1:]) + "."
    return " ".join((sentence, *(f"{note.rstrip('.')}." for note in fit.notes)))


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
