"""`lscli smooth`: the targets of labels, a row each, or those of one label; what is refused; long files."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lscli import smooth_labels
from lscli.api.smooth import smoothed_rows
from lscli.options import Smoothing, SmoothOptions
from tests.cli.inprocess import Run, assert_refused, column, records
from tests.cli.terminal import on_terminal
from tests.command import LABELS, LOGITS, command, lscli
from tests.measured import measured

Y = np.load(LABELS)
PRIOR = np.array([0.4, 0.3, 0.2, 0.1])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Seven labels of four classes, one of them ignored."""
    path = tmp_path / "y.npy"
    np.save(path, np.array([0, 1, 2, -100, 3, 1, 1]))
    return path


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_the_rows_are_the_targets_with_all_their_digits(run: Run, smoothing: Smoothing) -> None:
    rows = records(run("smooth", LABELS, "--classes", 10, "--eps", 0.3, "--smoothing", smoothing))
    expected = smooth_labels(Y, 10, 0.3, smoothing)
    assert [f"q{k}" for k in range(10)] == list(rows[0])
    assert expected.tolist() == [[float(cell) for cell in row.values()] for row in rows]


def test_labels_that_are_names(run: Run, tmp_path: Path) -> None:
    (tmp_path / "y.csv").write_text("label\ndog\ncat\n-100\nemu\n")
    (tmp_path / "names.txt").write_text("cat\ndog\nemu\n")
    expected = smooth_labels([1, 0, -100, 2], 3, 0.1).tolist()
    names = ("--class-names", tmp_path / "names.txt")
    for words in ([], ["--classes", 3]):
        answer = run("smooth", tmp_path / "y.csv", *names, *words, "-q")
        assert expected == [[float(cell) for cell in row.values()] for row in records(answer)]
    document = json.loads(run("smooth", tmp_path / "y.csv", *names, "-q", "-f", "json").out)
    assert ["labels", "class_names"] == [entry["role"] for entry in document["inputs"]]
    assert ("text", str(tmp_path / "names.txt")) == tuple(document["inputs"][0][key] for key in ("dtype", "names"))
    assert_refused(run("smooth", tmp_path / "y.csv", *names, "--classes", 4), 3, "3 names for 4 classes")
    assert_refused(
        run("smooth", tmp_path / "y.csv", "--classes", 3), 3, "'dog' is not an integer", "--class-names FILE"
    )
    assert_refused(run("smooth", tmp_path / "y.csv"), 3, "'dog' is not an integer", "--class-names FILE")


def test_labels_that_are_truth_values(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "y.npy", [True, False])
    rows = records(run("smooth", tmp_path / "y.npy", "--classes", 2))
    assert smooth_labels([1, 0], 2, 0.1).tolist() == [[float(cell) for cell in row.values()] for row in rows]
    assert_refused(run("smooth", tmp_path / "y.npy", "--classes", 3), 3, "not integer labels (bool)")
    assert_refused(run("smooth", tmp_path / "y.npy"), 2, "the number of classes is not known")


def test_the_example_of_the_article(run: Run) -> None:
    answer = run("smooth", "--label", 1, "--classes", 4, "--eps", 0.001)
    expected = (
        "q0,q1,q2,q3,floor,optimal_gap\n0.00025,0.99925,0.00025,0.00025,0.0069702559097376705,8.293299358711323\n"
    )
    assert (0, expected, "") == answer


def test_a_prior_from_a_file(run: Run, labels: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", PRIOR)
    (tmp_path / "p.csv").write_text("\n".join(map(str, PRIOR)))
    expected = smooth_labels(np.load(labels), 4, 0.2, "prior", PRIOR)
    for name in ("p.npy", "p.csv"):
        arguments = ("--classes", 4, "--eps", 0.2, "--smoothing", "prior", "--prior", tmp_path / name)
        answer = run("smooth", labels, *arguments, "-q", "-f", "json")
        document = json.loads(answer.out)
        np.testing.assert_allclose([list(row.values()) for row in document["rows"]], expected, rtol=1e-15)
        assert ["labels", "prior"] == [entry["role"] for entry in document["inputs"]]
        found = column(records(run("smooth", "--label", 3, *arguments)), "q3")
        assert [0.8 + 0.2 * 0.1] == pytest.approx(found, rel=1e-15)
        assert "The same" not in run("smooth", "--label", 3, *arguments, "-f", "table").out  # a prior has no equal


def test_the_empirical_prior_is_the_share_of_the_kept_labels(run: Run, labels: Path, tmp_path: Path) -> None:
    arguments = ("--smoothing", "prior", "--prior", "empirical", "--eps", 1, "-q")
    rows = records(run("smooth", labels, "--classes", 4, *arguments))
    assert [1 / 6, 3 / 6, 1 / 6, 1 / 6] == pytest.approx([float(cell) for cell in rows[0].values()], rel=1e-15)
    many = np.random.default_rng(0).random((50_000, 4)).astype(np.float32)  # several blocks
    np.save(tmp_path / "soft.npy", many)
    rows = records(run("smooth", tmp_path / "soft.npy", *arguments))
    sums = many.astype(float).sum(axis=0)
    assert (sums / sums.sum()).tolist() == pytest.approx([float(cell) for cell in rows[0].values()], rel=1e-12)


def test_ignored_labels_are_zeros_and_one_warning(run: Run, labels: Path, tmp_path: Path) -> None:
    answer = run("smooth", labels, "--classes", 4)
    assert f"lscli: warning: {labels}: 1 of 7 labels are ignored: their targets are 0\n" == answer.err
    assert "0.0,0.0,0.0,0.0" == answer.out.splitlines()[4]
    assert "" == run("smooth", labels, "--classes", 4, "-q").err
    np.save(labels, np.array([1, 7, 7]))
    assert "2 of 3 labels" in run("smooth", labels, "--classes", 4, "--ignore-index", 7).err
    np.save(tmp_path / "sets.npy", np.array([[1, 0], [-1, -1], [-1, 1]]))
    answer = run("smooth", tmp_path / "sets.npy", "--ignore-index", -1)
    assert "1 of 3 labels" in answer.err
    assert ["q0,q1", "0.95,0.05", "0.0,0.0", "0.05,0.95"] == answer.out.splitlines()
    np.save(tmp_path / "many.npy", np.full((40_000, 2), -100.0))  # several blocks
    assert "40000 of 40000 labels" in run("smooth", tmp_path / "many.npy", "-o", tmp_path / "x.npy").err


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float16", ">f4", "float64"])
def test_rows_of_the_file_are_sets_of_classes(run: Run, tmp_path: Path, dtype: str) -> None:
    sets = np.array([[0, 1, 0], [1, 0, 1], [0, 0, 0]])
    np.save(tmp_path / "sets.npy", sets.astype(dtype))
    np.savez(tmp_path / "sets.npz", labels=np.asfortranarray(sets.astype(dtype)), other=1)
    for path in (tmp_path / "sets.npy", tmp_path / "sets.npz"):
        for more in ((), ("--classes", 3)):
            rows = records(run("smooth", path, *more))
            expected = smooth_labels(sets, 3, 0.1).tolist()
            assert expected == [[float(cell) for cell in row.values()] for row in rows]


def test_class_numbers_from_other_files(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "y.npz", truth=np.array([1, 0]), other=np.array([0]))
    (tmp_path / "y.csv").write_text("name,y\na,1\nb,0\n")
    expected = "q0,q1\n0.05,0.95\n0.95,0.05\n"
    for arguments in (("y.npz", "--labels-key", "truth"), ("y.csv", "--labels-column", "y")):
        assert (0, expected, "") == run("smooth", tmp_path / arguments[0], *arguments[1:], "--classes", 2)


# Formats.


def test_an_array_by_the_suffix_and_through_a_pipe(run: Run, tmp_path: Path) -> None:
    expected = smooth_labels(Y, 10, 0.1)
    assert (0, "", "") == run("smooth", LABELS, "--classes", 10, "-o", tmp_path / "t.npy")
    found = np.load(tmp_path / "t.npy")
    assert (np.float64, True) == (found.dtype, np.array_equal(expected, found))
    done = subprocess.run(command(["smooth", LABELS, "--classes", 10, "-f", "npy"]), capture_output=True, check=True)
    assert (tmp_path / "t.npy").read_bytes() == done.stdout
    assert b"" == done.stderr


def test_an_array_is_not_written_to_a_terminal() -> None:
    code, shown, errors = on_terminal("smooth", LABELS, "--classes", "10", "-f", "npy")
    assert (2, "") == (code, shown)
    assert ["lscli: format: npy cannot be shown on a terminal", "hint: name a file: -o x.npy"] == errors.splitlines()


def test_json_parquet_and_markdown_hold_what_the_csv_holds(run: Run, tmp_path: Path) -> None:
    arguments = ("smooth", LABELS, "--classes", 10, "--smoothing", "classy")
    expected = pd.read_csv(io.StringIO(run(*arguments).out))
    assert (0, "", "") == run(*arguments, "-o", tmp_path / "t.parquet")
    pd.testing.assert_frame_equal(expected, pd.read_parquet(tmp_path / "t.parquet"), rtol=1e-15)
    document = json.loads(run(*arguments, "-f", "json").out)
    assert ("lscli.smooth/1", expected.to_dict("records")) == (document["schema"], document["rows"])
    assert {"rows": 5000, "ignored": 0} == document["samples"]
    assert ["| q0 | q1 |", "| --- | --- |"] == [
        line[:11] + line[-2:] * (k == 1) for k, line in enumerate(run(*arguments, "-f", "markdown").out.split("\n")[:2])
    ]


def test_the_frame_of_the_rows_is_that_of_the_csv(run: Run) -> None:
    expected = pd.read_csv(io.StringIO(run("smooth", LABELS, "--classes", 10).out))
    many = np.tile(Y, 3)  # several blocks
    found = smoothed_rows(many, SmoothOptions(classes=10)).to_frame()
    pd.testing.assert_frame_equal(pd.concat([expected] * 3, ignore_index=True), found, rtol=1e-15)


def test_json_has_the_settings_with_their_origins(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSCLI_SMOOTHING", "classy")
    settings = run("smooth", LABELS, "--classes", 10, "-f", "json").settings
    assert ("classy", "environment") == settings["smoothing"]
    assert [(10, "flag"), (0.1, "default")] == [settings["classes"], settings["eps"]]
    settings = run("smooth", "--label", 2, "--classes", 3, "--eps", "0.2", "-f", "json").settings
    assert [(2, "flag"), (0.2, "flag"), ("classy", "environment")] == [
        settings[name] for name in ("label", "eps", "smoothing")
    ]


def test_a_negative_eps_has_targets_and_no_floor(run: Run) -> None:
    arguments = ("smooth", "--label", 0, "--classes", 2, "--eps=-0.2", "--allow-negative-eps")
    assert (0, "q0,q1,floor,optimal_gap\n1.1,-0.1,,\n", "") == run(*arguments)
    text = run(*arguments, "-f", "table").out
    assert "none" in text
    assert "The same" not in text


@pytest.mark.parametrize("smoothing", ["uniform", "off-target", "classy"])
def test_eps_1_has_targets_too(run: Run, smoothing: Smoothing) -> None:
    (row,) = records(run("smooth", "--label", 0, "--classes", 2, "--eps", 1, "--smoothing", smoothing))
    expected = {"uniform": ["0.5", "0.5"], "off-target": ["0.0", "1.0"], "classy": ["0.75", "0.25"]}[smoothing]
    assert expected == [row["q0"], row["q1"]]
    assert {"uniform": "0.0", "off-target": "-inf"}.get(smoothing, row["optimal_gap"]) == row["optimal_gap"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["no labels were given", "--label 1 --classes 4"]),
        ([LABELS, "--label", 1, "--classes", 10], ["LABELS and --label", "leave out one"]),
        ([LABELS], ["number of classes", "--classes K"]),
        (["--label", 1], ["number of classes", "--classes K"]),
        ([LABELS, "--classes", 1], ["classes", "at least 2", "1"]),
        ([LABELS, "--classes", "x"], ["--classes", "'x' is not a whole number"]),
        (["--label", 4, "--classes", 4], ["label", "from 0 to 3, got 4"]),
        (["--label=-1", "--classes", 4], ["label", "from 0 to 3, got -1"]),
        ([LABELS, "--classes", 10, "--eps", "nan"], ["eps", "finite and in [0, 1]", "nan", "--eps 0.1"]),
        ([LABELS, "--classes", 10, "--eps", "1.5"], ["eps", "1.5"]),
        ([LABELS, "--classes", 10, "--eps", ""], ["eps"]),
        ([LABELS, "--classes", 10, "--eps=-0.1"], ["-0.1", "--allow-negative-eps"]),
        ([LABELS, "--classes", 10, "--eps", "0.1,0.2"], ["one eps, got 2", "--eps 0.1"]),
        ([LABELS, "--classes", 10, "--eps", "0.1", "--eps", "0.2"], ["one eps, got 2"]),
        ([LABELS, "--classes", 10, "--eps", "0:0.5:0.1"], ["one eps, got 6"]),
        ([LABELS, "--classes", 10, "--smoothing", "unifrom"], ["'unifrom'", "'uniform'"]),
        ([LABELS, "--classes", 10, "--smoothing", "prior"], ["needs a prior", "--prior"]),
        ([LABELS, "--classes", 10, "--prior", "empirical"], ["no prior", "--smoothing prior"]),
        (["--label", 1, "--classes", 4, "--smoothing", "prior", "--prior", "empirical"], ["no labels to count"]),
        (["--label", 1, "--classes", 4, "-f", "npy"], ["not an array", "-f csv"]),
        (["--label", 0, "--classes", 4, "--smoothing", "classy", "--eps=-1", "--allow-negative-eps"], ["above -1"]),
    ],
)
def test_wrong_usage_is_one_line_and_a_hint(
    run: Run, tmp_path: Path, arguments: list[object], words: list[str]
) -> None:
    assert_refused(run("smooth", *arguments), 2, *words)
    if "-f" not in arguments:
        assert_refused(run("smooth", *arguments, "-o", tmp_path / "x.csv"), 2, *words)
        assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("saved", "more", "words"),
    [
        ([0, 1, 4, 0], ("--classes", 4), ["out of range at row 2 (value 4, 4 classes)"]),
        ([0, 2, -1], ("--classes", 4), ["row 2 (value -1", "--ignore-index -1"]),
        ([-100, -100], ("--classes", 4), ["all 2 samples are ignored"]),
        ([0.0, 1.0], ("--classes", 4), ["not integer labels"]),
        ([[0], [1]], ("--classes", 4), ["(2, 1)", "labels.ravel()"]),
        ([[[0, 1]]], ("--classes", 4), ["(1, 1, 2)"]),
        (np.empty((0, 3)), (), ["no rows"]),
        (np.empty((3, 0)), (), ["at least 2 classes"]),
        ([["a", "b"]], (), ["not numbers"]),
        ([[0, 1, 0]], ("--classes", 4), ["labels of 3 classes, not 4"]),
        ([[0, 1, 0], [0, 2, 0]], (), ["row 1, class 1: 2 is not in [0, 1]"]),
        ([[0, 1, 0], [0, np.nan, 0]], (), ["row 1, class 1: nan"]),
        ([[0, 0]], ("--smoothing", "prior", "--prior", "empirical"), ["no row has a class"]),
    ],
)
def test_labels_that_cannot_be_used_leave_no_file(
    run: Run, tmp_path: Path, saved: object, more: tuple[object, ...], words: list[str]
) -> None:
    path = tmp_path / "bad.npy"
    np.save(path, np.asarray(saved))
    for suffix in ("csv", "npy", "json", "parquet"):
        assert_refused(run("smooth", path, *more, "-o", tmp_path / f"x.{suffix}"), 3, str(path), *words)
    assert [path] == list(tmp_path.iterdir())
    for format_name in ("csv", "npy", "table"):
        assert_refused(run("smooth", path, *more, "-f", format_name), 3, str(path), *words)


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ([0.5, 0.5], ["2 priors for 4 classes"]),
        ([0.5, 0.6, -0.1, 0], ["class 2 is negative"]),
        ([0.5, 0.1, 0.1, 0.1], ["sums to 0.8, not to 1"]),
        ([np.nan, 0.1, 0.1, 0.1], ["class 0 is not finite"]),
    ],
)
def test_a_prior_that_cannot_be_used_is_refused(run: Run, tmp_path: Path, prior: list[float], words: list[str]) -> None:
    np.save(tmp_path / "p.npy", prior)
    np.save(tmp_path / "y.npy", [0, 1, 3])
    arguments = ("--classes", 4, "--smoothing", "prior", "--prior", tmp_path / "p.npy")
    assert_refused(run("smooth", tmp_path / "y.npy", *arguments), 3, "p.npy", *words)
    assert_refused(run("smooth", "--label", 1, *arguments, "-o", tmp_path / "x.csv"), 3, "p.npy", *words)
    assert not (tmp_path / "x.csv").exists()


def test_an_input_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    labels = tmp_path / "y.npy"
    np.save(labels, [0, 1, 3])
    np.save(tmp_path / "p.npy", np.full(4, 0.25))
    prior = ("--smoothing", "prior", "--prior", tmp_path / "p.npy")
    for output in (labels, tmp_path / "p.npy"):
        before = output.read_bytes()
        assert_refused(run("smooth", labels, "--classes", 4, *prior, "-o", output), 2, "one of the inputs")
        assert before == output.read_bytes()


@pytest.mark.parametrize("command_name", ["metrics", "bins", "classes", "samples", "eval"])
def test_other_commands_refuse_npy(run: Run, tmp_path: Path, command_name: str) -> None:
    arguments = [] if command_name == "metrics" else [LOGITS, LABELS]
    assert_refused(run(command_name, *arguments, "-f", "npy"), 2, "not an array", "-f csv, tsv, json", "parquet")
    assert_refused(run(command_name, *arguments, "-o", tmp_path / "x.npy"), 2, "not an array")
    assert [] == list(tmp_path.iterdir())


ROWS, CLASSES = 200_000, 500


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels whose targets take 800 MB."""
    path = tmp_path_factory.mktemp("long") / "y.npy"
    np.save(path, np.arange(ROWS) % CLASSES)
    return path


def test_labels_that_count_from_1(run: Run, tmp_path: Path) -> None:
    np.save(tmp_path / "zero.npy", [0, 2, -100, 1])
    np.save(tmp_path / "one.npy", [1, 3, -100, 2])
    expected = run("smooth", tmp_path / "zero.npy", "--classes", 3, "-q")
    assert expected == run("smooth", tmp_path / "one.npy", "--classes", 3, "--labels-from", 1, "-q")
    one = run("smooth", "--label", 1, "--classes", 4, "--labels-from", 1, "-f", "csv")
    assert run("smooth", "--label", 0, "--classes", 4, "-f", "csv") == one
    for label in (0, 5):
        answer = run("smooth", "--label", label, "--classes", 4, "--labels-from", 1)
        assert_refused(answer, 2, f"must be from 1 to 4, got {label}", "labels count from 1")
    np.save(tmp_path / "rows.npy", [[0, 1, 0]])
    assert_refused(run("smooth", tmp_path / "rows.npy", "--labels-from", 1), 2, "leave out --labels-from")


@pytest.mark.parametrize("format_name", ["csv", "json", "table", "npy"])
def test_a_closed_pipe_ends_the_run_at_once_and_silently(long: Path, format_name: str) -> None:
    run = measured(["smooth", long, "--classes", CLASSES, "-f", format_name], close_after=400)
    assert (400, 141, "") == (len(run.out), run.code, run.err)
    assert 6 > run.seconds  # all rows as text take a minute


def test_memory_is_flat(long: Path) -> None:
    run = measured(["smooth", long, "--classes", CLASSES, "-f", "npy", "-o", "/dev/null"])
    assert (0, "") == (run.code, run.err)
    assert 100 << 20 > run.memory


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_a_bad_row_late_in_the_file_leaves_the_old_output(tmp_path: Path, suffix: str) -> None:
    rows = np.zeros((30_000, 5), np.float32)
    rows[25_000, 3] = 7
    np.save(tmp_path / "soft.npy", rows)
    output = tmp_path / f"out{suffix}"
    output.write_text("old")
    done = lscli("smooth", tmp_path / "soft.npy", "-o", output)
    assert (3, "", True) == (done.returncode, done.stdout, "row 25000, class 3: 7 " in done.stderr)
    assert {output, tmp_path / "soft.npy"} == set(tmp_path.iterdir())
    assert "old" == output.read_text()


@pytest.mark.parametrize("arguments", [[LABELS], ["--label", 1]])
@pytest.mark.parametrize("classes", [10**9, 2**31 - 1])
def test_more_classes_than_fit_into_memory_are_refused_at_once(run: Run, arguments: list[object], classes: int) -> None:
    assert_refused(run("smooth", *arguments, "--classes", classes), 4, "classes: a row of", "of memory", "--classes")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_the_columns_of_a_table_may_be_rows_of_0_and_1(run: Run, tmp_path: Path, suffix: str) -> None:
    rows = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]])
    frame, path = pd.DataFrame(rows, columns=list("abc")), tmp_path / f"y.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path, index=False)
    np.save(tmp_path / "y.npy", rows)
    expected, given = (run("smooth", each, "--eps", "0.1", "-f", "csv") for each in (tmp_path / "y.npy", path))
    assert (0, expected.out) == (given.code, given.out)
