"""`lscli.threshold` and `lscli threshold`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet
from scipy.special import logsumexp
from scipy.stats import beta

import lscli
from lscli.table import SampleTable
from tests.api.input_kinds import KINDS, given_as, groups_of_equal, probabilities
from tests.cli.inprocess import Run, assert_refused, records


def data(n: int = 600, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = random.integers(0, classes, n)
    x = random.normal(size=(n, classes)).astype(np.float32)
    x[np.arange(n), y] += 2.5
    return x, y


def files(folder: Path) -> list[str]:
    x, y = data()
    tx, ty = data(seed=1)
    for name, values in (("x", x), ("y", y), ("tx", tx), ("ty", ty)):
        np.save(folder / f"{name}.npy", values)
    np.savez(folder / "test.npz", logits=tx, labels=ty)
    return [str(folder / "x.npy"), str(folder / "y.npy")]


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


SCORES = {
    "msp": lambda x: softmax(x).max(axis=1),
    "margin": lambda x: np.sort(softmax(x), axis=1)[:, -1] - np.sort(softmax(x), axis=1)[:, -2],
    "entropy": lambda x: (softmax(x) * np.log(softmax(x))).sum(axis=1),
    "max_logit": lambda x: x.max(axis=1),
    "energy": lambda x: np.log(np.exp(x.astype(np.float64)).sum(axis=1)),
}


@pytest.mark.parametrize("score", SCORES)
def test_the_kept_samples_are_those_of_the_textbook(score: str) -> None:
    x, y = data()
    found = lscli.threshold(x, y, max_error=0.1, score=score)  # type: ignore[arg-type]
    assert found.threshold is not None
    kept = SCORES[score](x) >= found.threshold - 1e-9
    row = found.rows[0]
    assert (int(kept.sum()), int((x.argmax(axis=1) != y)[kept].sum())) == (row.kept, row.errors)
    assert row.bound <= 0.1 == row.max_error
    last = [point for point in found.points if point.passed][-1]
    assert (found.threshold, found.coverage, found.bound) == (last.threshold, last.coverage, last.bound)


def test_an_accuracy_is_the_same_limit_as_an_error() -> None:
    x, y = data()
    one, two = lscli.threshold(x, y, max_error=0.05), lscli.threshold(x, y, min_accuracy=0.95)
    assert list(one.rows) == list(two.rows)


def test_a_confidence_is_the_level() -> None:
    x, y = data()
    one, two = lscli.threshold(x, y, max_error=0.1, confidence=0.99), lscli.threshold(x, y, max_error=0.1, level=0.99)
    assert list(one.rows) == list(two.rows)
    assert one.bound > 0
    assert list(one.points) != list(lscli.threshold(x, y, max_error=0.1).points)


def test_a_coverage_has_one_point_and_no_limit() -> None:
    x, y = data()
    found = lscli.threshold(x, y, coverage=0.8)
    assert (480, True) == (found.rows[0].kept, np.isnan(found.rows[0].max_error))
    assert 1 == len(found.points)


def test_no_threshold_names_how_many_rows_and_which_error_would_do() -> None:
    x, y = data(50)
    found = lscli.threshold(x, y, max_error=0.05)
    assert (None, False) == (found.threshold, found.found)
    assert "that takes 59 samples, and there are 50" in found.conclusion
    limit = float(found.conclusion.partition("max_error=")[2].partition(" ")[0])
    assert lscli.threshold(x, y, max_error=limit).found
    right = np.eye(4)[np.arange(59) % 4] * 5, np.arange(59) % 4
    assert lscli.threshold(*right, max_error=0.05).found
    assert not lscli.threshold(right[0][:58], right[1][:58], max_error=0.05).found


def test_each_class_has_a_sequence_of_its_own() -> None:
    x, y = data()
    found = lscli.threshold(x, y, max_error=0.2, per_class=True)
    assert [None, 0, 1, 2, 3] == [row.number for row in found.rows]
    for row in found.rows[1:]:
        own = x.argmax(axis=1) == row.number
        # A sequence of the rows that predict this class alone.
        alone = lscli.threshold(x[own], y[own], max_error=0.2)
        assert alone.rows[0][4:] == row[4:]


def test_a_class_that_is_never_predicted_is_a_row_without_a_threshold() -> None:
    x, y = data()
    found = lscli.threshold(np.c_[x, np.full(len(x), -30)], y, max_error=0.2, per_class=True)
    assert (4, 0, False) == (found.rows[-1].number, found.rows[-1].n, found.rows[-1].found)


def test_groups_and_classes_together() -> None:
    x, y = data()
    found = lscli.threshold(x, y, max_error=0.2, per_class=True, groups=np.arange(600) % 2)
    assert [(group, number) for group in ("", "0", "1") for number in (None, 0, 1, 2, 3)] == [
        (row.group, row.number) for row in found.rows
    ]


def test_test_samples_are_measured_by_the_same_threshold() -> None:
    x, y = data()
    tx, ty = data(seed=1)
    found = lscli.threshold(x, y, max_error=0.1, test=(tx, ty))
    kept = softmax(tx).max(axis=1) >= found.threshold
    row = found.rows[1]
    assert (int(kept.sum()), int((tx.argmax(axis=1) != ty)[kept].sum())) == (row.kept, row.errors)
    assert ["logits", "labels", "test logits", "test labels"] == [each["role"] for each in found.inputs]
    assert (len(x), len(tx)) == (found.samples["rows"], found.samples["test_rows"])
    with pytest.raises(lscli.InputError, match="has 3 classes"):
        lscli.threshold(x, y, max_error=0.1, test=(tx[:, :3], ty % 3))


def test_tables_without_logits_have_the_confidence_alone() -> None:
    x, y = data()
    confidence, correct = softmax(x).max(axis=1), x.argmax(axis=1) == y
    table = SampleTable.from_confidences(confidence, correct)
    found = lscli.threshold(table, max_error=0.1)
    assert lscli.threshold(x, y, max_error=0.1).rows[0].kept == found.rows[0].kept
    with pytest.raises(lscli.UsageError, match="energy is not known"):
        lscli.threshold(table, max_error=0.1, score="energy")
    with pytest.raises(lscli.UsageError, match="the table has weights"):
        lscli.threshold(table.with_weights(np.ones(600)), max_error=0.1)
    with pytest.raises(lscli.UsageError, match="needs the classes"):
        lscli.threshold(table, max_error=0.1, per_class=True)


def test_clusters_are_refused_unless_the_samples_are_said_to_be_independent() -> None:
    x, y = data()
    with pytest.raises(lscli.UsageError, match="independent"):
        lscli.threshold(x, y, max_error=0.1, clusters=np.arange(600) // 3)
    with pytest.raises(lscli.UsageError, match="independent samples"):
        lscli.threshold(x.reshape(200, 3, 4), y.reshape(200, 3), max_error=0.1, flatten=True)
    flat = lscli.threshold(x.reshape(200, 3, 4), y.reshape(200, 3), max_error=0.1, flatten=True, clusters="none")
    assert lscli.threshold(x, y, max_error=0.1).rows[0].kept == flat.rows[0].kept


def test_probabilities_have_no_energy() -> None:
    x, y = data()
    p = softmax(x)
    assert lscli.threshold(p, y, max_error=0.1, kind="probs").rows[0].kept
    with pytest.raises(lscli.UsageError, match="energy needs logits"):
        lscli.threshold(p, y, max_error=0.1, kind="probs", score="energy")


def test_all_scores_equal_are_one_point() -> None:
    x, y = np.tile([2.0, 0.0], (100, 1)), np.zeros(100, int)
    found = lscli.threshold(x, y, max_error=0.1)
    assert (1.0, 1) == (found.coverage, len(found.points))
    assert "All scores are equal" in found.conclusion


@pytest.mark.parametrize("words", [["--threads", "1"], ["--threads", "3"], ["--chunk-rows", "7"]])
def test_the_bytes_do_not_depend_on_threads_or_chunks(run: Run, tmp_path: Path, words: list[str]) -> None:
    paths = files(tmp_path)
    command = ["threshold", *paths, "--max-error", "0.1", "--per-class", "-f", "csv"]
    assert run(*command).out == run(*command, *words).out


def test_the_exit_code_says_whether_there_is_a_threshold(run: Run, tmp_path: Path) -> None:
    paths = files(tmp_path)
    assert 0 == run("threshold", *paths, "--max-error", "0.1").code
    answer = run("threshold", *paths, "--max-error", "0.001", "-f", "csv")
    assert (1, 2) == (answer.code, len(answer.out.splitlines()))
    assert 1 == run("threshold", *paths, "--max-error", "0.001", "--points").code


def test_test_files_are_typed_in_any_form(run: Run, tmp_path: Path) -> None:
    paths = files(tmp_path)
    tx, ty, both = (str(tmp_path / name) for name in ("tx.npy", "ty.npy", "test.npz"))
    forms = (["--test", tx, ty], ["--test", f"{tx},{ty}"], ["--test", tx, "--test", ty], ["--test", both])
    found = [records(run("threshold", *paths, "--max-error", "0.1", *words, "-f", "csv"))[1] for words in forms]
    assert [tx, tx, tx, both] == [row.pop("source") for row in found]
    assert all(found[0] == row for row in found)


def test_points_are_a_table_of_their_own(run: Run, tmp_path: Path) -> None:
    rows = records(run("threshold", *files(tmp_path), "--max-error", "0.1", "--points", "-f", "csv"))
    assert ["source", "group", "class", "threshold", "coverage", "kept", "errors", "error", "bound", "passed"] == [
        *rows[0]
    ]
    assert [int(row["kept"]) for row in rows] == sorted(int(row["kept"]) for row in rows)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "no limit is given"),
        (["--max-error", "0.1", "--coverage", "0.5"], 2, "cannot be combined with --coverage"),
        (["--max-error", "0.1", "--confidence", "95"], 2, "between 0 and 1"),
        (["--max-error", "0.1", "--score", "mutual_information"], 2, "members of an ensemble"),
        (["--max-error", "0.1", "--clusters", "x.npy"], 2, "independent"),
        (["--max-error", "0.1", "--test", "a,b,c"], 2, "one or two files are needed"),
        (["c.npy", "--max-error", "0.1"], 2, "a third path is the labels of test samples"),
        (["--max-error", "0"], 2, "between 0 and 1"),
        (["--max-error", "0.1", "--test", "missing.npz"], 3, "missing.npz"),
    ],
)
def test_what_cannot_be_answered_is_refused(run: Run, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    assert_refused(run("threshold", *files(tmp_path), *words), code, said)


def test_a_typed_limit_replaces_that_of_the_project(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = files(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[tool.lscli.threshold]\nmax_error = 0.05\n")
    monkeypatch.chdir(tmp_path)
    answer = run("threshold", *paths, "--coverage", "0.5", "-f", "json")
    assert 0 == answer.code, answer.err
    settings = json.loads(answer.out)["settings"]
    assert ({"value": None, "from": "default"}, 0.5) == (settings["max_error"], settings["coverage"]["value"])
    assert "0.05" == records(run("threshold", *paths, "-f", "csv"))[0]["max_error"]


def test_a_confidence_that_is_a_level_leaves_other_settings_of_the_project(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = data()
    np.save(tmp_path / "p.npy", softmax(x))
    np.save(tmp_path / "y.npy", y)
    (tmp_path / "pyproject.toml").write_text('[tool.lscli]\nkind = "probs"\n')
    monkeypatch.chdir(tmp_path)
    answer = run("threshold", "p.npy", "y.npy", "--max-error", "0.1", "--confidence", "0.9", "-f", "json")
    assert (0, "probs") == (answer.code, answer.settings["kind"][0])


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_view_fits_and_marks_the_threshold(width: int) -> None:
    from lscli.render.renderers import Screen, render

    x, y = data()
    found = lscli.threshold(x, y, max_error=0.1, per_class=True, test=data(seed=1))
    text = b"".join(render(found, "table", Screen(width, color=False))).decode()
    assert all(len(line) <= width for line in text.splitlines())
    assert 1 == sum(line.strip().startswith("*") for line in text.splitlines())
    assert f"samples with msp >= {found.threshold!r} have" in " ".join(text.split())
    assert {"calibration", "test"} <= {line.split()[0] for line in text.splitlines() if line.strip()}


def test_rows_of_test_arrays_are_told_from_those_of_calibration() -> None:
    found = lscli.threshold(*data(), max_error=0.1, test=data(seed=1))
    assert ["logits", "test logits"] == [row.source for row in found.rows]
    assert f"Of test logits, it keeps {100 * found.rows[1].coverage:.1f} %" in found.conclusion


def test_the_threshold_in_the_sentence_keeps_the_same_samples() -> None:
    x, y = data()
    found = lscli.threshold(x, y, max_error=0.1)
    said = float(found.conclusion.partition(">= ")[2].split()[0])
    assert found.rows[0].kept == np.count_nonzero(lscli.per_sample(x, y).to_frame()["confidence"] >= said)


@pytest.mark.parametrize("per_class", [False, True])
def test_a_missing_class_has_one_type_in_frames_and_files_and_no_text(per_class: bool) -> None:
    from lscli.render.renderers import Screen, render

    found = lscli.threshold(*data(), max_error=0.1, per_class=per_class, test=data(seed=1))
    for answer in (found, found.tested(), lscli.conformal(*data(), *data(seed=1), by_class=per_class)):
        assert "Int64" == answer.to_frame()["class"].dtype
        file = io.BytesIO(b"".join(render(answer, "parquet", Screen(100, color=False))))
        assert "int64" == str(parquet.read_schema(file).field("class").type)
        for text in (answer._repr_html_(), b"".join(render(answer, "markdown", Screen(100, color=False))).decode()):
            assert "None" not in text


def test_a_threshold_near_1_has_the_digits_that_tell_it_from_1() -> None:
    from lscli.render.renderers import Screen, render

    x, y = data()
    found = lscli.threshold(6 * x, y, coverage=0.3)
    assert 0.99995 < found.rows[0].threshold < 1
    for text in (found._repr_html_(), b"".join(render(found, "markdown", Screen(100, color=False))).decode()):
        assert f"{found.threshold:.6g}" in text


@pytest.mark.parametrize(("form", "stderr"), [("csv", True), ("parquet", True), ("json", False), ("markdown", False)])
def test_formats_without_the_sentence_say_on_stderr_why_there_is_no_threshold(
    run: Run, tmp_path: Path, form: str, stderr: bool
) -> None:
    answer = run("threshold", *files(tmp_path), "--max-error", "0.001", "-f", form)
    assert (1, stderr) == (answer.code, "that takes 2,995 samples, and there are 600" in answer.err)
    assert "" == run("threshold", *files(tmp_path), "--max-error", "0.001", "-f", form, "-q").err


def test_a_map_that_was_fitted_on_these_samples_has_no_guarantee() -> None:
    x, y = data()
    calibrator = lscli.fit(x, y).calibrator
    with pytest.warns(lscli.LscliWarning, match="no guarantee holds for these"):
        lscli.threshold(x, y, max_error=0.1, calibrator=calibrator)
    other, labels = data(seed=1)
    assert lscli.threshold(other, labels, max_error=0.1, calibrator=calibrator).found


def certainty(x: np.ndarray, score: str) -> np.ndarray:
    """Its order alone is used."""
    p = probabilities(x)
    ordered = np.sort(p, axis=1)
    return groups_of_equal(
        {
            "msp": ordered[:, -1],
            "margin": ordered[:, -1] - ordered[:, -2],
            "entropy": np.where(p > 0, p * np.log(np.where(p > 0, p, 1)), 0).sum(axis=1),
            "energy": logsumexp(x, axis=1),
        }[score]
    )


@pytest.mark.filterwarnings("ignore:.*left out:lscli.LscliWarning", "ignore:.*masked:lscli.LscliWarning")
@pytest.mark.parametrize("score", ["msp", "margin", "entropy", "energy"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_has_the_sequence_of_its_plain_logits(kind: str, score: str) -> None:
    one = given_as(kind, 1)
    if score == "energy" and kind in (
        "probs",
        "probs16",
        "log-probs",
        "zeros",
        "ensemble",
        "binary-probs",
        "binary-pairs",
    ):
        return
    values, wrong = certainty(one.plain, score), one.plain.argmax(axis=1) != one.truth
    expected: list[tuple[Any, ...]] = []
    for percent in range(10, 101, 5):
        size = max(-(-len(values) * percent // 100), 5)  # ceil(ln .1 / ln .6)
        keep = values >= np.sort(values)[-size]
        kept, errors = int(keep.sum()), int(wrong[keep].sum())
        bound = beta.ppf(0.9, errors + 1, kept - errors)
        if not expected or kept > expected[-1][0]:
            expected.append((kept, errors, pytest.approx(bound), bound <= 0.4))
        if bound > 0.4:
            break
    words: dict[str, Any] = {"max_error": 0.4, "confidence": 0.9, "score": score, **one.options}
    found = lscli.threshold(one.logits, one.labels, **words)
    points: list[tuple[Any, ...]] = [(each.kept, each.errors, each.bound, each.passed) for each in found.points]
    assert expected == points
    assert found.found
    # The same samples have the same errors, as test samples and when the threshold is checked.
    options = {name: value for name, value in one.options.items() if name != "clusters"}
    again = lscli.threshold(one.logits, one.labels, test=(one.logits, one.labels), **words)
    assert again.rows[0][4:] == again.rows[1][4:]
    row = lscli.check(one.logits, one.labels, threshold=found, strict=True, **{**options, "clusters": "none"}).rows[0]
    assert (found.rows[0].error, found.bound, True) == (row.value, row.ci_high, row.passed)
