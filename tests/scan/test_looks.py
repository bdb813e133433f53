"""Rows that look like something other than logits: what is said, and that the answer is right once it is followed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.special
from numpy.typing import NDArray

import lscli

Array = NDArray[Any]

RNG = np.random.default_rng(5)
N, K = 120, 6
LABELS = RNG.integers(0, K, N)
LOGITS = 2 * RNG.standard_normal((N, K)) + 3 * np.eye(K)[LABELS]
PROBS = scipy.special.softmax(LOGITS, axis=1)
Z = LOGITS[:, 1] - LOGITS[:, 0]
TRUTH = (scipy.special.expit(Z) > RNG.random(N)).astype(int)


def said(logits: Any, labels: Any = LABELS, **options: Any) -> list[str]:
    """The warnings that name no accuracy."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        report = lscli.evaluate(logits, labels, metrics="loss_hard", **options)
    assert list(report.warnings) == [str(warning.message) for warning in caught]
    return [note for note in report.warnings if "chance" not in note]


def loss(logits: Any, labels: Any = LABELS, **options: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return lscli.evaluate(logits, labels, metrics="loss_hard", **options)["loss_hard"]


LOOKS = {
    "every row sums to 1: if these are probabilities, say kind='probs'": PROBS,
    "every row sums to 100": 100 * PROBS,
    "-log p of probabilities p": -np.log(PROBS),
    "rows do not sum to 1: if these are scores of independent classes": scipy.special.expit(LOGITS),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("says", LOOKS)
def test_what_is_no_logits_is_named(says: str, dtype: type[np.floating[Any]]) -> None:
    (found,) = said(LOOKS[says].astype(dtype))
    assert says in found


def test_bfloat16_is_looked_at_as_the_numbers_that_it_holds() -> None:
    import torch

    (found,) = said(torch.tensor(PROBS).to(torch.bfloat16))
    assert "every row sums to 1" in found


def test_following_the_hint_gives_the_loss_of_the_logits() -> None:
    expected = loss(LOGITS)
    assert expected == pytest.approx(loss(PROBS, kind="probs"))
    assert expected == pytest.approx(loss(100 * PROBS / 100, kind="probs"))
    assert expected == pytest.approx(loss(np.log(PROBS), kind="log-probs"))


def test_one_value_per_sample_between_0_and_1_looks_like_a_probability() -> None:
    p = scipy.special.expit(Z)
    (found,) = said(p, TRUTH, binary=True)
    assert "if these are probabilities of class 1, say kind='probs'" in found
    assert loss(Z, TRUTH, binary=True) == pytest.approx(loss(p, TRUTH, binary=True, kind="probs"))


@pytest.mark.parametrize("rows", [1, 3])
def test_percentages_under_kind_probs_are_named(rows: int) -> None:
    with pytest.raises(lscli.InputError, match="sums to 100, not to 1") as caught:
        lscli.evaluate(100 * PROBS[:rows], LABELS[:rows], kind="probs")
    assert "percentages: divide them by 100" in caught.value.hint


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_logits_and_log_probabilities_are_what_they_are(scale: float, dtype: type[np.floating[Any]]) -> None:
    assert [] == said((scale * LOGITS).astype(dtype))
    assert [] == said(scipy.special.log_softmax(scale * LOGITS, axis=1).astype(dtype))
    assert [] == said(Z, TRUTH, binary=True)
    assert [] == said(np.round(scale * LOGITS).astype(dtype))


@pytest.mark.filterwarnings("ignore:.*are not finite")
@pytest.mark.parametrize("place", [0, 57, N - 1])
@pytest.mark.parametrize("options", [{"chunk_rows": 1}, {"chunk_rows": 7, "threads": 3}, {"kernel": "torch"}])
def test_one_row_that_differs_decides_wherever_it_is(place: int, options: dict[str, Any]) -> None:
    for says, values in LOOKS.items():
        (found,) = said(values, **options)
        assert says in found
        changed = values.copy()
        changed[place] = [-1.0, 2.0, 0.5, 30.0, 0.2, 0.1]
        assert [] == said(changed, **options)
        labels = LABELS.copy()
        labels[place] = -100  # what is left out says nothing
        assert [found] == said(changed, labels, **options)
        changed[place] = np.nan
        assert [found] == [note for note in said(changed, nonfinite="skip") if "finite" not in note]


def test_the_command_line_and_samples_say_it(tmp_path: Path) -> None:
    from tests.command import lscli as run

    np.save(tmp_path / "x.npy", PROBS)
    np.save(tmp_path / "y.npy", LABELS)
    for command in ("eval", "bins", "samples", "sweep"):
        done = run(command, tmp_path / "x.npy", tmp_path / "y.npy")
        assert 0 == done.returncode
        assert 1 == done.stderr.count("every row sums to 1: if these are probabilities, say --kind probs"), command


def test_logits_that_begin_at_0_are_no_losses() -> None:
    z = np.column_stack([np.zeros(50), RNG.uniform(6, 9, 50)])  # exp(-0) + exp(-z) is near 1
    assert [] == said(z, np.arange(50) % 2)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.log2(PROBS), "log2 p of probabilities p that sum to 1: if so, multiply the values by math.log(2)"),
        (np.log10(PROBS), "log10 p of probabilities p that sum to 1: if so, multiply the values by math.log(10)"),
    ],
)
def test_logarithms_to_another_base_are_named(values: Array, says: str) -> None:
    (found,) = said(values)
    assert says in found
    base = 2 if "log2" in says else 10
    assert loss(LOGITS) == pytest.approx(loss(values * np.log(base)))


@pytest.mark.parametrize(
    "values",
    [
        np.round(PROBS, 2),
        np.round(100 * PROBS),
        RNG.multinomial(500, PROBS),
        RNG.multinomial(11, PROBS),
    ],
    ids=["rounded", "percentages", "votes", "few votes"],
)
@pytest.mark.filterwarnings("ignore:.*have probability 0")
def test_votes_and_rounded_probabilities_are_named(values: Array) -> None:
    (found,) = said(values.astype(np.float32))
    assert found.endswith("rounded probabilities, divide each row by its sum and say kind='probs'")
    shares = values / values.sum(axis=1, keepdims=True)
    label = shares[np.arange(N), LABELS]
    expected = -np.log(label).mean() if label.all() else np.inf
    assert expected == pytest.approx(lscli.evaluate(shares, LABELS, kind="probs", metrics="loss_hard")["loss_hard"])


def test_percentages_of_class_1_are_named() -> None:
    p = scipy.special.expit(Z)
    for values in (100 * p, np.round(100 * p).astype(np.float16)):
        (found,) = said(values, TRUTH, binary=True)
        assert "if these are percentages of class 1, divide them by 100 and say kind='probs'" in found
    assert loss(Z, TRUTH, binary=True) == pytest.approx(loss(100 * p / 100, TRUTH, binary=True, kind="probs"))


@pytest.mark.parametrize("scale", [1, 4, 30])
def test_confident_logits_are_no_logarithms_of_probabilities(scale: float) -> None:
    """Where one probability is nearly 1, so is the sum of 2^x and of 10^x."""
    labels = LABELS[:6]
    logits = -scale * (1 - np.eye(K)[labels])
    assert [] == said(logits + 0.1 * RNG.random((6, K)) * (logits < 0), labels)
    assert [] == said(np.stack([np.zeros(20), np.full(20, -7.5)], axis=1), np.arange(20) % 2)


def test_positive_logits_of_nearly_equal_sums_are_logits() -> None:
    """The sums of many values differ little."""
    assert [] == said(20 + 3 * RNG.random((N, 500)))
    assert [] == said(np.round(20 + 3 * RNG.random((N, 500))))
    assert [] == said(np.round(3 * RNG.random((N, 2))), LABELS % 2)


def test_labels_of_0_and_1_beside_probabilities_are_no_scores() -> None:
    p = scipy.special.expit(Z)
    (found,) = said(np.stack([p, TRUTH], axis=1), TRUTH)
    assert "column 1 holds only whole numbers and equals the labels" in found


@pytest.mark.parametrize("fill", [0.0, -1.0, 100.0])
def test_rows_of_one_value_say_nothing(fill: float) -> None:
    for says, values in LOOKS.items():
        changed = values.copy()
        changed[[0, 57]] = fill
        (found,) = said(changed)
        assert says.replace("--kind probs", "kind='probs'") in found
    assert [] == said(np.full((30, 4), 0.25), np.arange(30) % 4)


@pytest.mark.parametrize("value", [1e308, -1e308, -5e-324])
def test_values_at_the_edge_of_their_type_give_no_other_warning(value: float) -> None:
    """numpy's warnings, such as that of an overflow, are errors here."""
    assert [] == said(np.full((30, 4), value), np.arange(30) % 4)
    assert [] == said(np.linspace(0.1, 1, 120).reshape(30, 4) * value, np.arange(30) % 4)
    assert [] == said(np.full(30, value), np.arange(30) % 2, binary=True)
