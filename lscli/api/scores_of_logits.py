"""Scores that probabilities lack: they depend on the sum of the exponentials of the logits, which is then 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.io.ensemble_files import is_ensemble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from lscli.options import ReadingOptions

    Array = NDArray[Any]

# Values whose logsumexp is as near to 0 in every row are logarithms of probabilities.
_NORMALISED = 1e-4


def are_declared(options: ReadingOptions) -> bool:
    """Whether the options say that values are probabilities, or make them probabilities."""
    return options.kind != "logits" or _are_averaged(options)


def are_probabilities(energies: Iterable[Array], options: ReadingOptions) -> bool:
    """Whether values are probabilities or their logarithms: by the options, or by the energies of all samples."""
    return are_declared(options) or all((np.abs(each) < _NORMALISED).all() for each in energies)


def refusal(scores: Sequence[str], others: str, options: ReadingOptions) -> tuple[str, str]:
    """The error and the hint for scores of probabilities; `others` names scores that probabilities have."""
    averaged = options.kind == "logits" and _are_averaged(options)
    verb = "needs" if len(scores) == 1 else "need"
    what = "the mean probabilities of an ensemble" if averaged else "probabilities, or their logarithms"
    hint = f"use {others}, or --ensemble-of logits" if averaged else f"use {others}"
    return f"{' and '.join(scores)} {verb} logits, and these are {what}", hint


def _are_averaged(options: ReadingOptions) -> bool:
    return is_ensemble(options) and options.ensemble_of == "probs"
