"""Which columns of a table look like those of the classes, by their names: for hints, and for `lscli inspect`."""

from __future__ import annotations

import re
import shlex
from fnmatch import fnmatchcase
from os.path import commonprefix
from typing import TYPE_CHECKING

from lscli.text import escaped, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.io.array_request import ArrayRequest

# Names of columns that stand beside logits and are not classes, in lower case and with `_` between words. Those of
# TRUTHS may hold the labels.
TRUTHS = ("target", "targets", "truth", "ground_truth", "gt", "y_true", "true_label", "true_class", "label_id")
PREDICTIONS = (
    *("prediction", "predictions", "predicted", "pred", "preds", "y_pred", "y_hat", "yhat", "argmax", "top1", "top_1"),
    *("predicted_label", "predicted_class", "pred_label", "pred_class"),
)
CONFIDENCES = (
    *("confidence", "conf", "certainty", "score", "msp", "max_prob", "maxprob", "max_probability", "max_softmax"),
    *("prob", "probability"),
)
_BESIDE = {
    *TRUTHS,
    *PREDICTIONS,
    *CONFIDENCES,
    *("id", "ids", "uid", "uuid", "idx", "index", "row", "row_id", "sample_id", "image_id", "example_id", "class_id"),
    *("fold", "split", "epoch", "timestamp", "weight", "weights", "temperature"),
    *("loss", "losses", "nll", "ce", "cross_entropy", "crossentropy", "log_loss", "logloss", "perplexity", "brier"),
    *("uncertainty", "entropy", "variance", "energy", "scores", "margin", "max_logit", "log_prob", "logprob"),
    *("label_prob", "true_prob", "accuracy", "ece"),
}
_MOST_NAMES = 12
_MOST_MATRICES = 4  # in one table
DIGITS = "0123456789"
LONGEST = 9  # digits of a class number; names such as those of ImageNet have more


def is_beside(name: str, *, labels: bool = True) -> bool:
    """Whether a column stands beside the classes, by its name; `labels` includes names that labels may have."""
    return normal(name) in _BESIDE and (labels or normal(name) not in TRUTHS)


def normal(name: str) -> str:
    """A name in lower case, with `_` between words."""
    return re.sub("[^a-z0-9]+", "_", name.lower()).strip("_")


def families(names: Sequence[str]) -> dict[str, list[str]]:
    """The names that end in digits, by the text before the digits."""
    found: dict[str, list[str]] = {}
    for name in names:
        prefix = name.rstrip(DIGITS)
        if prefix != name:
            found.setdefault(prefix, []).append(name)
    return found


def class_columns(names: Sequence[str], candidates: Sequence[str]) -> dict[str, list[str]]:
    """The columns that look like those of the classes, by the key that names exactly these; empty if it is unclear.

    These are the columns whose names end in the numbers of classes, if most do. There may be several such matrices.
    If no names end in numbers, they are the columns that are not known to stand beside classes: by name or, if they are
    many, by what their names begin with.

    Args:
        names: all columns that a pattern could take in.
        candidates: those that may be classes, by their values.
    """
    numbered = {prefix: family for prefix, family in families(candidates).items() if len(family) > 1}
    counted = {prefix: family for prefix, family in numbered.items() if _counts_classes(prefix, family)}
    inside = {name for family in counted.values() for name in family}
    others = [name for name in candidates if name not in inside and not is_beside(name)]
    most = max(map(len, counted.values()), default=0)
    if most > len(others):
        longest = {prefix: family for prefix, family in counted.items() if len(family) == most}
        few = len(longest) <= _MOST_MATRICES
        chosen = {_key(names, prefix, family): family for prefix, family in longest.items() if few}
    else:
        chosen = {} if numbered or len(others) < 2 else {key_for(names, others): others}
    return {key: family for key, family in chosen.items() if key}


def naming_hint(names: Sequence[str], candidates: Sequence[str], request: ArrayRequest) -> str:
    """A hint that names the columns of the classes, and no other; see `class_columns`."""
    found = class_columns(names, candidates)
    if not found:
        return f"name the columns of the classes with {request.option}, separated by commas"
    return f"name the columns of the classes: {request.option} {' or '.join(map(shlex.quote, found))}"


def labels_hint(name: str, request: ArrayRequest, *, has_labels: bool, number: int | None = None) -> str:
    """The beginning of a hint on a column of whole numbers: it may hold the labels if no other column does.

    Args:
        name: the name of the column.
        request: the matrix that was asked for.
        has_labels: whether another column holds the labels.
        number: the position of the column, if the format takes it for a name that cannot be typed.
    """
    column = typed(name) or (number is not None and str(number))
    if not column or not request.shared or has_labels or is_beside(name, labels=False):
        return ""
    return f"if it holds the labels, say --labels-column {column}; else "


def key_for(names: Sequence[str], family: list[str]) -> str:
    """A key that names exactly these of the columns: by their numbers, in a list, or by what they begin with.

    It is empty if there is none that can be typed.
    """
    prefix, *others = {name.rstrip(DIGITS) for name in family}
    numbered = not others and prefix not in family
    return (_key(names, prefix, family) if numbered else _list(family)) or _begun(names, family)


def _key(names: Sequence[str], prefix: str, family: list[str]) -> str:
    """A pattern for exactly these numbered columns, or else their list."""
    pattern = escaped(prefix) + "[0-9]*"
    if not prefix.isprintable():
        return ""
    return pattern if [name for name in names if fnmatchcase(name, pattern)] == family else _list(family)


def _list(family: list[str]) -> str:
    """The names with commas between them; empty if they are too many to type, or cannot be typed."""
    typeable = all("," not in name and typed(name) for name in family)
    return ",".join(family) if typeable and len(family) <= _MOST_NAMES else ""


def _begun(names: Sequence[str], family: list[str]) -> str:
    """A pattern for exactly the columns of these names, by what they all begin with; empty if others begin so too."""
    prefix = commonprefix(family)  # noqa: RUF071
    pattern = escaped(prefix) + "*"
    alone = [name for name in names if fnmatchcase(name, pattern)] == family
    return pattern if prefix and prefix.isprintable() and alone else ""


def _counts_classes(prefix: str, names: Sequence[str]) -> bool:
    """Whether the numbers at the end of these names count from 0 or 1, or are long ones, as of n01440764."""
    digits = [name[len(prefix) :] for name in names]
    numbers = [int(digit) for digit in digits if len(digit) < LONGEST]
    if [str(number) for number in numbers] != digits:
        return len({len(digit) for digit in digits}) == 1
    return numbers[0] in (0, 1) and numbers == [*range(numbers[0], numbers[0] + len(numbers))]
