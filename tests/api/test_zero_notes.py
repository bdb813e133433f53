"""Warnings about classes of probability 0: how many labels, in which rows, and what is done about it."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

import lscli
from tests.io.make import some_labels, some_logits

Array = NDArray[Any]
K, N = 4, 20
Y = some_labels(N, K)
RAISE = "say min_prob=1e-7 to raise it to 1e-7, as Keras does (scikit-learn: 2.2e-16)"
INFINITE = "uniform loss and logit gap are infinite"


def probabilities(at_label: Any = (), beside: Any = ()) -> Array:
    """Probabilities [N, K] that are 0 at the label of some rows, and at another class of others."""
    p = softmax(some_logits(N, K, "float64"), axis=1)
    p[[*at_label], Y[[*at_label]]] = 0.0
    p[[*beside], (Y[[*beside]] + 1) % K] = 0.0
    shares: Array = p / p.sum(axis=1, keepdims=True)
    return shares


def logs(p: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.log(p)


def said(data: Any, labels: Any = Y, **options: Any) -> list[str]:
    """The warnings of a report, which a caller gets too."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = lscli.evaluate(data, labels, **options)
    assert [str(each.message) for each in caught] == list(report.warnings)
    return list(report.warnings)


def test_labels_of_probability_0_are_told_from_other_classes() -> None:
    found = said(probabilities([2, 7], [4, 5, 9]), kind="probs")
    assert [
        f"logits: 2 of 20 labels have probability 0 (rows 2, 7): their losses are infinite; {RAISE}",
        f"logits: 3 of 20 samples have a class of probability 0 that is not its label: their {INFINITE}",
    ] == found
    assert [f"logits: 1 of 20 labels has probability 0 (row 3): its loss is infinite; {RAISE}"] == said(
        probabilities([3]), kind="probs"
    )
    assert [f"logits: 1 of 20 samples has a class of probability 0: its {INFINITE}; {RAISE}"] == said(
        probabilities([], [3]), kind="probs"
    )
    assert [] == said(probabilities([2, 7], [4, 5, 9]), kind="probs", min_prob=1e-7)


def test_without_declared_probabilities_such_classes_are_masked() -> None:
    data = logs(probabilities([2], [4, 5]))
    for kind in ("log-probs", "logits"):
        label, others = said(data, kind=kind)
        assert f"logits: 1 of 20 labels is a masked class (-inf) (row 2): its loss is infinite; {RAISE}" == label
        assert f"2 of 20 samples have a masked class (-inf) that is not its label: their {INFINITE}" in others
    (several,) = said(logs(probabilities([2, 4])), metrics="loss_hard")
    assert "2 of 20 labels are masked classes (-inf) (rows 2, 4): their losses are infinite" in several
    (others,) = said(logs(probabilities([], [4])))
    assert others.endswith(INFINITE)
    (others,) = said(logs(probabilities([], [4])), kind="log-probs")
    assert others.endswith(RAISE)


def test_only_losses_that_are_asked_for_are_warned_of() -> None:
    p = probabilities([2], [4])
    assert [] == said(p, kind="probs", metrics="accuracy,ece,brier")
    assert 1 == len(said(p, kind="probs", metrics="loss_hard"))
    assert 2 == len(said(p, kind="probs", metrics="loss_hard,loss_uniform"))
    (found,) = said(probabilities([], [4]), kind="probs", metrics="loss_uniform")
    assert "its uniform loss" in found
    assert [] == said(probabilities([], [4]), kind="probs", metrics="loss_hard")


def test_few_rows_are_named_by_their_numbers_in_their_own_files(tmp_path: Path) -> None:
    p = probabilities([1, 3, 4, 9, 10, 12, 19])
    for number, rows in enumerate((slice(0, 4), slice(4, 9), slice(9, N))):
        np.save(tmp_path / f"x{number}.npy", p[rows])
        np.save(tmp_path / f"y{number}.npy", Y[rows])
    how: Any = {"kind": "probs", "metrics": "loss_hard"}
    (found,) = said(p, **how)
    assert "7 of 20 labels have probability 0 (rows 1, 3, 4, 9, 10, and 2 more)" in found
    for chunk_rows, threads in ((1, 3), (7, 2), (100, 1)):
        (found,) = said(tmp_path / "x*.npy", tmp_path / "y*.npy", chunk_rows=chunk_rows, threads=threads, **how)
        names = [tmp_path / f"x{number}.npy" for number in range(3)]
        assert f"(rows 1, 3 of {names[0]}, row 0 of {names[1]}, rows 0, 1 of {names[2]}, and 2 more)" in found
        (found,) = said(p, chunk_rows=chunk_rows, threads=threads, **how)
        assert "(rows 1, 3, 4, 9, 10, and 2 more)" in found


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
def test_rows_that_do_not_count_are_not_counted(kernel: Any) -> None:
    p, labels = probabilities([2, 7, 11], [4, 5, 9]), Y.copy()
    labels[[2, 4]] = -100
    weights = np.ones(N)
    weights[[7, 5, 0]] = 0
    p[1] = np.nan
    found = said(p, labels, kind="probs", weights=weights, nonfinite="skip", kernel=kernel)
    # 20 rows without two that are ignored, one that is skipped, and three of weight 0.
    assert "1 of 14 labels has probability 0 (row 11)" in found[1]
    assert "1 of 14 samples has a class of probability 0 that is not its label" in found[2]
    assert 3 == len(found)


def test_soft_labels_have_a_class_of_probability_0_if_they_give_it_a_share() -> None:
    q = 0.5 * np.eye(K)[Y] + 0.5 * np.eye(K)[(Y + 1) % K]
    q[5] = np.eye(K)[Y[5]]  # the class that is 0 in row 5 has no share
    p = probabilities([2], [4, 5])
    found = said(p, q, soft_labels=True, kind="probs", metrics="loss_hard,loss_uniform")
    assert [
        f"logits: 2 of 20 soft labels have a class of probability 0 (rows 2, 4): their losses are infinite; {RAISE}",
        "logits: 1 of 20 samples has a class of probability 0 that is not in its label: its uniform loss is infinite",
    ] == found


def test_what_is_excluded_is_not_said_of_labels() -> None:
    for kind, data, what in (
        ("probs", probabilities([2], [4, 5]), "class of probability 0"),
        ("logits", logs(probabilities([2], [4, 5])), "masked class (-inf)"),
    ):
        label, others = said(data, kind=kind, masked_classes="exclude")
        assert "(row 2), which is not left out: its loss is infinite; look at the run that wrote it" in label
        assert f"2 of 20 samples have a {what} that is not its label: it is left out of their row" in others
        assert "min_prob" not in label + others


def test_samples_are_warned_of_after_the_last_row() -> None:
    p = probabilities([2, 7], [4])
    listing = lscli.per_sample(p, Y, kind="probs", weights=(np.arange(N) != 7).astype(int))
    with pytest.warns(lscli.LscliWarning, match=r"1 of 19 labels has probability 0 \(row 2\): its loss is inf"):
        rows = list(listing.rows)
    assert [2, 7] == [row.row for row in rows if np.isposinf(row.loss_hard)]
    listing = lscli.per_sample(p, Y, kind="probs", min_prob=1e-7)
    assert np.isfinite([row.loss_hard for row in listing.rows]).all()


def test_every_question_with_losses_warns() -> None:
    p = probabilities([2])
    for question in (lscli.per_class, lscli.sweep):
        with pytest.warns(lscli.LscliWarning, match=r"1 of 20 labels has probability 0 \(row 2\)"):
            question(p, Y, kind="probs")
    with pytest.warns(lscli.LscliWarning, match=r"1 of 20 labels has probability 0 \(row 2\)"):
        lscli.explain("1.5", p, Y, kind="probs")
    assert 0 == len(lscli.per_bin(p, Y, kind="probs").warnings)


@pytest.mark.parametrize("soft", [False, True])
def test_a_masked_label_that_is_an_error_is_not_to_be_excluded(soft: bool) -> None:
    for kind, data in (("probs", probabilities([2])), ("logits", logs(probabilities([2])))):
        labels = np.eye(K)[Y] if soft else Y
        how: Any = {"kind": kind, "soft_labels": soft, "metrics": "loss_hard"}
        with pytest.raises(lscli.InputError, match=r"row 2 has a .*, which is (part of )?its (soft )?label") as caught:
            lscli.evaluate(data, labels, masked_classes="error", **how)
        assert "say masked_classes='keep' and min_prob=1e-7" in caught.value.hint
        found = lscli.evaluate(data, labels, masked_classes="keep", min_prob=1e-7, **how)
        assert np.isfinite(found["loss_hard"])
