"""Columns of Python objects as labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import lscli
from lscli.errors import InputError
from lscli.io.memory import MemoryArray
from lscli.io.texts import coded, texts_of, texts_of_values

WORDS = ["emu", "cat", "dog", "cat", "b\u00e4r", "emu"]


@pytest.mark.parametrize(
    "made",
    [
        list,
        tuple,
        lambda words: [word.encode() for word in words],
        lambda words: np.array(words, object),
        lambda words: np.array(words, np.dtypes.StringDType()),
        pd.Series,
        lambda words: pd.Series(words, dtype="string"),
        lambda words: pd.Series(words, index=[9, 8, 7, 6, 5, 4]).astype("category"),
        lambda words: pd.Categorical(words, categories=sorted({*words, "unused"})),
        pd.Index,
        pa.array,
        lambda words: pa.chunked_array([words[:2], words[2:]]),
    ],
)
def test_texts_of_any_column(made: Callable[[list[str]], Any]) -> None:
    found = texts_of_values(made(WORDS), "labels")
    assert found is not None
    assert not isinstance(found, np.ndarray)
    assert ["emu", "cat", "dog", "b\u00e4r"] == [*found.words]
    assert [0, 1, 2, 1, 3, 0] == found.codes.tolist()


@pytest.mark.parametrize("dtype", ["U", "S", ">U9"])
def test_texts_of_a_fixed_length(dtype: str) -> None:
    words = np.array([word.encode() if dtype == "S" else word for word in WORDS]).astype(dtype)
    found = texts_of(MemoryArray(words.reshape(2, 3), "labels"))
    assert found is not None
    assert ["emu", "cat", "dog", "b\u00e4r"] == [*found.words]
    assert [[0, 1, 2], [1, 3, 0]] == found.codes.tolist()
    assert words.dtype.name == found.stored


@pytest.mark.parametrize("values", [[True, False, True], [np.True_, np.False_, np.True_]])
@pytest.mark.parametrize(
    "made", [list, lambda values: pd.Series(values, dtype="boolean"), lambda v: np.array(v, object)]
)
def test_truth_values_of_any_column(made: Callable[[list[bool]], Any], values: list[bool]) -> None:
    report = lscli.evaluate([[1.5, 3.0]] * 3, made(values), metrics="accuracy")
    assert 2 / 3 == report["accuracy"]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, 3])
def test_a_missing_label_is_named(missing: Any) -> None:
    for made in (list, pd.Series, lambda values: np.array(values, object)):
        with pytest.raises(InputError, match=r"labels: row 2 holds .* among strings") as caught:
            lscli.evaluate([[0.0, 1.0]] * 3, made(["a", "b", missing]), class_names=["a", "b"])
        assert "leave such rows out of every input" == caught.value.hint


@pytest.mark.parametrize("values", [[2**70], [["a"], ["b", "c"]], [{}], [None, None], [1, 2], "ab"])
def test_other_values_are_left_to_others(values: Any) -> None:
    assert texts_of_values(values, "labels") is None
    assert texts_of_values(np.ones(3), "labels") is None


class Odd:
    """A column whose values cannot be read."""

    def __array__(self, *_: object, **__: object) -> None:
        raise RuntimeError("odd")


def test_a_column_that_fails_is_left_to_others() -> None:
    assert texts_of_values(Odd(), "labels") is None


def test_text_that_is_not_unicode_is_refused() -> None:
    forged = np.frombuffer(np.array([0x41, 0x110000], "<u4").tobytes(), "<U1")
    with pytest.raises(InputError, match="holds text that is not Unicode"):
        lscli.evaluate([[0.0, 1.0]] * 2, forged, class_names=["A", "b"])


def test_sentences_are_no_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lscli.io.texts._MOST", 100)
    assert ["x" * 100] == [*coded(["x" * 100] * 5, "y").words]
    with pytest.raises(InputError, match="y: has more than 10 different strings, which no labels have"):
        coded((f"sentence {number}" for number in range(20)), "y")
