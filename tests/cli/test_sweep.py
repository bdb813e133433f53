"""`lscli sweep`: paths in their roles, tidy rows, and a matrix on a terminal."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len

from lscli.api.sweep import METRICS
from lscli.io.path_roles import assign_roles
from tests.cli.inprocess import Run, assert_refused, column, records
from tests.cli.terminal import on_terminal, without_color
from tests.command import LABELS, LOGITS, SAMPLE

SMOOTHED = str(SAMPLE / "logits_smoothed.npy")
# `every` of evaluate's ids that sweep has, but the one of a prior.
IDS = [name for name in METRICS if name != "loss_prior"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Copies of the sample, which a mistake may overwrite."""
    for path in (LOGITS, SMOOTHED, LABELS):
        shutil.copy(path, tmp_path)
    logits, smoothed, labels = (np.load(path) for path in (LOGITS, SMOOTHED, LABELS))
    np.savez(tmp_path / "both.npz", logits=logits, labels=labels)
    np.savez_compressed(tmp_path / "smoothed.npz", logits=smoothed)
    np.savez_compressed(tmp_path / "truth.npz", labels)
    np.savetxt(tmp_path / "labels.csv", labels, fmt="%d", header="label", comments="")
    np.save(tmp_path / "short.npy", logits[:100])
    np.save(tmp_path / "askew.npy", labels[:, None])
    return tmp_path


def test_one_row_an_eps_and_one_a_metric(run: Run) -> None:
    rows = records(run("sweep", LOGITS, LABELS, "--eps", "0:0.2:0.1,0.5"))
    of_eps = [row for row in rows if row["params"]]
    assert IDS == list(dict.fromkeys(sorted((row["metric"] for row in rows), key=IDS.index)))
    assert 8 * ["eps=0.0", "eps=0.1", "eps=0.2", "eps=0.5"] == [row["params"] for row in of_eps]
    assert len(IDS) - 8 == len(rows) - len(of_eps)
    evaluated = records(run("eval", LOGITS, LABELS, "--eps", "0:0.2:0.1,0.5", "-m", ",".join(IDS)))
    assert evaluated == rows


def test_two_models_are_named_as_typed(run: Run) -> None:
    rows = records(run("sweep", LOGITS, SMOOTHED, LABELS, "--eps", "0:0.5:0.25"))
    assert [LOGITS, SMOOTHED] == list(dict.fromkeys(row["source"] for row in rows))
    difference = [row for row in rows if row["metric"] == "loss_difference"]
    assert [SMOOTHED] * 3 == [row["source"] for row in difference]
    loss = {(row["source"], row["params"]): float(row["value"]) for row in rows if row["metric"] == "loss_smoothed"}
    for row in difference:
        expected = loss[SMOOTHED, row["params"]] - loss[LOGITS, row["params"]]
        assert expected == pytest.approx(float(row["value"]), rel=1e-9)
    assert ["loss_flip_eps"] == [row["metric"] for row in rows if row["metric"] not in IDS][3:]


@pytest.mark.parametrize(
    "paths",
    [
        ("logits.npy", "logits_smoothed.npy", "labels.npy"),
        ("logits.npy", "logits_smoothed.npy", "labels.csv"),
        ("logits.npy", "smoothed.npz", "truth.npz"),
        ("both.npz", "logits_smoothed.npy"),
        ("both.npz", "smoothed.npz"),
        ("both.npz", "smoothed.npz", "labels.npy"),
    ],
    ids="-".join,
)
def test_the_last_path_is_the_labels_if_it_has_one_dimension(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, paths: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    expected = records(run("sweep", LOGITS, SMOOTHED, LABELS, "--eps", "0,0.1"))
    found = records(run("sweep", *paths, "--eps", "0,0.1"))
    assert list(paths[:2]) == list(dict.fromkeys(row.pop("source") for row in found))
    assert [{name: row[name] for name in row if name != "source"} for row in expected] == found


def test_paths_are_told_apart(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert ("logits.npy", None, []) == assign_roles(["logits.npy"])
    assert ("labels.npy", None, []) == assign_roles(["labels.npy"])
    assert ("a", "-", []) == assign_roles(["a", "-"])
    assert ("a", "labels.npy", ["b", "c"]) == assign_roles(["a", "b", "c", "labels.npy"])
    assert ("a", None, ["labels.npy", "logits.npy"]) == assign_roles(["a", "labels.npy", "logits.npy"])
    assert ("a", None, ["both.npz"]) == assign_roles(["a", "both.npz"])
    np.savez("named.npz", x=np.zeros((2, 2)), y=np.zeros(2, int))
    assert ("a", "named.npz", []) == assign_roles(["a", "named.npz"], None, "y")
    assert ("a", None, ["named.npz"]) == assign_roles(["a", "named.npz"], "x", "y")
    assert ("a", None, ["named.npz"]) == assign_roles(["a", "named.npz"])
    assert ("a", "logits.npy", ["b"]) == assign_roles(["a", "b", "logits.npy"], soft=True)
    assert ("logits.npy", None, []) == assign_roles(["logits.npy"], soft=True)
    for number, data in enumerate((b"", b"\x93NUMPY", b"PK\x03\x04 no archive", b"x" * 100)):
        for suffix in ("npy", "npz"):
            path = f"bad{number}.{suffix}"
            Path(path).write_bytes(data)
            assert ("a", None, [path]) == assign_roles(["a", path])


def test_only_the_header_of_the_last_path_is_read_twice(folder: Path) -> None:
    header = (folder / "logits.npy").read_bytes()[:128]
    (folder / "cut.npy").write_bytes(header)
    assert [str(folder / "cut.npy")] == assign_roles(["a", str(folder / "cut.npy")]).others


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["logits.npy"], 2, ["no labels were given", "name them after the logits"]),
        ([], 2, ["Missing argument"]),
        (["logits.npy", "logits_smoothed.npy"], 2, ["no labels were given"]),
        (["logits.npy", "askew.npy"], 3, ["askew.npy: need labels of shape (N,), got (5000, 1)", "labels.ravel()"]),
        (["logits.npy", "nowhere.npy"], 3, ["nowhere.npy: not found"]),
        (
            ["logits.npy", "short.npy", "labels.npy"],
            3,
            ["short.npy: has logits of shape (100, 10), logits.npy of (5000"],
        ),
        (
            ["short.npy", "logits.npy", "labels.npy"],
            3,
            ["logits.npy: has logits of shape (5000, 10), short.npy of (100"],
        ),
        *(
            (["logits.npy", "labels.npy", f"--eps={eps}"], 2, [f"eps: not a range of eps: {eps}", "0:0.5:0.05"])
            for eps in ("0:1:0", "0:1", "0.5:0:0.1")
        ),
        (["logits.npy", "labels.npy", "--eps=-0.1:0.1:0.1"], 2, ["-0.1", "--allow-negative-eps"]),
        (["logits.npy", "labels.npy", "--smoothing", "prior"], 2, ["needs a prior"]),
        (["logits.npy", "labels.npy", "--ci", "--bootstrap", "1"], 2, ["bootstrap: must be from 2 to 1000000"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_wrong_usage_and_input_are_refused(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, words: list[str]
) -> None:
    monkeypatch.chdir(folder)
    assert_refused(run("sweep", *arguments), code, *words)


@pytest.mark.parametrize("output", ["logits.npy", "logits_smoothed.npy", "labels.npy", "weights.csv"])
def test_no_input_is_overwritten(run: Run, folder: Path, output: str) -> None:
    np.savetxt(folder / "weights.csv", np.ones(10))
    before = (folder / output).read_bytes()
    paths = [folder / name for name in ("logits.npy", "logits_smoothed.npy", "labels.npy")]
    answer = run("sweep", *paths, "--class-weights", folder / "weights.csv", "-o", folder / output, "-f", "csv")
    assert_refused(answer, 2, "the output is one of the inputs")
    assert before == (folder / output).read_bytes()


def test_json_has_the_settings_and_the_verdict(run: Run) -> None:
    answer = run("sweep", LOGITS, SMOOTHED, LABELS, "--eps", "0:0.2:0.1", "--smoothing", "classy", "-f", "json")
    document = json.loads(answer.out)
    assert ([0.0, 0.1, 0.2], "flag") == answer.settings["eps"]
    assert ("classy", "flag") == answer.settings["smoothing"]
    assert ["logits", "labels", "logits"] == [entry["role"] for entry in document["inputs"]]
    assert f"{LOGITS}: over-confident" in document["conclusion"]
    assert f"{SMOOTHED}: over-smoothed (under-confident)" in document["conclusion"]
    assert f"{SMOOTHED} has the smaller loss at eps 0.1 to 0.2; at eps 0 it is within noise." in document["conclusion"]


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_threads(run: Run) -> None:
    options = ["--eps", "0,0.3", "--ci", "--bootstrap", "20", "-f", "csv"]
    one, other = (run("sweep", LOGITS, SMOOTHED, LABELS, *options, "--threads", n).out for n in (1, 3))
    assert one == other
    assert one != run("sweep", LOGITS, SMOOTHED, LABELS, *options, "--seed", "1").out


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("models", [[LOGITS], [LOGITS, SMOOTHED]], ids=["one", "two"])
def test_a_terminal_shows_a_matrix_that_fits(models: list[str], width: int) -> None:
    code, text, errors = on_terminal("sweep", *models, LABELS, width=width)
    plain = without_color(text)
    lines = plain.splitlines()
    assert (0, "") == (code, errors)
    assert text != plain
    assert [] == [line for line in lines if cell_len(line) > width]
    expected = {"0.00 0.2828 0 0.2828", "0.50 8.135 1.677 6.458"}
    assert expected <= {" ".join(line.removeprefix("    ▸").split()[:4]) for line in lines}
    assert len(models) == plain.count("▸ the least excess")
    assert len(models) == sum(line.startswith("    ▸ 0.") for line in lines)
    assert (len(models) == 2) == ("The ranking flips at eps 0.0001146 ± 0.0012" in plain)


def test_eval_shows_a_range_of_eps_in_the_same_way(run: Run) -> None:
    text = run("eval", LOGITS, LABELS, "--eps", "0:0.5:0.1", "-f", "table").out
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "▸ 0.0 0.2828 0 0.2828 0 0.2828 0 1.000 0" in lines
    assert "loss_smoothed" not in text
    few = run("eval", LOGITS, LABELS, "--eps", "0,0.5", "-f", "table").out
    assert 2 == few.count("loss_smoothed eps=")


@pytest.mark.parametrize("option", ["--binary", "--flatten"])
def test_labels_of_values_in_another_shape_come_last_too(run: Run, tmp_path: Path, option: str) -> None:
    random = np.random.default_rng(2)
    shape = (30,) if option == "--binary" else (6, 5, 4)
    paths = [tmp_path / name for name in ("a.npy", "b.npy", "labels.npy")]
    for path in paths[:2]:
        np.save(path, random.normal(size=shape))
    np.save(paths[2], random.integers(0, 2, shape[:2]))
    rows = records(run("sweep", *paths, option, "-q"))
    assert {str(paths[0]), str(paths[1])} == {row["source"] for row in rows}
    assert {"30"} == {row["n"] for row in rows}


def test_labels_of_images_come_last(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    names = [tmp_path / name for name in ("a.npy", "b.npy", "labels.npy")]
    for path in names[:2]:
        np.save(path, random.normal(size=(3, 7, 4, 2)))
    for labels in ((3, 4, 2), (3, 1, 4, 2), (24,)):
        np.save(names[2], random.integers(0, 7, labels))
        rows = records(run("sweep", *names, "--class-axis", "-3", "-q"))
        assert {str(path) for path in names[:2]} == {row["source"] for row in rows}
        assert {"24"} == {row["n"] for row in rows}
    np.save(names[1], random.normal(size=(3, 7, 2, 4)))
    says = "has logits of shape (3, 7, 2, 4)"
    assert_refused(run("sweep", *names, "--class-axis", "1"), 3, says, str(names[1]))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("first", "second"), [("labels", "labels"), ("label", "label"), ("labels", None), ("label", None)]
)
def test_models_in_tables_are_all_read_with_their_labels(
    run: Run, tmp_path: Path, suffix: str, first: str, second: str | None
) -> None:
    logits, smoothed, labels = (np.load(path)[:200] for path in (LOGITS, SMOOTHED, LABELS))
    paths = []
    for name, values, key in (("one", logits, first), ("two", smoothed, second)):
        frame = pd.DataFrame(values, columns=[f"c{k}" for k in range(values.shape[1])])
        if key is not None:
            frame[key] = labels
        paths.append(tmp_path / f"{name}.{suffix}")
        frame.to_csv(paths[-1], index=False) if suffix == "csv" else frame.to_parquet(paths[-1], index=False)
        np.save(tmp_path / f"{name}.npy", values)
    np.save(tmp_path / "labels.npy", labels)
    given = records(run("sweep", *paths, "--eps", "0.1"))
    expected = records(run("sweep", *(tmp_path / f"{name}.npy" for name in ("one", "two", "labels")), "--eps", "0.1"))
    assert {str(path) for path in paths} == {row["source"] for row in given}
    assert column(expected, "value") == pytest.approx(column(given, "value"), rel=1e-6, nan_ok=True)


def test_a_named_column_holds_the_labels_of_each_model(run: Run, tmp_path: Path) -> None:
    for name, path in (("one", LOGITS), ("two", SMOOTHED)):
        frame = pd.DataFrame(np.load(path)[:50], columns=[f"c{k}" for k in range(10)])
        frame["truth"] = np.load(LABELS)[:50]
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    rows = records(run("sweep", *paths, "--labels-column", "truth"))
    assert {str(path) for path in paths} == {row["source"] for row in rows}


def test_labels_in_a_text_follow_binary_logits_in_a_text(run: Run, tmp_path: Path) -> None:
    z, y = np.load(LOGITS)[:60, 1].astype(float), np.load(LABELS)[:60] % 2
    np.savetxt(tmp_path / "z.csv", z)
    np.savetxt(tmp_path / "y.csv", y, fmt="%d")
    np.save(tmp_path / "z.npy", z)
    np.save(tmp_path / "y.npy", y)
    texts, arrays = ([tmp_path / f"{name}.{suffix}" for name in "zy"] for suffix in ("csv", "npy"))
    given, expected = (records(run("sweep", *paths, "--binary")) for paths in (texts, arrays))
    assert column(expected, "value") == column(given, "value")


def test_labels_of_several_axes_are_labels_before_the_axis_of_the_classes_is_named(run: Run, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", random.normal(size=(4, 3, 5, 5)))
    np.save(tmp_path / "y.npy", random.integers(0, 3, (4, 5, 5)))
    answer = run("sweep", tmp_path / "x.npy", tmp_path / "y.npy")
    assert_refused(answer, 3, "labels (4, 5, 5) show that the classes are axis 1", "say --class-axis 1")


def test_soft_labels_are_the_last_path(run: Run, tmp_path: Path) -> None:
    q = np.eye(10)[np.load(LABELS)]
    np.save(tmp_path / "q.npy", q)
    rows = records(run("sweep", LOGITS, SMOOTHED, tmp_path / "q.npy", "--soft-labels", "--eps", "0.1", "-q"))
    hard = records(run("sweep", LOGITS, SMOOTHED, LABELS, "--eps", "0.1"))
    expected = {(row["source"], row["metric"]): float(row["value"]) for row in hard}
    assert {"loss_hard", "loss_smoothed", "loss_excess", "loss_difference"} <= {row["metric"] for row in rows}
    for row in rows:
        assert expected[row["source"], row["metric"]] == pytest.approx(float(row["value"]), rel=1e-9, abs=1e-12)
