"""Files of thresholds that do not belong to the samples, or are something else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lscli.decisions.saved_threshold import KeptSamples, SavedThreshold
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.calibrators import saved_as
from tests.hints.case import Hint, Make, agreement, typed
from tests.io.make import some_logits

X = some_logits(80, 4, "float64")
Y = np.where(np.arange(80) % 8, X.argmax(axis=1), 0)
RIGHT = agreement(X, Y)
CHECK = ("check", "x.npy", "y.npy")
MEMBERS = np.stack([X, X + some_logits(81, 4, "float64")[1:]])
SAVED = SavedThreshold("msp", 0.9, 0.95, 4, None, None, [KeptSamples("", None, 0.3, 100, 90, 0.3)])
MAP = Calibrator("temperature", 4, Temperature(1.5))
KEPT = "threshold_error,"
FIND = ("threshold", "x.npy", "y.npy", "--max-error", "0.9")


def checked(*words: object, saved: SavedThreshold = SAVED, text: str = "", **arrays: object) -> Make:
    """A `Make` of a check of a threshold, or of a file with another text."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "t.json").write_text(text or saved.to_json())
        saved_as(folder / "cal.json", MAP)
        saved_as(folder / "other.json", dataclasses.replace(MAP, parameters=Temperature(2.0)))
        (folder / "g.txt").write_text("a\nb\n" * 40)
        return typed(*CHECK, "--threshold", "t.json", *words, **({"x": X, "y": Y} | arrays))(folder)

    return arguments


def changed(**keys: object) -> str:
    return json.dumps(SAVED.to_dict() | keys)


def again(folder: Path) -> Sequence[object]:
    """Find the threshold again, and write its file."""
    return [*typed(*FIND, x=X, y=Y)(folder), "-o", folder / "t.json"]


def replaced(**fields: object) -> SavedThreshold:
    return dataclasses.replace(SAVED, **fields)  # type: ignore[arg-type]


def of_logits(folder: Path) -> Sequence[object]:
    """A threshold in the place of the labels."""
    (folder / "t.json").write_text(SAVED.to_json())
    return ["eval", typed("x.npy", x=X)(folder)[0], folder / "t.json"]


def answer(folder: Path) -> Sequence[object]:
    """An answer of `lscli threshold` as a baseline."""
    (folder / "old.json").write_text('{"schema": "lscli.threshold/1"}')
    return typed(*CHECK, "--max-rise", "ece=1", "--baseline", "old.json", x=X, y=Y)(folder)


NOT_FOUND = replaced(rows=[KeptSamples("", None, float("nan"), 100, 0, float("nan"))])
OF_MEMBERS = replaced(score="mutual_information", rows=[KeptSamples("", None, -9.0, 100, 90, 0.3)])
OF_ENERGY = replaced(score="energy", classes=0)
OF_GROUPS = replaced(
    rows=[*SAVED.rows, KeptSamples("a", None, 0.3, 50, 45, 0.4), KeptSamples("b", None, 0.3, 50, 45, 0.4)]
)
CASES = [
    Hint(
        "a damaged threshold",
        checked(text=changed(score=3)),
        "unknown score 3",
        "write it again with lscli threshold -o",
        again,
        prints="0.9",
    ),
    Hint(
        "a threshold that is logits",
        lambda folder: [*checked()(folder)[:4], folder / "x.npy"],
        "is a .npy file, not a threshold",
        "name the file that lscli threshold -o wrote",
        checked(),
        prints=KEPT,
    ),
    Hint(
        "an answer instead of a threshold",
        checked(text=changed(schema="lscli.threshold/1")),
        "is the answer of lscli threshold, not the file that its -o wrote",
        "name the file that lscli threshold -o wrote",
        checked(),
        prints=KEPT,
    ),
    Hint(
        "an answer of thresholds as a baseline",
        answer,
        "is the answer of lscli threshold, not a report",
        "write the report with lscli eval LOGITS LABELS -f json -o report.json",
        typed("eval", "x.npy", "y.npy", "-f", "json", x=X, y=Y),
        prints="lscli.report/1",
    ),
    Hint(
        "a threshold as labels",
        of_logits,
        "is a threshold, not logits or labels",
        "name it with lscli check --threshold after the logits and labels; lscli inspect says what it is",
        checked(),
        prints=KEPT,
    ),
    Hint(
        "a threshold and soft labels",
        checked("--soft-labels", y=np.full((80, 4), 0.25)),
        "a distribution makes no prediction wrong",
        "leave out --soft-labels or --threshold",
        checked(),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold that was not found",
        checked(saved=NOT_FOUND),
        "has no threshold, because none was found",
        "find one with lscli threshold",
        again,
        prints="0.9",
    ),
    Hint(
        "a threshold of members",
        checked(saved=OF_MEMBERS),
        "its score mutual_information needs several members",
        "add --ensemble or --ensemble-axis, as for lscli threshold",
        checked("--ensemble-axis", 0, saved=OF_MEMBERS, x=MEMBERS),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold and a cross-fit",
        checked("--cross-fit", "temperature"),
        "cannot be combined with --cross-fit",
        "leave out --cross-fit",
        checked(),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold without its calibrator",
        checked(saved=replaced(calibrator=MAP.digest)),
        "was found on logits after a calibrator, and these have none",
        "add --calibrator FILE with the file that lscli threshold was given",
        checked("--calibrator", "cal.json", saved=replaced(calibrator=MAP.digest)),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold and another calibrator",
        checked("--calibrator", "other.json", saved=replaced(calibrator=MAP.digest)),
        "was found on logits after another calibrator",
        "give --calibrator the file that lscli threshold was given",
        checked("--calibrator", "cal.json", saved=replaced(calibrator=MAP.digest)),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold and a calibrator",
        checked("--calibrator", "cal.json"),
        "was found on logits without a calibrator",
        "leave out --calibrator, or find the threshold with it",
        checked(),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold and a temperature",
        checked("--temperature", 2),
        "was found on logits that were not divided by a temperature",
        "leave out --temperature, or find the threshold with it",
        checked(),
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold without its temperature",
        checked(saved=replaced(temperature=1.5)),
        "was found on logits divided by T = 1.5",
        "say --temperature 1.5",
        "--temperature 1.5",
        prints=KEPT,
        code=2,
    ),
    Hint(
        "a threshold of other classes",
        checked(saved=replaced(classes=7)),
        "is for 7 classes, and",
        "give the threshold of this model, or find one with lscli threshold",
        again,
        prints="0.9",
    ),
    Hint(
        "a threshold of a score that a table lacks",
        lambda folder: [*confidences(folder), "--threshold", folder / "t.json"],
        "needs the score energy, which these samples do not have",
        "give the logits of all classes, as lscli threshold read them",
        checked(saved=OF_ENERGY),
        prints=KEPT,
    ),
    Hint(
        "thresholds of groups without groups",
        checked(saved=OF_GROUPS),
        "the thresholds of 2 groups are not checked without --groups",
        "--groups",
        checked("--groups", "g.txt", saved=OF_GROUPS),
        prints=KEPT,
        code=0,
    ),
    Hint(
        "a threshold with another suffix",
        lambda folder: [*typed(*FIND, x=X, y=Y)(folder), "-o", folder / "t.csv"],
        "a threshold has the suffix .json, not '.csv'",
        "say -o threshold.json; the answer goes to standard output, where -f names its format",
        again,
        prints="0.9",
        code=2,
    ),
]


def confidences(folder: Path) -> Sequence[object]:
    """A table without logits."""
    (folder / "t.json").write_text(OF_ENERGY.to_json())
    (folder / "table.csv").write_text("c,a\n" + "0.9,1\n0.8,0\n0.7,1\n" * 8)
    return ["check", folder / "table.csv", "--confidence", "c", "--correct", "a"]
