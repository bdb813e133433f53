"""Whether a measured coverage is lower than chance allows: the beta-binomial distribution of hits."""

from __future__ import annotations

import numpy as np


def chance_of_fewer(hits: int, m: int, n: int, k: int) -> float:
    """The probability of so few hits among m test samples, if they are like the calibration samples.

    Over calibration sets the coverage is Beta(k, n+1-k), so hits are beta-binomial.

    Args:
        hits: how many sets hold their label.
        m: the number of test samples.
        n, k: the number of calibration samples, and the rank of the quantile; k <= n.
    """
    from scipy.special import betaln  # imported only here, because start-up time counts

    a, b = k, n + 1 - k
    j = np.arange(hits + 1, dtype=np.float64)
    log = betaln(j + a, m - j + b) - betaln(a, b) - betaln(m - j + 1, j + 1) - np.log(m + 1)
    return min(1.0, float(np.exp(log).sum()))
