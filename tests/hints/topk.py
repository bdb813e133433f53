"""Top-k log-probabilities: what is missing or cannot be, and what to type or save instead."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from tests.hints.case import Hint, Make, agreement
from tests.io.make import saved, some_labels, some_logits

CLASSES, TOP = 9, 3
X, Y = 2 * some_logits(40, CLASSES, "float64"), some_labels(40, CLASSES)
RIGHT = agreement(X, Y)
LOG_P, P = log_softmax(X, axis=1), softmax(X, axis=1)
IDS = np.argsort(-X, axis=1)[:, :TOP]
OWN = LOG_P[np.arange(len(Y)), Y]
OPTIONS = ("--topk-classes", "ids", "--classes", CLASSES)


def kept(values: Any = LOG_P, *words: object, ids: Any = IDS, options: Sequence[object] = OPTIONS, **more: Any) -> Make:
    """A `Make` of the k largest of values [N, K], and of further arrays in the same file."""

    def arguments(folder: Path) -> Sequence[object]:
        top = np.take_along_axis(np.asarray(values), ids, 1) if np.shape(values)[1] == CLASSES else values
        np.savez(folder / "topk.npz", logits=top, ids=ids, labels=Y, own=OWN, **more)
        return ["eval", folder / "topk.npz", *options, *words]

    return arguments


def alone(folder: Path) -> Sequence[object]:
    """The log-probabilities in a file without class numbers."""
    (folder / "lp.npy").write_bytes(saved(np.take_along_axis(LOG_P, IDS, 1)))
    (folder / "y.npy").write_bytes(saved(Y))
    return ["eval", folder / "lp.npy", folder / "y.npy", "--topk-classes", "ids", "--classes", CLASSES]


def together(folder: Path) -> Sequence[object]:
    """The file that the hint saves."""
    log_probs, class_numbers, labels = np.load(folder / "lp.npy"), IDS, np.load(folder / "y.npy")
    np.savez(folder / "topk.npz", logits=log_probs, topk_classes=class_numbers, labels=labels)
    return ["eval", folder / "topk.npz", "--topk-classes", "topk_classes", "--classes", CLASSES]


ALL = np.argsort(-X, axis=1)
# The label stands among the others, however small it is.
LAST = np.where((IDS == Y[:, None]).any(axis=1)[:, None], IDS, np.column_stack([IDS[:, :2], Y]))

CASES = [
    Hint(
        "top k of logits",
        kept(np.abs(X) + 1),
        "above 0",
        "torch.log_softmax(logits, -1).topk(k)",
        kept(log_softmax(X, axis=1)),
        accuracy=RIGHT,
    ),
    Hint(
        "top k of probabilities",
        kept(P),
        "has a log-probability of",
        "if these are probabilities, say --kind probs",
        "--kind probs",
        accuracy=RIGHT,
    ),
    Hint(
        "top k of log-probabilities as probabilities",
        kept(LOG_P, "--kind", "probs"),
        "row 0 holds nan or a negative probability",
        "if these are log-probabilities, leave out --kind; else look at the run that wrote it",
        kept(),
        accuracy=RIGHT,
    ),
    Hint(
        "top k of scores as probabilities",
        kept(3 * P, "--kind", "probs"),
        "has a probability of",
        "torch.softmax(logits, -1).topk(k)",
        kept(P, "--kind", "probs"),
        accuracy=RIGHT,
    ),
    Hint(
        "top k without the number of classes",
        kept(options=("--topk-classes", "ids")),
        "the number of classes is not known",
        "give the number of all classes with --classes, such as the size of the vocabulary",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a number of classes without top k",
        kept(options=("--classes", CLASSES)),
        "needs --topk-classes",
        "name the array of the class numbers with --topk-classes KEY",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "k for the number of classes",
        kept(options=("--topk-classes", "ids", "--classes", 2)),
        "has 3 log-probabilities in a row, more than the 2 classes",
        "--classes is the number of all classes, not of those in a row",
        kept(),
        accuracy=RIGHT,
    ),
    Hint(
        "top k in a file of one array",
        alone,
        "holds no class numbers beside the log-probabilities",
        "np.savez('topk.npz', logits=log_probs, topk_classes=class_numbers, labels=labels)",
        together,
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "top k with soft labels",
        kept(LOG_P, "--soft-labels"),
        "cannot be combined with --soft-labels",
        "leave out --soft-labels",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "top k on a class axis",
        kept(LOG_P, "--class-axis", 1),
        "cannot be combined with --class-axis",
        "leave out --class-axis",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "top k with a prior",
        kept(LOG_P, "--smoothing", "prior", "--prior", "empirical"),
        "needs the log-probabilities of all classes",
        "leave out --prior",
        kept(LOG_P, "--smoothing", "prior"),
        again="needs a prior",
        again_code=2,
        code=2,
    ),
    Hint(
        "top k with class weights",
        kept(LOG_P, "--class-weights", "w.npy"),
        "needs the log-probabilities of all classes",
        "leave out --class-weights",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "all classes with the labels' own",
        kept(LOG_P, "--label-log-probs", "own", ids=ALL),
        "is not needed, since every row has all 9 classes",
        "leave out --label-log-probs",
        kept(LOG_P, ids=ALL),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "the label among the top k however small it is",
        kept(LOG_P, ids=LAST),
        "cannot make up the rest",
        "keep the k largest of each row, and put the label's own into an array for --label-log-probs",
        kept(LOG_P, "--label-log-probs", "own"),
        accuracy=RIGHT,
    ),
    Hint(
        "top k in a sweep",
        lambda folder: ["sweep", *[*kept()(folder)][1:]],
        "--topk-classes is not an option of lscli sweep",
        "lscli eval, lscli bins, lscli samples, lscli compare, lscli check, "
        "lscli plot, lscli report and lscli threshold take it",
        kept(),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "labels outside the top k",
        kept(LOG_P, "-m", "loss_hard"),
        "are not among the top 3, and their losses are not known",
        "if the file has the labels' own log-probabilities, say --label-log-probs KEY",
        kept(LOG_P, "-m", "loss_hard", "--label-log-probs", "own"),
        prints="topk.npz,,loss_hard,",
        code=0,
    ),
]
