"""What there is for labels that are distributions over the classes: losses and Brier scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.errors import UsageError
from lscli.kernels.soft import SOFT_COLUMNS
from lscli.metrics.smoothed_losses import PRIOR, entropies

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.api.reading import Reading
    from lscli.metrics import Choice
    from lscli.metrics.base import Settings
    from lscli.options import TargetOptions


def check(options: TargetOptions) -> None:
    """Refuse what has no meaning for such labels.

    Raises:
        UsageError: class weights: a label is of several classes, and none of these weighs the sample.
    """
    if options.class_weights is not None:
        raise UsageError("soft labels are of several classes", "leave out --class-weights", where="class-weights")


def split(choices: Sequence[Choice], settings: Settings) -> tuple[list[Choice], list[str]]:
    """The metrics that there are, and the ids of the others, in their order.

    Raises:
        UsageError: there is none.
    """
    kept = [choice for choice in choices if _is_there(choice, settings)]
    left_out = list(dict.fromkeys(choice.metric.id for choice in choices if choice not in kept))
    if not kept:
        hint = "losses and Brier scores have one: --metrics loss,brier"
        raise UsageError(f"without a meaning for soft labels: {', '.join(left_out)}", hint, where="metrics")
    return kept, left_out


def notes(read: Reading, left_out: Sequence[str]) -> Iterator[str]:
    """What was asked for and is not there, in one line."""
    if left_out:
        name = next(entry["path"] for entry in read.provenance.inputs if entry["role"] == "labels")
        yield f"{name}: soft labels have losses and Brier scores; left out: {', '.join(left_out)}"


def _is_there(choice: Choice, settings: Settings) -> bool:
    columns = choice.columns(settings)
    return columns - entropies(columns).keys() <= SOFT_COLUMNS | {PRIOR}
