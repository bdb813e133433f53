"""What no metric depends on: the names of the classes, and a constant added to every logit of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lscli
from lscli.metrics.catalogue import FAMILIES, METRICS
from lscli.metrics.of_pairs import OF_PAIRS
from lscli.options import Kernel
from tests import ensembles, soft
from tests.laws.tied_sets import KINDS, differences, tied_set, values, without

Array = NDArray[Any]
KERNELS: tuple[Kernel, ...] = ("numpy", "torch")
TOLERANCE = 1e-9
# A label may have the same logit as other classes. Its rank is then decided by the order of the classes, as in
# numpy.argsort and torch.topk, though its row has one maximum.
RANKS = ("top3_accuracy", "top5_accuracy")
# These pair rows or draw labels, in an order that is arbitrary among rows that are permutations of each other.
DRAWN = ("skce_p", "skce_linear", "skce_linear_p")
# Their folds are chosen by a hash of the values of a row in their order.
FOLDED = ("refinement_loss", "calibration_loss")
# The quotients of float32 rows and a temperature are rounded, of shifted rows to other values.
TEMPERED = ("loss_hard_tempered", "ece_tempered")
CASES = st.tuples(
    st.sampled_from(KINDS),
    st.sampled_from([2, 3, 10, 130, 1000]),
    st.sampled_from(["float16", "float32", "float64"]),
    st.integers(0, 10_000),
    st.booleans(),
)


def renamed(logits: Array, labels: Array, seed: int) -> tuple[Array, Array, Array]:
    """The same logits and labels with other numbers of the classes, and the new order of the classes."""
    order = np.random.default_rng(seed).permutation(logits.shape[-1])
    return np.ascontiguousarray(logits[..., order]), np.argsort(order)[labels], order


def drawn(case: Any) -> tuple[Array, Array, dict[str, Any]]:
    kind, classes, dtype, seed, weighted = case
    logits, labels, weights = tied_set(kind, 150 if classes < 1000 else 60, classes, dtype, seed)
    return logits, labels, {"weights": weights} if weighted else {}


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=25, deadline=None)
@given(case=CASES, masked=st.sampled_from(["keep", "exclude"]))
def test_the_names_of_the_classes_do_not_matter(kernel: Kernel, case: Any, masked: str) -> None:
    logits, labels, options = drawn(case)
    if len(logits) < 2:
        return
    options |= {"kernel": kernel, "eps": [0.0, 0.1, 1.0], "masked_classes": masked}
    expected = values(logits, labels, **options)
    found = values(*renamed(logits, labels, case[3])[:2], **options)
    exempt = (*RANKS, *FOLDED) if case[0] == "normal" else (*RANKS, *FOLDED, *DRAWN)
    assert [] == differences(without(expected, *exempt), without(found, *exempt), TOLERANCE)


@pytest.mark.parametrize("kernel", KERNELS)
@settings(max_examples=15, deadline=None)
@given(case=CASES)
def test_a_constant_added_to_a_row_changes_only_the_largest_logit(kernel: Kernel, case: Any) -> None:
    logits, labels, options = drawn(case)
    constant = np.random.default_rng(case[3]).integers(-8, 9, (len(logits), 1))
    with np.errstate(invalid="ignore"):
        shifted = (logits + constant).astype(logits.dtype)
        exact = (shifted.astype(np.float64) - constant == logits) | np.isneginf(logits)
    keep = exact.all(axis=1)
    if keep.sum() < 2:
        return
    options = {name: value[keep] for name, value in options.items()} | {"kernel": kernel, "scores": SHIFT_INVARIANT}
    expected = values(logits[keep], labels[keep], **options)
    found = values(shifted[keep], labels[keep], **options)
    exempt = ("max_logit_mean", *FOLDED, *TEMPERED)
    assert [] == differences(without(expected, *exempt), without(found, *exempt), TOLERANCE)
    assert [] == differences(
        without(expected, *METRICS.keys() - {*TEMPERED}), without(found, *METRICS.keys() - {*TEMPERED}), 1e-6
    )


SHIFT_INVARIANT = ["msp", "margin", "entropy", "max_logit_pnorm"]


def test_every_metric_is_among_them() -> None:
    logits, labels, weights = tied_set("integers", 200, 10, "float32", 0)
    found = {key[0] for key in values(logits, labels, weights=weights)}
    of_others = {metric.id for metric in (*FAMILIES["paired"].metrics, *FAMILIES["ensemble"].metrics)}
    assert METRICS.keys() - of_others - OF_PAIRS - {"loss_prior"} == found & METRICS.keys()


@pytest.mark.parametrize("mode", ["torch", "target-only"])
@pytest.mark.parametrize("classes", [5, 130])
def test_with_a_prior_and_class_weights(classes: int, mode: str) -> None:
    logits, labels, weights = tied_set("integers", 150, classes, "float32", 3)
    rng = np.random.default_rng(0)
    prior, class_weights = rng.dirichlet(np.ones(classes)), rng.random(classes)
    again, new_labels, order = renamed(logits, labels, 4)
    options: Any = {"weights": weights, "smoothing": "prior", "weight_mode": mode, "eps": [0.0, 0.2]}
    expected = values(logits, labels, prior=prior, class_weights=class_weights, **options)
    found = values(again, new_labels, prior=prior[order], class_weights=class_weights[order], **options)
    assert "loss_prior" in {key[0] for key in found}
    assert [] == differences(without(expected, *RANKS, *FOLDED), without(found, *RANKS, *FOLDED), TOLERANCE)


@pytest.mark.parametrize("of", ["probs", "logits"])
@pytest.mark.parametrize("classes", [4, 130])
def test_of_ensembles(classes: int, of: str) -> None:
    base = ensembles.members(10, classes)
    rng = np.random.default_rng(0)
    # Every sample is a permutation of one of ten.
    picked = np.arange(200) % 10
    orders = np.array([rng.permutation(classes) for _ in picked])
    members = np.stack([np.take_along_axis(each[picked], orders, axis=1) for each in base])
    labels = rng.integers(0, classes, 200)
    again, new_labels, _ = renamed(members, labels, 1)
    options: Any = {"ensemble": True, "ensemble_of": of}
    scores = ["msp", "margin", "entropy", "max_logit_pnorm", "mutual_information"]
    expected = values(list(members), labels, scores=scores, **options)
    found = values(list(again), new_labels, scores=scores, **options)
    assert {"mutual_information", "expected_entropy"} <= {key[0] for key in found}
    # The mean of float32 rows is rounded to float32.
    exempt = (*RANKS, *FOLDED)
    assert [] == differences(without(expected, *exempt), without(found, *exempt), 1e-6 if classes > 128 else TOLERANCE)


@pytest.mark.parametrize("classes", [3, 150])
def test_of_soft_labels(classes: int) -> None:
    logits, q = soft.drawn(80, classes, "float32")
    order = np.random.default_rng(0).permutation(classes)
    one, other = (
        {
            (row.metric, str(row.params)): row.value
            for row in lscli.evaluate(x, y, soft_labels=True, eps=[0.1, 0.5], metrics=soft.METRICS).rows
        }
        for x, y in ((logits, q), (logits[:, order], q[:, order]))
    )
    assert one == pytest.approx(other, rel=TOLERANCE, nan_ok=True)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("classes", [3, 5, 10])
def test_probabilities_on_the_edges_of_bins(classes: int, kernel: Kernel) -> None:
    # Tenths are edges of ten bins, and as logarithms their sums round either way.
    rng = np.random.default_rng(classes)
    probabilities = rng.multinomial(10, np.ones(classes) / classes, 300) / 10
    ordered = np.sort(probabilities, axis=1)
    probabilities = probabilities[ordered[:, -1] > ordered[:, -2]]
    labels = rng.integers(0, classes, len(probabilities))
    options: Any = {"kind": "probs", "bins": 10, "kernel": kernel, "eps": 0.1}
    again, new_labels, _ = renamed(probabilities, labels, 0)
    for edges in ("right", "left"):
        expected = values(probabilities, labels, bin_edges=edges, **options)
        found = values(again, new_labels, bin_edges=edges, **options)
        assert [] == differences(without(expected, *RANKS), without(found, *RANKS), TOLERANCE)
    # A tenth itself is in the bin that it closes.
    rows = lscli.per_bin(probabilities, labels, kind="probs", bins=10, kernel=kernel).rows
    counts = np.bincount(np.rint(10 * probabilities.max(axis=1)).astype(int) - 1, minlength=10)
    assert counts.tolist() == [row.size for row in rows]


def test_the_largest_losses_are_those_of_the_first_of_equal_rows() -> None:
    rng = np.random.default_rng(0)
    row = rng.standard_normal(60)
    orders = np.array([rng.permutation(60) for _ in range(60)])
    logits, labels = row[orders], np.array([int(np.flatnonzero(order == 2)[0]) for order in orders])
    assert len({loss.loss_hard for loss in lscli.per_sample(logits, labels).rows}) > 1  # they differ by rounding
    for by in ("loss", "confidence"):
        assert list(range(7)) == [each.row for each in lscli.per_sample(logits, labels, worst=7, by=by).rows]
    assert list(range(7)) == [each.row for each in lscli.per_sample(logits, labels, worst=7, threads=1).rows]


def test_a_probability_that_equals_its_target_is_not_above_it() -> None:
    target = np.array([0.9 + 0.1 / 7, *[0.1 / 7] * 6])
    logits = np.array([np.roll(np.log(target), k) for k in range(7)])
    for kernel in KERNELS:
        report = lscli.evaluate(logits, np.arange(7), metrics="above_target", eps=[0.1, 0.1 + 1e-5], kernel=kernel)
        assert [0.0, 1.0] == [row.value for row in report.rows]
    for classes in range(2, 40):
        report = lscli.evaluate(np.zeros((3, classes)), [0, 1, 0], metrics="above_target", eps=1.0)
        assert [0.0] == [row.value for row in report.rows]
