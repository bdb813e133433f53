"""`min_prob`: probabilities of 0 are raised as other libraries clip them, in one way for every kind, file and chunk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import log_softmax, softmax
from sklearn.metrics import log_loss

import lscli
from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.min_prob import Raised, raised, with_min_prob
from lscli.io.views import interpreted
from lscli.options import Kind, ReadingOptions
from tests.io.make import figures, some_labels, some_logits

Array = NDArray[Any]
KERAS, SKLEARN = 1e-7, float(np.finfo(np.float64).eps)


def sharp(classes: int, rows: int = 200) -> tuple[Array, Array]:
    """Probabilities of which many are 0, also at labels, and labels."""
    random = np.random.default_rng(classes)
    p = random.dirichlet(np.full(classes, 0.05), rows)
    p[p < 1e-3] = 0.0
    return p / p.sum(axis=1, keepdims=True), random.integers(0, classes, rows)


def by_definition(p: Array, least: float) -> Array:
    """Rows [n, K] in long double: what is below the bound becomes it, and the others are scaled, until all fit."""
    out = []
    for row in p.astype(np.longdouble) / p.sum(axis=1, keepdims=True, dtype=np.longdouble):
        low = row < least
        while True:
            new = np.where(low, least, row * (1 - least * low.sum()) / row[~low].sum())
            if (new >= least).all():
                break
            low |= new < least
        out.append(new)
    return np.array(out)


def losses(p: Any, labels: Any, **options: Any) -> Array:
    return np.array(lscli.per_sample(p, labels, **options).to_frame()["loss_hard"])


@pytest.mark.parametrize("classes", [2, 3, 10, 127, 300])
def test_the_loss_is_that_of_scikit_learn(classes: int) -> None:
    p, labels = sharp(classes)
    assert (p[np.arange(200), labels] == 0).any()
    found = lscli.evaluate(p, labels, kind="probs", metrics="loss_hard", min_prob=SKLEARN)
    assert log_loss(labels, p, labels=range(classes)) == pytest.approx(found["loss_hard"], rel=1e-13)


def test_two_classes_are_clipped_as_scikit_learn_clips_float32() -> None:
    p, labels = sharp(2)
    p = p.astype(np.float32)
    eps = float(np.finfo(np.float32).eps)
    found = lscli.evaluate(p, labels, kind="probs", metrics="loss_hard", min_prob=eps)
    assert log_loss(labels, p) == pytest.approx(found["loss_hard"], rel=1e-6)


@pytest.mark.parametrize("least", [KERAS, 1e-4])
@pytest.mark.parametrize("classes", [2, 3, 10, 300])
def test_the_loss_of_a_raised_label_is_that_of_keras_and_others_are_hardly_larger(classes: int, least: float) -> None:
    p, labels = sharp(classes)
    # keras.src.backend.numpy.nn.sparse_categorical_crossentropy
    clipped = np.clip(p / p.sum(axis=1, keepdims=True), least, 1.0 - least)
    keras = -np.log(clipped[np.arange(200), labels])
    found = losses(p, labels, kind="probs", min_prob=least)
    low = p[np.arange(200), labels] < least
    assert low.any()
    assert not low.all()
    assert keras[low].tolist() == pytest.approx(found[low].tolist(), rel=1e-14)
    more = found[~low] - keras[~low]
    most = 0.0 if classes == 2 else -np.log1p(-classes * least)
    assert more.min() >= -1e-15
    assert more.max() <= most + 1e-15


@pytest.mark.parametrize("least", [KERAS, 0.01])
def test_one_probability_is_clipped_as_keras_and_scikit_learn_clip_it(least: float) -> None:
    p = np.array([0.0, 1e-9, 0.2, 0.5, 1 - 1e-9, 1.0, 0.0, 1.0])
    labels = np.array([1, 1, 0, 1, 0, 1, 0, 0])
    # keras.src.backend.numpy.nn.binary_crossentropy
    clipped = np.clip(p, least, 1.0 - least)
    keras = -(labels * np.log(clipped) + (1.0 - labels) * np.log(1.0 - clipped))
    found = losses(p, labels, kind="probs", binary=True, min_prob=least)
    assert keras.tolist() == pytest.approx(found.tolist(), rel=1e-8)
    both = losses(np.stack([1 - p, p], axis=1), labels, kind="probs", min_prob=least)
    assert both.tolist() == pytest.approx(found.tolist(), rel=1e-7)


@st.composite
def rows_of_logits(draw: st.DrawFn) -> Array:
    classes, rows = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    # Whole thousandths: logits that differ by less than their rounding may become equal.
    value = st.one_of(st.integers(-40_000, 40_000).map(lambda x: x / 1000), st.just(-np.inf))
    x = np.array(draw(st.lists(value, min_size=rows * classes, max_size=rows * classes))).reshape(rows, classes)
    x[:, 0] = np.maximum(x[:, 0], -40)  # no row of -inf alone
    return x


@settings(deadline=None, max_examples=200)
@given(rows_of_logits(), st.floats(1e-9, 0.99))
def test_a_row_is_the_nearest_one_without_smaller_probabilities(x: Array, share: float) -> None:
    least = share / x.shape[1]
    with np.errstate(invalid="ignore"):
        found = raised(x, least, np)
    p = by_definition(softmax(x, axis=1), least)
    np.testing.assert_allclose(softmax(found, axis=1), p.astype(float), rtol=1e-12)
    # The scale of the logits stays.
    np.testing.assert_allclose(np.logaddexp.reduce(found, axis=1), np.logaddexp.reduce(x, axis=1), rtol=0, atol=1e-12)
    # No two classes change places, and the prediction stays.
    assert x.argmax(axis=1).tolist() == found.argmax(axis=1).tolist()
    order = np.argsort(x, axis=1, kind="stable")
    assert (np.diff(np.take_along_axis(found, order, axis=1), axis=1) >= 0).all()
    as_tensor = raised(torch.from_numpy(x), least, torch).numpy()
    np.testing.assert_allclose(found, as_tensor, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["probs", "log-probs", "logits"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("classes", [2, 5, 130])
def test_every_kind_is_the_same_distribution_raised_by_hand(kind: Kind, dtype: str, classes: int) -> None:
    p, labels = sharp(classes)
    least = 1e-4
    with np.errstate(divide="ignore"):
        data = (p if kind == "probs" else np.log(p) + (3.0 if kind == "logits" else 0.0)).astype(dtype)
    by_hand = np.log(by_definition(p.astype(dtype).astype(np.float64), least)).astype(np.float64)
    metrics = "loss,brier,entropy_mean,accuracy,ece,logit_gap_mean,aurc,classwise"
    expected = lscli.evaluate(by_hand, labels, metrics=metrics)
    found = lscli.evaluate(data, labels, metrics=metrics, kind=kind, min_prob=least)
    tolerance = 1e-9 if dtype == "float64" else 2e-4
    assert [row.metric for row in expected.rows] == [row.metric for row in found.rows]
    for one, other in zip(expected.rows, found.rows, strict=True):
        assert one.value == pytest.approx(other.value, rel=tolerance, abs=tolerance), one.metric
    assert dtype == found.inputs[0]["dtype"]
    assert (least, "argument") == found.settings["min_prob"]


def test_rows_without_small_probabilities_keep_every_bit() -> None:
    logits, labels = some_logits(300, 200), some_labels(300, 200)
    kinds: dict[Kind, Array] = {"logits": logits, "probs": softmax(logits.astype(float), axis=1)}
    for kind, data in kinds.items():
        kept = lscli.evaluate(data, labels, kind=kind, metrics="loss")
        assert figures(kept) == figures(lscli.evaluate(data, labels, kind=kind, metrics="loss", min_prob=1e-12))
        assert (None, "default") == kept.settings["min_prob"]


@pytest.mark.parametrize("classes", [2, 5, 127, 130, 70_000])
def test_no_bit_depends_on_chunks_and_threads(tmp_path: Path, classes: int) -> None:
    rows = 40 if classes < 1000 else 5
    p, labels = sharp(classes, rows)
    np.save(tmp_path / "x.npy", p.astype(np.float32))
    np.savez_compressed(tmp_path / "x.npz", p.astype(np.float32))
    how: Any = {"kind": "probs", "min_prob": 1e-6, "metrics": "loss,brier,ece"}
    expected = figures(lscli.evaluate(tmp_path / "x.npy", labels, threads=1, **how))
    for path in ("x.npy", "x.npz"):
        for chunk_rows, threads in ((1, 1), (1, 3), (3, 2), (1000, 2)):
            found = lscli.evaluate(tmp_path / path, labels, chunk_rows=chunk_rows, threads=threads, **how)
            assert expected == figures(found)


def test_the_callers_array_is_not_written_to() -> None:
    p, labels = sharp(5)
    for kind in ("probs", "log-probs", "logits"):
        with np.errstate(divide="ignore"):
            data = p if kind == "probs" else np.log(p)
        before = data.tobytes()
        lscli.evaluate(data, labels, kind=kind, min_prob=1e-3)
        assert before == data.tobytes()


@pytest.mark.parametrize("kind", ["probs", "log-probs", "logits"])
@pytest.mark.parametrize("classes", [1, 2, 5, 130])
@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_a_tensor_on_a_device_is_raised_there(kind: Kind, classes: int, dtype: str) -> None:
    p = sharp(max(classes, 2))[0]
    with np.errstate(divide="ignore"):
        data = torch.from_numpy(p if kind == "probs" else np.log(p)).to(getattr(torch, dtype))
    binary = classes == 1
    data = data[:, 1] if binary else data
    options = ReadingOptions(kind=kind, binary=binary, min_prob=1e-3)
    held = TensorArray(data, "x")
    on_device = with_min_prob(interpreted(held, kind, binary=binary), options, "auto")
    values = data.float().numpy() if dtype == "bfloat16" else data.numpy()
    on_host = with_min_prob(interpreted(MemoryArray(values, "x"), kind, binary=binary), options, "auto")
    assert isinstance(on_device, TensorArray)
    assert isinstance(on_host, Raised)
    expected = on_host.read(0, 200, np.empty(on_host.shape, on_host.dtype))
    assert on_host.element == on_device.element
    np.testing.assert_allclose(expected, on_device.tensor.numpy(), rtol=1e-5, atol=1e-5)
    assert dtype == on_device.stored
    stated = Logits(on_device, kind).stated_probabilities()
    assert (stated is None) == (kind != "probs")
    if stated is not None:
        whole = data.double().numpy()
        assert (whole if binary or whole.shape[1] == 2 else whole.max(axis=1)).tolist() == stated.tolist()


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([np.nan, 0.5, 0.5], "row 2 has nan or a negative probability"),
        ([-0.1, 0.6, 0.5], "row 2 has nan or a negative probability"),
        ([np.inf, 0.5, 0.5], r"row 2 has \+inf"),
        ([0.0, 0.0, 0.0], "row 2 has nothing but 0"),
        ([0.0, 0.0, 0.9], "row 2 of probs sums to 0.9, not to 1"),
        ([0.0, 0.5, 0.6], "row 2 of probs sums to 1.1, not to 1"),
    ],
)
def test_what_is_no_distribution_is_still_refused_or_skipped(row: list[float], says: str) -> None:
    p = softmax(some_logits(), axis=1)
    p[2] = row
    with pytest.raises(lscli.InputError, match=says):
        lscli.evaluate(p, some_labels(), kind="probs", min_prob=1e-7)
    if "sums" not in says:
        with pytest.warns(lscli.LscliWarning, match="1 of 6 rows"):
            report = lscli.evaluate(p, some_labels(), kind="probs", nonfinite="skip", min_prob=1e-7)
        assert 5 == report.samples["kept"]


def test_one_value_that_is_no_probability_is_named() -> None:
    with pytest.raises(lscli.InputError, match=r"row 1 has 1\.5, which is no probability"):
        lscli.evaluate([0.25, 1.5], [0, 1], kind="probs", binary=True, min_prob=1e-7)


def test_probabilities_that_sum_to_nearly_1_are_renormalised() -> None:
    p, labels = sharp(5)
    for factor in (0.993, 1.006):
        expected, found = (losses(x, labels, kind="probs", min_prob=1e-3) for x in (p, factor * p))
        assert expected.tolist() == pytest.approx(found.tolist(), rel=1e-12)


@pytest.mark.parametrize("columns", [1, 2])
def test_bins_of_class_1_hold_the_clipped_probabilities(columns: int) -> None:
    p = np.array([0.0, 0.0, 0.2, 0.5, 1.0, 1.0])
    labels = [0, 1, 0, 1, 1, 0]
    data = p if columns == 1 else np.stack([1 - p, p], axis=1)
    how: Any = {"kind": "probs", "binary": columns == 1, "positive_class": 1, "bins": 5}
    clipped = np.clip(p, 0.25, 0.75)
    expected = lscli.per_bin(clipped if columns == 1 else np.stack([1 - clipped, clipped], axis=1), labels, **how)
    found = lscli.per_bin(data, labels, min_prob=0.25, **how)
    assert repr([row[1:] for row in expected.rows]) == repr([row[1:] for row in found.rows])


def test_every_question_reads_the_same_probabilities() -> None:
    p, labels = sharp(4)
    by_hand = np.log(by_definition(p, 1e-3)).astype(np.float64)
    how: Any = {"kind": "probs", "min_prob": 1e-3}

    def close(one: Any, other: Any) -> None:
        for mine, theirs in zip(one.rows, other.rows, strict=True):
            for cell, theirs_cell in zip(mine[1:], theirs[1:], strict=True):
                expected = pytest.approx(cell, rel=1e-9, abs=1e-9, nan_ok=True) if isinstance(cell, float) else cell
                assert expected == theirs_cell

    for question in (lscli.evaluate, lscli.per_bin, lscli.per_class, lscli.sweep):
        close(question(by_hand, labels), question(p, labels, **how))
    close(
        lscli.per_sample(np.log(by_definition(p, 1e-3)).astype(np.float64), labels),
        lscli.per_sample(p, labels, **how),
    )
    loss = f"{losses(by_hand, labels).mean():.6f}"
    (best, *_) = lscli.explain(loss, p, labels, **how).rows
    assert ("mean over kept samples", 0.0) == (best.recipe, best.eps)
    soft = np.eye(4)[labels]
    expected = lscli.evaluate(by_hand, soft, soft_labels=True, metrics="loss_hard,loss_uniform,brier")
    close(expected, lscli.evaluate(p, soft, soft_labels=True, metrics="loss_hard,loss_uniform,brier", **how))


@pytest.mark.parametrize("least", [0, -1e-7, 0.5, float("nan"), "a", True])
def test_a_bound_that_is_none_is_refused(least: Any) -> None:
    with pytest.raises(lscli.UsageError, match="min_prob: must be"):
        lscli.evaluate(some_logits(), some_labels(), min_prob=least)


def test_a_bound_of_at_least_1_in_k_is_refused() -> None:
    for least in (1 / 3, 0.4):
        with pytest.raises(lscli.UsageError, match="min_prob: must be below 1/3 for 3 classes") as caught:
            lscli.evaluate(some_logits(), some_labels(), min_prob=least)
        assert "a usual value is min_prob=1e-7" == caught.value.hint
    lscli.evaluate(some_logits(), some_labels(), min_prob=0.333)


@pytest.mark.parametrize("treatment", ["exclude", "error"])
def test_a_bound_contradicts_what_is_done_about_classes_of_probability_0(treatment: Any) -> None:
    with pytest.raises(lscli.UsageError, match=f"masked_classes='{treatment}' is about such classes"):
        lscli.evaluate(some_logits(), some_labels(), min_prob=0.1, masked_classes=treatment)


def test_shapes_that_are_no_logits_are_refused_as_without_a_bound() -> None:
    for shape in ((0, 3), (3, 0), (3, 1), (3,)):
        for data in (np.zeros(shape), torch.zeros(shape)):
            with pytest.raises(lscli.InputError, match=r"no rows|need at least 2|need logits"):
                lscli.evaluate(data, np.zeros(shape[0], int), min_prob=1e-7)


def test_values_are_looked_at_as_without_a_bound(tmp_path: Path) -> None:
    logits, labels = some_logits(30, 5, "float64"), some_labels(30, 5)
    with pytest.warns(lscli.LscliWarning, match="every row sums to 1"):
        lscli.evaluate(softmax(logits, axis=1), labels, min_prob=1e-7)
    with pytest.warns(lscli.LscliWarning, match="column 5 holds only whole numbers"):
        lscli.evaluate(np.column_stack([logits, labels]), labels, min_prob=1e-12)
    assert log_softmax(logits, axis=1).min() > np.log(1e-7)
    values = np.column_stack([logits, labels + 7.0]).T
    pq.write_table(
        pa.table(dict(zip(("ant", "bee", "cat", "dog", "emu", "zed"), values, strict=True))), tmp_path / "x.parquet"
    )
    with pytest.warns(lscli.LscliWarning, match="column 'zed' holds only whole numbers"):
        lscli.evaluate(tmp_path / "x.parquet", labels, min_prob=1e-12)
    likelihoods = MemoryArray(logits, "x")
    likelihoods.log_likelihoods = True
    assert with_min_prob(likelihoods, ReadingOptions(min_prob=1e-7), "auto").log_likelihoods


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [2, 3, 7, 130])
def test_equal_probabilities_stay_at_the_largest_bound(classes: int, dtype: Any) -> None:
    # Far from 0 the logarithm of the sum is rounded so much that the probabilities seem to be below the bound.
    offsets = np.array([[0.7], [1e4], [12345.0], [2e5]], dtype)
    logits = np.broadcast_to(offsets, (4, classes))
    least = float(np.nextafter(1 / classes, 0))
    assert least * classes < 1
    found = lscli.evaluate(logits, [0, 1, 1, 0], min_prob=least, metrics="loss_hard,accuracy")
    assert [np.log(classes), 0.5] == pytest.approx([row.value for row in found.rows], rel=1e-6)
