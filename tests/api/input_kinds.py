"""The same samples in every form that a command reads, each with the plain logits that it stands for."""

from __future__ import annotations

from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax

from tests.calibrators import fitted_on

Array = NDArray[Any]


class Given(NamedTuple):
    """Samples as they are given.

    Attributes:
        logits, labels: as in `lscli.evaluate`.
        options: what says how to read them.
        plain: [n, K] float64, the logits of the samples that are kept.
        truth: [n], their labels, from 0 on.
        places: [n], which of the rows they are.
    """

    logits: Any
    labels: Array
    options: dict[str, Any]
    plain: Array
    truth: Array
    places: Array


KINDS = (
    *("float16", "bfloat16", "ties", "probs", "probs16", "log-probs", "zeros", "temperature", "calibrator"),
    *(
        "ensemble",
        "ensemble-of-logits",
        "binary",
        "binary-probs",
        "binary-pairs",
        "flatten",
        "class-axis",
        "left-out",
        "masked",
    ),
)


def given_as(kind: str, seed: int, n: int = 240) -> Given:
    """n samples; of three classes, or of two for kinds that have two."""
    random = np.random.default_rng([seed, n])
    classes = 2 if kind.startswith("binary") else 3
    y = random.integers(0, classes, n)
    x = random.normal(size=(n, classes))
    x[np.arange(n), y] += 2
    every = np.arange(n)

    def found(logits: Any, plain: Array, **options: Any) -> Given:
        return Given(logits, y, options, plain.astype(np.float64), y, every)

    p = softmax(x, axis=1)
    match kind:
        case "float16" | "bfloat16":
            short = x.astype(np.float16 if kind == "float16" else ml_dtypes.bfloat16)
            return found(short, short)
        case "ties":
            return found(np.round(x), np.round(x))
        case "probs":
            return found(p, np.log(p), kind="probs")
        case "probs16":
            return found(p.astype(np.float16), np.log(p.astype(np.float16).astype(np.float64)), kind="probs")
        case "log-probs":
            return found(np.log(p), np.log(p), kind="log-probs")
        case "zeros":
            p[:50] = np.eye(classes)[x[:50].argmax(axis=1)]
            low = p < 1e-3
            scale = (1 - 1e-3 * low.sum(axis=1)) / np.where(low, 0, p).sum(axis=1)
            return found(p, np.log(np.where(low, 1e-3, p * scale[:, None])), kind="probs", min_prob=1e-3)
        case "temperature":
            return found(x, x / 2.5, temperature=2.5)
        case "calibrator":
            other = given_as("float16", 99)
            calibrator = fitted_on(other.logits, other.labels)
            return found(x, x / calibrator.parameters.temperature, calibrator=calibrator)
        case "ensemble" | "ensemble-of-logits":
            members = np.stack([x, x + random.normal(size=x.shape), 2 * x])
            if kind == "ensemble":
                return found(members, np.log(softmax(members, axis=2).mean(axis=0)), ensemble_axis=0)
            return found(members, members.mean(axis=0), ensemble_axis=0, ensemble_of="logits")
        case "binary":
            z = x[:, 1] - x[:, 0]
            return found(z, np.stack([np.zeros(n), z], axis=1), binary=True)
        case "binary-probs":
            return found(p[:, 1], np.log(np.stack([1 - p[:, 1], p[:, 1]], axis=1)), binary=True, kind="probs")
        case "binary-pairs":
            pairs = p.astype(np.float16)
            return found(pairs, np.log(pairs.astype(np.float64)), kind="probs")
        case "flatten":
            tokens = found(x.reshape(n // 4, 4, classes), x, flatten=True, clusters="none")
            return tokens._replace(labels=y.reshape(n // 4, 4))
        case "class-axis":
            image = found(x.reshape(n // 4, 4, classes).swapaxes(1, 2), x, class_axis=1, clusters="none")
            return image._replace(labels=y.reshape(n // 4, 4))
        case "left-out":
            x[5], labels = np.nan, y + 1
            labels[7] = 77
            keep = ~np.isin(every, (5, 7))
            options = {"nonfinite": "skip", "ignore_index": 77, "labels_from": 1}
            return Given(x, labels, options, x[keep], y[keep], every[keep])
        case "masked":
            x[every, (y + 1) % classes] = -np.inf
            return found(x, x)
    raise KeyError(kind)


def probabilities(logits: Array) -> Array:
    """[n, K] float64."""
    return np.asarray(np.exp(log_softmax(logits, axis=1)))


def groups_of_equal(values: Array) -> Array:
    """The values, those that are equal but for rounding made equal."""
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order], prepend=values[order[0]])
    result = np.empty_like(values)
    result[order] = np.cumsum(steps > 1e-11)
    return result
