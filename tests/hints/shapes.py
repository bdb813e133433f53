"""Axes of logits and labels: classes first, tokens, transposed and swapped ones, one value per sample."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from tests.hints.case import Hint, agreement, right, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
X3, Y3 = X.reshape(6, 4, 3), Y.reshape(6, 4)
FIRST = np.moveaxis(X3, -1, 1)  # (6, 3, 4): classes first
Z, BITS = some_logits(24, 1)[:, 0], some_labels(24, 2)
EVAL = ("eval", "x.npy", "y.npy")
ONE_HOT = np.eye(3, dtype=np.float32)
RIGHT, BINARY = agreement(X, Y), agreement(Z, BITS)
AXIS, FLATTEN = "--class-axis", "--flatten"

CASES = [
    Hint(
        "tokens",
        typed(*EVAL, x=X3, y=Y3),
        "need logits of shape (N, K), got (6, 4, 3)",
        "for tokens of sequences, (N, T, K), say --flatten",
        FLATTEN,
        accuracy=RIGHT,
    ),
    Hint(
        "classes first",
        typed(*EVAL, x=FIRST, y=Y3),
        "labels (6, 4) show that the classes are axis 1",
        "say --class-axis 1",
        "--class-axis 1",
        accuracy=RIGHT,
    ),
    Hint(
        "classes first, flattened",
        typed(*EVAL, FLATTEN, x=FIRST, y=Y3),
        "labels (6, 4) show that the classes of logits (6, 3, 4) are axis 1",
        "say --class-axis 1",
        "--class-axis 1",
        accuracy=RIGHT,
    ),
    Hint(
        "as many tokens as classes",
        typed(*EVAL, x=X.reshape(8, 3, 3), y=Y.reshape(8, 3)),
        "need logits of shape (N, K), got (8, 3, 3)",
        "if axis 2 holds the classes, say --flatten; if axis 1 holds the classes, say --class-axis 1",
        FLATTEN,
        accuracy=RIGHT,
    ),
    Hint(
        "transposed logits",
        typed(*EVAL, x=X.T, y=Y),
        "logits (3, 24) are transposed",
        "say --class-axis 0, or save logits.T",
        "--class-axis 0",
        accuracy=RIGHT,
    ),
    Hint(
        "transposed logits, saved again",
        typed(*EVAL, x=X.T, y=Y),
        "logits (3, 24) are transposed",
        "or save logits.T",
        typed(*EVAL, x=X),
        accuracy=RIGHT,
    ),
    Hint(
        "an axis of logits that have the classes last",
        typed(*EVAL, AXIS, 0, x=X, y=Y),
        "labels (24,) show that the classes of logits (24, 3) are axis 1",
        "leave out --class-axis",
        typed(*EVAL),
        accuracy=RIGHT,
    ),
    Hint(
        "the axis of tokens",
        typed(*EVAL, AXIS, 1, x=X3, y=Y3),
        "labels (6, 4) show that the classes of logits (6, 4, 3) are axis 2",
        "say --class-axis 2",
        typed(*EVAL, AXIS, 2),
        accuracy=RIGHT,
    ),
    Hint(
        "an axis that is not there",
        typed(*EVAL, AXIS, 3, x=X3, y=Y3),
        "have no axis 3",
        "name an axis from 0 to 2",
        typed(*EVAL, AXIS, 2),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "swapped axes of labels",
        typed(*EVAL, FLATTEN, x=X3, y=Y3.T),
        "the axes are swapped",
        "save labels.T",
        typed(*EVAL, FLATTEN, y=Y3),
        accuracy=RIGHT,
    ),
    Hint(
        "swapped axes of labels, not flattened",
        typed(*EVAL, x=X3, y=Y3.T),
        "which labels (4, 6) do not fit",
        "the axes of the labels are swapped: save labels.T, and say --flatten",
        typed(*EVAL, FLATTEN, y=Y3),
        accuracy=RIGHT,
    ),
    Hint(
        "swapped axes of binary labels",
        typed(*EVAL, "--binary", x=Z.reshape(6, 4), y=BITS.reshape(6, 4).T),
        "need one value per sample with --binary, got shape (6, 4)",
        "the axes of the labels are swapped: save labels.T, and say --flatten",
        typed(*EVAL, "--binary", FLATTEN, y=BITS.reshape(6, 4)),
        accuracy=BINARY,
        never=("leave out --binary",),
    ),
    Hint(
        "labels of another number of tokens",
        typed(*EVAL, x=X3, y=np.resize(Y, (6, 5))),
        "which labels (6, 5) do not fit",
        "with --flatten the labels have all axes but the last; with --class-axis, all but the named one",
        typed(*EVAL, FLATTEN),
        again="do not fit logits (6, 4, 3)",
    ),
    Hint(
        "labels of another number of rows",
        typed(*EVAL, x=X, y=Y[:-1]),
        "rows differ",
        "save both from the same run",
        typed(*EVAL, y=Y),
        accuracy=RIGHT,
    ),
    *(
        Hint(
            f"one-hot labels of tokens {' '.join(map(str, words))}",
            typed(*EVAL, *words, x=X3, y=ONE_HOT[Y3]),
            "got labels (6, 4, 3) with an axis of classes",
            "save the class numbers of these one-hot rows: labels.argmax(axis=2); or say --soft-labels to lscli eval",
            typed(*EVAL, FLATTEN, y=ONE_HOT[Y3].argmax(axis=2)),
            accuracy=RIGHT,
            never=("the same run",),
        )
        for words in ((), (FLATTEN,), (AXIS, 2))
    ),
    Hint(
        "one-hot labels of tokens as soft ones",
        typed(*EVAL, FLATTEN, x=X3, y=ONE_HOT[Y3]),
        "with an axis of classes",
        "or say --soft-labels to lscli eval",
        "--soft-labels",
        prints="loss_hard,",
    ),
    Hint(
        "one-hot labels with the classes first",
        typed(*EVAL, x=FIRST, y=np.moveaxis(ONE_HOT[Y3], -1, 1)),
        "got labels (6, 3, 4) with an axis of classes",
        "labels.argmax(axis=1)",
        typed(*EVAL, AXIS, 1, y=np.moveaxis(ONE_HOT[Y3], -1, 1).argmax(axis=1)),
        accuracy=RIGHT,
    ),
    Hint(
        "multi-label rows, flattened",
        typed(*EVAL, FLATTEN, x=X, y=np.array([[1, 1, 0]] * 24)),
        "multi-label rows of 0 and 1: row 0 has 2 of 3 classes",
        "measure each class on its own: --binary with logits[:, k] and labels[:, k]",
        typed(*EVAL, "--binary", x=X[:, 1], y=np.ones(24, int)),
        accuracy=agreement(X[:, 1], np.ones(24)),
        never=("run",),
    ),
    Hint(
        "multi-label tokens",
        typed(*EVAL, FLATTEN, x=X3, y=np.array([[[1, 1, 0]] * 4] * 6)),
        "multi-label rows of 0 and 1: row 0 has 2 of 3 classes",
        "measure each class on its own: --binary and --flatten with its logits and its labels",
        typed(*EVAL, "--binary", FLATTEN, x=X3[..., 1], y=np.ones((6, 4), int)),
        accuracy=agreement(X[:, 1], np.ones(24)),
        never=("run",),
    ),
    Hint(
        "logits of tokens for labels",
        typed(*EVAL, FLATTEN, x=X3, y=X3 + 1),
        "like logits",
        "to compare models, say lscli compare LOGITS LOGITS LABELS",
        typed("compare", "x.npy", "y.npy", "z.npy", FLATTEN, z=Y3),
        accuracy=RIGHT,
    ),
    Hint(
        "one-hot labels of tokens in a sweep",
        typed("sweep", "x.npy", "y.npy", FLATTEN, x=X3, y=ONE_HOT[Y3]),
        "got labels (6, 4, 3) with an axis of classes",
        "save the class numbers of these one-hot rows: labels.argmax(axis=2)",
        typed("sweep", "x.npy", "y.npy", FLATTEN, y=ONE_HOT[Y3].argmax(axis=2)),
        accuracy=RIGHT,
        never=("name them after",),
    ),
    Hint(
        "one logit per sample",
        typed(*EVAL, x=Z, y=BITS),
        "need logits of shape (N, K), got (24,)",
        "if there are two classes, with one logit per sample, say --binary",
        "--binary",
        accuracy=BINARY,
        never=("probs",),
    ),
    Hint(
        "one logit per sample in a column",
        typed(*EVAL, x=Z[:, None], y=BITS),
        "need at least 2 classes",
        "if there are two classes, with one logit per sample, say --binary",
        "--binary",
        accuracy=BINARY,
    ),
    *(
        Hint(
            f"one probability per sample of shape {p.shape}",
            typed(*EVAL, x=p, y=BITS),
            "got ",
            "if these are the probabilities of class 1 of two classes, say --binary --kind probs",
            typed(*EVAL, "--binary", "--kind", "probs"),
            accuracy=BINARY,
        )
        for p in (expit(Z), expit(Z)[:, None])
    ),
    Hint(
        "binary logits of several dimensions",
        typed(*EVAL, "--binary", x=Z.reshape(6, 4), y=BITS.reshape(6, 4)),
        "need one value per sample with --binary",
        "say --flatten",
        FLATTEN,
        accuracy=BINARY,
    ),
    Hint(
        "two columns as binary logits",
        typed(*EVAL, "--binary", x=np.stack([0 * Z, Z], axis=1), y=BITS),
        "need one value per sample with --binary, got shape (24, 2)",
        "leave out --binary; for the calibration of class 1, say --positive-class 1 to lscli eval",
        typed(*EVAL, "--positive-class", 1),
        accuracy=BINARY,
    ),
    Hint(
        "class axis of binary logits",
        typed(*EVAL, "--binary", AXIS, 0, x=Z, y=BITS),
        "binary logits have no axis of classes",
        "leave out --class-axis",
        typed(*EVAL, "--binary"),
        accuracy=BINARY,
        code=2,
    ),
    Hint(
        "inputs in the wrong order",
        typed("eval", "y.npy", "x.npy", x=X, y=Y),
        "the two inputs are swapped",
        "the logits come first, then the labels",
        typed(*EVAL),
        accuracy=RIGHT,
    ),
    Hint(
        "a column of labels of a single row",
        typed(*EVAL, x=right([1], 3), y=ONE_HOT[[1]]),
        "need labels of shape (N,), got (1, 3)",
        "labels.argmax(axis=1)",
        typed(*EVAL, y=[1]),
        accuracy=1.0,
        never=("ravel",),
    ),
    Hint(
        "weights of another shape",
        typed(*EVAL, FLATTEN, "--weights", "w.npy", x=X3, y=Y3, w=np.ones((4, 6))),
        "weights (4, 6) do not fit the samples",
        "save them in the shape of the labels, or flat: 24 values",
        typed(*EVAL, FLATTEN, "--weights", "w.npy", w=np.ones((6, 4))),
        accuracy=RIGHT,
    ),
    Hint(
        "soft labels that are class numbers",
        typed(*EVAL, "--soft-labels", x=X, y=Y),
        "need soft labels of shape (N, K), got (24,)",
        "class numbers are hard labels: leave out --soft-labels",
        typed(*EVAL),
        accuracy=RIGHT,
    ),
    Hint(
        "rows of soft labels of another sum, flattened",
        typed(*EVAL, "--soft-labels", AXIS, 1, x=X3, y=np.full((6, 4, 3), 1 / 3)),
        "sums to 1.33333, not to 1",
        "if another axis holds the classes, name it: --class-axis AXIS; else divide each row by its sum",
        typed(*EVAL, "--soft-labels", AXIS, 2),
        prints="loss_hard,",
    ),
    Hint(
        "a soft label of zeros",
        typed(*EVAL, "--soft-labels", x=X, y=np.where(np.arange(24)[:, None] == 5, 0, np.full((24, 3), 1 / 3))),
        "row 5 sums to 0, not to 1",
        "if this sample has no class, fill its row with -100, the ignore index",
        typed(*EVAL, "--soft-labels", y=np.where(np.arange(24)[:, None] == 5, -100, np.full((24, 3), 1 / 3))),
        prints=",23,",
    ),
    Hint(
        "soft labels that are counts",
        typed(*EVAL, "--soft-labels", x=X, y=np.full((24, 3), 0.5)),
        "row 0 sums to 1.5, not to 1",
        "a soft label is a distribution: divide each row by its sum",
        typed(*EVAL, "--soft-labels", y=np.full((24, 3), 1 / 3)),
        prints="loss_hard,",
    ),
]
