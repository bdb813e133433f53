"""`lscli.explain`: which computation gives a printed loss, and what is said if none does."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lscli
from lscli.recipes.candidates import USUAL
from tests.api.explained import KEPT, MANY, SOME, W, rows, what
from tests.command import LABELS, LOGITS

# The worked example of all conventions: three samples and an ignored one, K = 3, eps = 0.1.
X = np.array([[1, 2, 3], [2, 0, -1], [0, 0, 0], [0.5, 2.5, -1]])
Y = [2, 0, -100, 0]
H, U = 0.9102100637076515, 1.7435433970409848
EXAMPLE = [
    (0.9935433970409848, 0.1, "uniform", "mean over kept samples", "torch"),
    (2.9806301911229545, 0.1, "uniform", "sum over kept samples", "reduction='sum'"),
    (0.977420119331663, 0.1, "uniform", "mean with the uniform part over all samples", "fastai"),
    (3.0904914199897657, 0.1, "uniform", "sum with the uniform part over all samples", "fastai"),
    (3.1056301911229545, 0.1, "off-target", "sum over kept samples", "fairseq since 2021-02"),
    (2.7306301911229545, 0.0, "none", "sum over kept samples", "fairseq's nll"),
    (1.4934924251893769, 0.1, "off-target", "mean in base 2", "fairseq since 2021-02"),
    (1.3131555450782562, 0.0, "none", "mean in base 2", "fairseq"),
    (2.4848444542035732, 0.0, "none", "perplexity", "fairseq's ppl"),
    (0.6408123722602087, 0.1, "off-target", "mean KL divergence", "tensor2tensor, TF official transformer, ESPnet"),
    (0.7024035582090198, 0.1, "uniform", "mean KL divergence", "KLDivLoss"),
    ((H + 0.1 * U) / 1.1, 0.1, "classy", "mean over kept samples", "ClassyVision"),
    (H, 0.0, "none", "mean over kept samples", "every framework"),
]


@pytest.mark.parametrize("eps", [0.1, None])
@pytest.mark.parametrize(("value", "amount", "smoothing", "recipe", "who"), EXAMPLE)
def test_every_number_of_the_worked_example_is_explained(
    value: float, amount: float, smoothing: str, recipe: str, who: str, eps: float | None
) -> None:
    found = rows(repr(value), X, Y, eps=eps)
    assert (amount, smoothing, recipe) == what(found[0])
    assert 10 == len(found)
    assert value == pytest.approx(found[0]["loss"], rel=1e-14)
    assert who in found[0]["who"]
    assert abs(found[0]["difference"]) < 1e-14
    assert min(abs(row["difference"]) for row in found[1:]) > 1e-6


def test_float32_noise_is_not_another_convention() -> None:
    listing = lscli.explain("0.9935434019432859", X, Y)
    assert ("uniform", "mean over kept samples") == next(iter(listing.rows))[3:5]
    assert "gives 0.9935434019432859 as far as float32 goes" in listing.conclusion


# Numbers that other projects pin in their tests: logits, labels, the value, and what it is.
PINNED: list[tuple[Any, Any, str, float, str, str, dict[str, Any]]] = [
    ([[0, 7, 0, 0, 2]], [4], "5.0760956664977055", 0.5, "classy", "mean over kept samples", {}),
    ([[1, 2], [0, 2]], [0, 1], "0.7617615159472644", 0.2, "classy", "mean over kept samples", {}),
    ([[1, 9, 0], [1, 8, 1]], [1, 2], "3.667807101704245", 0.1, "uniform", "mean over kept samples", {}),
    ([[1, 9, 0], [1, 8, 1]], [1, 2], "3.5011", 0.0, "none", "mean over kept samples", {}),
    ([[1, -1]], [0], "0.2269", 0.1, "uniform", "mean over kept samples", {}),
    ([[1, -1]], [0], "0.2178", 0.1, "classy", "mean over kept samples", {}),
]
WEIGHED = [
    ("1.0417011062942376", 0.1, "uniform", "mean by class weights"),
    ("10.417011062942377", 0.1, "uniform", "sum by class weights"),
    ("5.208505531471188", 0.1, "uniform", "sum by class weights per kept sample"),
    ("1.05983106084446", 0.0, "none", "mean by class weights"),
    ("10.598310608444601", 0.0, "none", "sum by class weights"),
]


@pytest.mark.parametrize(("x", "y", "value", "eps", "smoothing", "recipe", "options"), PINNED)
def test_numbers_of_other_projects_are_explained(
    x: Any, y: Any, value: str, eps: float, smoothing: str, recipe: str, options: dict[str, Any]
) -> None:
    x = np.array(x, float)
    assert (eps, smoothing, recipe) == what(rows(value, x, y, eps=eps, **options)[0])


@pytest.mark.parametrize("eps", [0.1, None])
@pytest.mark.parametrize(("value", "amount", "smoothing", "recipe"), WEIGHED)
def test_class_weights_of_torch_are_explained(
    value: str, amount: float, smoothing: str, recipe: str, eps: float | None
) -> None:
    x = np.array([[0.2, 0.3, 0.5], [0.5, 0.2, 0.3]]) + 1  # which would pass for probabilities as they are
    found = rows(value, x, [2, 1], class_weights=[2.0, 4.0, 6.0], eps=eps)
    assert (amount, smoothing, recipe) == what(found[0])
    assert "torch" in found[0]["who"]


def test_an_ignored_sample_as_a_uniform_target() -> None:
    """ClassyVision's own test: the loss of a row that is ignored is 3.50091; here another row is beside it."""
    x = np.array([[0.0, 7.0], [1.0, 2.0]])
    kept = rows("0", x[1:], [1], eps=0.2, candidates=99)
    (of_kept,) = (row["loss"] for row in kept if row["smoothing"] == "classy" and "mean over" in row["recipe"])
    value = (3.5009114664537746 + of_kept) / 2
    found = rows(repr(value), x, [-1, 1], ignore_index=-1)[0]
    assert (0.2, "classy", "mean with ignored samples as uniform targets", "ClassyVision") == (
        *what(found),
        found["who"],
    )


def test_recipes_that_need_missing_inputs_are_not_tried() -> None:
    names = {row["recipe"] for row in rows("1", MANY[KEPT], SOME[KEPT], candidates=9999)}
    assert not [name for name in names if "all samples" in name or "ignored" in name or "class weights" in name]
    names = {row["recipe"] for row in rows("1", MANY, SOME, candidates=9999)}
    assert 4 == len([name for name in names if "all samples" in name or "ignored" in name])


def test_a_prior_is_tried_besides_that_of_the_labels() -> None:
    found = rows("0.9835433970409848", X, Y, prior=[0.5, 0.3, 0.2])
    assert (0.1, "prior", "mean over kept samples") == what(found[0])
    assert {"prior", "prior:empirical"} <= {
        row["smoothing"] for row in rows("1", X, Y, prior=[0.5, 0.3, 0.2], candidates=999)
    }


def test_the_prior_of_balanced_classes_is_uniform() -> None:
    found = rows("1", X[:3], [0, 1, 2], candidates=999)
    assert not [row for row in found if "prior:empirical" in row["smoothing"] + row["who"]]


def test_two_conventions_that_are_one_are_one_candidate() -> None:
    """With two classes eps/(K-1) on the other one is what twice the eps is on all."""
    x, y = np.array([[1.0, 2.0], [0.5, 2.0], [3.0, -1.0]]), [0, 1, 1]
    found = rows("1.5", x, y, eps=[0.05, 0.1], candidates=999)
    losses = sorted(row["loss"] for row in found)
    assert min(b - a for a, b in itertools.pairwise(losses)) > 1e-9
    (mean,) = (row for row in found if what(row) == (0.1, "uniform", "mean over kept samples"))
    assert "also the mean over kept samples of off-target targets with eps 0.05 (fairseq's targets" in mean["who"]


def test_candidates_that_agree_with_all_digits_are_equally_near() -> None:
    """0.99 is nearer to another candidate than to the plain one, which is as good an explanation and simpler."""
    listing = lscli.explain("0.99", X, Y)
    found = [row._asdict() for row in listing.rows]
    assert (0.1, "uniform", "mean over kept samples") == what(found[0])
    fit = [row for row in found if abs(row["difference"]) <= 0.005]
    assert found[: len(fit)] == fit
    assert min(abs(row["difference"]) for row in fit[1:]) < abs(found[0]["difference"])
    assert f"{len(fit)} candidates give 0.99 to its last digit, but about " in listing.conclusion
    rest = [abs(row["difference"]) for row in found[len(fit) :]]
    assert sorted(rest) == rest


@pytest.mark.parametrize(("value", "fits"), [("0.9935", True), ("0.9936", False), ("0.993", False), ("0.994", True)])
def test_the_digits_of_the_value_are_its_tolerance(value: str, fits: bool) -> None:
    first = rows(value, X, Y, eps=0.1)[0]
    listing = lscli.explain(value, X, Y, eps=0.1)
    assert (0.1, "uniform", "mean over kept samples") == what(first)
    assert fits == (f"gives {value} to its last digit" in listing.conclusion)


def test_trailing_zeros_are_digits() -> None:
    assert "2 candidates give 3 to" not in lscli.explain("3.000", X, Y, eps=0.1).conclusion
    assert "to its last digit" in lscli.explain("3", X, Y, eps=0.1).conclusion
    assert "to its last digit" not in lscli.explain("3.000", X, Y, eps=0.1).conclusion
    assert "to its last digit" in lscli.explain("9.9e-1", X, Y, eps=0.1).conclusion


@pytest.mark.parametrize(("value", "digits"), [("3", "1 digit"), ("0.99", "2 digits"), ("9.9e-1", "2 digits")])
def test_a_value_of_few_digits_names_no_candidate(value: str, digits: str) -> None:
    """Several recipes give such a number by chance, however right the first of them may be."""
    listing = lscli.explain(value, X, Y)
    assert f" would give any number of {digits} near it by chance: " in listing.conclusion
    assert listing.conclusion.endswith("by chance: give more digits of the loss.")
    assert "mean" not in listing.conclusion
    assert listing.by_chance > 0.1
    longer = lscli.explain("0.9935", X, Y)  # the same number
    assert "the mean over kept samples of uniform targets with eps 0.1" in longer.conclusion
    assert longer.by_chance < 0.1 < 20 * longer.by_chance
    known = lscli.explain("0.9935", X, Y, eps=0.1)
    assert known.by_chance < longer.by_chance  # of fewer candidates


@pytest.mark.parametrize("value", ["0", "0.00", "-0.5"])
def test_a_value_of_0_or_below_is_no_loss_of_many_digits(value: str) -> None:
    assert math.isfinite(lscli.explain(value, X, Y).by_chance)


def test_an_unexplained_value_names_the_nearest_and_the_eps_that_would() -> None:
    value = (1 - 0.0723) * H + 0.0723 * U
    text = lscli.explain(f"{value:.6f}", X, Y, eps=[0.1, 0.3]).conclusion
    assert text.startswith("None with such an eps gives 0.970460: the nearest is the mean over all samples of off-")
    assert text.endswith(", 0.0066 off; the mean over kept samples of uniform targets with eps 0.0723 would.")
    text = lscli.explain("1234.5", X, Y).conclusion
    assert text.startswith("None of the usual ones gives 1234.5: ")
    assert "would" not in text


def test_the_loss_without_smoothing_is_tried_whatever_eps_is_given() -> None:
    assert {0.0, 0.3} == {row["eps"] for row in rows("0.9", X, Y, eps=0.3, candidates=999)}
    assert {*USUAL} == {row["eps"] for row in rows("0.9", X, Y, candidates=9999)}


def test_the_number_of_candidates_and_their_order_are_fixed() -> None:
    every = rows("1.1", MANY, SOME, candidates=9999)
    assert every[:4] == rows("1.1", MANY, SOME, candidates=4)
    assert every == rows("1.1", MANY, SOME, candidates=9999, threads=1, chunk_rows=3)
    order = np.random.default_rng(0).permutation(60)
    assert [what(row) for row in every] == [what(row) for row in rows("1.1", MANY[order], SOME[order], candidates=9999)]


def test_weights_are_counts() -> None:
    weights = np.random.default_rng(1).integers(0, 4, 60)
    many, some = np.repeat(MANY, weights, axis=0), np.repeat(SOME, weights)
    one = rows("1.1", MANY, SOME, weights=weights, class_weights=W, candidates=9999)
    other = rows("1.1", many, some, class_weights=W, candidates=9999)
    assert [what(row) for row in one] == [what(row) for row in other]
    assert [row["loss"] for row in one] == pytest.approx([row["loss"] for row in other], rel=1e-12)


def test_nan_in_ignored_rows_rules_out_only_recipes_that_count_them() -> None:
    x = MANY.copy()
    x[~KEPT] = np.nan
    whole, broken = (rows("1.1", each, SOME, candidates=9999) for each in (MANY, x))
    counted = ("uniform part over all", "ignored samples as uniform")
    expected = [what(row) for row in whole if not any(words in row["recipe"] for words in counted)]
    assert expected == [what(row) for row in broken]
    assert "mean over all samples" in {row["recipe"] for row in broken}


@pytest.mark.parametrize("skip", ["kept", "ignored"])
def test_skipped_rows_do_not_count(skip: str) -> None:
    gone = int(np.flatnonzero(KEPT if skip == "kept" else ~KEPT)[0])
    x = MANY.copy()
    x[gone, 3] = np.nan
    if skip == "kept":
        with pytest.raises(lscli.InputError, match=f"row {gone} has nan"):
            lscli.explain("1.1", x, SOME)
        with pytest.warns(lscli.LscliWarning, match="1 of 60 rows"):
            found = rows("1.1", x, SOME, nonfinite="skip", candidates=9999)
    else:
        found = rows("1.1", x, SOME, nonfinite="skip", candidates=9999)
    rest = np.arange(60) != gone
    expected = rows("1.1", MANY[rest], SOME[rest], candidates=9999)
    if skip == "kept":  # whose label still counts in the distribution of the labels
        found, expected = ([r for r in each if "prior" not in r["smoothing"]] for each in (found, expected))
    assert [what(row) for row in expected] == [what(row) for row in found]
    assert [row["loss"] for row in expected] == pytest.approx([row["loss"] for row in found], rel=1e-12)


def test_a_masked_class_leaves_what_is_finite() -> None:
    x = MANY.copy()
    x[:, 6] = -np.inf
    with pytest.warns(lscli.LscliWarning, match="masked class"):
        found = rows("1.1", x, SOME, candidates=9999)
    # No label is 6, so that neither the hard loss nor that against their distribution is infinite.
    assert {"none", "prior:empirical"} == {row["smoothing"] for row in found}


@pytest.mark.parametrize(
    "value", [0.9935433970409848, np.float64(0.9935433970409848), torch.tensor(0.9935433970409848)]
)
def test_a_value_is_a_number_too(value: Any) -> None:
    assert (0.1, "uniform", "mean over kept samples") == what(rows(value, X, Y)[0])


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "x", "", "0,99", None, [0.9], True, "1e999", "snan"])
def test_a_value_that_is_not_a_number_is_refused(value: Any) -> None:
    with pytest.raises(lscli.UsageError, match="value: not a finite number") as caught:
        lscli.explain(value, X, Y)
    assert "comes first" in caught.value.hint


@pytest.mark.parametrize("value", ["0", "-1", "0e9999", "1e-9999", " 1.5 "])
def test_odd_numbers_are_numbers(value: str) -> None:
    assert 10 == len(rows(value, X, Y))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"candidates": 0}, "candidates: must be at least 1, got 0"),
        ({"candidates": 2.5}, "candidates: must be a whole number"),
        ({"eps": 1.5}, "eps: must be .*got 1.5"),
        ({"eps": -0.1}, "eps: must be .*got -0.1"),
        ({"eps": []}, "no eps is given"),
        ({"groups": ["a", "b", "a", "b"]}, "groups: is not an option of this function"),
        ({"masked_classes": "exclude", "class_weights": [1, 1, 1]}, "masked_classes"),
    ],
)
def test_a_wrong_value_of_an_option_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(lscli.UsageError, match=message):
        lscli.explain("1", X, Y, **options)


@pytest.mark.parametrize("option", ["prior", "class_weights"])
def test_priors_and_class_weights_of_a_wrong_length_are_refused(option: str) -> None:
    with pytest.raises(lscli.InputError, match="for 3 classes"):
        lscli.explain("1", X, Y, **{option: [0.5, 0.5]})  # type: ignore[arg-type]


def test_files_of_vectors_are_among_the_inputs(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.linspace(0.1, 1, 10))
    listing = lscli.explain("1", LOGITS, LABELS, class_weights=str(tmp_path / "w.npy"), prior=np.full(10, 0.1))
    assert ["logits", "labels", "prior", "class_weights"] == [entry["role"] for entry in listing.inputs]
    settings = {name: setting.value for name, setting in listing.settings.items()}
    assert ("1", 10, "<ndarray>") == (settings["value"], settings["candidates"], settings["prior"])
    assert settings["class_weights"].endswith("w.npy")
