"""Tables whose columns have names of their own: the hint is the whole command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.hints.case import Hint, Make
from tests.hints.confidences import CONF, NAMED, OK, RIGHT, table
from tests.io.make import saved

_RNG = np.random.default_rng(11)
LABEL = np.arange(60) % 3
SCORES = np.round(_RNG.dirichlet([1, 1, 1], 60), 6)
SUM_1 = np.column_stack([SCORES[:, :2], 1 - SCORES[:, :2].sum(axis=1)])
ACCURACY = float((SUM_1.argmax(axis=1) == LABEL).mean())
BINARY = np.round(_RNG.uniform(0.01, 0.99, 60), 4)
TWO = np.arange(60) % 2
OF_TWO = float(((BINARY > 0.5) == TWO).mean())
ANIMALS = np.array(["cat", "dog", "emu"])[LABEL]
PROBS: dict[str, Any] = dict(zip(("cat", "dog", "emu"), SUM_1.T, strict=True))
TOP, IDS = np.log([[0.6, 0.3], [0.5, 0.2], [0.7, 0.1]]), [[7, 3], [2, 9], [4, 0]]


def lines(*words: object, rows: Sequence[dict[str, Any]]) -> Make:
    """A `Make` of a file of JSON lines."""

    def arguments(folder: Path) -> Sequence[object]:
        (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return ["eval", folder / "t.jsonl", *words]

    return arguments


def copied(folder: Path) -> Sequence[object]:
    shutil.copy(folder / "t.csv", folder / "meta.csv")
    return ["eval", folder / "t.csv", *CLUSTERED, "--groups", folder / "t.csv"]


def members(*words: object, quoted: bool) -> Make:
    """A `Make` of two members of an ensemble, whose pattern the shell has expanded unless it is quoted."""

    def arguments(folder: Path) -> Sequence[object]:
        for place in range(2):
            (folder / f"m{place}.npy").write_bytes(saved(np.log(SUM_1)))
        (folder / "y.npy").write_bytes(saved(LABEL))
        files = [folder / "m*.npy"] if quoted else [folder / "m0.npy", folder / "m1.npy"]
        return ["eval", *files, folder / "y.npy", *words]

    return arguments


def batches(*words: object, flat: bool) -> Make:
    """A `Make` of two batches of tokens, padded to lengths of their own."""

    def arguments(folder: Path) -> Sequence[object]:
        x = [
            torch.from_numpy(np.log(SUM_1[:24])).reshape(4, 6, 3),
            torch.from_numpy(np.log(SUM_1[24:])).reshape(4, 9, 3),
        ]
        y = [torch.from_numpy(LABEL[:24]).reshape(4, 6), torch.from_numpy(LABEL[24:]).reshape(4, 9)]
        if flat:
            x, y = [batch.flatten(0, 1) for batch in x], [batch.flatten(0, 1) for batch in y]
        torch.save({"logits": x, "labels": y}, folder / "x.pt")
        return ["eval", folder / "x.pt", *words]

    return arguments


CHURN: dict[str, Any] = {"customer": np.arange(60) + 1000, "age": 20 + np.arange(60), "p_churn": BINARY}
YES = np.array(["no", "yes"])[TWO]
COMMAND = (
    "--binary",
    "--kind",
    "probs",
    "--class-names",
    "no,yes",
    "--logits-key",
    "p_churn",
    "--labels-column",
    "left",
)
OF_ANIMALS = ("--kind", "probs", "--logits-key", "cat,dog,emu", "--labels-column", "kind")
CLUSTERED = (*OF_ANIMALS, "--clusters", "patient")
QUESTIONS = [
    {"prompt": f"{place}?", "scores": row.tolist(), "gold": "ABC"[label]}
    for place, (row, label) in enumerate(zip(np.log(SUM_1), LABEL, strict=True))
]
OF_CHOICES = [
    {"prompt": "?", "p": dict(zip(("cat", "dog", "emu"), row.tolist(), strict=True)), "gold": animal}
    for row, animal in zip(SUM_1, ANIMALS.tolist(), strict=True)
]
TOKENS = [{"top": top, "ids": ids, "label": ids[0]} for top, ids in zip(TOP.tolist(), IDS, strict=True)]
DICTS = [
    {"token": ids[0], "p": {str(each): {"logprob": value, "rank": 1} for each, value in zip(ids, top, strict=True)}}
    for top, ids in zip(TOP.tolist(), IDS, strict=True)
]
PATIENTS: dict[str, Any] = {"patient": np.arange(60) // 2, **PROBS, "kind": ANIMALS}

CASES = [
    Hint(
        "a score, and strings as labels of two classes",
        table(**CHURN, left=YES),
        "is not a number",
        f"t.csv {' '.join(COMMAND)}",
        table(*COMMAND, **CHURN, left=YES),
        OF_TWO,
        never=("customer",),
    ),
    Hint(
        "strings as labels of two classes, whose columns are named",
        table(*COMMAND[:3], *COMMAND[5:], **CHURN, left=YES),
        "'no' is not an integer label",
        "if left holds the labels and p_churn is the probability of yes, say lscli eval ",
        table(*COMMAND, **CHURN, left=YES),
        OF_TWO,
        never=("FILE",),
    ),
    Hint(
        "a score, and numbers as labels of two classes",
        table(p=BINARY, left=TWO),
        "column 'left' has only whole numbers",
        "t.csv --binary --kind probs --logits-key p --labels-column left",
        table("--binary", "--kind", "probs", "--logits-key", "p", "--labels-column", "left", p=BINARY, left=TWO),
        OF_TWO,
    ),
    Hint(
        "probabilities in columns that are called as the labels",
        table(**PROBS, kind=ANIMALS),
        "is not a number",
        f"t.csv {' '.join(OF_ANIMALS)}",
        table(*OF_ANIMALS, **PROBS, kind=ANIMALS),
        ACCURACY,
    ),
    Hint(
        "clusters in a column of the logits' table",
        table(*CLUSTERED, **PATIENTS),
        "'patient' is not a file",
        "for this column of the logits' table, add --groups ",
        copied,
        ACCURACY,
    ),
    Hint(
        "lists of scores and letters as labels in JSON lines",
        lines(rows=QUESTIONS),
        "has no column 'labels' or 'label'",
        "t.jsonl --class-names A,B,C --logits-key scores --labels-column gold",
        lines("--class-names", "A,B,C", "--logits-key", "scores", "--labels-column", "gold", rows=QUESTIONS),
        ACCURACY,
    ),
    Hint(
        "an object of probabilities by the names of the classes in JSON lines",
        lines(rows=OF_CHOICES),
        "is text, not numbers",
        "t.jsonl --kind probs --logits-key",
        lines("--kind", "probs", "--logits-key", "p/*", "--labels-column", "gold", rows=OF_CHOICES),
        ACCURACY,
    ),
    Hint(
        "the k largest log-probabilities beside their classes in JSON lines",
        lines(rows=TOKENS),
        "has several columns of lists",
        "t.jsonl --topk-classes ids --classes K --logits-key top",
        lines("--topk-classes", "ids", "--classes", "50", "--logits-key", "top", rows=TOKENS),
        1.0,
    ),
    Hint(
        "log-probabilities by the numbers of their tokens in JSON lines",
        lines(rows=DICTS),
        "integer logits are refused",
        "and say --topk-classes NUMBERS --classes K --logits-key LOGPROBS",
        lines("--topk-classes", "ids", "--classes", "50", "--logits-key", "top", rows=TOKENS),
        1.0,
        never=("--labels-column",),
    ),
    Hint(
        "stated percentages in JSON lines",
        lines(rows=[{"conf": round(100 * float(c)), "ok": bool(ok)} for c, ok in zip(CONF, OK, strict=True)]),
        "column 'conf' is int64",
        "t.jsonl --confidence conf --confidence-scale 100 --correct ok",
        table(*NAMED, "--confidence-scale", "100", conf=100 * CONF, ok=OK),
        RIGHT,
    ),
    Hint(
        "members of an ensemble by a pattern without quotes",
        members("--ensemble", quoted=False),
        "unexpected extra argument",
        "y.npy --ensemble",
        members("--ensemble", quoted=True),
        ACCURACY,
        code=2,
    ),
    Hint(
        "batches of tokens padded to lengths of their own",
        batches("--flatten", flat=False),
        "batch 1 has rows of shape (9, 3), expected (6, 3)",
        "flatten each batch before it is saved, and its labels too: batch.flatten(0, 1)",
        batches(flat=True),
        ACCURACY,
    ),
]
