"""docs/formats.md is followed to the letter: the same figures come from every format."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from lscli.io.format_table import BY_SUFFIX
from tests.command import ROOT
from tests.command import lscli as run

TEXT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
PREAMBLE = re.findall(r"```python\n(import.*?)```", TEXT, flags=re.DOTALL)[0]
RECIPES = re.findall(
    r"^### (\S+)\n\n```python\n(.*?)```\n\n    (lscli eval .*?)\n", TEXT, flags=re.DOTALL | re.MULTILINE
)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[str]]:
    """The figures of the .npy, by the number of classes."""
    answers = {}
    for classes in (10, 200):
        folder = tmp_path_factory.mktemp("npy")
        logits, labels = data(classes)
        np.save(folder / "x.npy", logits.numpy())
        np.save(folder / "y.npy", labels.numpy())
        answers[classes] = figures(folder, "eval", "x.npy", "y.npy")
    return answers


def data(classes: int) -> tuple[torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(5)
    labels = random.integers(0, classes, 60)
    logits = 3 * random.normal(size=(60, classes)) + 6 * np.eye(classes)[labels]
    return torch.tensor(logits.astype(np.float32)), torch.tensor(labels)


def figures(folder: Path, *arguments: str) -> list[str]:
    done = run(*arguments, cwd=folder)
    assert (0, "") == (done.returncode, done.stderr)
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("classes", [10, 200])
@pytest.mark.parametrize(("suffix", "code", "command"), RECIPES, ids=[recipe[0] for recipe in RECIPES])
def test_three_lines_save_what_eval_reads(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[int, list[str]],
    suffix: str,
    code: str,
    command: str,
    classes: int,
) -> None:
    assert len(code.splitlines()) <= 3
    monkeypatch.chdir(tmp_path)
    logits, labels = data(classes)
    exec(PREAMBLE + code, {"logits": logits, "labels": labels})  # the document's own lines
    assert suffix in command
    assert expected[classes] == figures(tmp_path, *shlex.split(command)[1:])


def test_the_labels_that_are_names_are_read(tmp_path: Path) -> None:
    found = re.search(r"Take `(\S+)`:\n\n```\n(.*?)```\n\n    (lscli eval .*?)\n", TEXT, flags=re.DOTALL)
    assert found is not None
    name, content, command = found.groups()
    (tmp_path / name).write_text(content)
    assert f",accuracy,{2 / 3}," in figures(tmp_path, *shlex.split(command)[1:])[1]


TOP_K = re.findall(r"## Top-k log-probabilities\n(.*?)\n## ", TEXT, flags=re.DOTALL)[0]


def test_top_k_log_probabilities_are_saved_as_the_document_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    logits, labels = data(200)
    of_torch, of_vllm = re.findall(r"```python\n(.*?)```", TOP_K, flags=re.DOTALL)
    (command,) = re.findall(r"^    (lscli eval .*)$", TOP_K, flags=re.MULTILINE)
    command = command.replace("50257", "200")
    exec(PREAMBLE + of_torch, {"logits": logits, "labels": labels})
    expected = figures(tmp_path, *shlex.split(command)[1:])
    log_p = torch.log_softmax(logits, dim=-1)
    tokens = labels.tolist()
    steps = [
        {token: SimpleNamespace(logprob=float(row[token])) for token in {*row.topk(20).indices.tolist(), actual}}
        for row, actual in zip(log_p, tokens, strict=True)
    ]
    exec(PREAMBLE + of_vllm, {"steps": steps, "tokens": tokens, "k": 20})
    found = figures(tmp_path, *shlex.split(command)[1:])
    for one, other in zip(expected, found, strict=True):
        *names, value, _, _, _, _, _ = one.split(",")
        assert [*names] == other.split(",")[: len(names)]
        if value != "value":
            assert float(value or "nan") == pytest.approx(
                float(other.split(",")[len(names)] or "nan"), rel=1e-5, nan_ok=True
            )


def test_every_format_has_its_lines() -> None:
    # What a training loop does not write itself, and other names of the same.
    assert set(BY_SUFFIX) - {".ndjson", ".json", ".pth", ".feather"} == {recipe[0] for recipe in RECIPES}
    assert [] == [suffix for suffix in BY_SUFFIX if f"`{suffix}`" not in TEXT]
