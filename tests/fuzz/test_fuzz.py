"""Replay the inputs that crashed once, read new ones for a moment, and check that a crash is noticed."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lscli.errors import InputError
from lscli.io.formats import npy
from lscli.io.stored import RawArray
from tests.fuzz import __main__ as command
from tests.fuzz import contract, sound
from tests.fuzz.contract import judged, watched
from tests.fuzz.mutate import KINDS, mutated
from tests.fuzz.run import CORPUS, fuzz, keep, kept
from tests.fuzz.targets import opened
from tests.io.make import descriptors

SHORT = 1500


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Callable[[bytes], None]]]:
    """A target of each format; they evaluate every input."""
    with contextlib.ExitStack() as stack:
        yield {kind: stack.enter_context(opened(kind, always=True)) for kind in KINDS}


def check(target: Callable[[bytes], None], data: bytes) -> bool:
    """Return whether an input is accepted; assert that it does not crash."""
    with watched() as watch:
        outcome = judged(target, data, watch)
    assert outcome.crash is None, outcome.crash.detail
    return outcome.accepted


@pytest.mark.parametrize(("kind", "path"), kept(), ids=lambda value: value.name if isinstance(value, Path) else value)
def test_what_crashed_once_does_not_again(targets: dict[str, Callable[[bytes], None]], kind: str, path: Path) -> None:
    check(targets[kind], path.read_bytes())


def test_inputs_are_kept_for_every_format() -> None:
    assert set(KINDS) == {kind for kind, _ in kept()}
    for kind, path in kept():
        assert path.name == contract.digest(path.read_bytes()), f"{kind}/{path.name} was changed, perhaps by git"


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_run_crashes_nowhere(kind: str) -> None:
    before = descriptors()
    with opened(kind) as target:
        result = fuzz(target, kind, range(SHORT))
    assert [] == [found.crash.detail for found in result.found]
    assert SHORT == result.inputs
    assert SHORT // 50 < result.accepted < SHORT
    assert before == descriptors()


def test_sound_files_are_accepted(targets: dict[str, Callable[[bytes], None]]) -> None:
    tensors = [file.joined() for file in sound.safetensors_files()]
    assert {True} == {check(targets["npy"], file.joined()) for file in sound.npy_files()}
    assert {True} == {
        check(targets["npz"], file) for file in sound.npz_files() if b"logits" in file or b"x.npy" in file
    }
    assert {True} == {
        check(targets["safetensors"], file) for file in tensors if b"F8_" not in file and b"dtype" in file
    }
    assert {True} == {check(targets["csv"], file) for file in sound.csv_files()}
    assert {True} == {check(targets["lm-eval"], json.dumps(each).encode()) for each in sound.samples_files()}
    for each in sound.json_lines():
        assert check(targets["jsonl"], "\n".join(map(json.dumps, each)).encode())
    for kind in ("parquet", "arrow"):
        assert {True} == {check(targets[kind], file) for file in sound.table_files(kind)}


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_is_one_input(kind: str) -> None:
    inputs = [mutated(kind, seed) for seed in range(200)]
    assert inputs == [mutated(kind, seed) for seed in range(200)]
    assert len(set(inputs)) > 180


def raising(error: BaseException) -> Any:
    """A reader with a bug."""

    def read(*arguments: object) -> None:
        raise error

    return read


def warning(*arguments: object) -> None:
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    raise InputError("not read", "try again", where="x")


def slow(*arguments: object) -> None:
    while True:
        pass


def greedy(*arguments: object) -> None:
    np.empty(2 * contract.MEMORY, np.uint8)


class PanicError(BaseException):
    """Libraries in Rust raise such errors, which are no `Exception`."""


@pytest.mark.parametrize(
    ("planted", "says"),
    [
        (raising(KeyError("x")), "KeyError at"),
        (raising(RecursionError()), "RecursionError at"),
        (raising(PanicError()), "PanicError at"),
        (raising(InputError("not read", where="x")), "no hint"),
        (raising(InputError("not read", "try again")), "no file is named"),
        (raising(InputError("not\nread", "try again", where="x")), "a message that is not one printable line"),
        (raising(InputError("not read", "try \x1b[2J", where="x")), "a hint that is not one printable line"),
        (raising(InputError("not read.", "try again", where="x")), "a full stop"),
        (warning, "DeprecationWarning at"),
        (slow, "TooSlowError at"),
        (greedy, "MemoryError at"),
    ],
)
def test_a_reader_with_a_bug_is_caught(monkeypatch: pytest.MonkeyPatch, planted: Any, says: str) -> None:
    monkeypatch.setattr(contract, "SECONDS", 0.1)
    monkeypatch.setattr(npy, "open_array", planted)
    with opened("npy") as target:
        result = fuzz(target, "npy", range(3))
    assert [says] == [found.crash.what[: len(says)].replace("_Array", "") for found in result.found]
    assert 3 == result.crashes


def test_a_reader_that_reads_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RawArray.read

    def wrong(array: RawArray, start: int, stop: int, out: Any) -> Any:
        values = right(array, start, stop, out)
        values.view(np.uint8).reshape(-1)[-1:] ^= 1
        return values

    monkeypatch.setattr(RawArray, "read", wrong)
    for kind in ("npy", "npz", "safetensors"):
        with opened(kind) as target:
            result = fuzz(target, kind, range(100))
        assert {"WrongError"} == {found.crash.what.partition(" ")[0] for found in result.found}


def test_the_command_keeps_what_crashes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 == command.main(["csv", "--seeds", "5:25"], tmp_path)
    assert "csv seeds 5:25: 20 inputs" in capsys.readouterr().out
    assert [] == kept(tmp_path)
    monkeypatch.setattr(npy, "open_array", raising(KeyError("x")))
    assert 1 == command.main(["npy", "--seeds", "5:25"], tmp_path)
    assert "20 crashes of 1 kinds" in capsys.readouterr().out
    assert [("npy", mutated("npy", 5))] == [(kind, path.read_bytes()) for kind, path in kept(tmp_path)]
    assert keep("npy", mutated("npy", 5), tmp_path) == kept(tmp_path)[0][1]
    assert CORPUS.is_dir()


# Headers that hypothesis makes, since it shrinks a failure to its cause.
GROWN = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.sampled_from(["descr", "fortran_order", "shape", "dtype", "data_offsets", "__metadata__", "logits"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | WORDS, inner, max_size=4)
)
TUPLES = st.lists(st.integers(-1, 4) | st.integers(), max_size=4).map(tuple)
DESCRS = st.sampled_from(["<f4", ">f8", "<i8", "|u1", "|b1", "|V2", "|O", "<U1"]) | st.from_regex(r"[<>|=]?[a-zA-Z]\d*")


@GROWN
@given(
    st.fixed_dictionaries(
        {"descr": DESCRS | VALUES, "fortran_order": st.booleans() | VALUES, "shape": TUPLES | VALUES}
    ),
    st.dictionaries(st.text() | WORDS, VALUES, max_size=1),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
    st.binary(max_size=64),
)
def test_npy_headers_of_any_literals(
    targets: dict[str, Callable[[bytes], None]], fields: Any, more: Any, version: tuple[int, int], data: bytes
) -> None:
    check(targets["npy"], sound.Npy(version, repr({**fields, **more}).encode(), data).joined())


TENSORS = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["F32", "BF16", "I64", "U8", "BOOL", "F8_E4M3"]) | VALUES,
        "shape": st.lists(st.integers(0, 4) | st.integers(0), max_size=4) | VALUES,
        "data_offsets": st.tuples(st.integers(0, 64), st.integers(0, 64)) | VALUES,
    }
)


@GROWN
@given(st.dictionaries(st.text() | WORDS, TENSORS | VALUES, max_size=3), st.binary(max_size=64))
def test_safetensors_headers_of_any_json(targets: dict[str, Callable[[bytes], None]], header: Any, data: bytes) -> None:
    check(targets["safetensors"], sound.Safetensors(json.dumps(header).encode(), data).joined())


CELLS = st.integers(-3, 9).map(str) | st.floats().map(repr) | st.text(max_size=4) | st.sampled_from(["label", "", " 1"])


@GROWN
@given(
    st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8)),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
def test_csv_files_of_any_cells(
    targets: dict[str, Callable[[bytes], None]], rows: list[list[str]], end: str, quoting: Any
) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=end, quoting=quoting).writerows(rows)
    check(targets["csv"], stream.getvalue().encode("utf-8", "surrogatepass"))
