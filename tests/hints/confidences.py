"""Tables of confidences: columns that are not named, values that are no confidences, options that need logits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.hints.case import Hint, Make, typed
from tests.hints.commands import QUESTIONS

CONF = np.round(np.random.default_rng(3).uniform(0.25, 1, 60), 3)
OK = (np.random.default_rng(4).random(60) < CONF).astype(int)
LABEL = np.random.default_rng(5).integers(0, 4, 60)
PRED = np.where(OK == 1, LABEL, (LABEL + 1) % 4)
RIGHT = float(OK.mean())
NAMED = ("--confidence", "conf", "--correct", "ok")
COMPARED = ("--confidence", "conf", "--predicted", "pred")
TRUE = ("--confidence", "conf", "--predicted", "y_pred", "--labels-column", "y_true")
HOLES = [None, *CONF[1:].tolist()]


def table(*words: object, name: str = "t.csv", command: str = "eval", **columns: Any) -> Make:
    """A `Make` of a table of these columns, and of the words after its name."""

    def arguments(folder: Path) -> Sequence[object]:
        frame = pd.DataFrame(columns)
        (frame.to_parquet if name.endswith("parquet") else frame.to_csv)(folder / name, index=False)
        return [command, folder / name, *words]

    return arguments


def two(*words: object, other: Any) -> Make:
    """A `Make` of two tables in folders of their own, read by a pattern."""

    def arguments(folder: Path) -> Sequence[object]:
        for name, frame in (("a", pd.DataFrame({"conf": CONF, "ok": OK})), ("b", other)):
            (folder / name).mkdir(exist_ok=True)
            frame.to_csv(folder / name / "t.csv", index=False)
        return ["eval", folder / "*" / "t.csv", *words]

    return arguments


def archive(*words: object, **arrays: Any) -> Make:
    """A `Make` of an archive."""

    def arguments(folder: Path) -> Sequence[object]:
        np.savez(folder / "t.npz", **arrays)
        return ["eval", folder / "t.npz", *words]

    return arguments


def questions(*words: object) -> Make:
    """A `Make` of samples of lm-evaluation-harness."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "samples_x.jsonl").write_text(QUESTIONS)
        return ["eval", folder / "samples_x.jsonl", *words]

    return arguments


def written(text: str, *words: object) -> Make:
    """A `Make` of a CSV file of this text."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "t.csv").write_text(text)
        return ["eval", folder / "t.csv", *words]

    return arguments


CASES = [
    Hint(
        "a chart of logit gaps without logits",
        table(*NAMED, "--chart", "gaps", "-f", "csv", command="plot", conf=CONF, ok=OK),
        "the samples have no logit gaps, which need the logits of all classes",
        "give logits, or say --chart confidence",
        "--chart confidence",
        prints="low,high,right,wrong",
    ),
    Hint(
        "confidences that are read as logits",
        table(conf=CONF, ok=OK),
        "column 'conf' may not be a class",
        "if it has confidences instead of logits, say lscli eval ",
        table(*NAMED, conf=CONF, ok=OK),
        RIGHT,
    ),
    *(
        Hint(
            f"confidences and predictions in {name} that are read as logits",
            table(name=name, conf=CONF, y_pred=PRED, y_true=LABEL),
            "column",
            "--confidence conf --predicted y_pred --labels-column y_true; else ",
            table(*TRUE, name=name, conf=CONF, y_pred=PRED, y_true=LABEL),
            RIGHT,
        )
        for name in ("t.csv", "t.parquet")
    ),
    Hint(
        "a confidence alone, beside right or wrong",
        table("--confidence", "conf", conf=CONF, ok=OK),
        "does not say which predictions are right",
        "add --correct ok",
        "--correct ok",
        RIGHT,
        code=2,
    ),
    Hint(
        "a confidence alone, beside predictions and labels",
        table("--confidence", "z", z=CONF, pred=PRED, truth=LABEL),
        "does not say which predictions are right",
        "add --predicted pred --labels-column truth",
        "--predicted pred --labels-column truth",
        RIGHT,
        code=2,
    ),
    Hint(
        "a confidence alone, beside columns of other names",
        table("--confidence", "c", c=CONF, k=OK),
        "does not say which predictions are right",
        "add --correct COLUMN, or --predicted COLUMN and --labels-column COLUMN",
        table("--confidence", "c", "--correct", "k", c=CONF, k=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "right or wrong without a confidence",
        table("--correct", "ok", conf=CONF, ok=OK),
        "correct: needs --confidence",
        "add --confidence COLUMN, the confidence in each prediction",
        table(*NAMED, conf=CONF, ok=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "right or wrong, and predictions",
        table(*NAMED, "--predicted", "pred", conf=CONF, ok=OK, pred=PRED, label=LABEL),
        "correct: cannot be combined with --predicted",
        "leave one of them out",
        table(*COMPARED, conf=CONF, pred=PRED, label=LABEL),
        RIGHT,
        code=2,
    ),
    Hint(
        "predictions without labels of a usual name",
        table(*COMPARED, conf=CONF, pred=PRED, y=LABEL),
        "has no column 'labels' or 'label'",
        "name their column with --labels-column: it has conf, pred, y",
        table(*COMPARED, "--labels-column", "y", conf=CONF, pred=PRED, y=LABEL),
        RIGHT,
    ),
    Hint(
        "percentages",
        table(*NAMED, conf=100 * CONF, ok=OK),
        "is not in [0, 1]",
        "if these are percentages, say --confidence-scale 100",
        "--confidence-scale 100",
        RIGHT,
    ),
    Hint(
        "percentages with a sign",
        table(*NAMED, conf=[f"{100 * value:g}%" for value in CONF], ok=OK),
        "is not a number",
        "write 87 % as 0.87",
        table(*NAMED, conf=CONF, ok=OK),
        RIGHT,
    ),
    Hint(
        "logarithms of confidences",
        table(*NAMED, conf=np.log(CONF), ok=OK),
        "is not in [0, 1]",
        "if these are logarithms of probabilities, save their exponentials: np.exp(confidence)",
        table(*NAMED, conf=np.exp(np.log(CONF)), ok=OK),
        RIGHT,
        never=("percentages",),
    ),
    Hint(
        "a confidence that was rounded up",
        table(*NAMED, conf=np.append(CONF[1:], 1 + 1e-7), ok=OK),
        "the confidence 1.0000001 is not in [0, 1]",
        "if that is rounding, limit the column to [0, 1]: np.clip(confidence, 0, 1)",
        table(*NAMED, conf=np.clip(np.append(CONF[1:], 1 + 1e-7), 0, 1), ok=OK),
        RIGHT,
        never=("percentages",),
    ),
    Hint(
        "one confidence above 1",
        table(*NAMED, conf=np.append(CONF[1:], 1.4), ok=OK),
        "the confidence 1.4 is not in [0, 1]",
        "a confidence is the probability that the prediction is right, from 0 to 1",
        never=("percentages", "--confidence-scale"),
    ),
    Hint(
        "scores that are no confidences",
        table(*NAMED, conf=1000 * CONF - 500, ok=OK),
        "is not in [0, 1]",
        "a confidence is the probability that the prediction is right, from 0 to 1",
        never=("percentages", "np.exp"),
    ),
    Hint(
        "a row without a confidence",
        table(*NAMED, conf=HOLES, ok=OK),
        "row 0 has no value in 'conf'",
        "look at the run that wrote it, or skip such rows with --nonfinite skip",
        "--nonfinite skip",
        float(OK[1:].mean()),
    ),
    Hint(
        "no confidence at all",
        table(*NAMED, "--nonfinite", "skip", conf=[None] * 60, ok=OK),
        "no row has a value in 'conf' and 'ok'",
        "look at the run that wrote it",
    ),
    Hint(
        "right or wrong in other words",
        table(*NAMED, conf=CONF, ok=np.where(OK == 1, "yes", "no")),
        "is neither 0 nor 1, true nor false",
        "write 1 or true for a right prediction, 0 or false for a wrong one",
        table(*NAMED, conf=CONF, ok=np.where(OK == 1, "true", "false")),
        RIGHT,
    ),
    Hint(
        "every label of a table is ignored",
        table(*COMPARED, "--ignore-index", 7, conf=CONF, pred=PRED, label=np.full(60, 7)),
        "all 60 samples are ignored (label 7)",
        "check --ignore-index",
        table(*COMPARED, conf=CONF, pred=PRED, label=LABEL),
        RIGHT,
    ),
    Hint(
        "a label before the first",
        table(*COMPARED, "--labels-from", 1, conf=CONF, pred=PRED, label=LABEL),
        "is below the first label, 1",
        "check --labels-from",
        table(*COMPARED, conf=CONF, pred=PRED, label=LABEL),
        RIGHT,
    ),
    Hint(
        "labels of a table that count from 1",
        table(*COMPARED, conf=CONF, pred=LABEL, label=LABEL + 1),
        "do the labels count from 1?",
        "then say --labels-from 1",
        "--labels-from 1",
        1.0,
        code=0,
    ),
    Hint(
        "an option on logits",
        table(*NAMED, "--kind", "probs", conf=CONF, ok=OK),
        "kind: needs logits, but the table has only confidences",
        "leave it out",
        table(*NAMED, conf=CONF, ok=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "a score of logits",
        table(*NAMED, "--score", "margin", conf=CONF, ok=OK),
        "score: margin is computed from logits",
        "--score msp ranks by the confidence",
        table(*NAMED, "--score", "msp", conf=CONF, ok=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "metrics of logits",
        table(*NAMED, "-m", "loss,brier", conf=CONF, ok=OK),
        "none of these can be computed without logits: loss,brier",
        "for the metrics of confidences, say --metrics default",
        table(*NAMED, "--metrics", "default", conf=CONF, ok=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "the worst samples by their loss",
        table(*NAMED, "--worst", 3, command="samples", conf=CONF, ok=OK),
        "worst: the loss needs logits",
        "say --by confidence",
        "--by confidence",
        prints=",false,",
        code=2,
    ),
    Hint(
        "confidences of each class",
        table(*NAMED, command="classes", conf=CONF, ok=OK),
        "--confidence is not an option of lscli classes",
        "lscli eval, lscli bins, lscli samples, lscli compare, lscli check, "
        "lscli plot, lscli report and lscli threshold take it",
        table(*NAMED, conf=CONF, ok=OK),
        RIGHT,
        code=2,
    ),
    Hint(
        "one array without a name",
        typed("eval", "x.npy", *NAMED, x=CONF),
        "holds one array, not the columns of a table",
        "np.savez(path, conf=confidence, ok=correct) saves two",
        archive(*NAMED, conf=CONF, ok=OK),
        RIGHT,
    ),
    Hint(
        "an array of one column",
        archive(*NAMED, conf=CONF[:, None], ok=OK),
        "need one value per row, got shape (60, 1)",
        "save it flat: array.ravel()",
        archive(*NAMED, conf=CONF[:, None].ravel(), ok=OK),
        RIGHT,
    ),
    Hint(
        "samples of lm-evaluation-harness",
        questions(*NAMED),
        "has the scores of all choices, not a confidence",
        "leave out --confidence",
        questions(),
        2 / 3,
    ),
    Hint(
        "text with a comma",
        written("conf,ok,note\n0.5,1,a, b\n", *NAMED),
        "row 0 has 4 cells, the first line has 3",
        "put text with a comma in quotes, as csv.writer and pandas do",
        table(*NAMED, conf=CONF, ok=OK, note="a, b"),
        RIGHT,
    ),
    Hint(
        "tables of several models",
        two(*NAMED, other=pd.DataFrame({"conf": CONF, "ok": OK})),
        "look like tables of several models",
        "name only the files of one model; to read them as the samples of one model, say --pool",
        "--pool",
        RIGHT,
        code=2,
    ),
    Hint(
        "predictions in other letters",
        table(*COMPARED, conf=CONF, pred=[f"C{c}" for c in LABEL], label=[f"c{c}" for c in LABEL]),
        "60 of 60 predictions differ from their label only in spaces or capital letters",
        "and count as wrong",
        table(*COMPARED, conf=CONF, pred=[f"c{c}" for c in LABEL], label=[f"c{c}" for c in LABEL]),
        1.0,
        code=0,
    ),
]
