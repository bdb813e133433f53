"""What the file of a threshold holds."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from lscli._version import __version__
from lscli.api.settings import settings_of
from lscli.decisions.threshold_file import read
from lscli.listings import ArrayRow, Contents
from lscli.text import percent, printed, rounded, typed_path

if TYPE_CHECKING:
    from lscli.decisions.saved_threshold import SavedThreshold
    from lscli.options import InspectOptions


def threshold_contents(path: str, options: InspectOptions) -> Contents:
    """One row: the score, how many thresholds there are, and the command that checks the promise on new samples.

    Raises:
        InputError: it is not a file of a threshold.
        ReadWriteError: it cannot be read.
    """
    saved = read(path)
    size, own = os.path.getsize(path), typed_path(path)
    command = f"lscli check LOGITS LABELS --threshold {own}{_needs(saved)}" if own else ""
    row = ArrayRow._make((path, "threshold", "", "", "", size, *[math.nan] * 6, _taken_for(saved), command))
    return Contents(
        rows=[row],
        conclusion=_conclusion(saved),
        inputs=[{"role": "file", "path": path, "size": size}],
        settings=settings_of(options),
        versions={"lscli": __version__},
    )


def _needs(saved: SavedThreshold) -> str:
    """The options that the logits need to be those that the threshold was found on."""
    words = " --calibrator FILE" if saved.calibrator is not None else ""
    if saved.temperature is not None:
        words += f" --temperature {saved.temperature!r}"
    if saved.score == "mutual_information":
        words += " --ensemble"
    return words + (" --groups FILE" if any(row.group for row in saved.rows) else "")


def _taken_for(saved: SavedThreshold) -> str:
    found = sum(row.found for row in saved.rows)
    many = "a threshold" if found == 1 else f"{found:,} thresholds"
    of_classes = f" for {saved.classes} classes" if saved.classes else ""
    after = " after a calibrator" if saved.calibrator is not None else ""
    return f"threshold: {many} of {saved.score}{of_classes}{after}"


def _conclusion(saved: SavedThreshold) -> str:
    first = next((row for row in saved.rows if row.found), None)
    if first is None:
        return "A file without a threshold, because none was found."
    what = "samples" if first.number is None else f"samples of predicted class {first.number}"
    where = f" in group {printed(first.group)}" if first.group else ""
    return (
        f"It keeps {what}{where} with {saved.score} >= {first.threshold!r}: {percent(first.coverage)} of "
        f"{first.n:,} calibration samples. Their error is at most {rounded(saved.limit(first), 4)}, with probability "
        f"{saved.confidence:g}."
    )
