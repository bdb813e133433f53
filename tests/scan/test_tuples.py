"""The passes for groups of rows by the bins of all classes: the same bits however they are read, and flat memory."""

from __future__ import annotations

import itertools
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.views import interpreted
from lscli.scan.tuples import tuple_sums
from tests import naive
from tests.scan.passes import data


def canonical(logits: Any, labels: Any, **options: Any) -> float:
    return lscli.evaluate(logits, labels, metrics="ece_canonical", **options)["ece_canonical"]


@pytest.mark.parametrize("classes", [3, 300])
def test_no_option_about_speed_changes_a_bit(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = data(3000, classes)
    expected = canonical(logits, labels)
    for options in ({"threads": 1}, {"threads": 3, "chunk_rows": 7}, {"kernel": "torch"}):
        assert expected == canonical(logits, labels, **options)
    monkeypatch.setattr("lscli.scan.tuples._ELEMENTS", 1 << 11)
    assert expected == canonical(logits, labels)


def test_the_order_of_the_rows() -> None:
    logits, labels = data(3000, 5)
    order = np.random.default_rng(0).permutation(3000)
    assert canonical(logits, labels) == pytest.approx(canonical(logits[order], labels[order]), rel=1e-13)


@pytest.mark.parametrize("suffix", ["packed.npz", "parquet", "csv", "npy", "bfloat16.pt"])
def test_a_source_is_read_again_from_its_beginning(suffix: str, tmp_path: Path) -> None:
    logits, labels = data(500, 4)
    path = str(tmp_path / f"x.{suffix}")
    labels = np.maximum(labels, 0)
    if suffix == "packed.npz":
        np.savez_compressed(path, logits=logits)
    elif suffix == "npy":
        np.save(path, logits)
    elif suffix == "bfloat16.pt":
        tensor = torch.from_numpy(logits).bfloat16()
        torch.save(tensor, path)
        logits = tensor.float().numpy()
    else:
        import pandas as pd

        frame = pd.DataFrame(logits, columns=[f"c{k}" for k in range(4)])
        frame.to_parquet(path) if suffix == "parquet" else frame.to_csv(path, index=False)
    expected = naive.canonical(naive.probabilities(logits), labels, np.ones(500))
    assert expected == pytest.approx(canonical(path, labels), rel=1e-6)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("kind", ["logits", "log-probs", "probs", "binary probs"])
def test_a_tensor_on_a_device_gives_the_same_as_an_array(kind: str, held: bool) -> None:
    rng = np.random.default_rng(0)
    p = rng.multinomial(10, [0.2, 0.3, 0.5], 600) / 10
    label = rng.integers(0, 2, 600)
    values, binary = {
        "logits": (rng.standard_normal((600, 3)), False),
        "log-probs": (np.log(p + 0.01), False),
        "probs": (p, False),
        "binary probs": (p[:, 0], True),
    }[kind]
    array = TensorArray(torch.from_numpy(values), "logits") if held else MemoryArray(values, "logits")
    read: Any = kind.rpartition(" ")[2]
    logits = Logits(interpreted(array, read, binary=binary), read)
    (sums,) = tuple_sums(logits, label, [np.ones(600)], np.arange(1, 10) / 10, "left", stated=True)
    if binary:
        p = np.column_stack((1 - p[:, 0], p[:, 0]))
    elif kind != "probs":
        p = naive.probabilities(values)
    assert naive.canonical(p, label, np.ones(600)) == pytest.approx(sums.distance / sums.total, rel=1e-12)


def test_progress_counts_the_rows_of_each_pass() -> None:
    logits, labels = data(3000, 300)
    seen: list[tuple[int, int]] = []
    canonical(logits, labels, threads=1, progress=lambda done, total: seen.append((done, total)))
    # The end of a pass may be told twice, before the next one begins.
    assert [(3000, 3000)] * 3 == [each for each, _ in itertools.groupby(seen) if each[0] == 3000]


def test_memory_grows_with_rows_not_with_groups_times_classes() -> None:
    rng = np.random.default_rng(0)
    logits = (3 * rng.standard_normal((2000, 5000))).astype(np.float32)
    labels = rng.integers(0, 5000, 2000)
    canonical(logits[:100], labels[:100], threads=1)
    tracemalloc.start()
    canonical(logits, labels, threads=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20  # all probabilities would be 80 MB
