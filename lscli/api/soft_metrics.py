"""Metrics of soft labels, which are distributions over the classes: losses and Brier scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.kernels.soft import SOFT_COLUMNS
from lscli.metrics import ensemble
from lscli.metrics.smoothed_losses import PRIOR, WEIGHTED, WEIGHTED_HARD, entropies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.api.reading import Reading
    from lscli.metrics.base import Settings
    from lscli.metrics.selection import Choice
    from lscli.options import TargetOptions


def check(options: TargetOptions) -> None:
    """Refuse the weight mode target-only: it weighs a sample by its label, and a soft label has several classes.

    Raises:
        UsageError: there are class weights, and the mode is target-only.
    """
    if options.class_weights is not None and options.weight_mode == "target-only":
        what = "target-only weighs a sample by its label, and soft labels have several classes each"
        hint = "say --weight-mode torch, which weighs each class of the label as F.cross_entropy does"
        raise UsageError(what, hint, where="weight-mode")


def split(choices: Sequence[Choice], settings: Settings) -> tuple[list[Choice], list[str]]:
    """The metrics that apply to soft labels, and the ids of the others, in order.

    Raises:
        UsageError: no metric applies.
    """
    kept = [choice for choice in choices if applies(choice, settings)]
    left_out = list(dict.fromkeys(choice.metric.id for choice in choices if choice not in kept))
    if not kept:
        hint = "losses and Brier scores are: --metrics loss,brier"
        raise UsageError(f"not defined for soft labels: {', '.join(left_out)}", hint, where="metrics")
    return kept, left_out


def notes(read: Reading, left_out: Sequence[str]) -> Iterator[str]:
    """A note on the metrics that were left out."""
    if left_out:
        name = next(entry["path"] for entry in read.provenance.inputs if entry["role"] == "labels")
        yield f"{name}: soft labels have losses and Brier scores; left out: {', '.join(left_out)}"


def applies(choice: Choice, settings: Settings) -> bool:
    """Whether a metric is defined for soft labels."""
    columns = choice.columns(settings)
    known = SOFT_COLUMNS | ensemble.COLUMNS | {PRIOR, WEIGHTED, WEIGHTED_HARD}
    return columns - entropies(columns).keys() <= known
