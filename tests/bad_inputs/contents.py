"""Bad inputs 62 to 78: values that cannot be used, and odd ones that can."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tests.bad_inputs.case import Case, array, as_labels, as_logits, sound
from tests.io.make import saved, some_labels, some_logits

LOGITS, LABELS = some_logits(), some_labels()
_ONE_IGNORED = np.where(np.arange(6) == 2, -100, LABELS)
_MASKED = np.where((np.arange(18).reshape(6, 3) == 1), -np.inf, LOGITS)
_SHARP = np.array([[60000, -60000, 0], [1, 2, 3]] * 3, np.float16)
_PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)


def shards(**files: np.ndarray) -> Callable[[Path], Sequence[object]]:
    """Return a `Make` that passes the shards `x-*.npy` of these logits, with labels for six rows."""

    def arguments(folder: Path) -> Sequence[object]:
        _, labels = sound(folder)
        for name, values in files.items():
            (folder / f"x-{name}.npy").write_bytes(saved(values))
        return ["eval", folder / "x-*.npy", labels]

    return arguments


def _twice(link: Callable[[Path, Path], object]) -> Callable[[Path], Sequence[object]]:
    def arguments(folder: Path) -> Sequence[object]:
        _, labels = sound(folder)
        (folder / "x-0.npy").write_bytes(saved(LOGITS[:3]))
        link(folder / "x-0.npy", folder / "x-1.npy")
        return ["eval", folder / "x-*.npy", labels]

    return arguments


def _unpaired(folder: Path) -> Sequence[object]:
    for place, name in enumerate(("x-1", "x-2", "y-1", "y-3")):
        (folder / f"{name}.npy").write_bytes(saved(LOGITS[:3] if place < 2 else LABELS[:3]))
    return ["eval", folder / "x-*.npy", folder / "y-*.npy"]


def _nothing(folder: Path) -> Sequence[object]:
    return ["eval", folder / "none-*.npy", sound(folder)[1]]


CASES = [
    Case("63 label -100 is ignored", as_labels("x.npy", array(_ONE_IGNORED)), code=0, same=(LOGITS, _ONE_IGNORED)),
    Case(
        "63 label K in a CSV",
        as_labels("x.csv", lambda path: path.write_text("0\n1\n2\n3\n0\n1\n")),
        "label out of range at row 3 (value 3",
        named="x.csv",
    ),
    Case(
        "68 one-hot labels",
        as_labels("x.npy", array(np.eye(3)[LABELS])),
        "need labels of shape (N,), got (6, 3)",
        "--soft-labels",
        named="x.npy",
    ),
    Case(
        "70 nan, to be skipped",
        as_logits("x.npy", array([[np.nan, 0, 0]] * 6), "--nonfinite", "skip"),
        "no row is finite",
        named="x.npy",
    ),
    Case("73 some -inf", as_logits("x.npy", array(_MASKED)), "warning: ", code=0, same=(_MASKED, LABELS)),
    Case(
        "74 probabilities",
        as_logits("x.npy", array(_PROBABILITIES)),
        "--kind probs",
        code=0,
        same=(_PROBABILITIES, LABELS),
    ),
    Case(
        "74 logits that are said to be probabilities",
        as_logits("x.npy", array(np.abs(LOGITS)), "--kind", "probs"),
        "of probs sums to",
        "leave --kind out",
        named="x.npy",
    ),
    Case(
        "74 negative probabilities",
        as_logits("x.npy", array(LOGITS), "--kind", "probs"),
        "a negative probability",
        named="x.npy",
    ),
    Case("75 the range of fp16", as_logits("x.npy", array(_SHARP)), code=0, same=(_SHARP.astype(np.float32), LABELS)),
    Case(
        "76 the same shard by a symlink",
        _twice(lambda one, two: two.symlink_to(one)),
        "is the same file as",
        "leave one",
        named="x-1.npy",
    ),
    Case(
        "76 the same shard by a hard link",
        _twice(lambda one, two: os.link(one, two)),
        "its samples would count twice",
        named="x-1.npy",
    ),
    Case(
        "77 shards of another K",
        shards(a=LOGITS[:3], b=LOGITS[:3, :2]),
        "shard 1 has K = 2, expected 3",
        "x-a.npy",
        named="x-b.npy",
    ),
    Case(
        "77 shards of another type",
        shards(a=LOGITS[:3], b=LOGITS[:3].astype(np.float64)),
        "shard 1 has dtype float64, expected float32",
        named="x-b.npy",
    ),
    Case(
        "77 a bad value in a shard",
        shards(a=LOGITS[:3], b=LOGITS[3:] * np.float32(np.nan)),
        "row 0 has nan",
        named="x-b.npy",
    ),
    Case("78 no file matches", _nothing, "no file matches", named="none-*.npy"),
    Case("78 shards without a partner", _unpaired, "shards without a partner", named="y-*.npy"),
]
