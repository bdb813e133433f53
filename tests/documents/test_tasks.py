"""Each command in docs/tasks.md works on the files that it names."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.cli.conftest import run
from tests.cli.inprocess import Run
from tests.command import ROOT

__all__ = ["run"]

TEXT = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")
COMMANDS = re.findall("`(lscli [a-z][^`]*)`", TEXT)


def table(path: Path, columns: dict[str, object]) -> None:
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every file of the table, of models that are better than chance."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    y = random.integers(0, 10, 200)
    x = (random.normal(size=(200, 10)) + 3 * np.eye(10)[y]).astype(np.float32)
    other = x + random.normal(size=x.shape)
    p = np.exp(x - np.logaddexp.reduce(x, axis=1, keepdims=True))
    arrays: dict[str, np.ndarray] = {"logits": x, "labels": y, "from_one": y + 1, "probs": p, "a": x, "b": other}
    arrays |= {"other": random.normal(size=(50, 10))}
    arrays |= {"member-1": x, "member-2": other, "members": np.stack([x, other])}
    for name, values in arrays.items():
        np.save(f"{name}.npy", values)
    for name, rows in (("val", slice(100)), ("test", slice(100, 200))):
        np.save(f"{name}.npy", other[rows])
        np.save(f"{name}_labels.npy", y[rows])
    Calibrator("temperature", 10, Temperature(1.25)).save("cal.json")
    top = np.argsort(-p, axis=1)[:, :4]
    np.savez(
        "topk.npz",
        logits=np.log(np.take_along_axis(p, top, 1)),
        ids=top,
        labels=y,
        own=np.log(p[np.arange(200), y]),
    )
    np.savez("run.npz", logits=x, labels=y)
    np.save("votes.npy", 0.8 * np.eye(10)[y] + 0.02)
    np.save("tokens.npy", x.reshape(20, 10, 10))
    np.save("targets.npy", y.reshape(20, 10))
    np.save("images.npy", np.moveaxis(x.reshape(20, 2, 5, 10), -1, 1))
    np.save("masks.npy", np.where(random.random((20, 2, 5)) < 0.1, 255, y.reshape(20, 2, 5)))
    bits = random.integers(0, 2, 200)
    table(tmp_path / "binary.csv", {"p": np.clip(0.2 + 0.6 * bits + random.normal(0, 0.1, 200), 0.01, 0.99), "y": bits})
    table(tmp_path / "table.csv", {f"class_{k}": x[:, k] for k in range(10)} | {"label": y})
    table(tmp_path / "meta.csv", {"site": np.where(y < 5, "north", "south"), "patient": np.arange(200) // 4})
    names = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
    (tmp_path / "classes.txt").write_text("\n".join(names) + "\n")
    table(tmp_path / "names.csv", {"label": names[y]})
    table(tmp_path / "answers.csv", {"conf": p.max(axis=1), "ok": (p.argmax(axis=1) == y).astype(int)})
    log = [
        {"logprobs": row[:4].tolist(), "gold": "ABCD"[label]}
        for row, label in zip(np.log(p), y, strict=True)
        if label < 4
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(question) + "\n" for question in log))
    questions = [
        {
            "doc_id": number,
            "target": int(y[number] % 4),
            "arguments": [["q", f" {choice}"] for choice in range(4)],
            "resps": [[[float(value), False]] for value in values],
            "filtered_resps": [[float(value), False] for value in values],
            "acc": float(values.argmax() == y[number] % 4),
        }
        for number, values in enumerate(-random.random((40, 4)) - np.eye(4)[(y[:40] + 1) % 4])
    ]
    (tmp_path / "samples_task.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))
    return tmp_path


def test_the_table_names_every_command_of_a_question() -> None:
    assert len(COMMANDS) > 15
    asked = {shlex.split(command)[1] for command in COMMANDS}
    assert {
        "eval",
        "inspect",
        "sweep",
        "compare",
        "check",
        "threshold",
        "conformal",
        "ood",
        "bins",
        "classes",
        "samples",
        "explain",
        "smooth",
        "fit",
        "apply",
        "recalibrate",
        "plot",
        "report",
    } <= asked


@pytest.mark.parametrize("command", COMMANDS)
def test_a_task_s_command_works(run: Run, folder: Path, command: str) -> None:
    _, *arguments = shlex.split(command.partition(" >> ")[0])
    answer = run(*arguments)
    assert 0 == answer.code
    # What cannot be computed from such files is named, and so are the members of an ensemble. Nothing else is said.
    named = ("; left out: ", " members: ")
    assert [] == [line for line in answer.err.splitlines() if not any(words in line for words in named)]
    assert bool(answer.out) == ("-o" not in arguments or "fit" in arguments)  # whose -o is for the calibrator
