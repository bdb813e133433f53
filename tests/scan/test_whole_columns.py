"""Labels, row numbers and other whole numbers among the columns of the logits are named, and what is proposed works."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.scan.whole_columns import WholeColumns

Array = NDArray[Any]

RNG = np.random.default_rng(8)
N, K = 60, 4
LABELS = RNG.integers(0, K, N)
LOGITS = np.round(RNG.standard_normal((N, K)) + 4 * np.eye(K)[LABELS], 2)
EXPECTED = lscli.evaluate(LOGITS.astype(np.float32), LABELS)["loss_hard"]


def beside(*columns: Any, first: Any = None) -> Array:
    """The logits as float32 with further columns behind them, and one before them."""
    parts = [LOGITS, *columns] if first is None else [first, LOGITS, *columns]
    return np.column_stack(parts).astype(np.float32)


def said(logits: Any, labels: Any = LABELS, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lscli.evaluate(logits, labels, metrics="loss_hard", **options)
    return [str(warning.message) for warning in caught]


DATASET, COUNT, ZERO = RNG.integers(0, 3, N), np.arange(N), np.zeros(N)
CASES: dict[str, tuple[Array, str]] = {
    "label": (beside(LABELS), "column 4 holds only whole numbers and equals the labels"),
    "label from 1": (beside(LABELS + 1), "column 4 holds only whole numbers and equals the labels + 1"),
    "label first": (beside(first=LABELS), "column 0 holds only whole numbers and equals the labels"),
    "dataset": (beside(DATASET), "column 4 holds only whole numbers"),
    "index": (beside(first=COUNT), "column 0 holds only whole numbers and counts the rows"),
    "index from 1": (beside(COUNT + 1), "column 4 holds only whole numbers and counts the rows"),
    "label, dataset": (
        beside(LABELS, ZERO),
        "columns 4 and 5 hold only whole numbers and column 4 equals the labels",
    ),
    "index, label, dataset": (
        beside(LABELS, DATASET, first=COUNT),
        "columns 0, 5 and 6 hold only whole numbers, column 5 equals the labels and column 0 counts the rows",
    ),
}


@pytest.mark.parametrize("options", [{}, {"chunk_rows": 1}, {"chunk_rows": 7, "threads": 3}, {"kernel": "torch"}])
@pytest.mark.parametrize("case", CASES)
def test_columns_that_are_no_classes_are_named_and_the_remedy_is_right(case: str, options: dict[str, Any]) -> None:
    logits, says = CASES[case]
    (found,) = said(logits, **options)
    assert f"logits: {says}: if " in found
    remedy = found.partition("save ")[2]
    if sliced := re.fullmatch(r"logits\[:, (\d*):(\d*)\]", remedy):
        start, stop = (int(text) if text else None for text in sliced.groups())
        kept = logits[:, start:stop]
    else:
        removed = re.fullmatch(r"np\.delete\(logits, \[([\d, ]+)\], axis=1\)", remedy)
        assert removed is not None
        kept = np.delete(logits, [int(text) for text in removed[1].split(",")], axis=1)
    assert EXPECTED == lscli.evaluate(kept, LABELS)["loss_hard"]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_six_rows_are_enough(dtype: type[np.floating[Any]]) -> None:
    rows = np.flatnonzero(np.isin(COUNT, [0, 1, 2, 3, 4, 5]))
    (found,) = said(beside(LABELS, ZERO)[rows].astype(dtype), LABELS[rows])
    assert "columns 4 and 5" in found


def test_ignored_samples_say_nothing() -> None:
    labels, logits = LABELS.copy(), beside(LABELS)
    labels[[3, 40]], logits[[3, 40], 4] = -100, 0.5
    (found,) = said(logits, labels)
    assert "equals the labels" in found


def test_one_value_and_the_labels_are_binary() -> None:
    labels = LABELS % 2
    (found,) = said(np.column_stack([LOGITS[:, 1], labels]), labels)
    assert found.endswith("save logits[:, 0] and say binary=True")


@pytest.mark.parametrize("wide", [10, 1000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_logits_of_any_kind_are_classes(wide: int, dtype: type[np.floating[Any]]) -> None:
    labels = RNG.integers(0, wide, 400)
    logits = 8 * RNG.standard_normal((400, wide)) + 40 * np.eye(wide)[labels]
    for values in (logits, np.round(logits), np.round(logits, 1), np.maximum(logits, 0), 4 * np.round(logits / 4)):
        assert [] == said(values.astype(dtype), labels)
    constant = logits.copy()
    constant[:, 0] = 0.0  # a class of reference
    constant[:, -1] = -1e4  # a class that is masked
    assert [] == said(constant.astype(dtype), labels)


def test_a_class_of_reference_is_not_taken_for_a_dataset() -> None:
    logits = beside(LABELS)
    logits[:, 3] = 0.0
    (found,) = said(logits)
    assert "column 4 holds" in found
    logits = beside(LABELS, ZERO)
    logits[:, 0] = 0.0
    (found,) = said(logits)
    assert "columns 4 and 5 hold" in found


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_columns_of_tables_are_named(tmp_path: Path, suffix: str) -> None:
    import pandas as pd

    names = [f"z{place}" for place in range(K)]
    frame = pd.DataFrame(beside(LABELS), columns=[*names, "truth"])
    path = tmp_path / f"x{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_csv(path, index=False)
    (found,) = said(path, logits_key="*")
    assert "column 'truth' holds only whole numbers and equals the labels: if" in found
    assert found.endswith("say logits_key='z[0-9]*'")
    assert pytest.approx(EXPECTED) == lscli.evaluate(path, LABELS, logits_key="z[0-9]*")["loss_hard"]


def test_columns_of_tables_that_no_pattern_tells_apart_are_listed(tmp_path: Path) -> None:
    import pandas as pd

    names = ["z0", "z 1", "z2", "z3"]
    pd.DataFrame(beside(LABELS), columns=[*names, "z4"]).to_parquet(tmp_path / "x.parquet")
    (found,) = said(tmp_path / "x.parquet", logits_key="*")
    assert found.endswith("say logits_key='z0,z 1,z2,z3'")
    assert (
        pytest.approx(EXPECTED)
        == lscli.evaluate(tmp_path / "x.parquet", LABELS, logits_key="z0,z 1,z2,z3")["loss_hard"]
    )


def test_a_constant_after_the_column_of_the_last_label_is_one_column_too_many() -> None:
    assert LABELS.max() == LOGITS.shape[1] - 1
    for constant in (1.0, 7.0):
        (found,) = said(np.column_stack([LOGITS, np.full(len(LABELS), constant)]))
        assert f"column {LOGITS.shape[1]} holds only whole numbers" in found
    for constant in (0.0, -1e4, 0.5):  # a class of reference, a masked class, an intercept
        assert [] == said(np.column_stack([LOGITS, np.full(len(LABELS), constant)]))


@pytest.mark.parametrize("kind", ["probs", "log-probs"])
def test_columns_beside_probabilities_are_named_where_rows_do_not_sum_to_1(kind: Any) -> None:
    values = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    values = values if kind == "probs" else np.log(values)
    expected = lscli.evaluate(values, LABELS, kind=kind, metrics="loss_hard")["loss_hard"]
    last = LOGITS.shape[1]
    for data, own, says in (
        (np.column_stack([values, LABELS]), slice(0, last), f"column {last} holds"),
        (np.column_stack([np.arange(len(LABELS)), LABELS, values]), slice(2, None), "columns 0, 1 hold"),
    ):
        with pytest.raises(lscli.InputError, match="not to 1") as caught:
            lscli.evaluate(data, LABELS, kind=kind)
        assert f"{says} only whole numbers, and the others sum to 1: save only the others" == caught.value.hint
        assert expected == lscli.evaluate(data[:, own], LABELS, kind=kind, metrics="loss_hard")["loss_hard"]


def test_a_probability_of_class_1_beside_the_labels_is_binary() -> None:
    p, truth = np.linspace(0.02, 0.97, 40), np.arange(40) % 2
    with pytest.raises(lscli.InputError, match="not to 1") as caught:
        lscli.evaluate(np.stack([p, truth], axis=1), truth, kind="probs")
    assert caught.value.hint.endswith("is the probability of class 1, save it alone and say binary=True")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_large_logits_that_were_once_of_half_precision_are_logits(dtype: str) -> None:
    """From 128 or 1024 on, they are whole whatever they were."""
    import torch

    large = 300 if dtype == "bfloat16" else 1500
    logits = LOGITS + np.array([0, 0, 0, large]) * np.linspace(0.9, 1.3, N)[:, None]
    assert [] == said(torch.tensor(logits).to(getattr(torch, dtype)).float().numpy(), np.arange(N) % K)
    ids = RNG.permutation(N) * 7919 + 10**5
    (found,) = said(beside(ids))
    assert "column 4 holds only whole numbers" in found


def test_another_thread_cannot_change_which_columns_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    # numpy first counts what is true, then lists it: what changes in between leaves memory that was never written.
    columns, listed = WholeColumns(5, "float32"), np.flatnonzero
    x = np.arange(20, dtype="f4").reshape(4, 5)

    def checked(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
        assert not np.shares_memory(mask, columns._whole)
        return listed(mask)

    monkeypatch.setattr(np, "flatnonzero", checked)
    columns.add(x, np.zeros(4, np.int32), np.arange(4))
    columns.add(x + 0.5, np.zeros(4, np.int32), np.arange(4))
    assert not columns.open
