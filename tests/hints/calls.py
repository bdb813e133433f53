"""Calls in Python that are refused, and the calls that their hints lead to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch

import lscli
from tests.hints.case import agreement, right
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
RIGHT = agreement(X, Y)
T, LABELS = torch.from_numpy(X), torch.from_numpy(Y)
HIDDEN = np.arange(24) == 4
MOSTLY_RIGHT = np.where(np.arange(24) % 6 == 0, Y, X.argmax(axis=1))
WEIGHTED = lscli.SampleTable.from_confidences([0.75, 0.5], [1, 0], weight=[3, 1])
TABLE = lscli.SampleTable.from_confidences([0.75, 0.5, 1.0, 0.25], [1, 0, 1, 0])
CE = torch.nn.functional.cross_entropy
PRIOR = torch.tensor([0.5, 0.25, 0.25])


class Call(NamedTuple):
    """A call that is refused, and its hint.

    Attributes:
        name: what is wrong.
        call: raises an error of lscli.
        says: words of the error.
        hint: words of the hint.
        follow: does what the hint says, and returns a number.
        value: the right one, from elsewhere.
        never: words that the hint must not have.
    """

    name: str
    call: Callable[[], Any]
    says: str
    hint: str
    follow: Callable[[], float]
    value: float
    never: tuple[str, ...] = ()


def loss(**options: Any) -> lscli.LabelSmoothingCrossEntropy:
    return lscli.LabelSmoothingCrossEntropy(**options)


def accuracy(logits: Any, labels: Any, **options: Any) -> float:
    return lscli.evaluate(logits, labels, metrics="accuracy", **options)["accuracy"]


def masked(values: Any, where: Any) -> Any:
    return np.ma.masked_array(values, where)


def mapped(**options: Any) -> Any:
    """Recalibrated logits, of which a row is not finite."""
    scaling = lscli.TemperatureScaling(**options).fit(X, MOSTLY_RIGHT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lscli.LscliWarning)  # a row is skipped
        return scaling.transform(np.where(HIDDEN[:, None], np.nan, X))


def nested(values: Any) -> torch.Tensor:
    """Rows without their last value, where that is the smallest."""
    return torch.nested.nested_tensor([row[:-1] if row[-1] == row.min() else row for row in values])


def quantised() -> torch.Tensor:
    return torch.quantize_per_tensor(T, 0.5, 0, torch.qint8)


CASES = [
    Call(
        "a table for logits",
        lambda: lscli.per_class(TABLE, None),  # type: ignore[arg-type]
        "is a SampleTable, not logits",
        "lscli.measure, lscli.evaluate, lscli.per_bin and lscli.per_sample take tables",
        lambda: lscli.measure(TABLE, metrics="confidence")["confidence_mean"],
        0.625,
    ),
    Call(
        "weights of a table that has some",
        lambda: lscli.evaluate(WEIGHTED, weights=[1, 1]),
        "the table already has weights",
        "leave out one of the two",
        lambda: lscli.evaluate(WEIGHTED)["accuracy"],
        0.75,
    ),
    Call(
        "a table without names",
        lambda: lscli.evaluate([[0.5, 1]], confidence="c", correct="a"),
        "has no columns to name (list)",
        "give a path, a data frame or a dict of arrays",
        lambda: lscli.evaluate({"c": [0.5], "a": [1]}, confidence="c", correct="a")["accuracy"],
        1.0,
    ),
    Call(
        "logits for a table",
        lambda: lscli.measure(X),  # type: ignore[arg-type]
        "must be a SampleTable",
        "lscli.evaluate takes logits",
        lambda: accuracy(X, Y),
        RIGHT,
    ),
    Call(
        "a row that is not finite and is to be mapped",
        mapped,
        "row 4 has nan",
        "look at the run that wrote it, or skip such rows with nonfinite='skip'",
        lambda: accuracy(mapped(nonfinite="skip")[~HIDDEN], Y[~HIDDEN]),
        agreement(X[~HIDDEN], Y[~HIDDEN]),
    ),
    Call(
        "masked logits",
        lambda: accuracy(masked(X, np.repeat(HIDDEN[:, None], 3, axis=1)), Y),
        "some values are masked, and a masked value is not a number",
        "leave these rows out, or give numbers: array.filled(...)",
        lambda: accuracy(X[~HIDDEN], Y[~HIDDEN]),
        agreement(X[~HIDDEN], Y[~HIDDEN]),
    ),
    Call(
        "masked labels",
        lambda: accuracy(X, masked(Y, HIDDEN)),
        "some values are masked, and a masked value is not a number",
        "array.filled(...)",
        lambda: accuracy(X, masked(Y, HIDDEN).filled(-100)),
        agreement(X[~HIDDEN], Y[~HIDDEN]),
    ),
    Call(
        "masked groups",
        lambda: accuracy(X, Y, groups=masked(Y, HIDDEN)),
        "some values are masked",
        "give a value for each of them: array.filled(...)",
        lambda: accuracy(X, Y, groups=masked(Y, HIDDEN).filled(9)),
        RIGHT,
    ),
    Call(
        "a sparse tensor",
        lambda: accuracy(T.to_sparse(), LABELS),
        "a tensor of layout torch.sparse_coo",
        "give tensor.to_dense()",
        lambda: accuracy(T.to_sparse().to_dense(), LABELS),
        RIGHT,
    ),
    Call(
        "a nested tensor of logits",
        lambda: accuracy(nested(T), LABELS),
        "whose rows differ in length",
        "give tensor.to_padded_tensor(-torch.inf)",
        lambda: accuracy(nested(T).to_padded_tensor(-torch.inf), LABELS),
        RIGHT,
    ),
    Call(
        "a nested tensor of labels",
        lambda: accuracy(T.reshape(6, 4, 3), torch.nested.nested_tensor([*LABELS.reshape(6, 4)[:-1], LABELS[-4:-1]])),
        "whose rows differ in length",
        "give tensor.to_padded_tensor(-100)",
        lambda: accuracy(
            T.reshape(6, 4, 3),
            torch.nested.nested_tensor([*LABELS.reshape(6, 4)[:-1], LABELS[-4:-1]]).to_padded_tensor(-100),
            flatten=True,
        ),
        agreement(X[:-1], Y[:-1]),
        never=("inf",),
    ),
    Call(
        "a quantised tensor",
        lambda: accuracy(quantised(), LABELS),
        "a quantized tensor",
        "give tensor.dequantize()",
        lambda: accuracy(quantised().dequantize(), LABELS),
        agreement(0.5 * np.rint(2 * X), Y),
    ),
    Call(
        "a tensor of float8",
        lambda: accuracy(T.to(torch.float8_e4m3fn), LABELS),
        "a tensor of dtype torch.float8_e4m3fn",
        "give tensor.float()",
        lambda: accuracy(T.to(torch.float8_e4m3fn).float(), LABELS),
        agreement(T.to(torch.float8_e4m3fn).float().numpy(), Y),
    ),
    Call(
        "one logit per sample in Python",
        lambda: accuracy(right([0, 1], 2)[:, 1] - 1, [0, 1]),
        "need logits of shape (N, K), got (2,)",
        "say binary=True",
        lambda: accuracy(right([0, 1], 2)[:, 1] - 1, [0, 1], binary=True),
        1.0,
    ),
    Call(
        "an eps below 0 that is converted",
        lambda: lscli.convert_eps(-0.1, 4, "uniform", "off-target"),
        "must be finite and in [0, 1], got -0.1",
        "for example eps=0.1",
        lambda: lscli.convert_eps(0.1, 4, "uniform", "off-target"),
        0.075,
        never=("negative",),
    ),
    Call(
        "an eps below 0 of a loss",
        lambda: loss(eps=-0.1)(T, LABELS),
        "must be in [0, 1], got -0.1",
        "set allow_negative_eps=True",
        lambda: loss(eps=-0.1, allow_negative_eps=True)(T, LABELS).item(),
        1.1 * CE(T, LABELS).item() + 0.1 * T.log_softmax(1).mean().item(),
    ),
    Call(
        "a loss without its prior",
        lambda: loss(eps=0.1, smoothing="prior")(T, LABELS),
        "needs a prior",
        "give a tensor [K] with sum 1",
        lambda: loss(eps=0.1, smoothing="prior", prior=PRIOR)(T, LABELS).item(),
        0.9 * CE(T, LABELS).item() + 0.1 * CE(T, PRIOR.expand(24, 3)).item(),
    ),
    Call(
        "a prior of another loss",
        lambda: loss(eps=0.1, prior=PRIOR)(T, LABELS),
        "has no prior",
        "set smoothing='prior'",
        lambda: loss(eps=0.1, smoothing="prior", prior=PRIOR)(T, LABELS).item(),
        0.9 * CE(T, LABELS).item() + 0.1 * CE(T, PRIOR.expand(24, 3)).item(),
    ),
    Call(
        "an ensemble of one array",
        lambda: accuracy([X], Y, ensemble=True),
        "a list of 1 is not an ensemble",
        "give a list of at least two, or leave out ensemble=True",
        lambda: accuracy(X, Y),
        RIGHT,
    ),
    Call(
        "an ensemble in one array",
        lambda: accuracy(np.stack([X, X / 2]), Y, ensemble=True),
        "is one array, and an ensemble has several",
        "give a list of arrays; if one array holds the members, name their axis: ensemble_axis=AXIS",
        lambda: accuracy(np.stack([X, X / 2]), Y, ensemble_axis=0),
        RIGHT,
    ),
    Call(
        "a prior of another sum",
        lambda: loss(eps=0.1, smoothing="prior", prior=PRIOR * 2)(T, LABELS),
        "must sum to 1, got 2",
        "divide it by its sum",
        lambda: loss(eps=0.1, smoothing="prior", prior=(PRIOR * 2) / (PRIOR * 2).sum())(T, LABELS).item(),
        0.9 * CE(T, LABELS).item() + 0.1 * CE(T, PRIOR.expand(24, 3)).item(),
    ),
    Call(
        "targets of True and False",
        lambda: loss(eps=0.0)(T[:, :2], LABELS == 1),
        "must be labels or probabilities, got torch.bool",
        "give target.long()",
        lambda: loss(eps=0.0)(T[:, :2], (LABELS == 1).long()).item(),
        CE(T[:, :2], (LABELS == 1).long()).item(),
    ),
    Call(
        "one-hot targets of True and False",
        lambda: loss(eps=0.0)(T, torch.eye(3)[LABELS] == 1),
        "must be labels or probabilities, got torch.bool",
        "give target.to(logits.dtype)",
        lambda: loss(eps=0.0)(T, (torch.eye(3)[LABELS] == 1).to(T.dtype)).item(),
        CE(T, LABELS).item(),
    ),
    Call(
        "arrays for a loss",
        lambda: loss(eps=0.0)(X, LABELS),
        "must be a tensor, got ndarray",
        "torch.as_tensor makes one of an array",
        lambda: loss(eps=0.0)(torch.as_tensor(X), LABELS).item(),
        CE(T, LABELS).item(),
    ),
]
