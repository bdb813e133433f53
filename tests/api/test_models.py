"""Several models are read on the same samples: their names, their rows, and what they must share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.api.models import merged_warnings
from lscli.errors import InputError, LscliWarning, UsageError
from lscli.io.model_names import distinct, names_of

RNG = np.random.default_rng(5)
N, K = 120, 4
Y = RNG.integers(0, K, N)
A, B, C = (RNG.standard_normal((N, K)) + 2 * np.eye(K)[Y] * scale for scale in (0.5, 1.0, 1.5))
FAST: dict[str, Any] = {"bootstrap": 20, "metrics": "accuracy,loss_hard"}


def values(found: Any) -> dict[tuple[str, str, str], tuple[float, ...]]:
    """What was found, by model, group and metric."""
    return {(row.source, row.group, row.metric): (row.value, row.baseline, row.difference) for row in found.rows}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["a.npy", "b.npy"], ["a", "b"]),
        (["runs/a/logits.npy", "runs/b/logits.npy"], ["a", "b"]),
        (["./a/logits.npy", "b/logits.npy"], ["a", "b"]),
        (["a/x/logits.npy", "b/y/logits.npy"], ["a/x", "b/y"]),
        (["a/l.npy", "a/m.npy", "b/l.npy"], ["a/l", "a/m", "b/l"]),
        (["a.npy", "a.npz"], ["a.npy", "a.npz"]),
        (["x/logits.npy", "logits.npy"], ["x/logits.npy", "logits.npy"]),
        (["a.npy", "-"], ["a", "-"]),
        (["a.npy", "a.npy", "b.npy"], ["a", "a", "b"]),
        (["a\x1b[1m.npy", "b.npy"], [r"a\x1b[1m", "b"]),
    ],
)
def test_names_are_what_differs_in_the_paths(paths: list[str], names: list[str]) -> None:
    assert names == names_of(paths)


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert ["a", "a (2)", "b", "a (3)"] == distinct(["a", "a", "b", "a"])


def test_names_of_arrays_keys_and_those_that_are_given() -> None:
    assert ["model 1", "model 2"] == lscli.compare([A, B], Y, **FAST).models
    assert ["old", "new"] == lscli.compare({"old": A, "new": B}, Y, **FAST).models
    assert ["p", "q"] == lscli.compare({"old": A, "new": B}, Y, names=["p", "q"], **FAST).models
    with pytest.raises(UsageError, match="has 3 names for 2 models"):
        lscli.compare([A, B], Y, names=["p", "q", "r"], **FAST)


def test_values_are_those_of_each_model_alone() -> None:
    found = values(lscli.compare({"a": A, "b": B, "c": C}, Y, **FAST))
    for name, x in (("b", B), ("c", C)):
        accuracy = (x.argmax(axis=1) == Y).mean()
        baseline = (A.argmax(axis=1) == Y).mean()
        assert found[name, "", "accuracy"] == pytest.approx((accuracy, baseline, accuracy - baseline))


def test_further_models_in_another_order_are_rows_in_another_order() -> None:
    one, other = (lscli.compare(models, Y, **FAST) for models in ({"a": A, "b": B, "c": C}, {"a": A, "c": C, "b": B}))
    assert sorted(map(str, values(one).items())) == sorted(map(str, values(other).items()))


def test_samples_in_another_order_change_nothing() -> None:
    order = RNG.permutation(N)
    one, other = values(lscli.compare([A, B], Y, **FAST)), values(lscli.compare([A[order], B[order]], Y[order], **FAST))
    for key, found in one.items():
        assert other[key] == pytest.approx(found, rel=1e-12)


def test_a_model_and_itself_have_no_difference(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", logits=A, labels=Y)
    found = lscli.compare([tmp_path / "a.npz", tmp_path / "a.npz"], **FAST)
    assert [f"{tmp_path / 'a.npz'}", f"{tmp_path / 'a.npz'} (2)"] == found.models
    assert {(0.0, 1.0)} == {(row.difference, row.p_value) for row in found.rows}


def test_each_file_has_its_own_labels_or_the_first_has_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", logits=A, labels=Y)
    np.savez(tmp_path / "b.npz", logits=B, labels=Y)
    np.save(tmp_path / "b.npy", B)
    expected = list(values(lscli.compare({"a": A, "b": B}, Y, **FAST)).values())
    for second in ("b.npz", "b.npy"):
        assert expected == list(values(lscli.compare([tmp_path / "a.npz", tmp_path / second], **FAST)).values())
    assert expected == list(values(lscli.compare({"a": A, "b": B}, {"b": Y.copy(), "a": Y}, **FAST)).values())
    with pytest.raises(UsageError, match="not under the names of the models"):
        lscli.compare({"a": A, "b": B}, {"a": Y, "x": Y}, **FAST)


def test_labels_that_differ_are_refused(tmp_path: Path) -> None:
    order = np.roll(np.arange(N), 1)
    wrong = np.where(np.arange(N) == 7, (Y + 1) % K, Y)
    with pytest.raises(InputError, match="its label of row 7 differs from that of a") as refused:
        lscli.compare({"a": A, "b": B}, {"a": Y, "b": wrong}, **FAST)
    assert "b" == refused.value.where
    with pytest.raises(InputError, match="its label of row") as refused:
        lscli.compare({"a": A, "b": B[order]}, {"a": Y, "b": Y[order]}, **FAST)
    assert "another order: save them in the order of a" in refused.value.hint


def test_other_numbers_of_samples_are_refused_with_both(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="b: has 100 samples, a has 120"):
        lscli.compare({"a": A, "b": B[:100]}, Y, **FAST)
    for name, x in (("a", A), ("b", B[:100])):  # a CSV file does not say how many rows it has
        np.savetxt(tmp_path / f"{name}.csv", np.column_stack([x, Y[: len(x)]]), "%g", ",", header="c0,c1,c2,c3,label")
        text = (tmp_path / f"{name}.csv").read_text()
        (tmp_path / f"{name}.csv").write_text(text.removeprefix("# "))
    with pytest.raises(InputError, match=r"b\.csv: has 100 samples, .*a\.csv has 120"):
        lscli.compare([tmp_path / "a.csv", tmp_path / "b.csv"], **FAST)


def test_models_may_have_other_numbers_of_classes() -> None:
    wider = np.column_stack([B, np.full(N, -50.0)])
    one, other = (values(lscli.compare([A, x], Y, **FAST)) for x in (B, wider))
    for key, found in one.items():
        assert other[key] == pytest.approx(found, rel=1e-6)


def test_a_row_that_one_model_skips_is_left_out_of_all() -> None:
    broken, groups = B.copy(), np.repeat(["p", "q"], N // 2)
    broken[[3, 70]] = np.nan
    kept = np.delete(np.arange(N), [3, 70])
    with pytest.warns(LscliWarning) as warned:
        found = lscli.compare([A, broken, C], Y, nonfinite="skip", groups=groups, **FAST)
    assert any("118 rows that all keep; 2 more" in str(each.message) for each in warned)
    assert 118 == found.samples["kept"]
    expected = lscli.compare([A[kept], B[kept], C[kept]], Y[kept], groups=groups[kept], **FAST)
    assert values(expected) == values(found)
    assert {"", "p", "q"} == {row.group for row in found.rows}


def test_models_without_a_row_in_common_are_refused() -> None:
    one, other = A.copy(), B.copy()
    one[::2], other[1::2] = np.nan, np.nan
    with pytest.raises(InputError, match="have no kept row in common"):
        lscli.compare([one, other], Y, nonfinite="skip", **FAST)


def test_one_model_is_refused() -> None:
    for models in (A, [A], {"a": A}, "a.npy"):
        with pytest.raises(UsageError, match="needs two models or more") as refused:
            lscli.compare(models, Y)  # type: ignore[arg-type]
        assert "lscli.compare([A, B], LABELS)" in refused.value.hint


def test_a_prior_belongs_to_one_number_of_classes() -> None:
    wider = np.column_stack([B, np.full(N, -50.0)])
    with pytest.raises(InputError, match="b: has 5 classes, a has 4"):
        lscli.compare({"a": A, "b": wider}, Y, smoothing="prior", prior="empirical", bootstrap=20)


def test_an_array_of_models() -> None:
    stacked: Any = np.stack([A, B])
    assert values(lscli.compare([A, B], Y, **FAST)) == values(lscli.compare(stacked, Y, **FAST))


def test_an_array_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InputError) as refused:
        lscli.compare({"a": A, "b": B.astype(str)}, Y, **FAST)
    assert "b" == refused.value.where


def test_threads_change_no_byte() -> None:
    one, other = (lscli.compare([A, B], Y, threads=threads, **FAST) for threads in (1, 2))
    assert [*map(repr, one.rows)] == [*map(repr, other.rows)]


def test_inputs_of_all_models_and_the_labels_once(tmp_path: Path) -> None:
    for name, x in (("a", A), ("b", B), ("y", Y)):
        np.save(tmp_path / f"{name}.npy", x)
    found = lscli.compare([tmp_path / "a.npy", tmp_path / "b.npy"], tmp_path / "y.npy", **FAST)
    assert ["a.npy", "y.npy", "b.npy"] == [os.path.basename(entry["path"]) for entry in found.inputs]
    assert ["logits", "labels", "logits"] == [entry["role"] for entry in found.inputs]


def test_equal_warnings_are_given_once() -> None:
    found = [(name, f"{name}.npy", [f"{name}.npy: odd", "of labels"]) for name in "abc"]
    assert ["all 3 models: odd", "of labels"] == merged_warnings(found)
    found[0] = ("a", "a.npy", [])
    assert ["b, c: odd", "b, c: of labels"] == merged_warnings(found)


def test_tables_of_confidences() -> None:
    def table(x: np.ndarray) -> lscli.SampleTable:
        p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        return lscli.SampleTable({"confidence": p.max(axis=1), "correct": (x.argmax(axis=1) == Y).astype(float)}, 0)

    found = values(lscli.compare([table(A), table(B)], metrics="accuracy", bootstrap=20))
    assert list(found.values()) == [
        v for (_, _, metric), v in values(lscli.compare([A, B], Y, **FAST)).items() if metric == "accuracy"
    ]


def test_labels_that_do_not_fit_one_model_name_it(tmp_path: Path) -> None:
    x, y = np.eye(4, dtype=np.float32), np.arange(4)
    np.save(tmp_path / "y.npy", y)
    for labels in (y, tmp_path / "y.npy"):
        with pytest.raises(InputError, match=r"label out of range at row 2 .*, read with model 2"):
            lscli.compare([x, x[:, :2]], labels, metrics="accuracy")
