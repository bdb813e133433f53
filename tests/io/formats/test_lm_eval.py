"""Samples of lm-evaluation-harness: log-likelihoods of choices are logits, and each line's target is its label."""

from __future__ import annotations

import json
import math
import shlex
import time
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

import lscli
from lscli.errors import InputError
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS
from lscli.io.open import open_inputs
from lscli.options import ChoiceScore, ReadingOptions
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
        ({"target": "\x1b[2J" * 40}, r"line 6 has target '\\x1b\[2J.*\.\.\..*, none"),
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


@pytest.mark.parametrize(("text", "says"), [("", "empty file"), ("\n\n", "holds no objects with fields")])
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


# The accuracy that the harness saved decides.


def accuracy(path: Path, samples: Iterable[dict[str, Any]], **options: Any) -> float:
    """The accuracy of a file of these samples."""
    return float(lscli.evaluate(written(path, samples), metrics="accuracy", **options)["accuracy"])


def of_choices(row: int, values: list[float], texts: list[str], target: object, **more: Any) -> dict[str, Any]:
    """A sample of these choices, without a saved accuracy."""
    return {
        "doc_id": row,
        "target": target,
        "arguments": {f"gen_args_{k}": {"arg_0": f"Q {row}", "arg_1": text} for k, text in enumerate(texts)},
        "filtered_resps": [[repr(value), "False"] for value in values],
        **more,
    }


def labels_of(path: Path) -> list[int]:
    logits, labels = open_inputs(path)
    logits.close()
    return [int(label) for label in labels.values]


@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize("saved", [0, 1])
def test_of_equal_likelihoods_the_saved_accuracy_tells_the_predicted_one(path: Path, label: int, saved: int) -> None:
    values = [-2.5, -1.5, -1.5, -4.0]
    samples = [of_choices(0, values, [" a", " b", " c", " d"], label, acc=saved)]
    if label == 0 and saved:
        refused(written(path, samples), "line 1 has acc 1")
        return
    report = lscli.evaluate(written(path, samples), metrics="accuracy,loss_hard")
    assert saved == report["accuracy"]
    expected = lscli.evaluate(np.array([values]), np.array([label]), metrics="loss_hard")["loss_hard"]
    assert expected == pytest.approx(report["loss_hard"], rel=1e-15)


@pytest.mark.parametrize("kernel", ["numpy", "torch"])
@pytest.mark.parametrize("value", [-0.0, -1.5, -1e300, -1.7976931348623157e308])
@pytest.mark.parametrize("count", [2, 300])
def test_a_last_bit_is_enough(path: Path, kernel: Literal["numpy", "torch"], value: float, count: int) -> None:
    texts = [f" c{k}" for k in range(count)]
    for label, saved in ((0, 0), (1, 1), (1, 0)):
        samples = [of_choices(row, [value] * count, texts, label, acc=saved) for row in range(3)]
        assert saved == accuracy(path, samples, kernel=kernel, nonfinite="skip")


def test_a_sample_of_no_likelihoods_at_all_stays_one(path: Path) -> None:
    samples = [
        of_choices(row, [-math.inf, -math.inf] if row else [-1.0, -2.0], [" a", " b"], 0, acc=1) for row in (0, 1)
    ]
    refused(written(path, samples), "row 1")
    samples[1]["acc"] = 0
    refused(written(path, samples), "line 2 has acc 0, but")


# Scores of choices.

WORDS = [
    "",
    "no",
    "perhaps",
    "h\u00e9las",
    "\u4e0d\u662f",
    "\U0001f600 yes",
    "a longer answer, of some words",
    "n\u0303o",
]
OF: dict[ChoiceScore, tuple[str, Callable[[str], int]]] = {
    "per-character": ("acc_norm", len),
    "per-byte": ("acc_bytes", lambda text: len(text.encode())),
}


def by_the_harness(score: ChoiceScore, space: str = " ", own: str = "") -> list[dict[str, Any]]:
    """Samples with the accuracies of the harness: np.argmax(lls / completion_len) == gold in its `process_results`."""
    rng = np.random.default_rng(4)
    name, length = OF[score]
    made = []
    for row in range(60):
        choices = [own + word for word in rng.permutation(WORDS[1:])[: 3 + row % 3]]
        values, gold = -rng.exponential(10, len(choices)), int(rng.integers(len(choices)))
        lengths = np.array([float(length(choice)) for choice in choices])
        saved = {"acc": float(np.argmax(values) == gold), name: float(np.argmax(values / lengths) == gold)}
        made.append(of_choices(row, values.tolist(), [space + choice for choice in choices], str(gold), **saved))
    return made


@pytest.mark.parametrize("score", OF)
@pytest.mark.parametrize(("space", "own"), [(" ", ""), ("", " "), ("", ""), ("\n", "")])
def test_scores_per_character_and_byte_reproduce_the_accuracy_of_the_harness(
    path: Path, score: ChoiceScore, space: str, own: str
) -> None:
    samples = by_the_harness(score, space, own)
    name, length = OF[score]
    assert np.mean([each["acc"] for each in samples]) == accuracy(path, samples)
    assert np.mean([each[name] for each in samples]) == accuracy(path, samples, choice_score=score)
    if own:  # too few samples to tell a choice's own space from a delimiter
        return
    opened, labels = open_inputs(path, options=ReadingOptions(choice_score=score))
    read = opened.read(0, 60, np.empty(opened.shape))
    for row, each in enumerate(samples):
        texts = [request["arg_1"][len(space) :] for request in each["arguments"].values()]
        likelihoods = [float(value) for value, _ in each["filtered_resps"]]
        expected = [value / length(text) for value, text in zip(likelihoods, texts, strict=True)]
        assert expected == [value for value in read[row].tolist() if value > -math.inf]
    assert [int(each["target"]) for each in samples] == labels.values.tolist()
    opened.close()
    assert (score, "argument") == lscli.evaluate(path, choice_score=score).settings["choice_score"]


@pytest.mark.parametrize("score", OF)
def test_scores_that_do_not_reproduce_the_accuracy_are_refused(path: Path, score: ChoiceScore) -> None:
    samples = by_the_harness(score)
    name, _ = OF[score]
    samples[7][name] = 1 - samples[7][name]
    says = rf"line 8 has {name} ., but its log-likelihoods and its target, read as choice . \(from 0\), give ."
    refused(written(path, samples), says, choice_score=score)
    assert np.mean([each["acc"] for each in samples]) == accuracy(path, samples)


def test_scores_that_cannot_be_computed_are_refused(path: Path) -> None:
    samples = [of_choices(row, [-1.0, -2.0], [" yes", " "], 0) for row in range(3)]
    refused(written(path, samples), "line 1 has a choice without characters", choice_score="per-character")
    for each in samples:
        del each["arguments"]
    refused(written(path, samples), "line 1 has no arguments", choice_score="per-byte")
    with pytest.raises(lscli.UsageError, match="choices in samples of lm-evaluation-harness"):
        lscli.evaluate(VALUES, TARGETS, choice_score="per-byte")


@pytest.mark.parametrize("score", ["per-character", "per-byte"])
def test_choices_in_questions_have_no_known_lengths(path: Path, score: ChoiceScore) -> None:
    """Winogrande and its like: the harness divides by the length of the option, which stands in the question."""
    samples = [
        of_choices(row, [-1.0 - row, -2.0], [" it was small", " it was small"], " it was small") for row in range(3)
    ]
    for row, each in enumerate(samples):
        each |= {"acc": 1.0, "acc_norm": float(row == 1)}
    refused(written(path, samples), "line 1 has choices in its questions, so the lengths", choice_score=score)
    assert 1 == lscli.evaluate(path)["accuracy"]


# Patterns and arrays.


def test_shards_of_other_numbers_of_choices_are_padded_like_one_file(tmp_path: Path) -> None:
    parts = [[sample(row, count) for row in range(start, start + 10)] for start, count in ((0, 3), (10, 2), (20, 4))]
    for number, part in enumerate(parts):
        written(tmp_path / f"task{number}.jsonl", part)
    one = written(tmp_path / "all.jsonl", [each for part in parts for each in part])
    report = lscli.evaluate(tmp_path / "task*.jsonl", metrics="all")
    assert figures(lscli.evaluate(one, metrics="all")) == figures(report)
    assert [30, 4] == report.inputs[0]["shape"]
    assert 20 == report.samples["masked"]


def test_one_wide_sample_costs_the_memory_of_its_own(tmp_path: Path) -> None:
    wide = of_choices(0, [-float(k) for k in range(20_000)], [f" {k}" for k in range(20_000)], 0)
    path = written(
        tmp_path / "x.jsonl", [wide, *(of_choices(row, [-1.0, -2.0], [" a", " b"], 0) for row in range(1, 4000))]
    )
    tracemalloc.start()
    try:
        assert 1 == lscli.evaluate(path, metrics="accuracy", threads=1)["accuracy"]
        assert tracemalloc.get_traced_memory()[1] < 100e6  # 640 MB as one matrix
    finally:
        tracemalloc.stop()


def test_a_choice_of_a_filter_is_quoted_for_the_shell(path: Path) -> None:
    name = "a'; touch x; $(y)"
    samples = [sample(row, filter="none" if row == 5 else name) for row in range(ROWS)]
    error = refused(written(path, samples), "line 6 has filter 'none', earlier ones")
    program = f'select((.filter // "none") == {json.dumps(name)})'
    assert ["keep", "one:", "jq", "-c", program] == shlex.split(error.hint)


LONG = "k" * 30_000


@pytest.mark.parametrize(
    "value", [LONG, [LONG] * 9, {LONG: 1}, [[[[["k"]]]]] * 999], ids=["text", "list", "key", "deep"]
)
@pytest.mark.parametrize("name", ["target", "acc", "filtered_resps", "arguments", "filter"])
def test_messages_are_short(path: Path, name: str, value: object) -> None:
    error = spoilt(path, "line 6 has", **{name: value})
    assert len(error.message) + len(error.hint) < 600
    for each in ({LONG: 1, "resps": {}}, sample(0, doc_id=LONG), sample(0, filter=LONG)):
        other = {**each, "filter": "x"} if each.get("filter") == LONG else each
        error = refused(written(path, [each, other]), "line [12] has")
        assert len(error.message) + len(error.hint) < 600


def test_other_json_lines_are_told_how_they_are_read(path: Path) -> None:
    path.write_text('{"logits": [0.1, 2.0], "label": 1}\n')
    says = "line 1 has the fields 'logits', 'label' and no 'filtered_resps'"
    assert "input_format='jsonl'" in refused(path, says, input_format="lm-eval").hint
    assert 1 == lscli.evaluate(path, metrics="accuracy", input_format="jsonl")["accuracy"]


def test_time_is_linear_in_lines(tmp_path: Path) -> None:
    def seconds(rows: int) -> float:
        lines = (of_choices(row, [-1.0, -2.0], [" 1", " 0"], "1", acc=1) for row in range(rows))
        path = written(tmp_path / "x.jsonl", lines)
        times = []
        for _ in range(3):
            start = time.process_time()
            open_inputs(path)[0].close()
            times.append(time.process_time() - start)
        return min(times)

    assert seconds(16_000) < 8 * seconds(4000)


def test_descriptors_are_closed_in_the_end(path: Path) -> None:
    before = descriptors()
    assert EXPECTED == read(path)
    kept = spoilt(path, "line 6", target=None)
    assert before == descriptors()
    assert kept
