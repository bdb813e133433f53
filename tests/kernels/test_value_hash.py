"""The hash of a row against its published values and the formula in Python's integers."""

from __future__ import annotations

import numpy as np
import pytest

from lscli.kernels.value_hash import ValueHashes, factors, fingerprint, folds, value_hash


def hashed(*rows: list[float], dtype: str = "f4") -> np.ndarray:
    x = np.array(rows, dtype)
    return value_hash(x, factors(x.shape[1]))


def mix(z: int) -> int:
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return z ^ z >> 31


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([1, 2, 3], 0x93E7CAD084C78175),
        ([0, 0, 1], 0xCA59655425E041B7),
        ([-0.0, 0], 0x6E789E6AA1B965F4),
        ([0, 0], 0x6E789E6AA1B965F4),
        ([0.5, -np.inf], 0xB29E0EB20C387158),
    ],
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_known_hashes(row: list[float], expected: int, dtype: str) -> None:
    assert [expected] == hashed(row, dtype=dtype).tolist()


def test_fold_and_fingerprint() -> None:
    found = hashed([1, 2, 3], [0, 0, 1])
    assert 2 == folds(found, 5)[0]
    assert 0x213F594379AD9603 == fingerprint(found, np.array([0, 2])) == fingerprint(found[::-1], np.array([2, 0]))


@pytest.mark.parametrize("classes", [2, 40, 70_000])
def test_the_formula_in_whole_numbers(classes: int) -> None:
    golden = 0x9E3779B97F4A7C15
    x = np.random.default_rng(0).standard_normal((5, classes)).astype("f4")
    c = [mix(k * golden % 2**64) | 1 for k in range(1, classes + 1)]
    bits = x.view("u4").tolist()
    expected = [mix((sum(u * f for u, f in zip(row, c, strict=True)) + classes * golden) % 2**64) for row in bits]
    assert expected == value_hash(x, factors(classes)).tolist()
    filled = ValueHashes(5, classes, "float32")
    filled.add(x[3:], 3)
    filled.add(x[:3], 0)
    assert expected == filled.hashes.tolist()


def test_bfloat16_is_widened() -> None:
    x = np.array([[1, 2, 3]], "f4")
    filled = ValueHashes(1, 3, "bfloat16")
    filled.add((x.view("u4") >> 16).astype("u2"), 0)
    assert [0x93E7CAD084C78175] == filled.hashes.tolist()
