"""Sets of classes that hold the label with a promised probability."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_calibration
from lscli.decisions.conformal import Conformal, ConformalRow
from lscli.errors import InputError
from lscli.intervals.conformal import coverage_interval, fewest, quantile, rank
from lscli.intervals.shares import share_interval
from lscli.kernels.conformal import Scoring
from lscli.options import ConformalOptions
from lscli.scan.conformal import label_scores, set_sizes

if TYPE_CHECKING:
    from lscli.api.inputs import Inputs
    from lscli.options import Data


@of_calibration(ConformalOptions)
def conformal(
    cal_logits: Data,
    cal_labels: Data | None,
    test_logits: Data | None,
    test_labels: Data | None,
    options: ConformalOptions,
) -> Conformal:
    """Find sets of classes that hold the label with a probability of at least 1 - alpha.

    Args:
        cal_logits, cal_labels: as in `lscli.evaluate`; the samples that the quantile of scores is taken of.
        test_logits, test_labels: other samples of the same classifier, whose sets are measured.

    Returns:
        A listing.

    Raises:
        InputError: there are too few calibration samples; or as `lscli.evaluate`.
    """
    how = Scoring(options.method, options.raps_penalty, options.raps_rank, options.randomized)
    read = reading.read(cal_logits, cal_labels, {"row", "correct"}, options)
    n = len(read.all)
    if n < (least := fewest(options.alpha)):
        hint = f"give {least} samples or more, or a larger --alpha"
        raise InputError(f"{n} samples are too few for alpha {options.alpha:g}", hint, where=read.source)
    k = rank(n, options.alpha)
    with reading.open_again(cal_logits, cal_labels, options) as opened:
        q = quantile(label_scores(opened.logits, opened.label, _kept(opened), how, options.threads), options.alpha)
    low, high = coverage_interval(n, k, options.level)
    rows = [ConformalRow(read.source, "", options.method, None, n, q, k / (n + 1), low, high, math.nan, math.nan)]
    if test_logits is not None:
        test = reading.read(test_logits, test_labels, {"row", "correct"}, options)
        with reading.open_again(test_logits, test_labels, options) as opened:
            every = np.full(opened.logits.shape[1], q)
            found = set_sizes(opened.logits, opened.label, _kept(opened), how, every, options.threads)
        share, m = float(found.covered.mean()), len(found.size)
        interval = share_interval(share, m, options.level)
        size, empty = float(found.size.mean()), float((found.size == 0).mean())
        rows.append(ConformalRow(test.source, "", options.method, None, m, q, share, *interval, size, empty))
    return Conformal(rows=rows, conclusion="", **read.answered(options))


def _kept(opened: Inputs) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return (opened.label >= 0).astype(np.float64)
