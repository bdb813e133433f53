"""Probabilities, log-probabilities, binary logits and tokens are the logits that they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_softmax, softmax

import lscli
from lscli.errors import InputError, LscliError, UsageError
from lscli.io.logits import Logits
from lscli.io.memory import MemoryArray, TensorArray
from lscli.io.views import FEW, interpreted
from lscli.kernels.rowstate import NARROW
from lscli.options import Kind
from tests.io.make import figures, some_labels, some_logits

LOGITS, LABELS = some_logits(40, 5, "float64"), some_labels(40, 5)
Z, BITS = some_logits(40, 1, "float64")[:, 0], some_labels(40, 2)
PAIRS = np.stack([np.zeros(40), Z], axis=1)


def values(logits: Any, labels: Any = LABELS, **options: Any) -> NDArray[Any]:
    return np.array([row.value for row in lscli.evaluate(logits, labels, **options).rows])


def assert_close(one: Any, other: Any, rtol: float) -> None:
    np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


def refused(error: type[LscliError], says: str, *arguments: Any, **options: Any) -> LscliError:
    with pytest.raises(error, match=says) as caught:
        lscli.evaluate(*arguments, **options)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("classes", [5, 200])
@pytest.mark.parametrize(
    ("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-5), ("float16", 2e-2)], ids=["f8", "f4", "f2"]
)
def test_probabilities_are_the_logits_that_they_come_from(classes: int, dtype: str, rtol: float) -> None:
    logits, labels = some_logits(40, classes, "float64"), some_labels(40, classes)
    kinds: dict[Kind, Any] = {"probs": softmax(logits, axis=1), "log-probs": log_softmax(logits, axis=1)}
    for kind, data in kinds.items():
        found = lscli.evaluate(data.astype(dtype), labels, kind=kind, metrics="loss,brier,entropy_mean")
        expected = lscli.evaluate(logits, labels, metrics="loss,brier,entropy_mean")
        assert_close([row.value for row in expected.rows], [row.value for row in found.rows], rtol)
        assert dtype == found.inputs[0]["dtype"]


def test_confident_probabilities_keep_their_digits() -> None:
    p = np.array([[1e-9, 1 - 1e-9], [1 - 1e-12, 1e-12]])
    table = lscli.per_sample(p, [1, 0], kind="probs").to_frame()
    assert_close([1e-9, 1e-12], table["one_minus_confidence"], 1e-12)
    assert_close([1e-9, 1e-12], table["loss_hard"], 1e-12)


@pytest.mark.parametrize("classes", [2, 5, 127])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_logarithms_over_few_classes_are_float64(classes: int, dtype: str) -> None:
    p = softmax(some_logits(40, classes, "float64"), axis=1).astype(dtype)
    labels = some_labels(40, classes)
    logs = np.log(p.astype(np.longdouble))
    expected = (np.log(np.exp(logs).sum(axis=1)) - logs[np.arange(40), labels]).astype(float)
    found = lscli.per_sample(p, labels, kind="probs").to_frame()["loss_hard"]
    assert expected.tolist() == pytest.approx(found.tolist(), rel=1e-13)
    wide = figures(lscli.evaluate(p.astype(np.float64), labels, kind="probs"))
    assert wide == figures(lscli.evaluate(p, labels, kind="probs"))
    if classes == 2:
        one = np.ascontiguousarray(p[:, 1])
        wide = figures(lscli.evaluate(one.astype(np.float64), labels, kind="probs", binary=True))
        assert wide == figures(lscli.evaluate(one, labels, kind="probs", binary=True))
    assert FEW == NARROW


@pytest.mark.parametrize("classes", [128, 1000])
def test_logarithms_over_many_classes_are_right_to_rounding(classes: int) -> None:
    p = softmax(3 * some_logits(40, classes, "float64"), axis=1).astype(np.float32)
    labels = some_labels(40, classes)
    logs = np.log(p.astype(np.longdouble))
    expected = (np.log(np.exp(logs).sum(axis=1)) - logs[np.arange(40), labels]).astype(float)
    found = lscli.per_sample(p, labels, kind="probs").to_frame()["loss_hard"]
    assert expected.tolist() == pytest.approx(found.tolist(), rel=1e-6)


@pytest.mark.parametrize(("dtype", "tiny"), [("float32", 1e-42), ("float64", 1e-310)])
def test_the_smallest_probabilities_keep_their_digits(dtype: str, tiny: float) -> None:
    p = np.array([[tiny, 1.0], [1.0, tiny]], dtype)
    found = lscli.per_sample(p, [0, 0], kind="probs").to_frame()
    small = float(p[0, 0])
    assert [-np.log(small), small] == pytest.approx(found["loss_hard"].tolist(), rel=1e-12, abs=0)
    assert [small * (1 - np.log(small))] * 2 == pytest.approx(found["entropy"].tolist(), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("kind", "value", "says"),
    [
        ("probs", 1.005, "row 3 has 1.005, which is no probability"),
        ("probs", np.nextafter(np.float64(1), 2), "row 3 has 1.0000000000000002, which"),
        ("probs", -0.25, "row 3 has -0.25, which is no probability"),
        ("log-probs", 0.5, "row 3 has 0.5, which is no log-probability"),
        ("probs", np.nan, "row 3 has nan, which is no probability"),
    ],
)
def test_a_value_that_is_no_probability_of_class_1_is_named(
    tmp_path: Path, kind: Kind, value: float, says: str
) -> None:
    p = expit(Z) if kind == "probs" else log_expit(Z)
    p[3] = value
    np.savez_compressed(tmp_path / "x.npz", p)
    for data in (p, torch.tensor(p), tmp_path / "x.npz"):
        for chunk_rows in (1, 100):
            assert refused(InputError, says, data, BITS, binary=True, kind=kind, chunk_rows=chunk_rows)
    with pytest.warns(lscli.LscliWarning, match="1 of 40 rows"):
        skipped = lscli.evaluate(p, BITS, binary=True, kind=kind, nonfinite="skip")
    rest = lscli.evaluate(np.delete(p, 3), np.delete(BITS, 3), binary=True, kind=kind)
    assert figures(rest) == figures(skipped)


def test_probabilities_that_sum_to_nearly_1_are_renormalised() -> None:
    p = softmax(LOGITS, axis=1)
    assert_close(values(p, kind="probs"), values(p * 1.009, kind="probs"), 1e-12)


@pytest.mark.parametrize("kind", ["probs", "log-probs"])
@pytest.mark.parametrize("factor", [0.98, 1.02, 0.1])
def test_rows_that_do_not_sum_to_1_are_named(kind: str, factor: float) -> None:
    p = softmax(LOGITS, axis=1)
    p[[17, 30]] *= factor
    data = p if kind == "probs" else np.log(p)
    for chunk_rows in (1, 7, 100):
        error = refused(
            InputError,
            f"row 17 of {kind} sums to {factor:.6g}, not to 1",
            data,
            LABELS,
            kind=kind,
            chunk_rows=chunk_rows,
        )
        rounded = kind == "probs" and factor > 0.5
        assert ("divide each row by its sum" if rounded else "look at the run that wrote this one") in error.hint


def test_a_row_of_an_ignored_sample_may_sum_to_anything() -> None:
    p, labels = softmax(LOGITS, axis=1), LABELS.copy()
    p[3], labels[3] = 7.0, -100
    assert figures(lscli.evaluate(np.delete(p, 3, 0), np.delete(labels, 3), kind="probs")) == figures(
        lscli.evaluate(p, labels, kind="probs")
    )


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([np.nan, 0.5, 0.5], "has nan or a negative probability"),
        ([-0.1, 0.6, 0.5], "has nan or a negative probability"),
        ([np.inf, 0.5, 0.5], r"has \+inf"),
        ([0.0, 0.0, 0.0], "has nothing but 0"),
    ],
)
def test_what_is_no_probability_is_named_or_skipped(row: list[float], says: str) -> None:
    p = softmax(some_logits(), axis=1)
    p[2] = row
    refused(InputError, f"row 2 {says}", p, some_labels(), kind="probs")
    with pytest.warns(lscli.LscliWarning, match="1 of 6 rows"):
        assert 5 == lscli.evaluate(p, some_labels(), kind="probs", nonfinite="skip").samples["kept"]


def test_a_probability_of_0_makes_the_uniform_loss_infinite() -> None:
    p = np.array([[0.0, 0.4, 0.6], [0.2, 0.3, 0.5]])
    with pytest.warns(lscli.LscliWarning, match="1 of 2 samples has a class of probability 0: its uniform loss"):
        report = lscli.evaluate(p, [1, 2], kind="probs")
    assert np.isposinf(report["loss_uniform"])
    assert_close(-np.log([0.4, 0.5]).mean(), report["loss_hard"], 1e-12)


def test_probabilities_are_warned_of_unless_they_are_said_to_be_some() -> None:
    p = softmax(LOGITS, axis=1)
    with pytest.warns(lscli.LscliWarning, match="say kind='probs'"):
        lscli.evaluate(p, LABELS)
    lscli.evaluate(p, LABELS, kind="probs")
    lscli.evaluate(np.log(p), LABELS)


def test_kind_and_kernels_threads_and_chunks_agree() -> None:
    p = softmax(some_logits(300, 130, "float32"), axis=1)
    labels = some_labels(300, 130)
    expected = figures(lscli.evaluate(p, labels, kind="probs", threads=1))
    for chunk_rows, threads in ((1, 1), (7, 3), (1000, 2)):
        assert expected == figures(lscli.evaluate(p, labels, kind="probs", chunk_rows=chunk_rows, threads=threads))
    assert_close(values(p, labels, kind="probs"), values(p, labels, kind="probs", kernel="torch"), 1e-6)


def test_the_callers_array_is_not_written_to() -> None:
    p = softmax(LOGITS, axis=1).astype(np.float32)
    before = p.copy()
    lscli.evaluate(p, LABELS, kind="probs")
    assert before.tobytes() == p.tobytes()


@pytest.mark.parametrize("shape", [(40,), (40, 1)])
@pytest.mark.parametrize(("kind", "of_z"), [("logits", lambda z: z), ("probs", expit), ("log-probs", log_expit)])
def test_binary_logits_are_those_of_two_classes(kind: str, of_z: Any, shape: tuple[int, ...]) -> None:
    found = values(of_z(Z).reshape(shape), BITS, binary=True, kind=kind)
    assert_close(values(PAIRS, BITS, positive_class=1), found, 1e-9)
    top = values(of_z(Z).reshape(shape), BITS, binary=True, kind=kind, top_label=True)
    assert_close(values(PAIRS, BITS), top, 1e-9)


@given(st.floats(-700, 700))
@settings(deadline=None, max_examples=100)
def test_binary_log_probabilities_keep_their_digits(z: float) -> None:
    found = lscli.per_sample(np.array([log_expit(z)]), [0], binary=True, kind="log-probs").to_frame()
    exact = float(np.logaddexp(0, z))
    assert exact == pytest.approx(found["loss_hard"][0], rel=1e-7 if z > 15 else 1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, torch.bfloat16])
def test_binary_logits_of_any_type(dtype: Any) -> None:
    tensor = torch.tensor(Z).to(dtype if dtype is torch.bfloat16 else torch.float64)
    z: Any = tensor if dtype is torch.bfloat16 else Z.astype(dtype)
    wide = tensor.float().numpy() if dtype is torch.bfloat16 else Z.astype(dtype).astype(np.float32)
    expected = values(np.stack([np.zeros(40, np.float32), wide], axis=1), BITS, positive_class=1)
    assert expected.tolist() == values(z, BITS, binary=True).tolist()


def test_binary_logits_come_from_any_file(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", Z)
    np.save(tmp_path / "y.npy", BITS)
    np.savez(tmp_path / "both.npz", logits=Z[:, None], labels=BITS)
    expected = values(PAIRS, BITS, positive_class=1).tolist()
    for arguments in ((tmp_path / "z.npy", tmp_path / "y.npy"), (tmp_path / "both.npz",)):
        assert expected == [row.value for row in lscli.evaluate(*arguments, binary=True).rows]


@pytest.mark.parametrize("z", [np.nan, np.inf])
def test_a_bad_binary_value_is_named(z: float) -> None:
    bad = Z.copy()
    bad[5] = z
    refused(InputError, "row 5 has", bad, BITS, binary=True)


@pytest.mark.parametrize(
    ("data", "hint"), [(Z, "binary=True"), (Z[:, None], "binary=True"), (LOGITS.reshape(8, 5, 5), "flatten=True")]
)
def test_other_shapes_are_told_the_option(data: NDArray[Any], hint: str) -> None:
    assert hint in refused(InputError, "need", data, BITS).hint


def test_binary_is_refused_for_several_columns() -> None:
    refused(InputError, "need one value per sample with binary=True", LOGITS, LABELS, binary=True)


# The rows are compared with those of a matrix, which are independent; see tests/cli/test_clusters.py.
TOKENS: dict[str, Any] = {"flatten": True, "clusters": "none"}


@pytest.mark.parametrize("order", ["C", "F"])
def test_tokens_are_rows(tmp_path: Path, order: Any) -> None:
    tokens, labels = np.asarray(LOGITS.reshape(8, 5, 5), order=order), LABELS.reshape(8, 5)
    expected = figures(lscli.evaluate(LOGITS, LABELS))
    assert expected == figures(lscli.evaluate(tokens, labels, **TOKENS))
    assert expected == figures(lscli.evaluate(torch.tensor(tokens), torch.tensor(labels), **TOKENS))
    np.save(tmp_path / "x.npy", tokens)
    np.save(tmp_path / "y.npy", np.asarray(labels, order=order))
    for chunk_rows in (1, 3, 100):
        report = lscli.evaluate(tmp_path / "x.npy", tmp_path / "y.npy", **TOKENS, chunk_rows=chunk_rows)
        assert expected == figures(report)
        assert [40, 5] == report.inputs[0]["shape"]


def test_tokens_of_shards_are_rows(tmp_path: Path) -> None:
    for number, rows in enumerate((slice(0, 3), slice(3, 8))):
        np.save(tmp_path / f"x{number}.npy", LOGITS.reshape(8, 5, 5)[rows])
        np.save(tmp_path / f"y{number}.npy", LABELS.reshape(8, 5)[rows])
    found = lscli.evaluate(tmp_path / "x*.npy", tmp_path / "y*.npy", **TOKENS, chunk_rows=2)
    assert figures(lscli.evaluate(LOGITS, LABELS)) == figures(found)


def test_ignored_tokens_are_left_out() -> None:
    labels = LABELS.copy()
    labels[::3] = -100
    found = lscli.evaluate(LOGITS.reshape(8, 5, 5), labels.reshape(8, 5), **TOKENS)
    assert figures(lscli.evaluate(LOGITS, labels)) == figures(found)


def test_what_is_flat_already_stays() -> None:
    assert figures(lscli.evaluate(LOGITS, LABELS)) == figures(lscli.evaluate(LOGITS, LABELS, **TOKENS))


@pytest.mark.parametrize("chunk_rows", [1, 4, 100])
def test_bfloat16_of_no_type_is_read_when_it_is_said(tmp_path: Path, chunk_rows: int) -> None:
    half = torch.tensor(LOGITS).bfloat16()
    raw = half.view(torch.uint16).numpy().view("V2")
    np.save(tmp_path / "x.npy", raw)
    assert b"V2" in (tmp_path / "x.npy").read_bytes()[:128]
    report = lscli.evaluate(tmp_path / "x.npy", LABELS, dtype="bfloat16", chunk_rows=chunk_rows)
    assert figures(lscli.evaluate(half, LABELS)) == figures(report)
    assert "bfloat16" == report.inputs[0]["dtype"]
    np.save(tmp_path / "f.npy", np.asfortranarray(raw))
    assert figures(report) == figures(lscli.evaluate(tmp_path / "f.npy", LABELS, dtype="bfloat16"))
    assert "dtype='bfloat16'" in refused(InputError, "2-byte values without a type", tmp_path / "x.npy", LABELS).hint


def test_a_type_that_is_there_is_not_said_again(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", LOGITS)
    refused(UsageError, "float64 already", tmp_path / "x.npy", LABELS, dtype="bfloat16")
    refused(UsageError, "dtype: unknown value 'float32'", tmp_path / "x.npy", LABELS, dtype="float32")


def test_an_unknown_kind_is_refused() -> None:
    refused(UsageError, "kind: unknown value 'prob'", LOGITS, LABELS, kind="prob")


@pytest.mark.parametrize("columns", [1, 2])
def test_probabilities_are_kept_as_they_are_stored(columns: int) -> None:
    p = expit(Z).astype(np.float32)
    p = p if columns == 1 else np.stack([1 - p, p], axis=1)
    for array in (MemoryArray(p, "p"), TensorArray(torch.tensor(p), "p")):
        logits = Logits(interpreted(array, "probs", binary=columns == 1), "probs")
        stated = logits.stated_probabilities()
        if logits.tensor is None:
            logits.read(0, 40, np.empty((40, 2), np.float32))
        assert stated is not None
        assert p.astype(np.float64).tobytes() == stated.tobytes()
    assert Logits(MemoryArray(PAIRS, "z")).stated_probabilities() is None
