"""JSON objects one by one: of lines, and of the array that older versions of lm-evaluation-harness wrote."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

import lscli
from tests.command import lscli as run
from tests.io.formats.test_lm_eval import EXPECTED, ROWS, sample, written
from tests.io.make import figures
from tests.io.table_files import refused

SAMPLES = [sample(row) for row in range(ROWS)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.jsonl"


@pytest.mark.parametrize("indent", [None, 2, "\t"])
@pytest.mark.parametrize(("before", "after"), [("", ""), ("\ufeff\n ", "\r\n\n")])
def test_an_array_of_samples_is_read_like_lines(path: Path, indent: int | str | None, before: str, after: str) -> None:
    path.write_text(before + json.dumps(SAMPLES, indent=indent) + after, encoding="utf-8")
    assert EXPECTED == figures(lscli.evaluate(path))


def test_an_array_is_recognised_on_standard_input(path: Path) -> None:
    path.write_text(json.dumps(SAMPLES, indent=2))
    with path.open(encoding="utf-8") as stream:
        done = run("eval", "-", "--metrics", "accuracy", stdin=stream)
    assert 0 == done.returncode, done.stderr


def test_an_array_cut_off_anywhere_is_refused(path: Path) -> None:
    data = json.dumps(SAMPLES[:3], indent=2).encode()
    for size in range(1, len(data) - 1, 37):
        path.write_bytes(data[:size])
        refused(path, r"sample \d ends early")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "holds no objects with fields"),
        ("[1]", "sample 1 is a JSON number, not an object"),
        ("[{}, null]", "sample 2 is a JSON null, not an object"),
        ("[null]", "sample 1 is a JSON null, not an object"),
        ("[{},]", "sample 2 is not JSON"),
        ("[{]", "sample 1 is not JSON"),
        ("[" * 100_000, r"sample 1 (is not JSON|ends early) \(nested too deeply\)"),
        ("[\ud800]", "sample 1 is not JSON"),
    ],
)
def test_an_array_of_something_else_is_refused(path: Path, text: str, says: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    refused(path, says)


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("] []", "sample 40 is the last of the array, but the file goes on"),
        ("]" + json.dumps(SAMPLES), "sample 40 is the last of the array, but the file goes on"),
        ("]\n\0", "sample 40 is the last of the array, but the file goes on"),
        (",]", "sample 41 is not JSON"),
        (" " + json.dumps(SAMPLES[0]) + "]", "sample 40 is not JSON"),
        ("}", "sample 40 ends early"),
    ],
)
def test_an_array_ends_with_the_file(path: Path, end: str, says: str) -> None:
    path.write_text(json.dumps(SAMPLES)[:-1] + end)
    refused(path, says)


@pytest.mark.parametrize("array", [False, True])
def test_memory_is_that_of_the_longest_sample(path: Path, array: bool) -> None:
    samples = [sample(row % ROWS, doc_id=row, doc={"question": "?" * 100_000}) for row in range(200)]
    if array:
        path.write_text(json.dumps(samples))
    else:
        written(path, samples)
    del samples
    tracemalloc.start()
    try:
        lscli.evaluate(path, metrics="accuracy", threads=1)
        assert tracemalloc.get_traced_memory()[1] < 8e6  # the file has 20 MB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("array", [False, True])
def test_a_key_twice_is_refused(path: Path, array: bool) -> None:
    good, twice = json.dumps(SAMPLES[0]), json.dumps(SAMPLES[1])[:-1] + ', "acc": 1.0}'
    path.write_text(f"[{good},{twice}]" if array else f"{good}\n{twice}\n")
    refused(path, f"{'sample' if array else 'line'} 2 has the key 'acc' twice in one object")
    inside = json.dumps(SAMPLES[1]).replace('{"question"', '{"question": "", "question"')
    path.write_text(f"{good}\n{inside}\n")
    refused(path, "line 2 has the key 'question' twice")


@pytest.mark.parametrize(
    "field", ["NaN", "-Infinity", "9" * 100_000, "1e999", '"\\ud800"', '"\\u0000"', "[" * 500 + "]" * 500]
)
def test_values_that_nothing_uses_may_be_odd(path: Path, field: str) -> None:
    path.write_text("".join(json.dumps(each)[:-1] + f', "odd": {field}}}\n' for each in SAMPLES))
    assert EXPECTED == figures(lscli.evaluate(path))
