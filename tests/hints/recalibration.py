"""Maps of the logits: two at once, where none can be, and samples that a map was fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.calibrators import fitted_on, saved_as
from tests.hints.case import Hint, Make, agreement, typed
from tests.hints.topk import OPTIONS, kept
from tests.io.make import some_logits

X = some_logits(60, 4, "float64")
Y = (X + 2 * some_logits(61, 4, "float64")[1:]).argmax(axis=1)
RIGHT = agreement(X, Y)
EVAL = ("eval", "x.npy", "y.npy")
SOFT = np.full((60, 4), 0.25)
ZERO = np.where((np.arange(60)[:, None] == 3) & (np.arange(4) == Y[3]), -np.inf, X)
FITTED = fitted_on(X, Y)


def mapped(*words: str, calibrator: Calibrator = FITTED) -> Make:
    """A `Make` of logits and labels beside a calibrator."""

    def arguments(folder: Path) -> Sequence[object]:
        saved_as(folder / "cal.json", calibrator)
        return typed(*EVAL, *words, x=X, y=Y)(folder)

    return arguments


def pairs(folder: Path) -> Sequence[object]:
    """Two files with logits and labels each."""
    for name, z, y in (("val", X, Y), ("test", X[::-1] + 0.01, Y[::-1])):
        np.savez(folder / f"{name}.npz", logits=z, labels=y)
    return ["recalibrate", folder / "val.npz", folder / "test.npz"]


CASES = [
    Hint(
        "validation samples without test samples",
        lambda folder: [*pairs(folder)[:2]],
        "two or four paths are needed, got 1",
        "give VAL_LOGITS VAL_LABELS TEST_LOGITS TEST_LABELS, or two files with logits and labels each",
        pairs,
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "a classwise metric before and after",
        lambda folder: [*pairs(folder), "-m", "classwise_ece"],
        "classwise_ece has no paired difference",
        "use lscli eval, before the map and with --calibrator",
        mapped("--calibrator", "cal.json", "-m", "classwise_ece"),
        prints="classwise_ece,",
        code=2,
    ),
    Hint(
        "two maps",
        mapped("--calibrator", "cal.json", "--temperature", "2"),
        "cannot be combined with --calibrator",
        "leave out --calibrator or --temperature",
        mapped("--temperature", "2"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a map and a fit",
        typed(*EVAL, "--cross-fit", "ets", "--temperature", "2", x=X, y=Y),
        "cannot be combined with --temperature",
        "leave out --temperature or --cross-fit",
        typed(*EVAL, "--cross-fit", "ets", x=X, y=Y),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a map of the top k",
        kept(options=(*OPTIONS, "--temperature", 2)),
        "needs the logits of all classes, not the top k",
        "leave out --temperature",
        kept(),
        prints="accuracy",
        code=2,
    ),
    Hint(
        "a fit on soft labels",
        typed(*EVAL, "--soft-labels", "--cross-fit", "ets", x=X, y=SOFT),
        "needs labels that are class numbers",
        "leave out --cross-fit",
        typed(*EVAL, "--soft-labels", x=X, y=SOFT),
        prints="loss_hard,",
        code=2,
    ),
    Hint(
        "a temperature of 0",
        typed(*EVAL, "--temperature", "0", x=X, y=Y),
        "must be from 1e-06 to 1000000, got 0",
        "usual values are between 0.5 and 5",
        typed(*EVAL, "--temperature", "0.5", x=X, y=Y),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "one fold with all samples",
        typed(*EVAL, "--cross-fit", "temperature", x=np.tile(X[:1], (60, 1)), y=Y),
        "has all samples, so none is left to fit on",
        "to measure the logits as they are, leave out --cross-fit",
        typed(*EVAL, "-m", "accuracy", x=np.tile(X[:1], (60, 1)), y=Y),
        accuracy=agreement(np.tile(X[:1], (60, 1)), Y),
    ),
    Hint(
        "a label of probability 0 in a fit",
        typed(*EVAL, "--cross-fit", "ets", x=ZERO, y=Y),
        "the label of row 3 is at minus infinity",
        "raise the probability to 1e-7 with --min-prob 1e-7",
        "--min-prob 1e-7",
        accuracy=agreement(ZERO, Y),
    ),
    Hint(
        "a calibrator that was fitted here",
        mapped("--calibrator", "cal.json"),
        "the calibrator was fitted on these samples",
        "use other samples, or measure these with lscli eval --cross-fit temperature",
        mapped("--cross-fit", "temperature"),
        accuracy=RIGHT,
        code=0,
    ),
    Hint(
        "a calibrator of another model",
        mapped("--calibrator", "cal.json", calibrator=Calibrator("temperature", 5, Temperature(2.0))),
        "5 classes",
        "fit it on logits of the same model",
    ),
]
