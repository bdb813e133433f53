"""Limits that cannot be checked, and tables of pyproject.toml."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.hints.case import Hint, Make, typed
from tests.io.make import some_labels, some_logits

X, Y = some_logits(24, 3), some_labels(24, 3)
CHECK = ("check", "x.npy", "y.npy")
ANSWER = "source,group,metric,value,ci_low,ci_high,bound,limit,pass"
REPORT = {
    "schema": "lscli.report/1",
    "rows": [{"source": "x.npy", "group": "", "metric": "ece", "value": 0.9, "n": 24, "params": "bins=15"}],
}


def limited(*words: str) -> Make:
    return typed(*CHECK, *words, x=X, y=Y)


def compared(*words: str, text: str = json.dumps(REPORT)) -> Make:
    """With a saved report, whose text may be another."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "old.json").write_text(text)
        return typed(*CHECK, "--baseline", "old.json", *words, x=X, y=Y)(folder)

    return arguments


CASES = [
    Hint(
        "a limit without a number",
        limited("--max", "ece"),
        "'ece' has no number",
        "for example --max ece=0.05",
        limited("--max", "ece=1"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "no limit",
        limited(),
        "there is no limit",
        "give one with --max or --min, for example --max ece=0.05",
        limited("--max", "ece=1"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a decimal comma",
        limited("--max", "ece=0,95"),
        "'95' has no number",
        "write a point for the comma: ece=0.95",
        limited("--max", "ece=0.95"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a limit in per cent",
        limited("--max", "accuracy=99"),
        "accuracy=99 is always kept",
        "accuracy is at most 1: write accuracy=0.99 for 99 %",
        limited("--max", "accuracy=0.99"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "bounds in the wrong places",
        limited("--min", "accuracy=0.99", "--max", "accuracy=0.01"),
        "no accuracy is at least 0.99 and at most 0.01",
        "if they changed places, say --min accuracy=0.01 and --max accuracy=0.99",
        limited("--min", "accuracy=0.01", "--max", "accuracy=0.99"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a rise above nothing",
        limited("--max-rise", "ece=0.1"),
        "there is nothing to compare with",
        "add --baseline FILE",
        limited("--max-rise", "ece=0.1", "--baseline", "x.npy"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a baseline without a limit",
        limited("--max", "ece=1", "--baseline", "x.npy"),
        "no limit compares with it",
        "add --max-rise or --max-drop, for example --max-rise loss_hard=0.01",
        limited("--max", "ece=1", "--baseline", "x.npy", "--max-rise", "loss_hard=0.01"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a strict limit of a metric without intervals",
        limited("--max", "classwise_ece=1", "--strict"),
        "classwise_ece never has an interval",
        "leave --strict out, or this limit",
        limited("--max", "classwise_ece=1"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a baseline of soft labels",
        limited("--max-rise", "loss_hard=1", "--baseline", "x.npy", "--soft-labels"),
        "soft labels are not compared sample by sample",
        "save the old values with lscli eval -f json -o FILE.json, and give that file",
        compared("--max-rise", "ece=1"),
        prints=ANSWER,
        code=2,
    ),
    Hint(
        "a baseline whose rows are no rows of a report",
        compared("--max-rise", "ece=1", text='{"schema": "lscli.report/1", "rows": [{}]}'),
        "row 0: source is null, not a text",
        "write the report with lscli eval LOGITS LABELS -f json -o report.json",
        compared("--max-rise", "ece=1"),
        prints=ANSWER,
    ),
    Hint(
        "a baseline in JSON that is no report",
        compared("--max-rise", "ece=1", text='{"schema": "lscli.check/1"}'),
        "is the answer of lscli check, not a report",
        "write the report with lscli eval LOGITS LABELS -f json -o report.json",
        compared("--max-rise", "ece=1"),
        prints=ANSWER,
    ),
]
