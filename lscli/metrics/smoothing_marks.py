"""The marks that label smoothing leaves in logits: small and nearly equal gaps, and other classes that are alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lscli.metrics.base import mean
from lscli.metrics.logit_statistics import gap_sd, off_label_entropy
from lscli.metrics.smoothing_diagnosis import eps_gap, not_label_prob

if TYPE_CHECKING:
    from lscli.metrics.base import Settings
    from lscli.table import SampleTable

EPS = (0.01, 0.5)  # from the least to the largest that models are trained with
_SPREADS = 3.0  # that fit below the mean gap
_ENTROPY = 0.85
_OF_ENTROPY = frozenset({"entropy", "label_prob", "one_minus_confidence", "correct"})


class Marks(NamedTuple):
    """What logits have in common with those of a model that was trained on smoothed labels.

    Attributes:
        eps: eps_gap, the eps that the mean logit gap fits.
        gap, spread: mean and standard deviation of the logit gap.
        entropy: off_label_entropy; nan for two classes.
    """

    eps: float
    gap: float
    spread: float
    entropy: float

    @classmethod
    def of(cls, table: SampleTable, settings: Settings) -> Marks | None:
        """The marks of a table; None if it lacks what they are computed from."""
        if table.num_classes is None or not table.total or not table.has(frozenset({"logit_gap"})):
            return None
        entropy = math.nan
        if table.num_classes > 2:
            if table.has(frozenset({"off_label_entropy"})):
                entropy = off_label_entropy(table, settings)[0].value
            elif table.has(_OF_ENTROPY):
                entropy = mean(table, _relative_entropy(table)).value
            else:
                return None
        gap = mean(table, table["logit_gap"]).value
        return cls(eps_gap(table, settings)[0].value, gap, gap_sd(table, settings)[0].value, entropy)

    @property
    def fits(self) -> bool:
        """Whether an eps that is in use fits the mean gap."""
        return EPS[0] <= self.eps <= EPS[1]

    @property
    def narrow(self) -> bool:
        """Whether the gaps vary little around their mean, as smoothing draws all of them to the same one."""
        return self.spread <= self.gap / _SPREADS

    @property
    def level(self) -> bool:
        """Whether the other classes are nearly equal; true for two classes, of which there is one other."""
        return not self.entropy < _ENTROPY

    @property
    def smoothed(self) -> bool:
        """Whether the logits look smoothed."""
        return self.fits and self.narrow and self.level


def _relative_entropy(table: SampleTable) -> np.ndarray:
    """off_label_entropy of each sample from other columns, [n]: H(p) = h(p_y) + (1 - p_y) H(r), solved for H(r).

    It loses its digits where p_y is nearly 1, which is rare in logits that look smoothed.
    """
    p, rest = table["label_prob"], not_label_prob(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_label = -(np.where(p > 0, p * np.log(p), 0.0) + np.where(rest > 0, rest * np.log(rest), 0.0))
        others = (table["class_count"] if "class_count" in table.columns else float(table.num_classes or 0)) - 1.0
        share = (table["entropy"] - of_label) / (rest * np.log(others))
    result: np.ndarray = np.clip(np.nan_to_num(share, nan=0.0), 0.0, 1.0)
    return result
