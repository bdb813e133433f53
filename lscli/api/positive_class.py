"""With two classes, calibration is that of class 1, as in binary tools, or that of the predicted class (top label)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lscli.options import BinsOptions, CheckOptions, CompareOptions, EvaluateOptions, Library, RecalibrateOptions
    from lscli.table import SampleTable

_WHERE = "positive-class"
# If p and 1 - p are rounded to this type, they sum to 1 within this distance. A pair that is further off is divided by
# its sum.
_ROUNDING = {"bfloat16": 2.0**-8, "float16": 2.0**-11, "float32": 2.0**-22, "float64": 2.0**-22}
# A row of many classes is divided by its sum, unless it is 1 but for the last digits of float32.
_LAST_DIGITS = 2.0**-22


def positive_class(
    options: EvaluateOptions | BinsOptions | RecalibrateOptions | CompareOptions | CheckOptions,
    *,
    soft_labels: bool = False,
) -> int | None:
    """The class that these options name, class 1 with `binary`, or None for the top label.

    Raises:
        UsageError: options that cannot be combined.
    """
    if options.positive_class is None:
        return 1 if options.binary and not (options.top_label or soft_labels) else None
    if options.top_label:
        raise UsageError("cannot be combined with --top-label", "leave one of them out", where=_WHERE)
    if soft_labels:
        raise UsageError("soft labels have no calibration errors", "leave out --positive-class", where=_WHERE)
    return options.positive_class


def check_two_classes(number: int | None, num_classes: int) -> None:
    """Check that there are two classes, if one of them is the positive class.

    Raises:
        UsageError: there are more.
    """
    if number is not None and num_classes != 2:
        what = f"needs two classes, and these logits have {num_classes}"
        raise UsageError(what, "leave out --positive-class; lscli classes has the calibration of each", where=_WHERE)


def as_stated(
    table: SampleTable,
    stated: NDArray[Any],
    element: str | None,
    min_prob: float | None = None,
    *,
    for_libraries: bool = False,
) -> SampleTable:
    """The table, with its confidences replaced by the probabilities as they are stored.

    The pass reads logarithms, which may change the last digit of a probability, and so its bin if it lies on an edge.

    Args:
        table: the samples.
        stated: the probabilities of all rows: [N, 2], or [N] of class 1; of more classes the largest of each row, [N].
        element: the type that they are stored in, to whose rounding a row of two may miss the sum 1; None if every row
            is divided by its sum.
        min_prob: their lower bound, see `lscli.io.min_prob`; None for none.
        for_libraries: whether to add the column `library_confidence`: other libraries take the largest probability of
            a row as it is, whatever the row's sum.
    """
    p = stated[table["row"]]
    if for_libraries and min_prob is None:
        largest = p if p.ndim == 1 and (table.num_classes or 0) > 2 else _pair(p).max(axis=1)
        table = replace(table, columns={**table.columns, "library_confidence": largest})
    if (table.num_classes or 0) > 2:
        # Rows that do not sum to 1 were divided by their sum, and raised rows were scaled: these differ by more.
        confidence = table["confidence"]
        same = (np.abs(confidence - p) <= _LAST_DIGITS * p) & (min_prob is None)
        return replace(table, columns={**table.columns, "confidence": np.where(same, p, confidence)})
    zero, one = _pair(p).T
    total = zero + one
    total[np.abs(total - 1.0) <= (_LAST_DIGITS if element is None else _ROUNDING[element])] = 1.0
    first = table["predicted"] == 0
    top, rest = np.where(first, zero, one) / total, np.where(first, one, zero) / total
    if min_prob is not None:
        top, rest = (np.clip(part, min_prob, 1.0 - min_prob) for part in (top, rest))
    found = {"confidence": top, "one_minus_confidence": rest}
    known = {name: column for name, column in found.items() if name in table.columns}
    # Without its own column, ln (1 - c) is that of the stated probability.
    kept = table.without({"log_one_minus_confidence"})
    return replace(kept, columns={**kept.columns, **known})


def _pair(p: NDArray[Any]) -> NDArray[Any]:
    """The probabilities of both classes, [n, 2], from those of both or of class 1."""
    return p if p.shape[1:] == (2,) else np.stack((1.0 - p.ravel(), p.ravel()), axis=1)


def notes_on_class(number: int | None, compat: Library | None) -> Iterator[str]:
    """A note if the library of `--compat` has only the calibration error of the top label."""
    if number is not None and compat in ("gpleiss", "focal"):
        yield (
            f"{compat} has no binary calibration error: this is the error of class {number} over the bins of {compat}; "
            "for the value that it prints for two logits, say --top-label"
        )
