"""Logits after a map: the array that numpy computes, whatever holds the logits, and the numbers of eval."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import lscli
from lscli.checked_options import declared
from lscli.errors import InputError, LscliWarning, UsageError
from lscli.options import ApplyOptions
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.svs import StructuredVector
from lscli.recalibrators.temperature import Temperature
from tests.cli.inprocess import Run, assert_refused, records
from tests.faults.shells import under

Array = NDArray[Any]
N, K = 120, 3
X = np.random.default_rng(5).standard_normal((N, K)).astype(np.float32)
Y = np.arange(N) % K
MAP = Calibrator("temperature", K, Temperature(1.5))
BINARY = Calibrator("temperature", 2, Temperature(0.75))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    MAP.save("cal.json")
    BINARY.save("two.json")
    np.save("x.npy", X)
    np.save("y.npy", Y)
    return tmp_path


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_array_is_that_of_numpy(dtype: str) -> None:
    x = X.astype(dtype)
    found = lscli.apply(MAP, x)
    expected = x.astype(np.float64) / 1.5
    assert expected.astype(found.dtype).tobytes() == found.tobytes()
    assert (np.float64 if dtype == "float64" else np.float32) == found.dtype


def test_masked_classes_stay_and_other_kinds_become_logits() -> None:
    x = X.copy()
    x[::7, 1] = -np.inf
    assert np.array_equal(np.isneginf(x), np.isneginf(lscli.apply(MAP, x)))
    p = np.exp(X) / np.exp(X).sum(axis=1, keepdims=True)
    for kind, values in (("probs", p), ("log-probs", np.log(p))):
        found = lscli.apply(MAP, values, kind=kind)  # type: ignore[arg-type]
        assert np.allclose(found - found[:, :1], (X - X[:, :1]) / 1.5, atol=1e-5)


@pytest.mark.parametrize("shape", [(N,), (N, 1)])
def test_a_binary_classifier_keeps_one_column(shape: tuple[int, ...]) -> None:
    z = X[:, 0].reshape(shape)
    found = lscli.apply(BINARY, z, binary=True)
    assert (N,) == found.shape
    assert np.allclose(z.ravel() / 0.75, found, rtol=1e-6)


def test_axes_of_samples_stay_and_the_classes_come_last() -> None:
    x = X.reshape(20, 6, K)
    expected = lscli.apply(MAP, X).reshape(x.shape)
    assert np.array_equal(expected, lscli.apply(MAP, x, flatten=True))
    assert np.array_equal(expected, lscli.apply(MAP, np.moveaxis(x, -1, 1), class_axis=1))
    assert np.array_equal(expected.reshape(X.shape), lscli.apply(MAP, X.T, class_axis=0))


def test_an_ensemble_is_averaged_and_then_mapped() -> None:
    members = np.stack((X, X + np.float32(0.5) * X[:, ::-1]))
    found = lscli.apply(MAP, members, ensemble_axis=0, ensemble_of="logits")
    assert np.allclose(members.astype(np.float64).mean(axis=0) / 1.5, found, rtol=1e-6)


@pytest.mark.parametrize("words", [[], ["--threads", 1], ["--threads", 3, "--chunk-rows", 7]])
def test_the_file_is_the_array(run: Run, folder: Path, words: list[Any]) -> None:
    assert (0, "", "") == run("apply", "cal.json", "x.npy", "-o", "out.npy", *words)
    assert np.load("out.npy").tobytes() == lscli.apply("cal.json", "x.npy").tobytes()
    assert ["cal.json", "out.npy", "two.json", "x.npy", "y.npy"] == sorted(os.listdir(folder))


def test_eval_of_the_file_and_eval_with_the_calibrator_agree(run: Run, folder: Path) -> None:
    run("apply", "cal.json", "x.npy", "-o", "out.npy")
    one, other = (
        {row["metric"]: float(row["value"]) for row in records(run("eval", *words, "-q", "-m", "default"))}
        for words in (["out.npy", "y.npy"], ["x.npy", "y.npy", "--calibrator", "cal.json"])
    )
    assert one == pytest.approx(other, rel=1e-5)
    assert one != pytest.approx({row.metric: row.value for row in lscli.evaluate(X, Y).rows}, rel=1e-3)


def test_shards_archives_tables_and_standard_input_give_the_same(run: Run, folder: Path) -> None:
    expected = lscli.apply(MAP, X)
    np.save("s-0.npy", X[:50])
    np.save("s-1.npy", X[50:])
    np.savez("both.npz", logits=X, labels=Y)
    rows = "".join(f"{','.join(map(repr, row))},{label}\n" for row, label in zip(X.tolist(), Y.tolist(), strict=True))
    Path("t.csv").write_text(f"logit_0,logit_1,logit_2,label\n{rows}")
    for path in ("s-*.npy", "both.npz", "t.csv"):
        assert 0 == run("apply", "cal.json", path, "-o", "out.npy", "-q").code
        assert np.allclose(expected, np.load("out.npy"), rtol=1e-6), path


def test_a_table_of_text_has_a_column_for_each_class(run: Run, folder: Path) -> None:
    rows = records(run("apply", "cal.json", "x.npy"))
    assert ["logit_0", "logit_1", "logit_2"] == [*rows[0]]
    assert lscli.apply(MAP, X).tolist() == [[float(cell) for cell in row.values()] for row in rows]
    np.save("z.npy", X[:, 0])
    assert ["logit"] == [*records(run("apply", "two.json", "z.npy", "--binary"))[0]]


def test_a_map_of_each_group_maps_its_rows(folder: Path) -> None:
    group = np.where(np.arange(N) % 2, "a", "b")
    maps = {name: Calibrator("temperature", K, Temperature(t)) for name, t in (("a", 2.0), ("b", 0.5))}
    both = Calibrator("temperature", K, None, groups=maps)
    expected = X / np.where(group == "a", 2.0, 0.5)[:, None]
    assert np.allclose(expected, lscli.apply(both, X, groups=group, threads=2), rtol=1e-6)
    with pytest.raises(UsageError, match="a map for each group, and no groups are given"):
        lscli.apply(both, X)


def test_a_row_that_is_not_finite_is_an_error_or_stays_in_its_place(run: Run, folder: Path) -> None:
    x = X.copy()
    x[7, 1] = np.nan
    np.save("bad.npy", x)
    assert_refused(run("apply", "cal.json", "bad.npy", "-o", "out.npy"), 3, "row 7 has nan", "--nonfinite skip")
    assert not Path("out.npy").exists()
    with pytest.warns(LscliWarning, match="1 of 120 rows are not finite and stay as they are"):
        found = lscli.apply(MAP, x, nonfinite="skip")
    expected = lscli.apply(MAP, X)
    expected[7] = x[7]
    assert np.array_equal(expected, found, equal_nan=True)


def test_logits_beyond_float32_are_refused() -> None:
    tiny = Calibrator("temperature", K, Temperature(1e-38))
    with pytest.raises(InputError, match="row 0 has logits beyond float32 after the map"):
        lscli.apply(tiny, np.full((2, K), [30.0, 1, 2], np.float32))
    assert 3e39 == pytest.approx(lscli.apply(tiny, np.full((2, K), [30.0, 1, 2]))[0, 0])


def test_wrong_inputs_are_one_line(run: Run, folder: Path) -> None:
    np.save("wide.npy", np.zeros((4, 5), np.float32))
    assert_refused(run("apply", "cal.json", "wide.npy"), 3, "is for 3 classes, and wide.npy has 5")
    assert_refused(run("apply", "cal.json", "none.npy"), 3, "not found")
    assert_refused(run("apply", "x.npy", "cal.json"), 3, "is a .npy file, not a calibrator")
    assert_refused(run("apply", "cal.json", "x.npy", "-o", "x.npy"), 2, "the output is one of the inputs")
    assert_refused(run("apply", "cal.json", "x.npy", "-o", "cal.json"), 2, "the output is one of the inputs")
    assert_refused(run("apply", "cal.json", "x.npy", "-o", "out.npz"), 2, "names no format")
    assert_refused(
        run("apply", "cal.json", "x.npy", "--device", "cuda"),
        2,
        "--device is not an option of lscli apply",
        "on the CPU",
    )


def test_options_that_are_for_labels_are_no_keywords() -> None:
    named = inspect.signature(lscli.apply).parameters.keys()
    assert {"calibrator", "logits", "groups", "kind", "nonfinite", "threads"} <= named
    assert not {"weights", "ignore_index", "labels_key", "temperature", "clusters", "device"} & named
    assert {"weights"} <= {each.name for each in declared(ApplyOptions)}


@pytest.mark.slow
def test_a_file_larger_than_the_memory_is_mapped(tmp_path: Path) -> None:
    with (tmp_path / "x.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (300_000, 500)}
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 4 * 300_000 * 500)
    Calibrator("temperature", 500, Temperature(2.0)).save(tmp_path / "cal.json")
    words = ["apply", tmp_path / "cal.json", tmp_path / "x.npy", "-o", tmp_path / "out.npy", "--threads", "2", "-q"]
    done = under("ulimit -v 500000", words)
    assert (0, "") == (done.returncode, done.stderr)
    assert os.path.getsize(tmp_path / "x.npy") == os.path.getsize(tmp_path / "out.npy")


def test_the_one_logit_of_a_binary_classifier_is_a_difference() -> None:
    svs = Calibrator("svs", 2, StructuredVector(1.5, 0.01, np.array([0.2, -0.1]), np.array([0.3, -0.3])))
    z = X[:, 0].astype(np.float64)
    both = lscli.apply(svs, np.column_stack([np.zeros(N), z]))
    assert np.abs(both[:, 0]).min() > 0
    np.testing.assert_allclose(lscli.apply(svs, z, binary=True), both[:, 1] - both[:, 0], rtol=1e-14)
