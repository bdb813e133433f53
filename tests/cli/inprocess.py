"""The command line in this process: fast, since no interpreter is started."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Answer(NamedTuple):
    """An exit code, and what was written to the two streams."""

    code: int
    out: str
    err: str

    @property
    def settings(self) -> dict[str, tuple[Any, str]]:
        """The settings of a report in JSON: name to value and origin."""
        return {name: (entry["value"], entry["from"]) for name, entry in json.loads(self.out)["settings"].items()}


Run = Callable[..., Answer]


def assert_refused(answer: Answer, code: int, *words: str) -> None:
    """Assert that stdout is empty and stderr has one line and a hint, which contain these words."""
    lines = answer.err.splitlines()
    assert (code, "", 2) == (answer.code, answer.out, len(lines)), answer
    assert ["lscli: ", "hint: "] == [lines[0][:7], lines[1][:6]]
    assert [] == [word for word in words if word not in answer.err], answer.err


def save_pair(folder: Path, *, probabilities: bool = False, name: str = "logits.npy") -> tuple[str, str]:
    """Save small logits (or probabilities, which cause a warning) and labels; return the two paths."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype(np.float32)
    if probabilities:
        x = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    logits, labels = folder / name, folder / "labels.npy"
    np.save(logits, x)
    np.save(labels, random.integers(0, 3, 40))
    return str(logits), str(labels)


def records(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV on stdout, by column; stderr has to be empty."""
    assert (0, "") == (answer.code, answer.err)
    return list(csv.DictReader(io.StringIO(answer.out, newline="")))


def column(rows: Sequence[Mapping[str, str]], name: str) -> list[float]:
    """A column as numbers; an empty cell is nan."""
    return [float(row[name] or "nan") for row in rows]


def values(answer: Answer, group: str = "") -> dict[str, float]:
    """The metrics of a group in the CSV of `lscli eval`, by id."""
    return {row["metric"]: float(row["value"] or "nan") for row in records(answer) if row["group"] == group}


def save_more(folder: Path, rows: int = 60, classes: int = 4) -> tuple[str, str]:
    """Save logits of a model that is better than chance, and labels; return the two paths."""
    random = np.random.default_rng(1)
    y = random.integers(0, classes, rows)
    x = random.normal(size=(rows, classes)).astype(np.float32)
    x[np.arange(rows), y] += 1
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    return str(folder / "x.npy"), str(folder / "y.npy")
