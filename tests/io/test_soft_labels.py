"""How soft labels are read: their types and files, rows that are left out, and what is masked."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
import torch

import lscli
from lscli.io.soft_labels import SoftLabels
from tests import naive
from tests.soft import METRICS, drawn, evaluated, values


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rows_are_renormalised(dtype: str) -> None:
    logits, q = drawn(50, 5)
    shrunk = (q * np.linspace(0.991, 1.0, 50)[:, None]).astype(dtype)
    wide = shrunk.astype(np.longdouble)
    expected = naive.soft_columns(logits, wide / wide.sum(axis=1, keepdims=True))
    found = evaluated(logits, shrunk, eps=0)
    for name in ("loss_hard", "brier"):
        assert float(expected[name].mean()) == pytest.approx(found[name], rel=1e-13)


def test_a_share_that_rounds_above_1_is_all_of_a_label() -> None:
    logits, _ = drawn(2, 4)
    mixed = np.zeros((2, 4), np.float32)
    mixed[0, 1], mixed[1, 2] = np.float32(0.7) + np.float32(0.3) + np.float32(1e-7), 1
    assert mixed[0, 1] > 1
    expected = evaluated(logits, np.eye(4)[[1, 2]])
    assert values(expected) == values(evaluated(logits, mixed))
    mixed[1, 0] = -100  # one of nothing, among rows that need a closer look
    assert values(expected) == values(evaluated(logits, mixed))
    mixed[0, 1:3] = 1.004, 0.004
    expected = evaluated(logits, np.where(mixed > 0, mixed, 0) / mixed.clip(0).sum(axis=1, dtype=float)[:, None])
    assert values(expected) == pytest.approx(values(evaluated(logits, mixed)), rel=1e-13)


@pytest.mark.parametrize("labels", ["uint8", "bool", "list", "torch"])
def test_whole_numbers_and_tensors_are_labels_too(labels: str) -> None:
    logits, _ = drawn(20, 4)
    hard = np.random.default_rng(1).integers(0, 4, 20)
    one_hot = np.eye(4)[hard]
    made: dict[str, Any] = {"list": one_hot.tolist(), "torch": torch.from_numpy(one_hot)}
    found = evaluated(logits, made[labels] if labels in made else one_hot.astype(labels))
    expected = lscli.evaluate(logits, hard, metrics=METRICS)
    assert values(expected) == pytest.approx(values(found), rel=1e-13)


def test_rows_that_are_not_finite() -> None:
    logits, q = drawn(30, 5)
    logits[4, 1], logits[9], q[9] = np.nan, np.inf, -100
    keep = ~np.isin(np.arange(30), (4, 9))
    with pytest.raises(lscli.InputError, match="row 4 has nan"):
        evaluated(logits, q)
    expected = evaluated(logits[keep], q[keep])
    with pytest.warns(lscli.LscliWarning, match="1 of 30 rows are not finite and are left out"):
        found = evaluated(logits, q, nonfinite="skip")
    assert values(expected) == values(found)
    assert {"rows": 30, "kept": 28, "ignored": 1, "skipped": 1, "masked": 0} == dict(found.samples)
    logits[:] = np.nan
    with pytest.raises(lscli.InputError, match="no row is finite"):
        evaluated(logits, q, nonfinite="skip")


def test_a_masked_class_is_told() -> None:
    logits, q = drawn(30, 5)
    q[:, 0], logits[:3, 0] = 0, -np.inf
    q[:, 1] += 0.1
    q /= q.sum(axis=1, keepdims=True)
    with pytest.warns(lscli.LscliWarning, match=r"3 of 30 samples have a masked class \(-inf\): their uniform loss is"):
        found = evaluated(logits, q)
    assert math.isfinite(found["loss_hard"])
    assert [math.inf] * 3 == [found[name] for name in ("loss_uniform", "loss_smoothed", "loss_excess")]
    with pytest.warns(lscli.LscliWarning, match="left out of their row"):
        found = evaluated(logits, q, masked_classes="exclude", eps=0.2)
    log_p = np.where(np.isfinite(logits), naive.log_softmax(logits), 0)
    seen = np.isfinite(logits)
    smoothed = 0.8 * q + 0.2 * seen / seen.sum(axis=1, keepdims=True)
    assert float(-(smoothed * log_p).sum(axis=1).mean()) == pytest.approx(found["loss_smoothed"], rel=1e-12)
    assert float(naive.entropies(smoothed).mean()) == pytest.approx(found["loss_floor"], rel=1e-12)


@pytest.mark.parametrize("packed", [False, True])
def test_files_of_every_kind_of_reading_give_the_same_bytes(tmp_path: Path, packed: bool) -> None:
    logits, q = drawn(90, 7)
    expected = evaluated(logits, q).rows
    save: Any = np.savez_compressed if packed else np.savez
    save(tmp_path / "both.npz", logits=logits, labels=q)
    np.save(tmp_path / "x.npy", logits)
    for part in range(3):
        np.save(tmp_path / f"x-{part}.npy", logits[30 * part : 30 * (part + 1)])
        np.save(tmp_path / f"q-{part}.npy", q[30 * part : 30 * (part + 1)])
    both, x = str(tmp_path / "both.npz"), str(tmp_path / "x.npy")
    given = [(both, None), (x, both), (str(tmp_path / "x-*.npy"), str(tmp_path / "q-*.npy"))]
    for inputs in given:
        for chunk_rows in (7, None):
            found = evaluated(*inputs, chunk_rows=chunk_rows, threads=2)
            assert [row[2:] for row in expected] == [row[2:] for row in found.rows]
    broken = q[30:60].copy()
    broken[4, 0] = 0.5
    np.save(tmp_path / "q-1.npy", broken)
    with pytest.raises(lscli.InputError, match=r"q-1.npy: row 4 sums to "):
        evaluated(str(tmp_path / "x-*.npy"), str(tmp_path / "q-*.npy"), chunk_rows=7)


def test_packed_labels_are_read_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logits, q = drawn(300, 3)
    np.savez_compressed(tmp_path / "q.npz", labels=q)
    expected = evaluated(logits, q).rows
    read, starts = SoftLabels.read, []

    def slowly(labels: SoftLabels, start: int, stop: int, out: Any) -> Any:
        time.sleep(0.002 * (start // 10 % 2))  # whoever comes next would be first
        starts.append(start)
        return read(labels, start, stop, out)

    monkeypatch.setattr(SoftLabels, "read", slowly)
    assert expected == evaluated(logits, str(tmp_path / "q.npz"), chunk_rows=10, threads=3).rows
    assert list(range(0, 300, 10)) == starts


def test_tokens_and_binary_logits() -> None:
    logits, q = drawn(30, 5)
    expected = values(evaluated(logits, q))
    assert expected == values(evaluated(logits.reshape(3, 10, 5), q.reshape(3, 10, 5), flatten=True))
    z, of_two = logits[:, 0], q[:, :2] / 2 + 0.25
    of_two /= of_two.sum(axis=1, keepdims=True)
    expected = values(evaluated(np.stack([0 * z, z], axis=1), of_two))
    assert expected == values(evaluated(z, of_two, binary=True))
    p = scipy.special.softmax(logits.astype(float), axis=1)
    assert values(evaluated(logits, q)) == pytest.approx(values(evaluated(p, q, kind="probs")), rel=1e-6)


def test_damaged_labels_are_noticed(tmp_path: Path) -> None:
    logits, q = drawn(90, 7)
    path = tmp_path / "q.npz"
    np.savez(path, labels=q)
    data = bytearray(path.read_bytes())
    place = data.index(q[50].tobytes())
    data[place : place + 8], data[place + 8 : place + 16] = data[place + 8 : place + 16], data[place : place + 8]
    path.write_bytes(data)
    with pytest.raises(lscli.InputError, match="checksum"):
        evaluated(logits, str(path))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts open files as Linux tells them")
def test_no_file_stays_open(tmp_path: Path) -> None:
    logits, q = drawn(30, 4)
    np.save(tmp_path / "x.npy", logits)
    np.save(tmp_path / "q.npy", q)
    np.save(tmp_path / "short.npy", q[:20])
    before = len(os.listdir("/proc/self/fd"))
    evaluated(str(tmp_path / "x.npy"), str(tmp_path / "q.npy"))
    with pytest.raises(lscli.InputError, match="rows differ") as raised:
        evaluated(str(tmp_path / "x.npy"), str(tmp_path / "short.npy"))
    assert before == len(os.listdir("/proc/self/fd")), raised
