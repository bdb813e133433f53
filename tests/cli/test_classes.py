"""`lscli classes`: what scikit-learn says of every class, its calibration and losses, and further metrics of it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from lscli.listings import Classes
from lscli.text import printable
from tests.cli.inprocess import Run, assert_refused, column, records, save_more, values
from tests.command import LABELS, LOGITS

HEADER = (
    "source,group,class,name,support,predicted,base_rate,mean_prob,recall,precision,ece,loss_hard,loss_uniform,"
    "logit_gap"
)


@pytest.fixture
def sparse(tmp_path: Path) -> tuple[str, str]:
    """Eight classes: 5 and 7 are no label, 7 is never predicted."""
    random = np.random.default_rng(2)
    x = random.normal(size=(80, 8)).astype(np.float32)
    x[:, 7] = -30
    y = random.choice([0, 1, 2, 3, 4, 6], 80)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "y.npy", y)
    return str(tmp_path / "x.npy"), str(tmp_path / "y.npy")


def test_counts_recall_and_precision_are_those_of_scikit_learn(run: Run, sparse: tuple[str, str]) -> None:
    answer = run("classes", *sparse)
    rows = records(answer)
    assert HEADER == answer.out.partition("\n")[0]
    y, predicted = np.load(sparse[1]), np.load(sparse[0]).argmax(axis=1)
    precision, recall, _, support = precision_recall_fscore_support(
        y, predicted, labels=range(8), zero_division=math.nan
    )
    assert list(range(8)) == [int(row["class"]) for row in rows]
    assert support.tolist() == [int(row["support"]) for row in rows]
    matrix = confusion_matrix(y, predicted, labels=range(8))
    assert matrix.sum(axis=0).tolist() == [int(row["predicted"]) for row in rows]
    assert recall.tolist() == pytest.approx(column(rows, "recall"), nan_ok=True)
    assert precision.tolist() == pytest.approx(column(rows, "precision"), nan_ok=True)
    assert (support / 80).tolist() == pytest.approx(column(rows, "base_rate"))


def test_numbers_that_a_class_without_samples_lacks_are_empty_cells(run: Run, sparse: tuple[str, str]) -> None:
    rows = records(run("classes", *sparse))
    names = ("name", "recall", "precision", "loss_hard", "loss_uniform", "logit_gap")
    assert [""] * 6 == [rows[7][name] for name in names]
    assert "" not in [rows[7][name] for name in ("support", "base_rate", "mean_prob", "ece")]
    document = json.loads(run("classes", *sparse, "-f", "json").out)
    assert "lscli.classes/1" == document["schema"]
    assert document["rows"][7]["recall"] is None


def test_means_over_the_classes_are_the_metrics(run: Run) -> None:
    rows = records(run("classes", LOGITS, LABELS))
    support = np.array(column(rows, "support"))
    of_all = values(run("eval", LOGITS, LABELS, "--metrics", "default,classwise_ece,classwise_ece_max"))
    for name in ("loss_hard", "loss_uniform"):
        assert of_all[name] == pytest.approx(support @ column(rows, name) / 5000, rel=1e-12)
    assert of_all["logit_gap_mean"] == pytest.approx(support @ column(rows, "logit_gap") / 5000, rel=1e-12)
    assert of_all["accuracy"] == pytest.approx(support @ column(rows, "recall") / 5000, rel=1e-12)
    assert 1.0 == pytest.approx(sum(column(rows, "mean_prob")), abs=1e-6)
    assert of_all["classwise_ece"] == pytest.approx(np.mean(column(rows, "ece")), rel=1e-12)
    assert of_all["classwise_ece_max"] == pytest.approx(max(column(rows, "ece")), rel=1e-12)


@pytest.mark.parametrize("rule", [["--bins", "5"], ["--bin-edges", "left"], ["--norm", "l2"], ["--norm", "max"]])
def test_the_error_of_a_class_obeys_the_rule(run: Run, rule: list[str]) -> None:
    ece = column(records(run("classes", LOGITS, LABELS, *rule)), "ece")
    found = values(run("eval", LOGITS, LABELS, "--metrics", "classwise_ece", *rule))["classwise_ece"]
    assert found == pytest.approx(np.mean(ece), rel=1e-12)


@pytest.mark.parametrize("by", HEADER.split(",")[4:])
@pytest.mark.parametrize("ascending", [False, True])
def test_rows_are_sorted_with_missing_values_last(run: Run, sparse: tuple[str, str], by: str, ascending: bool) -> None:
    found = column(records(run("classes", *sparse, "--sort", by, *["--ascending"] * ascending)), by)
    there = [value for value in found if value == value]
    assert sorted(there, reverse=not ascending) == there
    assert there == found[: len(there)]


def test_without_a_sort_and_by_class_the_classes_come_in_their_order(run: Run) -> None:
    for more in ([], ["--sort", "class"], ["--sort", "class", "--ascending"]):
        assert [str(k) for k in range(10)] == [row["class"] for row in records(run("classes", LOGITS, LABELS, *more))]


def test_top_keeps_the_first(run: Run) -> None:
    whole = records(run("classes", LOGITS, LABELS, "--sort", "ece"))
    assert whole[:3] == records(run("classes", LOGITS, LABELS, "--sort", "ece", "--top", "3"))
    assert whole == records(run("classes", LOGITS, LABELS, "--sort", "ece", "--top", "99"))


NAMES = ["[red]cat[/red]", "\x1b[2Jdog", "a,b", "日本語"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_only_line_ends_separate_names(run: Run, tmp_path: Path, end: str) -> None:
    names = ["a\u2028b", "c\x0bd", "e\x0cf", "g\x1ch\x85i\u2029j"]
    (tmp_path / "names.txt").write_bytes("".join(name + end for name in names).encode())
    rows = records(run("classes", *save_more(tmp_path), "--class-names", tmp_path / "names.txt", "--sort", "class"))
    assert [printable(name) for name in names] == [row["name"] for row in rows]


@pytest.mark.parametrize("format_name", ["csv", "table", "json", "markdown"])
def test_control_characters_in_names_are_escaped(run: Run, tmp_path: Path, format_name: str) -> None:
    pair = save_more(tmp_path)
    file = tmp_path / "names.txt"
    file.write_bytes("\n".join(NAMES).encode())
    answer = run("classes", *pair, "--class-names", file, "-f", format_name)
    assert (0, "") == (answer.code, answer.err)
    assert "" == "".join(c for c in answer.out if c != "\n" and not c.isprintable())
    assert [] == [name for name in ("cat", "2Jdog", "a,b", "日本語") if name not in answer.out]
    file.write_bytes("\n".join(NAMES[:3]).encode() + b"\ncaf\xe9\n")
    answer = run("classes", *pair, "--class-names", file, "-f", format_name)
    assert (0, "", True) == (answer.code, answer.err, "udce9" in answer.out)


def test_names_sort_in_their_order(run: Run, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("d\nb\nc\na\n")
    rows = records(run("classes", *save_more(tmp_path), "--class-names", tmp_path / "names.txt", "--sort", "name"))
    assert [("a", "3"), ("b", "1"), ("c", "2"), ("d", "0")] == [(row["name"], row["class"]) for row in rows]


@pytest.mark.parametrize("lines", ["", "a\nb\nc\n", "a\nb\nc\nd\ne\n"])
def test_another_number_of_names_is_refused(run: Run, tmp_path: Path, lines: str) -> None:
    file = tmp_path / "names.txt"
    file.write_text(lines)
    answer = run("classes", *save_more(tmp_path), "--class-names", file)
    assert_refused(answer, 3, f"{file}: {lines.count(chr(10))} names for 4 classes", "give one name per class")


def test_a_missing_file_of_names_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "names.txt"
    assert_refused(run("classes", LOGITS, LABELS, "--class-names", file), 3, str(file))


def test_the_file_of_names_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("a\nb\nc\nd\n")
    answer = run("classes", *save_more(tmp_path), "--class-names", file, "-o", file)
    assert_refused(answer, 2, "the output is one of the inputs")


METRICS = "loss,smoothing,aurc,ece,loss_smoothed@0.3"
OPTIONS = ("--eps", "0.1,0.2", "--noise-rate", "0.1", "--smoothing", "off-target")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[str, str]:
    x, y = save_more(tmp_path, rows=90, classes=5)
    labels = np.load(y)
    labels[labels == 3] = 0  # a class without samples
    np.save(y, labels)
    return x, y


def test_each_column_is_the_metric_of_the_samples_of_the_class(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    rows = records(run("classes", *pair, "--metrics", METRICS, *OPTIONS))
    x, y = (np.load(path) for path in pair)
    for k in (0, 1, 2, 4):
        np.save(tmp_path / "xk.npy", x[y == k])
        np.save(tmp_path / "yk.npy", y[y == k])
        alone = run("eval", tmp_path / "xk.npy", tmp_path / "yk.npy", "--metrics", METRICS, *OPTIONS, "--wide")
        expected = records(alone)[0]
        names = [name for name in expected if name not in ("source", "group", "n")]
        assert {"loss_smoothed@0.1", "loss_smoothed@0.2", "loss_smoothed@0.3", "loss_noise_corrected@0.1"} <= set(names)
        for name in names:
            own = "ece_of_label" if name == "ece" else name  # ece is that of the class's probability
            found, wanted = column(rows[k : k + 1], own), column([expected], name)
            assert wanted == pytest.approx(found, rel=1e-12, abs=1e-12, nan_ok=True), (k, name)
    assert {""} == {rows[3][name] for name in names if name != "ece"}


def test_metrics_add_columns_after_the_usual_ones(run: Run, pair: tuple[str, str]) -> None:
    plain = records(run("classes", *pair))
    more = records(run("classes", *pair, "--metrics", "gamma,above_target"))
    assert [*plain[0], "gamma", "above_target@0.1"] == list(more[0])
    assert plain == [{name: row[name] for name in plain[0]} for row in more]


def test_no_two_columns_have_one_name(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    weights = tmp_path / "c.npy"
    np.save(weights, [1.0, 2.0, 3.0, 0.5, 0.7])
    for options, added in (
        ([], ["ece_of_label", "gamma"]),
        (["--class-weights", weights], ["loss_hard_of_label", "ece_of_label", "gamma", "loss_uniform_of_label"]),
    ):
        (heading, *_) = run(
            "classes", *pair, "--metrics", "loss_hard,ece,gamma,loss_uniform", *options, "--sort", "ece_of_label"
        ).out.splitlines()
        assert [*Classes.FIXED, *added] == heading.split(",")
    plain = column(records(run("classes", *pair)), "ece")
    assert plain == column(records(run("classes", *pair, "--metrics", "ece")), "ece")


def test_classes_are_sorted_by_a_metric(run: Run, pair: tuple[str, str]) -> None:
    rows = records(run("classes", *pair, "--metrics", "above_target@0.2", "--sort", "above_target@0.2"))
    found = column(rows[:4], "above_target@0.2")
    assert sorted(found, reverse=True) == found
    assert len(set(found)) > 1
    assert "" == rows[4]["above_target@0.2"]


def test_metrics_keep_their_order(run: Run, pair: tuple[str, str]) -> None:
    (heading, *_) = run("classes", *pair, "--metrics", "gamma,eps_gap,accuracy").out.splitlines()
    assert ["gamma", "eps_gap", "accuracy"] == heading.split(",")[len(Classes.FIXED) :]


def test_metrics_respect_groups_weights_and_class_weights(run: Run, tmp_path: Path, pair: tuple[str, str]) -> None:
    weight = np.arange(90) % 3
    np.save(tmp_path / "w.npy", weight)
    np.save(tmp_path / "c.npy", np.arange(1.0, 6.0))
    meta = tmp_path / "meta.csv"
    meta.write_text("half\n" + "a\nb\n" * 45, encoding="utf-8")
    options = ("--weights", tmp_path / "w.npy", "--class-weights", tmp_path / "c.npy")
    rows = records(
        run("classes", *pair, *options, "--groups", meta, "--group-by", "half", "--metrics", "loss_smoothed,gamma")
    )
    x, y = (np.load(path) for path in pair)
    mine = (np.arange(90) % 2 == 1) & (y == 2)
    np.save(tmp_path / "xk.npy", np.repeat(x[mine], weight[mine], axis=0))
    np.save(tmp_path / "yk.npy", np.repeat(y[mine], weight[mine]))
    alone = run("eval", tmp_path / "xk.npy", tmp_path / "yk.npy", *options[2:], "--metrics", "loss_smoothed,gamma")
    expected = values(alone)
    row = next(row for row in rows if (row["group"], row["class"]) == ("b", "2"))
    assert expected["loss_smoothed"] == pytest.approx(float(row["loss_smoothed@0.1"]), rel=1e-12)
    assert expected["gamma"] == pytest.approx(float(row["gamma"]), rel=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--metrics", "classwise_ece"], ["classwise_ece is a metric of all classes together"]),
        (["--metrics", "gama"], ["did you mean 'gamma'"]),
        (["--sort", "gamma"], ["unknown column 'gamma'"]),
        (["--metrics", "gamma", "--sort", "gama"], ["did you mean 'gamma'"]),
        (["--metrics", "loss_smoothed", "--sort", "loss_smoothed@0.3"], ["unknown column", "loss_smoothed@0.1"]),
        (["--metrics", "gamma", "--eps", "2"], ["[0, 1]"]),
    ],
    ids=" ".join,
)
def test_a_wrong_metric_or_column_is_refused(
    run: Run, pair: tuple[str, str], options: list[str], words: list[str]
) -> None:
    assert_refused(run("classes", *pair, *options), 2, *words)
