"""Files of several models are not read as the shards of one, unless that is said."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from tests.command import lscli as run

RNG = np.random.default_rng(4)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(*folders: str, rows: int = 12, same: bool = False, name: str = "") -> None:
    """Save logits and labels in folders of their own, with the same labels or others."""
    labels = RNG.integers(0, 3, rows)
    for place in folders:
        labels = labels if same else RNG.integers(0, 3, rows)
        Path(place).mkdir(exist_ok=True, parents=True)
        logits = RNG.standard_normal((rows, 3)) + np.eye(3)[labels]
        np.save(f"{place}/logits{name}.npy", logits)
        np.save(f"{place}/labels{name}.npy", labels)
        np.savez(f"{place}/both{name}.npz", logits=logits, labels=labels)


def refused(kind: type[lscli.LscliError], says: str, *arguments: Any, **options: Any) -> str:
    with pytest.raises(kind, match=says) as caught:
        lscli.evaluate(*arguments, **options)
    return caught.value.hint


def followed_in_python(hint: str) -> None:
    """The call that a hint proposes runs, and compares two models."""
    start = hint.index("lscli.compare(")
    call = hint[start : hint.index(")", start) + 1]
    assert 2 == len(eval(call, {"lscli": lscli}).models)


def followed(hint: str) -> None:
    """The command that a hint proposes runs, and compares two models."""
    command = hint.partition("lscli compare ")[2].partition(";")[0]
    done = run("compare", *shlex.split(command), "-f", "csv", "-q")
    assert 0 == done.returncode, done.stderr
    assert "difference" in done.stdout


@pytest.mark.parametrize("folders", [("resnet", "vgg"), ("seed-1", "seed-2")])
@pytest.mark.parametrize("paths", [("*/logits.npy", "*/labels.npy"), ("*/both.npz",)])
def test_the_same_labels_are_those_of_several_models(folders: tuple[str, str], paths: tuple[str, ...]) -> None:
    save(*folders, same=True)
    hint = refused(lscli.UsageError, "have the same labels, like files of several models", *paths)
    assert hint.endswith("say pool=True")
    followed_in_python(hint)
    done = run("eval", *paths)
    assert done.stderr.strip().endswith("say --pool")
    followed(done.stderr)
    assert 24 == lscli.evaluate(*paths, pool=True).samples["rows"]


def test_one_file_of_labels_for_each_model() -> None:
    save("a", "b", same=True)
    hint = refused(
        lscli.InputError, "each of its 2 files has as many rows as the labels", "*/logits.npy", "a/labels.npy"
    )
    assert "pool" not in hint
    followed_in_python(hint)
    followed(run("eval", "*/logits.npy", "a/labels.npy").stderr)


def test_one_name_in_folders_of_their_own() -> None:
    save("resnet", "vgg")
    hint = refused(lscli.UsageError, "look like files of several models", "*/logits.npy", "*/labels.npy")
    assert "sweep" not in hint  # the labels differ
    assert 24 == lscli.evaluate("*/logits.npy", "*/labels.npy", pool=True).samples["rows"]
    for number in range(2):
        save("resnet", "vgg", name=f"-{number}")
    refused(lscli.UsageError, "look like files of several models", "**/both-?.npz")
    soft = np.eye(3)[RNG.integers(0, 3, 12)]
    for place in ("resnet", "vgg"):
        np.save(f"{place}/soft.npy", soft)
    refused(lscli.UsageError, "several models", "*/logits.npy", "*/soft.npy", soft_labels=True)


def test_shards_of_a_run_are_pooled() -> None:
    save("run/part-0", "run/part-1", "run/part-10")
    assert 36 == lscli.evaluate("run/*/logits.npy", "run/*/labels.npy").samples["rows"]
    assert 36 == lscli.evaluate("run/*/both.npz").samples["rows"]
    whole = np.concatenate([np.load(f"run/part-{number}/labels.npy") for number in (0, 1, 10)])
    np.save("whole.npy", whole)
    assert 36 == lscli.evaluate("run/*/logits.npy", "whole.npy").samples["rows"]
    save("other")
    np.save("four.npy", np.concatenate([np.load("other/labels.npy"), whole]))
    lscli.evaluate("**/logits.npy", "four.npy")  # whoever joined the labels knows


def test_shards_of_one_class_prove_nothing() -> None:
    save("part-0", "part-1", "part-2")
    for number in range(3):
        np.save(f"part-{number}/labels.npy", np.full(12, number // 2))
    assert 36 == lscli.evaluate("*/logits.npy", "*/labels.npy").samples["rows"]


def test_a_few_equal_labels_among_many_shards_are_an_accident() -> None:
    save(*(f"part-{number}" for number in range(20)), rows=2)
    for number in (3, 8, 9):
        np.save(f"part-{number}/labels.npy", np.array([0, 2]))
    assert 40 == lscli.evaluate("*/logits.npy", "*/labels.npy").samples["rows"]
    labels = np.array([0, 1, 2, 1] * 10)
    for number in range(20):
        np.save(f"part-{number}/logits.npy", RNG.standard_normal((40, 3)))
        np.save(f"part-{number}/labels.npy", labels if number in (3, 8) else RNG.permutation(labels))
    refused(
        lscli.UsageError, "part-3/logits.npy and part-8/logits.npy have the same labels", "*/logits.npy", "*/labels.npy"
    )


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_soft_labels_of_several_models(suffix: str) -> None:
    save("seed-1", "seed-2", "seed-3")
    soft = RNG.dirichlet(np.ones(3), 12).astype(np.float32)
    for number in (1, 2, 3):
        np.savez_compressed(f"seed-{number}/soft.npz", soft)
        np.save(f"seed-{number}/soft.npy", soft)
    given: tuple[Any, ...] = ("*/logits.npy", f"*/soft.{suffix}")
    hint = refused(lscli.UsageError, "have the same labels", *given, soft_labels=True, metrics="loss_hard")
    assert hint.startswith("name only the files of one model; to read them")  # sweep has no soft labels
    one = lscli.evaluate(*given, soft_labels=True, pool=True, metrics="loss_hard")
    for number in (1, 2, 3):
        np.savez_compressed(f"seed-{number}/soft.npz", soft[RNG.permutation(12)])
        np.save(f"seed-{number}/soft.npy", soft[RNG.permutation(12)])
    assert one.samples["rows"] == lscli.evaluate(*given, soft_labels=True, metrics="loss_hard").samples["rows"]


def test_files_typed_where_one_is_due_get_the_hint_that_fits() -> None:
    save("resnet", "vgg", "seed-1", "seed-2", same=True)
    done = run("eval", "resnet/logits.npy", "vgg/logits.npy", "vgg/labels.npy")
    assert 2 == done.returncode
    assert "quote" not in done.stderr
    followed(done.stderr.strip())
    done = run("eval", "seed-1/logits.npy", "seed-2/logits.npy", "seed-2/labels.npy")
    assert "quote a pattern of shards" in done.stderr
    assert "lscli compare" in done.stderr
