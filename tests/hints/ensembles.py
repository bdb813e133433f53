"""Several members, and inputs that seem to have several."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.hints.case import Hint, agreement, right, typed
from tests.io.make import some_labels, some_logits

Y = some_labels(24, 3)
BITS = some_labels(24, 2)
MEMBERS = np.stack([some_logits(24, 3), 2 * right(Y.tolist(), 3)])  # [S, N, K]
Z = some_logits(3, 24) + 2 * BITS - 1  # [S, N]
EVAL, PATTERN = ("eval", "x.npy", "y.npy"), ("eval", "x-*.npy", "y.npy")
PAIR = {"x-0": MEMBERS[0], "x-1": MEMBERS[1]}


def mean_probability(x: np.ndarray) -> np.ndarray:
    """The mean over the members of the softmax of x [S, N, K]; the textbook's."""
    p = np.exp(x.astype(np.float64))
    return np.asarray((p / p.sum(axis=-1, keepdims=True)).mean(axis=0))


RIGHT, FIRST = agreement(mean_probability(MEMBERS), Y), agreement(MEMBERS[0], Y)
BINARY = agreement((1 / (1 + np.exp(-Z.astype(np.float64)))).mean(axis=0) - 0.5, BITS)


def archived(folder: Path) -> Sequence[object]:
    """Members in a compressed archive, which is read forwards."""
    stream = io.BytesIO()
    np.savez_compressed(stream, logits=MEMBERS, labels=Y)
    (folder / "both.npz").write_bytes(stream.getvalue())
    return ["eval", folder / "both.npz", "--ensemble-axis", 0]


def own_labels(*changed: int) -> dict[str, np.ndarray]:
    """Two files of labels, of which the second one differs in these rows."""
    other = Y.copy()
    other[[*changed]] = (other[[*changed]] + 1) % 3
    return {"y-0": Y, "y-1": other}


# In row 5 each member is sure of a class of its own.
APART = MEMBERS.copy()
APART[:, 5] = [[0, -np.inf, -np.inf], [-np.inf, 0, -np.inf]]
OF_APART = agreement(mean_probability(APART), Y)

CASES = [
    Hint(
        "logits without a mean",
        typed(*PATTERN, "--ensemble", "--ensemble-of", "logits", **{"x-0": APART[0], "x-1": APART[1]}, y=Y),
        "row 5 has no class that is open (above -inf) in every member, so their logits have no mean",
        "take the mean of the probabilities: --ensemble-of probs",
        "--ensemble-of probs",
        accuracy=OF_APART,
    ),
    Hint(
        "members on the first axis",
        typed(*EVAL, x=MEMBERS, y=Y),
        "need logits of shape (N, K), got (2, 24, 3)",
        "if axis 0 holds the members of an ensemble, say --ensemble-axis 0",
        "--ensemble-axis 0",
        accuracy=RIGHT,
    ),
    Hint(
        "members on the second axis",
        typed(*EVAL, x=np.moveaxis(MEMBERS, 0, 1), y=Y),
        "need logits of shape (N, K), got (24, 2, 3)",
        "if axis 1 holds the members of an ensemble, say --ensemble-axis 1",
        "--ensemble-axis 1",
        accuracy=RIGHT,
    ),
    Hint(
        "members of tokens",
        typed(*EVAL, x=MEMBERS.reshape(2, 6, 4, 3), y=Y.reshape(6, 4)),
        "need logits of shape (N, K), got (2, 6, 4, 3)",
        "if axis 0 holds the members of an ensemble, say --flatten --ensemble-axis 0",
        "--flatten --ensemble-axis 0",
        accuracy=RIGHT,
    ),
    Hint(
        "members of tokens, flattened",
        typed(*EVAL, "--flatten", x=MEMBERS.reshape(2, 6, 4, 3), y=Y.reshape(6, 4)),
        "labels (6, 4) do not fit logits (2, 6, 4, 3)",
        "if axis 0 holds the members of an ensemble, say --ensemble-axis 0; otherwise save both from the same run",
        "--ensemble-axis 0",
        accuracy=RIGHT,
    ),
    Hint(
        "members of a binary classifier",
        typed(*EVAL, "--binary", x=Z, y=BITS),
        "need one value per sample with --binary, got shape (3, 24)",
        "if axis 0 holds the members of an ensemble, say --ensemble-axis 0; otherwise leave out --binary",
        "--ensemble-axis 0",
        accuracy=BINARY,
    ),
    Hint(
        "another axis of the members",
        typed(*EVAL, "--ensemble-axis", 1, x=MEMBERS, y=Y),
        "labels (24,) show that the members of logits (2, 24, 3) are axis 0, not axis 1",
        "say --ensemble-axis 0",
        "--ensemble-axis 0",
        accuracy=RIGHT,
    ),
    Hint(
        "an axis of the members that is not there",
        typed(*EVAL, "--ensemble-axis", 3, x=MEMBERS, y=Y),
        "x.npy has shape (2, 24, 3), and no axis 3",
        "name an axis from 0 to 2",
        typed(*EVAL, "--ensemble-axis", 0),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "members that are read forwards",
        archived,
        "can only be read forwards, and not one member after the other",
        "save it with numpy.save, or each member in a file of its own, and say --ensemble",
        typed(*PATTERN, "--ensemble", y=Y, **PAIR),
        accuracy=RIGHT,
    ),
    Hint(
        "files of several members",
        typed(*PATTERN, y=Y, **PAIR),
        "each of its 2 files has as many rows as the labels (24), like files of several models",
        "for the mean of an ensemble, say --ensemble",
        "--ensemble",
        accuracy=RIGHT,
    ),
    Hint(
        "files of several members, each with its labels",
        typed("eval", "x-*.npy", "y-*.npy", **PAIR, **own_labels()),
        "have the same labels, like files of several models",
        "for the mean of an ensemble, say --ensemble",
        "--ensemble",
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "one file that is said to be an ensemble",
        typed(*EVAL, "--ensemble", x=MEMBERS, y=Y),
        "is one file, and an ensemble has several",
        "if one array holds the members, name their axis: --ensemble-axis AXIS",
        typed(*EVAL, "--ensemble-axis", 0),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a pattern of one file that is said to be an ensemble",
        typed(*PATTERN, "--ensemble", y=Y, **{"x-0": MEMBERS[0]}),
        "matches one file",
        "check the pattern, or leave out --ensemble",
        typed(*PATTERN),
        accuracy=FIRST,
        code=2,
    ),
    Hint(
        "a mean of one member",
        typed(*EVAL, "--ensemble-of", "logits", x=MEMBERS[0], y=Y),
        "ensemble-of: needs an ensemble",
        "leave it out, or say --ensemble for the files of a pattern",
        typed(*EVAL),
        accuracy=FIRST,
        code=2,
    ),
    Hint(
        "a score of one member",
        typed(*EVAL, "--score", "mutual_information", x=MEMBERS[0], y=Y),
        "score: needs several members, and there is one",
        "leave out --score, or add --ensemble to read several members",
        typed(*EVAL),
        accuracy=FIRST,
        code=2,
    ),
    Hint(
        "an ensemble that is pooled",
        typed(*PATTERN, "--ensemble", "--pool", y=Y, **PAIR),
        "cannot be combined with --pool",
        "leave out --ensemble or --pool",
        typed(*PATTERN, "--ensemble"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "an ensemble of files and along an axis",
        typed(*PATTERN, "--ensemble", "--ensemble-axis", 0, y=Y, **PAIR),
        "ensemble: cannot be combined with --ensemble-axis",
        "leave one of them out",
        typed(*PATTERN, "--ensemble"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "members with other labels",
        typed("eval", "x-*.npy", "y-*.npy", "--ensemble", **PAIR, **own_labels(4)),
        "row 4 has label ",
        "the members of an ensemble must have the same samples",
    ),
    Hint(
        "members with their labels in another order",
        typed("eval", "x-*.npy", "y-*.npy", "--ensemble", **PAIR, **{"y-0": Y, "y-1": Y[::-1]}),
        "row 0 has label ",
        "save the samples of all members in the same order",
    ),
]
