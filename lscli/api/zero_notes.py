"""Warnings about classes of probability 0, which make losses infinite: where they are, and how to go on."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from lscli.metrics.smoothed_losses import PRIOR, WEIGHTED, WEIGHTED_HARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from lscli.io.logits import Logits
    from lscli.scan.scan import Scan
    from lscli.table import SampleTable

_NAMED = 5  # rows that a warning names
_OF_LABEL = frozenset({"loss_hard", "logit_gap"})
_OF_OTHERS = frozenset({"loss_uniform", "logit_gap", PRIOR, WEIGHTED})
_HINT = "say --min-prob 1e-7 to raise it to 1e-7, as Keras does (scikit-learn: 2.2e-16)"


def zero_notes(
    logits: Logits, result: Scan, samples: int, *, soft: bool = False, exclude: bool = False, expected: bool = False
) -> Iterator[str]:
    """Say how many labels have probability 0 and in which rows, then how many rows have another such class.

    Args:
        logits: the logits; their kind decides whether such a class is called masked.
        result: the pass, whose table shows which losses are asked for.
        samples: the number of samples of a weight above 0.
        soft: whether labels are distributions.
        exclude: whether masked classes are left out of their row.
        expected: whether the format of the logits implies masked classes.
    """
    zero, others = result.zero_labels, result.masked - len(result.zero_labels)
    of_label = len(zero) > 0 and (
        not _OF_LABEL.isdisjoint(result.table.columns) or _is_infinite(result.table, {WEIGHTED_HARD})
    )
    if of_label:
        yield f"{logits.name}: {len(zero)} of {samples} {_labels_at(zero, logits, soft=soft, exclude=exclude)}"
    if others and not expected and (exclude or _is_infinite(result.table, _OF_OTHERS)):
        who = "samples has" if others == 1 else "samples have"
        what = "class of probability 0" if logits.kind == "probs" else "masked class (-inf)"
        if len(zero):
            what += " that is not in its label" if soft else " that is not its label"
        its = "its" if others == 1 else "their"
        infinite = "uniform loss is" if soft else "uniform loss and logit gap are"
        consequence = f"it is left out of {its} row" if exclude else f"{its} {infinite} infinite"
        if not exclude and not of_label and logits.kind != "logits":
            consequence += f"; {_HINT}"
        yield f"{logits.name}: {others} of {samples} {who} a {what}: {consequence}"


def _labels_at(rows: np.ndarray, logits: Logits, *, soft: bool, exclude: bool) -> str:
    """What is wrong with the labels of these rows, which rows they are, and how to go on."""
    one = len(rows) == 1
    if soft:
        what = f"soft labels {'has' if one else 'have'} a class of probability 0"
    elif logits.kind == "probs":
        what = f"labels {'has' if one else 'have'} probability 0"
    else:
        what = f"labels {'is a masked class' if one else 'are masked classes'} (-inf)"
    consequence = "its loss is infinite" if one else "their losses are infinite"
    if exclude:
        return f"{what} ({_listed(rows, logits)}), which is not left out: {consequence}; look at the run that wrote it"
    return f"{what} ({_listed(rows, logits)}): {consequence}; {_HINT}"


def _listed(rows: np.ndarray, logits: Logits) -> str:
    """The first rows, each by its number in its own file."""
    places = [logits.located(int(row)) for row in rows[:_NAMED]]
    found = []
    for name, group in itertools.groupby(places, key=lambda place: place[0]):
        numbers = [str(row) for _, row in group]
        found.append(_joined("row", numbers) + (f" of {name}" if logits.shards else ""))
    more = f", and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return ", ".join(found) + more


def _joined(noun: str, numbers: Sequence[str]) -> str:
    return f"{noun}{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}"


def _is_infinite(table: SampleTable, names: Set[str]) -> bool:
    """Whether one of these columns is in the table and not finite."""
    return any(not np.isfinite(table[name]).all() for name in names & table.columns.keys())
