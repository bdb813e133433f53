"""Maps of logits: files that are no calibrators, groups without a map, what a fit does not take."""

from __future__ import annotations

import numpy as np

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.hints.case import Hint, Make, agreement, typed
from tests.hints.commands import written
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
# Labels that the logits predict better than chance, but not always.
FITTED = np.where(np.arange(24) % 4, X.argmax(axis=1), 0)
RIGHT = agreement(X, Y)
MAP = Calibrator("temperature", 3, Temperature(1.5)).to_json()
OF_GROUPS = Calibrator("temperature", 3, None, groups={"a": Calibrator("temperature", 3, Temperature(1.5))}).to_json()
GROUPS = "site\n" + "a\n" * 24
_APPLY = "logit_0,logit_1,logit_2"


def evaluated(calibrator: str | bytes, *more: object, groups: str = GROUPS) -> Make:
    """`eval` with this text as its calibrator."""
    return written(
        "cal.json",
        calibrator,
        written("g.csv", groups, typed("eval", "x.npy", "y.npy", "--calibrator", "cal.json", *more, x=X, y=Y)),
    )


def fitted(*words: object, groups: str = GROUPS) -> Make:
    return written("g.csv", groups, typed("fit", "x.npy", "y.npy", *words, x=X, y=FITTED))


_READS = typed("eval", "x.npy", "y.npy", "--calibrator", "cal.json")
_FIT_FILE = written("cal.json", MAP, _READS)

CASES = [
    Hint(
        "a calibrator that is not valid JSON",
        evaluated("{"),
        "is not valid JSON",
        "write it again with lscli fit",
        follow=_FIT_FILE,
        accuracy=RIGHT,
    ),
    Hint(
        "logits as a calibrator",
        evaluated(b"\x93NUMPY" + bytes(100)),
        "is a .npy file, not a calibrator",
        "name the file that lscli fit -o wrote",
        follow=_FIT_FILE,
        accuracy=RIGHT,
    ),
    Hint(
        "a calibrator of groups without groups",
        evaluated(OF_GROUPS),
        "has a map for each group, and no groups are given",
        "add --groups FILE, with --group-by COLUMN for a table",
        follow=evaluated(OF_GROUPS, "--groups", "g.csv", "--group-by", "site"),
        accuracy=RIGHT,
        code=2,
    ),
    Hint(
        "a calibrator in the place of the labels",
        written("cal.json", MAP, typed("eval", "x.npy", "cal.json", x=X, y=Y)),
        "is a calibrator, not logits or labels",
        "name it with --calibrator after the logits and labels; lscli inspect says what it is",
        follow=_FIT_FILE,
        accuracy=RIGHT,
    ),
    Hint(
        "a map of each group without groups",
        fitted("--per-group"),
        "there are no groups",
        "add --groups FILE, with --group-by COLUMN for a table",
        follow=fitted("--per-group", "--groups", "g.csv", "--group-by", "site"),
        prints="parameter,temperature",
        code=2,
    ),
    Hint(
        "groups without a map of each",
        fitted("--groups", "g.csv"),
        "one map is fitted for all groups",
        "add --per-group for a map of each group, or leave out --groups and --group-by",
        follow=fitted("--groups", "g.csv", "--per-group"),
        prints="parameter,temperature",
        code=2,
    ),
    Hint(
        "all methods for each group",
        fitted("--groups", "g.csv", "--per-group", "--method", "all"),
        "--method all compares the methods on all samples",
        "name one method, or leave out --per-group",
        follow=fitted("--method", "all"),
        prints="cross-fit,loss_hard",
        code=2,
    ),
    Hint(
        "a cross-fit of each group",
        fitted("--groups", "g.csv", "--per-group", "--cross-fit"),
        "cannot be combined with --cross-fit",
        "leave out --cross-fit, or fit the samples of one group alone",
        follow=fitted("--groups", "g.csv", "--per-group"),
        prints="parameter,temperature",
        code=2,
    ),
    Hint(
        "a calibrator with the suffix of an answer",
        fitted("-o", "cal.csv"),
        "a calibrator has the suffix .json, not '.csv'",
        "say -o cal.json; the answer goes to standard output, where -f names its format",
        follow=fitted("-o", "cal.json"),
        prints="parameter,temperature",
        code=2,
    ),
    Hint(
        "logits of three axes without labels",
        written("cal.json", MAP, typed("apply", "cal.json", "x.npy", x=X.reshape(6, 4, 3))),
        "need logits of shape (N, K), got (6, 4, 3)",
        "if the classes are on the last axis, say --flatten; on another one, --class-axis AXIS",
        follow="--flatten",
        prints=_APPLY,
    ),
]
