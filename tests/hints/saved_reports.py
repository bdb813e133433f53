"""Saved reports that cannot be compared."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lscli
from tests.hints.case import Hint, Make, agreement, typed
from tests.io.make import some_logits

X = some_logits(60, 4, "float64")
Y = (X + 2 * some_logits(61, 4, "float64")[1:]).argmax(axis=1)
EVAL = ("eval", "x.npy", "y.npy", "-f", "json")


def old(change: Callable[[dict[str, Any]], object]) -> Make:
    """A `Make` of a changed report, and of the logits."""

    def arguments(folder: Path) -> Sequence[object]:
        found = lscli.evaluate(X, Y, metrics="accuracy").to_dict()
        change(found)
        (folder / "old.json").write_text(json.dumps(found))
        typed(x=X, y=Y)(folder)
        return ["compare", folder / "old.json", folder / "old.json"]

    return arguments


_COLUMNS = ("--confidence", "c", "--correct", "a")


def _confidences(folder: Path) -> str:
    path = folder / "table.csv"
    path.write_text("c,a\n" + "0.9,1\n0.8,0\n0.7,1\n" * 8)
    return str(path)


CASES = [
    Hint(
        "a report without rows",
        old(lambda found: found.update(rows=[])),
        "has no rows",
        "write the report with lscli eval LOGITS LABELS -f json -o report.json",
        typed(*EVAL, x=X, y=Y),
        prints=f'"value": {agreement(X, Y)}',
    ),
    Hint(
        "a report of two models",
        old(lambda found: found["rows"].append({**found["rows"][0], "source": "b"})),
        "holds 2 models",
        "write a report of each model with lscli eval LOGITS LABELS -f json",
        typed(*EVAL, x=X, y=Y),
        prints=f'"value": {agreement(X, Y)}',
    ),
    Hint(
        "a report of a newer version",
        old(lambda found: found.update(schema="lscli.report/9")),
        "a newer lscli wrote",
        "install the version of lscli that wrote it, or write the report again with this one",
    ),
    Hint(
        "a report and logits",
        lambda folder: [*old(lambda found: None)(folder)[:2], folder / "x.npy"],
        "some models are reports, and others are logits",
        "evaluate the logits first, with lscli eval LOGITS LABELS -f json -o report.json, or give logits alone",
        typed(*EVAL, x=X, y=Y),
        prints=f'"value": {agreement(X, Y)}',
        code=2,
    ),
    Hint(
        "an exit code of verdicts that reports do not have",
        lambda folder: [*old(lambda found: None)(folder), "--fail-on-regression", "accuracy"],
        "reports are compared by value, so there is no verdict",
        "give the logits of the models, or limit the change with lscli check --baseline report.json",
        lambda folder: [
            *("check", folder / "x.npy", folder / "y.npy", "--baseline", folder / "old.json"),
            *("--max-drop", "accuracy=0.01"),
        ],
        prints="accuracy",
        code=2,
    ),
    Hint(
        "a report as logits",
        lambda folder: ["eval", *old(lambda found: None)(folder)[1:2], folder / "y.npy"],
        "is an answer of lscli, not a file of samples",
        "name the logits or the labels themselves; lscli compare takes reports",
        old(lambda found: None),
        prints="accuracy",
    ),
    Hint(
        "a metric of labels without labels",
        typed("compare", "x.npy", "x.npy", "--no-labels", "-m", "accuracy", x=X),
        "needs labels: accuracy",
        "ask for divergence, or give the labels and leave --no-labels out",
        typed("compare", "x.npy", "x.npy", "y.npy", "-m", "accuracy", x=X, y=Y),
        prints="accuracy",
        code=2,
    ),
    Hint(
        "a metric and its limit in two words",
        typed("check", "x.npy", "y.npy", "--max", "ece", "0.9", x=X, y=Y),
        "unexpected extra argument",
        "write a metric and its limit as one word: --max ece=0.05",
        typed("check", "x.npy", "y.npy", "--max", "ece=0.9", x=X, y=Y),
        prints="ece",
        code=2,
    ),
    Hint(
        "a limit of a metric of two models",
        lambda folder: [*typed("check", "x.npy", "y.npy", x=X, y=Y)(folder), "--max", "kl=1"],
        "max: there is nothing to compare with",
        "add --baseline FILE",
        typed("check", "x.npy", "y.npy", "--max", "kl=1", "--baseline", "x.npy", x=X, y=Y),
        prints="kl",
        code=2,
    ),
    Hint(
        "labels where there are none",
        typed("compare", "x.npy", "x.npy", "y.npy", "--no-labels", x=X, y=Y),
        "labels are given as well",
        "leave out the labels, or --no-labels",
        typed("compare", "x.npy", "x.npy", "--no-labels", x=X),
        prints="top1_agreement",
        code=2,
    ),
    Hint(
        "an ignored label without labels",
        typed("compare", "x.npy", "x.npy", "--no-labels", "--ignore-index", "1", x=X),
        "there are no labels that it could apply to",
        "leave it out, or --no-labels",
        typed("compare", "x.npy", "x.npy", "--no-labels", x=X),
        prints="top1_agreement",
        code=2,
    ),
    Hint(
        "outputs of tables without logits",
        lambda folder: ["compare", *2 * [_confidences(folder)], *_COLUMNS, "--no-labels"],
        "outputs can be compared only if all models have logits",
        "give the logits of both models; or leave out --no-labels, and compare metrics of confidences",
        lambda folder: ["compare", *2 * [_confidences(folder)], *_COLUMNS, "-m", "ece"],
        prints="ece",
        code=2,
    ),
    Hint(
        "a rise of a metric of two models",
        typed("check", "x.npy", "y.npy", "--max-rise", "kl=1", "--baseline", "x.npy", x=X, y=Y),
        "kl itself compares with the baseline",
        "limit its value: --max kl=1 --baseline FILE",
        typed("check", "x.npy", "y.npy", "--max", "kl=1", "--baseline", "x.npy", x=X, y=Y),
        prints="kl",
        code=2,
    ),
]
