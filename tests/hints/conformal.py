"""Conformal sets: paths, options that do not belong together, and too few samples."""

from __future__ import annotations

from tests.hints.case import Hint, Make, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
TOKENS, TOKEN_LABELS = some_logits(24, 3).reshape(6, 4, 3), some_labels(24, 3).reshape(6, 4)
ANSWER = "source,group,method"
TEST = ("conformal", "x.npy", "y.npy", "x.npy", "y.npy")


def sets(*words: object) -> Make:
    return typed(*words, x=X, y=Y)


CASES = [
    Hint(
        "groups without test samples",
        sets("conformal", "x.npy", "y.npy", "--groups", "y.npy"),
        "groups are of test samples, and there are none",
        "lscli conformal CAL_LOGITS CAL_LABELS TEST_LOGITS TEST_LABELS",
        sets(*TEST, "--groups", "y.npy"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "sets without test samples",
        sets("conformal", "x.npy", "y.npy", "--sets", "sets.csv"),
        "sets belong to test samples, and there are none",
        "lscli conformal CAL_LOGITS CAL_LABELS TEST_LOGITS",
        sets("conformal", "x.npy", "y.npy", "x.npy", "--sets", "sets.csv"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a file of sets of no format",
        sets(*TEST, "--sets", "sets.txt"),
        "the suffix '.txt' names no format of sets",
        "such as --sets sets.csv",
        sets(*TEST, "--sets", "sets.csv"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "lac that is randomized",
        sets("conformal", "x.npy", "y.npy", "--randomized"),
        "lac has no random part",
        "leave out --randomized, or say --method aps",
        sets("conformal", "x.npy", "y.npy", "--randomized", "--method", "aps"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a penalty without raps",
        sets("conformal", "x.npy", "y.npy", "--raps-penalty", 0.1),
        "is an option of raps, not of lac",
        "leave out --raps-penalty, or say --method raps",
        sets("conformal", "x.npy", "y.npy", "--raps-penalty", 0.1, "--method", "raps"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a rank without raps",
        sets("conformal", "x.npy", "y.npy", "--raps-rank", 2),
        "is an option of raps, not of lac",
        "leave out --raps-rank, or say --method raps",
        sets("conformal", "x.npy", "y.npy", "--raps-rank", 2, "--method", "raps"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "clusters of calibration samples",
        sets("conformal", "x.npy", "y.npy", "--clusters", "y.npy"),
        "the guarantee needs independent samples",
        "if all samples are independent, say --clusters none",
        sets("conformal", "x.npy", "y.npy", "--clusters", "none"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "tokens of texts",
        typed("conformal", "t.npy", "l.npy", "--flatten", t=TOKENS, l=TOKEN_LABELS),
        "the guarantee needs independent samples",
        "if all samples are independent, say --clusters none",
        "--clusters none",
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "too few samples for alpha",
        sets("conformal", "x.npy", "y.npy", "--alpha", 0.01),
        "24 calibration samples are too few for alpha 0.01",
        "give 99 samples or more, or say --alpha 0.04",
        sets("conformal", "x.npy", "y.npy", "--alpha", 0.04),
        prints=ANSWER,
    ),
    Hint(
        "too many paths",
        sets(*TEST, "y.npy"),
        "at most four paths are needed, got 5",
        "give CAL_LOGITS CAL_LABELS, then TEST_LOGITS TEST_LABELS; a file that holds logits and labels stands for both",
        sets(*TEST),
        prints=ANSWER,
        code=2,
    ),
]
