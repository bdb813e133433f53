"""Samples of lm-evaluation-harness: log-likelihoods of choices are logits, and each line's target is its label."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.errors import InputError
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS
from lscli.io.open import open_inputs
from tests.io.make import descriptors, figures
from tests.io.table_files import refused

ROWS, CHOICES = 40, 4
VALUES = -np.random.default_rng(2).exponential(10, (ROWS, CHOICES))
TARGETS = np.arange(ROWS) % CHOICES
EXPECTED = figures(lscli.evaluate(VALUES, TARGETS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "samples_task.jsonl"


def sample(row: int, count: int = CHOICES, **more: Any) -> dict[str, Any]:
    """A line as version 0.4 writes it: numbers are strings."""
    values = VALUES[row, :count].tolist()
    own = {
        "doc_id": row,
        "doc": {"question": "?" * 50},
        "target": str(TARGETS[row] % count),
        "arguments": {f"gen_args_{k}": {"arg_0": f"Q {row}\nA:", "arg_1": f" choice {k}"} for k in range(count)},
        "resps": [[[repr(value), "False"]] for value in values],
        "filtered_resps": [[repr(value), "False"] for value in values],
        "filter": "none",
        "acc": float(values.index(max(values)) == TARGETS[row] % count),
    }
    return {key: value for key, value in {**own, **more}.items() if value is not ...}


def written(path: Path, samples: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in samples), encoding="utf-8")
    return path


def read(path: Path, **more: Any) -> list[str]:
    """The figures where every line has these fields; a function makes a field of the line's number."""
    lines = ({name: value(row) if callable(value) else value for name, value in more.items()} for row in range(ROWS))
    return figures(lscli.evaluate(written(path, (sample(row, **line) for row, line in enumerate(lines)))))


def spoilt(path: Path, says: str, **more: Any) -> lscli.LscliError:
    """The error where the sixth line has these fields."""
    error = refused(written(path, (sample(row, **(more if row == 5 else {})) for row in range(ROWS))), says)
    assert str(error).isprintable()
    return error


def test_the_choices_are_the_classes(path: Path) -> None:
    written(path, map(sample, range(ROWS)))
    for chunk_rows in (7, None):
        report = lscli.evaluate(path, chunk_rows=chunk_rows)
        assert EXPECTED == figures(report)
    assert ("float64", [ROWS, CHOICES]) == (report.inputs[0]["dtype"], report.inputs[0]["shape"])


def numbers(row: int) -> list[Any]:
    return [[value, False] for value in VALUES[row].tolist()]


@pytest.mark.parametrize(
    "more",
    [
        {"filtered_resps": numbers},
        {"filtered_resps": ..., "filter": ...},
        {"filtered_resps": ..., "resps": lambda row: [[each] for each in numbers(row)]},
        {"arguments": lambda row: [[f"Q {row}", f" choice {k}"] for k in range(CHOICES)]},
        {"arguments": ...},
        {"doc_id": ...},
        {"acc": ...},
        {"target": lambda row: int(TARGETS[row])},
        {"target": lambda row: [int(TARGETS[row])]},
        {"target": lambda row: str([int(TARGETS[row])])},
        {"target": lambda row: f"choice {TARGETS[row]}"},
        {"target": lambda row: f" choice {TARGETS[row]}\n"},
        {"target": lambda row: "ABCD"[TARGETS[row]]},
        {"target": lambda row: f"({'ABCD'[TARGETS[row]]})", "arguments": ...},
    ],
    ids=range(14),
)
def test_every_way_of_writing_a_sample_is_read(path: Path, more: dict[str, Any]) -> None:
    assert EXPECTED == read(path, **more)


def test_a_choice_of_no_likelihood_is_a_masked_class(path: Path) -> None:
    values = VALUES.copy()
    values[5, 3] = -math.inf
    metrics = "accuracy,brier,loss_hard"
    expected = figures(lscli.evaluate(values, TARGETS, metrics=metrics))
    for cell in ("-inf", -math.inf):
        own = [*numbers(5)[:3], [cell, "False"]]
        odd: dict[str, Any] = {"filtered_resps": own, "acc": ...}
        written(path, (sample(row, **(odd if row == 5 else {})) for row in range(ROWS)))
        assert expected == figures(lscli.evaluate(path, metrics=metrics))


def test_likelihoods_without_the_question_are_left_out(path: Path) -> None:
    def twice(row: int) -> list[list[str]]:
        return [["Q", f" {k}"] for k in range(CHOICES)] + [["", f" {k}"] for k in range(CHOICES)]

    assert EXPECTED == read(path, arguments=twice, filtered_resps=lambda row: numbers(row) + [[-1.0, False]] * CHOICES)
    # With a question they are choices of their own.
    same = [["Q", f" {k}"] for k in range(CHOICES)] * 2
    written(path, (sample(row, arguments=same, filtered_resps=numbers(row) * 2, acc=...) for row in range(ROWS)))
    assert [ROWS, 2 * CHOICES] == lscli.evaluate(path, metrics="accuracy").inputs[0]["shape"]


def test_samples_of_fewer_choices_are_padded_with_masked_classes(path: Path) -> None:
    written(path, (sample(row, 4 - row % 2) for row in range(ROWS)))
    values, targets = VALUES.copy(), TARGETS.copy()
    values[1::2, 3] = -np.inf
    targets[1::2] %= 3
    logits, labels = open_inputs(path)
    try:
        assert values.tolist() == logits.read(0, ROWS, np.empty(values.shape)).tolist()
        assert targets.tolist() == labels.values.tolist()
        assert logits.ragged
    finally:
        logits.close()
    metrics = "accuracy,brier,loss_hard"
    assert figures(lscli.evaluate(values, targets, metrics=metrics)) == figures(lscli.evaluate(path, metrics=metrics))


@pytest.mark.parametrize("shards", [False, True])
def test_choices_that_a_question_does_not_have_are_left_out_unless_they_are_to_be_kept(
    tmp_path: Path, shards: bool
) -> None:
    one = written(tmp_path / "x1.jsonl", (sample(row, 4 - row % 2) for row in range(ROWS)))
    path = tmp_path / "x*.jsonl" if shards else one
    report = lscli.evaluate(path)
    assert ROWS // 2 == report.samples["masked"]
    with pytest.warns(lscli.LscliWarning, match="left out of their row"):
        assert figures(report) == figures(lscli.evaluate(path, masked_classes="exclude"))
    assert np.isfinite(report["loss_smoothed"])
    assert ("exclude", "default") == report.settings["masked_classes"]
    with pytest.warns(lscli.LscliWarning, match="infinite"):
        assert np.isposinf(lscli.evaluate(path, masked_classes="keep")["loss_smoothed"])
    with pytest.raises(lscli.UsageError, match="where each row has its own classes"):
        lscli.evaluate(path, smoothing="prior", prior="empirical")
    assert ("keep", "default") == lscli.evaluate(VALUES, TARGETS).settings["masked_classes"]


def test_samples_of_as_many_choices_are_not_ragged(path: Path) -> None:
    logits, _ = open_inputs(written(path, map(sample, range(ROWS))))
    assert not logits.ragged
    logits.close()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"filtered_resps": ..., "resps": ...}, "line 6 has the fields 'doc_id', .* and no 'filtered_resps'"),
        ({"filtered_resps": ["some text"]}, "line 6 has the response 'some text', not"),
        ({"filtered_resps": "some text"}, "line 6 has 'some text' for 'filtered_resps', not a list"),
        ({"filtered_resps": [-1.5, -2.5, -3.5, -4.5]}, "line 6 has the response -1.5, not"),
        (
            {"filtered_resps": [["-1.5", "False"]], "arguments": ...},
            "line 6 has only one response, so there is no choice",
        ),
        ({"filtered_resps": [["-1.5", "False"]]}, "line 6 has 1 responses to 4 requests"),
        ({"filtered_resps": []}, "line 6 has no responses"),
        ({"filtered_resps": [["x", "False"]] * 4}, "line 6 has 'x' for a log-likelihood"),
        ({"filtered_resps": [[True, "False"]] * 4}, "line 6 has True for a log-likelihood"),
        ({"filtered_resps": [["nan", "False"]] * 4}, "line 6 has a choice of log-likelihood nan"),
        ({"filtered_resps": [[math.nan, False]] * 4}, "line 6 has a choice of log-likelihood nan"),
        ({"filtered_resps": [[math.inf, False]] * 4}, "line 6 has a choice of log-likelihood inf"),
        ({"arguments": "x"}, "line 6 has 'x' for 'arguments', not a list"),
        ({"arguments": [["Q", {"until": []}]] * 4}, r"line 6 has the request \['Q', {'until': \[\]}\], not"),
        ({"target": ...}, "line 6 has no target"),
        ({"target": 4}, "line 6 has target 4, none of its 4 choices"),
        ({"target": -1}, "line 6 has target -1, none"),
        ({"target": True}, "line 6 has target True, none"),
        ({"target": [1, 2]}, r"line 6 has target \[1, 2\]: several of its choices are right"),
        ({"target": "[1, 2]"}, r"line 6 has target '\[1, 2\]': several of its choices are right"),
        ({"target": "E"}, "line 6 has target 'E', none"),
        ({"target": "\x1b[2J" * 40}, r"line 6 has target '\\x1b\[2J.*\.\.\., none"),
        ({"target": "x", "arguments": [["Q 1", "x"]] * 4}, "line 6 has target 'x', the text of several choices"),
        (
            {"acc": 1 - sample(5)["acc"]},
            r"line 6 has acc ., but its log-likelihoods and its target, read as choice 1 \(from 0\), give",
        ),
        ({"doc_id": 3}, r"line 6 has the same doc_id as line 4 \(3\)"),
        ({"filter": "strict"}, "line 6 has filter 'strict', earlier ones 'none'"),
    ],
)
def test_a_line_that_is_no_choice_is_named(path: Path, more: dict[str, Any], says: str) -> None:
    spoilt(path, says, **more)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "line 2 is a JSON array, not an object"),
        ("nonsense", "line 2 is not JSON"),
        ('{"a": 1', "line 2 is not JSON"),
        ("[" * 100_000, "line 2 is not JSON"),
        ('{"a": ' + "9" * 5000 + "}", "line 2 has the fields 'a' and no 'filtered_resps'"),
    ],
    ids=["list", "text", "open", "deep", "digits"],
)
def test_a_line_that_is_no_object_is_named(path: Path, line: str, says: str) -> None:
    lines = [json.dumps(sample(0)), line, json.dumps(sample(1))]
    path.write_text("\n".join(lines) + "\n")
    refused(path, says)


def test_bytes_that_are_no_text_are_named(path: Path) -> None:
    path.write_bytes(json.dumps(sample(0)).encode() + b"\n\xff\xfe\n")
    refused(path, "line 2 is not JSON")


def test_a_file_cut_off_anywhere_is_refused(path: Path) -> None:
    data = written(path, map(sample, range(4))).read_bytes()
    whole = {place + 1 for place, byte in enumerate(data) if byte == ord("\n")}
    for size in range(0, len(data) - 2, 50):
        path.write_bytes(data[:size])
        if size not in whole:
            refused(path, r"line \d ends early|empty file")


@pytest.mark.parametrize(("text", "says"), [("", "empty file"), ("\n\n", "holds no samples")])
def test_a_file_of_no_samples_is_refused(path: Path, text: str, says: str) -> None:
    path.write_text(text)
    refused(path, says)


def test_blank_lines_are_passed_over(path: Path) -> None:
    path.write_text("\n\n".join(json.dumps(sample(row)) for row in range(ROWS)), encoding="utf-8-sig")
    assert EXPECTED == figures(lscli.evaluate(path))


def test_shards_are_one_array(path: Path) -> None:
    written(path.with_name("a1.jsonl"), map(sample, range(17)))
    written(path.with_name("a2.jsonl"), map(sample, range(17, ROWS)))
    assert EXPECTED == figures(lscli.evaluate(path.with_name("a*.jsonl")))


def test_contents_are_both_arrays(path: Path) -> None:
    file = RegularFile(str(written(path, (sample(row, 4 - row % 2) for row in range(ROWS)))))
    expected = [("logits", (ROWS, 4), "float64"), ("labels", (ROWS,), "int64")]
    assert expected == [tuple(entry) for entry in FORMATS["lm-eval"].reader("").contents(file)]
    file.close()
    with pytest.raises(InputError, match="holds no array 'x'"):
        lscli.evaluate(path, logits_key="x")


def test_descriptors_are_closed_in_the_end(path: Path) -> None:
    before = descriptors()
    assert EXPECTED == read(path)
    kept = spoilt(path, "line 6", target=None)
    assert before == descriptors()
    assert kept
