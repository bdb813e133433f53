"""Modules of torch: the label-smoothed loss for training, and a fitted recalibration for deployment."""

from __future__ import annotations

from lscli.nn.loss import LabelSmoothingCrossEntropy, Parts, Reduction, label_smoothing_cross_entropy
from lscli.nn.recalibration import Recalibration

__all__ = ["LabelSmoothingCrossEntropy", "Parts", "Recalibration", "Reduction", "label_smoothing_cross_entropy"]
