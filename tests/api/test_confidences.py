"""Tables of confidences: their numbers are those of logits with these confidences, whatever the format."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pytest
import sklearn.metrics
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file
from torchmetrics.functional.classification import binary_calibration_error

import lscli
from lscli import SampleTable

Array = NDArray[Any]
RANDOM = np.random.default_rng(11)
N = 400
CONFIDENCE = np.round(RANDOM.uniform(0.05, 1, N), 3)
LABEL = RANDOM.integers(0, 5, N)
PREDICTED = np.where(RANDOM.random(N) < CONFIDENCE**1.3, LABEL, (LABEL + RANDOM.integers(1, 5, N)) % 5)
CORRECT = PREDICTED == LABEL
NAMES = np.array(["cat", "dog, or not", 'the "emu"', "élan", "None"])
COLUMNS: dict[str, Any] = {"conf": CONFIDENCE, "ok": CORRECT.astype(int), "pred": PREDICTED, "label": LABEL}
TEXTS: dict[str, Any] = {"conf": CONFIDENCE, "pred": NAMES[PREDICTED], "label": NAMES[LABEL]}
ALL = "accuracy,confidence,calibration,proper,selective"


def _npz(path: Path, columns: Mapping[str, Any]) -> None:
    np.savez_compressed(path, **columns)


def _pt(path: Path, columns: Mapping[str, Any]) -> None:
    torch.save({name: torch.as_tensor(column) for name, column in columns.items()}, path)


def _stream(path: Path, columns: Mapping[str, Any]) -> None:
    """An Arrow stream of several compressed batches."""
    table = pa.table(dict(columns))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=150)


def _arrow(path: Path, columns: Mapping[str, Any]) -> None:
    pyarrow.feather.write_feather(pa.table(dict(columns)), str(path), compression="uncompressed")


WRITERS: dict[str, Callable[[Path, Mapping[str, Any]], Any]] = {
    "t.csv": lambda path, columns: pd.DataFrame(dict(columns)).to_csv(path, index=False),
    "t.tsv": lambda path, columns: pd.DataFrame(dict(columns)).to_csv(path, index=False, sep="\t"),
    "quoted.csv": lambda path, columns: pd.DataFrame(dict(columns)).to_csv(
        path, index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n"
    ),
    "t.parquet": lambda path, columns: pd.DataFrame(dict(columns)).to_parquet(path, index=False, row_group_size=150),
    "t.arrow": _arrow,
    "stream.arrow": _stream,
    "t.npz": _npz,
    "t.safetensors": lambda path, columns: save_file({name: np.asarray(c) for name, c in columns.items()}, path),
    "t.pt": _pt,
}
OF_NUMBERS = ("t.safetensors", "t.pt")


def values(report: lscli.Report) -> dict[str, Any]:
    return {row.metric: row[3:-1] for row in report.rows}


def assert_equal(expected: lscli.Report, found: lscli.Report) -> None:
    one, other = values(expected), values(found)
    assert list(one) == list(other)
    for metric, row in one.items():
        assert row == pytest.approx(other[metric], rel=1e-12, abs=1e-15, nan_ok=True), metric


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_has_the_numbers_of_the_table_bit_for_bit(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path, COLUMNS)
    expected = values(lscli.measure(SampleTable.from_confidences(CONFIDENCE, CORRECT), metrics=ALL))
    assert repr(expected) == repr(values(lscli.evaluate(path, confidence="conf", correct="ok", metrics=ALL)))
    assert repr(expected) == repr(values(lscli.evaluate(path, confidence="conf", predicted="pred", metrics=ALL)))


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in OF_NUMBERS])
def test_labels_may_be_text(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    WRITERS[name](path, TEXTS)
    found = lscli.evaluate(path, confidence="conf", predicted="pred")
    assert CORRECT.mean() == found["accuracy"]
    rows = list(lscli.per_sample(path, confidence="conf", predicted="pred").rows)
    assert NAMES[LABEL].tolist() == [row.label for row in rows]
    assert NAMES[PREDICTED].tolist() == [row.predicted for row in rows]


def test_the_numbers_are_those_by_hand_and_of_other_libraries(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    WRITERS["t.csv"](path, COLUMNS)
    report = lscli.evaluate(path, confidence="conf", correct="ok", metrics=ALL)
    assert sklearn.metrics.accuracy_score(LABEL, PREDICTED) == pytest.approx(report["accuracy"], rel=1e-12)
    assert CONFIDENCE.mean() - CORRECT.mean() == pytest.approx(report["confidence_gap"], rel=1e-9)
    assert CONFIDENCE[~CORRECT].mean() == pytest.approx(report["confidence_on_errors"], rel=1e-12)
    assert sklearn.metrics.roc_auc_score(CORRECT, CONFIDENCE) == pytest.approx(report["failure_auroc"], rel=1e-9)
    parts = report["brier_miscalibration"] - report["brier_discrimination"] + report["brier_uncertainty"]
    assert sklearn.metrics.brier_score_loss(CORRECT, CONFIDENCE) == pytest.approx(parts, rel=1e-9)
    theirs = binary_calibration_error(torch.tensor(CONFIDENCE), torch.tensor(CORRECT.astype(int)), n_bins=15)
    ours = lscli.evaluate(path, confidence="conf", correct="ok", metrics="ece", compat="torchmetrics")["ece"]
    assert theirs.item() == pytest.approx(ours, rel=1e-5)


ROWS = st.lists(st.tuples(st.floats(0.5, 1), st.booleans(), st.integers(1, 3)), min_size=2, max_size=40)


@settings(max_examples=15, deadline=None)
@given(rows=ROWS)
def test_a_file_equals_its_table_and_logits_with_these_confidences(
    rows: list[tuple[float, bool, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    confidence, correct, weight = map(np.array, zip(*rows, strict=True))
    confidence = np.clip(confidence, 0.5 + 1e-9, 1 - 1e-9)
    path = tmp_path_factory.mktemp("law") / "t.csv"
    pd.DataFrame({"c": confidence, "a": correct}).to_csv(path, index=False)
    metrics = "accuracy,confidence,ece,ece_equal_mass,mce,ks_calibration,spiegelhalter_z,proper,aurc"
    options: dict[str, Any] = {"metrics": metrics, "weights": weight}
    found = lscli.evaluate(path, confidence="c", correct="a", **options)
    table = SampleTable.from_confidences(confidence, correct, weight=weight)
    assert repr(values(lscli.measure(table, metrics=metrics))) == repr(values(found))
    # Two classes, the first of which is predicted; it is the label where that is right.
    logits, labels = np.column_stack((np.log(confidence), np.log1p(-confidence))), np.where(correct, 0, 1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lscli.api.reading.plausibility_notes", lambda *_, **__: [])  # so few samples agree by accident
        expected = values(lscli.evaluate(logits, labels, kind="log-probs", **options))
    for metric, row in values(found).items():
        if metric not in ("ece", "mce"):  # a last digit may change the bin
            assert row == pytest.approx(expected[metric], rel=1e-6, abs=1e-9, nan_ok=True), metric


def test_confidences_below_half_stay_what_they_are(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("conf,ok\n0.1,1\n0.2,0\n0.3,0\n")
    report = lscli.evaluate(path, confidence="conf", correct="ok")
    assert pytest.approx(0.2, rel=1e-12) == report["confidence_mean"]
    assert [] == report.warnings
    said, absent = report.conclusion.split(" Absent, ")
    assert absent.startswith("because there are no logits: loss_hard, loss_uniform, ")
    assert "loss" not in said


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.npz"])
def test_what_confidences_can_be_combined_with(name: str, tmp_path: Path) -> None:
    path, meta = tmp_path / name, tmp_path / "meta.csv"
    WRITERS[name](path, COLUMNS)
    weight = RANDOM.integers(0, 3, N)
    pd.DataFrame({"weight": weight, "site": np.where(LABEL > 2, "b", "a")}).to_csv(meta, index=False)
    columns: dict[str, Any] = {"confidence": "conf", "correct": "ok"}
    more: dict[str, Any] = {"weights": meta, "groups": meta, "group_by": "site", "ci": True, "bootstrap": 20, "bins": 7}
    found = lscli.evaluate(path, metrics="accuracy,ece", **columns, **more)
    for group, kept in (("", LABEL >= 0), ("a", LABEL <= 2), ("b", LABEL > 2)):
        table = SampleTable.from_confidences(CONFIDENCE[kept], CORRECT[kept], weight=weight[kept])
        expected = lscli.measure(table, metrics="accuracy,ece", ci=True, bootstrap=20, bins=7)
        own = [row[3:] for row in found.rows if row.group == group]
        assert [row[3:] for row in expected.rows] == own, group
    bins = lscli.per_bin(path, bins=4, compat="netcal", **columns)
    assert N == sum(row.size for row in bins.rows)
    masses = [row.size for row in lscli.per_bin(path, bins=4, equal_mass=True, **columns).rows]
    assert N == sum(masses)
    assert max(masses) < N / 3
    samples = list(lscli.per_sample(path, weights=meta, **columns).rows)
    assert weight.tolist() == [row.weight for row in samples]
    worst = list(lscli.per_sample(path, worst=5, by="confidence", **columns).rows)
    assert sorted(CONFIDENCE[~CORRECT])[:-6:-1] == [row.confidence for row in worst]


def test_shards_are_one_table_in_their_order(tmp_path: Path) -> None:
    for number, rows in enumerate(np.array_split(np.arange(N), 12)):
        WRITERS["t.csv"](tmp_path / f"part-{number}.csv", {name: c[rows] for name, c in COLUMNS.items()})
        np.save(tmp_path / f"truth-{number}.npy", LABEL[rows])
    pattern = tmp_path / "part-*.csv"
    expected = lscli.measure(SampleTable.from_confidences(CONFIDENCE, CORRECT))
    found = lscli.evaluate(pattern, confidence="conf", correct="ok")
    assert repr(values(expected)) == repr(values(found))
    assert [str(tmp_path / f"part-{number}.csv") for number in range(12)] == found.inputs[0]["shards"]
    found = lscli.evaluate(pattern, tmp_path / "truth-*.npy", confidence="conf", predicted="pred")
    assert repr(values(expected)) == repr(values(found))
    assert ["confidences", "labels"] == [entry["role"] for entry in found.inputs]
    (tmp_path / "part-7.csv").write_text("conf,pred,ok\n0.5,1,1\n0.5,1,2\n")
    with pytest.raises(lscli.InputError, match=r"part-7\.csv: row 1, column 'ok': '2' is neither 0 nor 1"):
        lscli.evaluate(pattern, confidence="conf", correct="ok")
    with pytest.raises(lscli.InputError, match=r"truth-\*\.npy: rows differ: 268 labels, 237 rows of"):
        lscli.evaluate(pattern, tmp_path / "truth-*.npy", confidence="conf", predicted="pred")


def test_tables_of_several_models_are_not_pooled(tmp_path: Path) -> None:
    for model in ("a", "b"):
        (tmp_path / model).mkdir()
        WRITERS["t.csv"](tmp_path / model / "preds.csv", COLUMNS)
    pattern = tmp_path / "*" / "preds.csv"
    for columns, says in (
        ({"predicted": "pred"}, "have the same labels, like tables of several models"),
        ({"correct": "ok"}, "look like tables of several models"),
    ):
        with pytest.raises(lscli.UsageError, match=says) as caught:
            lscli.evaluate(pattern, confidence="conf", **columns)  # type: ignore[arg-type]
        assert "pool=True" in caught.value.hint
        assert 2 * N == lscli.evaluate(pattern, confidence="conf", pool=True, **columns).rows[0].n  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", ["file.npy", "file.csv", "array", "list", "series"])
def test_labels_may_come_from_elsewhere(labels: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    WRITERS["t.csv"](path, {name: column for name, column in COLUMNS.items() if name != "label"})
    np.save(tmp_path / "file.npy", LABEL)
    np.savetxt(tmp_path / "file.csv", LABEL, fmt="%d")
    given: Any = {"array": LABEL, "list": LABEL.tolist(), "series": pd.Series(LABEL)}.get(labels, tmp_path / labels)
    report = lscli.evaluate(path, given, confidence="conf", predicted="pred")
    assert CORRECT.mean() == report["accuracy"]
    assert ("labels", [N]) == (report.inputs[1]["role"], report.inputs[1]["shape"])
    with pytest.raises(lscli.InputError, match=f"rows differ: {N - 1} labels, {N} rows"):
        lscli.evaluate(path, LABEL[1:], confidence="conf", predicted="pred")


FRAME = pd.DataFrame(COLUMNS)


@pytest.mark.parametrize(
    "table",
    [
        FRAME,
        FRAME.astype({"pred": "category", "label": "Int64"}),
        FRAME.astype({"ok": bool, "conf": "float32"}),
        COLUMNS,
        {name: column.tolist() for name, column in COLUMNS.items()},
        {name: torch.as_tensor(column) for name, column in COLUMNS.items()},
        FRAME.to_records(index=False),
    ],
    ids=["frame", "nullable", "bools", "dict", "lists", "tensors", "records"],
)
def test_tables_in_memory(table: Any) -> None:
    assert CORRECT.mean() == lscli.evaluate(table, confidence="conf", correct="ok")["accuracy"]
    report = lscli.evaluate(table, confidence="conf", predicted="pred", labels_column="label")
    assert CORRECT.mean() == report["accuracy"]
    assert CONFIDENCE.mean() == pytest.approx(report["confidence_mean"], rel=1e-6)
    assert ["table"] == [entry["path"] for entry in report.inputs]


def test_text_in_a_frame_may_be_missing() -> None:
    frame = pd.DataFrame({"c": [0.5, 0.25, 0.75], "p": ["a", None, "b"], "label": pd.Series(["a", "b", pd.NA])})
    with pytest.raises(lscli.InputError, match="row 1 has no value in 'p'"):
        lscli.evaluate(frame, confidence="c", predicted="p")
    with pytest.warns(lscli.LscliWarning, match="2 of 3 rows have no value in 'c' or 'p' or the labels"):
        report = lscli.evaluate(frame, confidence="c", predicted="p", nonfinite="skip")
    assert (1, 1.0) == (report.rows[0].n, report["accuracy"])


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_rows_without_a_value_are_skipped_and_counted(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    frame = FRAME.assign(ok=FRAME["ok"].astype(object))
    frame.loc[3, "conf"] = math.nan
    frame.loc[7, "ok"] = None
    frame["ok"] = frame["ok"].astype("Int64")
    (frame.to_csv if name == "t.csv" else frame.to_parquet)(path, index=False)
    with pytest.raises(lscli.InputError, match="row 3 has no value in 'conf'") as caught:
        lscli.evaluate(path, confidence="conf", correct="ok")
    assert "nonfinite='skip'" in caught.value.hint
    with pytest.warns(lscli.LscliWarning, match=f"2 of {N} rows have no value in 'conf' or 'ok' and are left out"):
        report = lscli.evaluate(path, confidence="conf", correct="ok", nonfinite="skip")
    kept = np.delete(np.arange(N), [3, 7])
    assert CORRECT[kept].mean() == report["accuracy"]
    assert {"rows": N, "kept": N - 2, "ignored": 0, "skipped": 2} == report.samples
    with pytest.warns(lscli.LscliWarning):
        listing = lscli.per_sample(path, confidence="conf", correct="ok", nonfinite="skip")
    assert kept.tolist() == [row.row for row in listing.rows]


def test_the_ignored_label_leaves_rows_out(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    label = np.where(np.arange(N) % 10 == 0, -100, LABEL)
    confidence = np.where(np.arange(N) % 10 == 0, math.nan, CONFIDENCE)  # what is left out is not looked at
    WRITERS["t.csv"](path, {**COLUMNS, "conf": confidence, "label": label, "void": label})
    kept = label >= 0
    for columns in ({"predicted": "pred"}, {"correct": "ok", "labels_column": "void"}):
        report = lscli.evaluate(path, confidence="conf", **columns)  # type: ignore[arg-type]
        assert CORRECT[kept].mean() == report["accuracy"]
        assert (N - int(kept.sum()), int(kept.sum())) == (report.samples["ignored"], report.rows[0].n)
    with pytest.warns(lscli.LscliWarning, match=f"{N // 10} of {N} rows have no value"):
        report = lscli.evaluate(path, confidence="conf", predicted="pred", ignore_index=2, nonfinite="skip")
    assert CORRECT[(LABEL != 2) & kept].mean() == report["accuracy"]


def test_labels_may_count_from_another_number_than_predictions(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    WRITERS["t.csv"](path, {**COLUMNS, "label": LABEL + 1})
    with pytest.warns(lscli.LscliWarning, match="do the labels count from 1"):
        lscli.evaluate(path, confidence="conf", predicted="pred")
    report = lscli.evaluate(path, confidence="conf", predicted="pred", labels_from=1, metrics="accuracy")
    assert (CORRECT.mean(), []) == (report["accuracy"], report.warnings)
    with pytest.raises(lscli.InputError, match=r"row .*: the label 1 is below the first label, 2"):
        lscli.evaluate(path, confidence="conf", predicted="pred", labels_from=2)


@pytest.mark.parametrize(
    ("predicted", "label", "equal"),
    [
        (["1", "2", "3"], ["1.0", "02", "3e0"], [True, True, True]),
        (["1", "2"], [" 1", "2 "], [True, True]),
        (["0.5", "x"], ["0.50", "x"], [True, True]),
        (["9007199254740993", "1"], ["9007199254740992", "1"], [False, True]),
        (["1_0", "٣", "3"], ["10", "3", "3"], [False, False, True]),
        (["inf", "a"], ["Infinity", "a"], [False, True]),
        (["True", "a"], ["1", "a"], [False, True]),
    ],
    ids=str,
)
def test_numbers_are_compared_by_value_and_text_as_it_is(
    predicted: Sequence[str], label: Sequence[str], equal: list[bool], tmp_path: Path
) -> None:
    path = tmp_path / "t.csv"
    pd.DataFrame({"c": 0.5, "p": predicted, "label": label}).to_csv(path, index=False)
    rows = lscli.per_sample(path, confidence="c", predicted="p").rows
    assert equal == [row.correct for row in rows]


def test_numbers_of_different_types_are_compared_by_value(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    frame = pd.DataFrame({"c": [0.5, 0.5, 0.5], "p": np.array([1.0, 2.0, 3.0]), "label": np.array([1, 2, 4], np.uint8)})
    frame.to_parquet(path, index=False)
    assert [True, True, False] == [row.correct for row in lscli.per_sample(path, confidence="c", predicted="p").rows]
    frame.astype({"label": str}).to_parquet(path, index=False)
    assert [True, True, False] == [row.correct for row in lscli.per_sample(path, confidence="c", predicted="p").rows]


def test_the_report_says_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    WRITERS["t.csv"](path, COLUMNS)
    report = lscli.evaluate(str(path), confidence="conf", correct="ok")
    size = path.stat().st_size
    assert [{"role": "confidences", "path": str(path), "shape": [N], "dtype": "float64", "size": size}] == report.inputs
    assert {str(path)} == {row.source for row in report.rows}
    assert ("conf", "argument") == tuple(report.settings["confidence"])
    assert (None, "default") == tuple(report.settings["predicted"])
    assert {"lscli", "numpy"} == report.versions.keys()
    absent = {"loss_hard", "brier", "entropy_mean", "gamma_confidence", "top5_accuracy", "classwise_ece", "eps_gap"}
    assert not absent & {
        row.metric for row in lscli.evaluate(path, confidence="conf", correct="ok", metrics="all").rows
    }


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "probs"},
        {"binary": True},
        {"flatten": True},
        {"class_axis": 1},
        {"soft_labels": True},
        {"positive_class": 1},
        {"logits_key": "x"},
        {"class_weights": [1.0]},
        {"class_weights": np.ones(5)},
        {"noise_rate": 0.1},
        {"choice_score": "per-byte"},
        {"device": "cuda"},
        {"kernel": "torch"},
        {"score": "margin"},
        {"smoothing": "prior", "prior": [1.0]},
    ],
    ids=str,
)
def test_options_on_logits_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(lscli.UsageError) as caught:
        lscli.evaluate(FRAME, confidence="conf", correct="ok", **options)
    assert caught.value.where in {*options, "metrics"}
    assert caught.value.hint


@pytest.mark.parametrize(
    "options", [{"kernel": "numpy"}, {"device": "cpu"}, {"chunk_rows": 7}, {"threads": 1}], ids=str
)
def test_options_on_speed_change_nothing(options: dict[str, Any]) -> None:
    expected = lscli.evaluate(FRAME, confidence="conf", correct="ok")
    assert repr(values(expected)) == repr(values(lscli.evaluate(FRAME, confidence="conf", correct="ok", **options)))


def test_memory_does_not_depend_on_the_blocks_of_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    WRITERS["t.csv"](path, TEXTS)
    expected = list(lscli.per_sample(path, confidence="conf", predicted="pred").rows)
    for block in (1, 50, 700):
        monkeypatch.setattr("lscli.io.tables.text_columns._BLOCK", block)
        monkeypatch.setattr("lscli.api.reading._BLOCK", block)
        assert repr(expected) == repr(list(lscli.per_sample(path, confidence="conf", predicted="pred").rows))


def test_text_of_an_archive_that_numpy_cannot_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    text = np.array(["cat", "dog"])
    text.view(np.uint32)[4] = 0x110000
    np.savez(path, conf=[0.5, 0.25], pred=text, labels=["cat", "dog"])
    with pytest.raises(lscli.InputError, match="holds text that is not Unicode"):
        lscli.evaluate(path, confidence="conf", predicted="pred")


def test_a_signalling_nan_is_a_missing_value(tmp_path: Path) -> None:
    path = tmp_path / "t.npz"
    np.savez(path, conf=np.array([0x3F000000, 0x7F800001], np.uint32).view(np.float32), ok=[True, False])
    with pytest.raises(lscli.InputError, match="row 1 has no value in 'conf'"):
        lscli.evaluate(path, confidence="conf", correct="ok")


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
def test_columns_of_tables_that_are_no_single_values(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    lists = pa.FixedSizeListArray.from_arrays(np.arange(4.0), 2)
    days = pa.array([1, 2], pa.date32())
    WRITERS[name](path, {"conf": [0.5, 0.25], "ok": [True, False], "lists": lists, "days": days})
    if name == "t.arrow":
        assert 0.5 == lscli.evaluate(path, confidence="conf", correct="ok")["accuracy"]
    for column in ("lists", "days"):
        with pytest.raises(lscli.InputError, match=f"column '{column}' is .*, not one string or number per row"):
            lscli.evaluate(path, confidence="conf", correct=column)


@pytest.mark.parametrize("writer", ["dictionary", "large", "view", "nullable"])
def test_text_and_truth_values_of_every_kind_of_arrow(writer: str, tmp_path: Path) -> None:
    path = tmp_path / "t.arrow"
    kinds: dict[str, Callable[[Any], Any]] = {
        "dictionary": lambda x: pa.array(x).dictionary_encode(),
        "large": lambda x: pa.array(x, pa.large_string()),
        "view": lambda x: pa.array(x, pa.string_view()),
        "nullable": pa.array,
    }
    texts = kinds[writer]
    truths = pa.array([*CORRECT[:-1].tolist(), None] if writer == "nullable" else CORRECT.tolist())
    _arrow(path, {"conf": CONFIDENCE, "ok": truths, "pred": texts(TEXTS["pred"]), "label": texts(TEXTS["label"])})
    assert CORRECT.mean() == lscli.evaluate(path, confidence="conf", predicted="pred")["accuracy"]
    if writer == "nullable":
        with pytest.raises(lscli.InputError, match=f"row {N - 1} has no value in 'ok'"):
            lscli.evaluate(path, confidence="conf", correct="ok")
    else:
        assert CORRECT.mean() == lscli.evaluate(path, confidence="conf", correct="ok")["accuracy"]


def test_percentages_are_confidences_of_a_scale() -> None:
    stated, ok = [50, 70, 100, 0], [True, False, True, False]
    scaled = lscli.evaluate({"c": stated, "ok": ok}, confidence="c", confidence_scale=100, correct="ok")
    plain = lscli.evaluate({"c": [0.5, 0.7, 1.0, 0.0], "ok": ok}, confidence="c", correct="ok")
    assert dict(scaled) == dict(plain)
    with pytest.raises(lscli.LscliError, match=r"row 1: the confidence 1\.01 is not in") as caught:
        lscli.evaluate({"c": [50, 101], "ok": ok[:2]}, confidence="c", confidence_scale=100, correct="ok")
    assert "percentages" not in caught.value.hint
    with pytest.raises(lscli.UsageError, match="needs confidence"):
        lscli.evaluate({"c": stated}, confidence_scale=100)


@pytest.mark.parametrize("make", [dict, pd.DataFrame])
def test_columns_whose_names_are_numbers(make: Any) -> None:
    report = lscli.evaluate(make({0: [0.9, 0.6], 1: [1, 0]}), confidence="0", correct="1", metrics="accuracy")
    assert 0.5 == report["accuracy"]
