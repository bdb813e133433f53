"""Hints in the words of Python: keywords for flags, functions for commands, notes for tracebacks."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import lscli
from lscli import options
from lscli.checked_options import Declared, Options, declared
from lscli.errors import InputError, LscliError, LscliWarning, UsageError, warn
from lscli.in_python import in_python, of_python, reword
from tests.command import ROOT

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0], [0.0, 0.25, 3.0], [1.0, 0.0, 0.5]])
LABELS = [0, 1, 1, 0]
OPTIONS: dict[str, Declared] = {
    each.name: each
    for kind in reversed(vars(options).values())  # `explain` refuses two options of the others
    if isinstance(kind, type) and issubclass(kind, Options)
    for each in declared(kind)
}


@pytest.mark.parametrize(
    ("typed", "python"),
    [
        ("say --flatten", "say flatten=True"),
        ("say --kind probs", "say kind='probs'"),
        ("say --dtype bfloat16, or save them as float32", "say dtype='bfloat16', or save them as float32"),
        ("for example --eps 0.1", "for example eps=0.1"),
        ("for example --eps 0:0.5:0.05", "for example eps='0:0.5:0.05'"),
        ("add --classes K", "add classes=K"),
        ("--labels-key KEY", "labels_key=KEY"),
        ("say --ignore-index 255; or look", "say ignore_index=255; or look"),
        ("--ignore-index -1", "ignore_index=-1"),
        ("say --labels-column label; else", "say labels_column='label'; else"),
        ("--labels-column 'a \"b c'", "labels_column='a \"b c'"),
        ("""--labels-column 'it'"'"'s'""", '''labels_column="it's"'''),
        ("--labels-column 2 reads it", "labels_column='2' reads it"),
        ("--logits-key 'logit_*'", "logits_key='logit_*'"),
        ("add --groups META.csv, one row per sample", "add groups='META.csv', one row per sample"),
        ("add --prior FILE or --prior empirical", "add prior=FILE or prior='empirical'"),
        ("--masked-classes exclude leaves such classes out", "masked_classes='exclude' leaves such classes out"),
        ("skip such rows with --nonfinite skip", "skip such rows with nonfinite='skip'"),
        ("losses are: --metrics loss,brier", "losses are: metrics='loss,brier'"),
        # An option that is to be left out or looked at is named without a value.
        ("leave --equal-mass or --compat out", "leave equal_mass or compat out"),
        ("leave out --device and --kernel", "leave out device and kernel"),
        ("leave --device out to use the CPU", "leave device out to use the CPU"),
        ("use fewer --bins or groups", "use fewer bins or groups"),
        ("check --ignore-index", "check ignore_index"),
        ("name one with --labels-column", "name one with labels_column"),
        ("say --input-format: npy, npz", "say input_format: npy, npz"),
        # Commands.
        ("lscli sweep takes several", "lscli.sweep takes several"),
        ("lscli sweep A B LABELS", "lscli.sweep(A, LABELS, others=[B])"),
        ("lscli sweep A B C LABELS --eps 0.1", "lscli.sweep(A, LABELS, others=[B, C], eps=0.1)"),
        ("lscli sweep a/x.npy b/x.npy ... y.npy", "lscli.sweep('a/x.npy', 'y.npy', others=['b/x.npy', ...])"),
        (
            "to compare these models, each with its labels, say lscli sweep a.npz b.npz; or say --pool",
            "to compare these models, each with its labels, say lscli.sweep('a.npz', others=['b.npz']); "
            "or say pool=True",
        ),
        ("lscli compare A B LABELS", "lscli.compare([A, B], LABELS)"),
        (
            "to compare two models, each with its labels, say lscli compare a.npz b.npz",
            "to compare two models, each with its labels, say lscli.compare(['a.npz', 'b.npz'])",
        ),
        ("lscli explain 0.9935 LOGITS LABELS", "lscli.explain(0.9935, LOGITS, LABELS)"),
        ("lscli eval 'a b.npy' y.npy --binary", "lscli.evaluate('a b.npy', 'y.npy', binary=True)"),
        ("lscli classes has it", "lscli.per_class has it"),
        ("see lscli metrics", "see lscli metrics"),
        # What is no flag.
        ("use lscli.measure(table)", "use lscli.measure(table)"),
        ("x--eps.npy: a --- b", "x--eps.npy: a --- b"),
        ("/home/me/lscli eval/x.npy", "/home/me/lscli eval/x.npy"),
        ("write it with lm_eval --log_samples", "write it with lm_eval --log_samples"),
        ("from 1 to 5 - 1", "from 1 to 5 - 1"),
        (
            "write it with lscli eval LOGITS LABELS -f json -o report.json, or again",
            "write it with json.dumps(lscli.evaluate(LOGITS, LABELS).to_dict()), or again",
        ),
    ],
)
def test_flags_become_keywords_and_commands_functions(typed: str, python: str) -> None:
    assert python == in_python(typed)


def texts() -> Iterator[tuple[str, str]]:
    """Every string of the code that is no docstring, with its place; what an f-string fills in is `name`."""
    for path in sorted((Path(ROOT) / "lscli").rglob("*.py")):
        # The command line and what writes for it speak of flags; help texts are reworded where they are shown.
        parts = path.relative_to(ROOT).parts
        if {"cli", "render", "options"} & {*parts} or path.name == "in_python.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in docstrings | inside:
                pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
                found = "".join(str(part.value) if isinstance(part, ast.Constant) else "name" for part in pieces)
                yield f"{path.name}:{node.lineno}", found


FLAG = re.compile(r"--[a-z]+(?:-[a-z]+)*(?![\w-])")
HINTS = [(place, text) for place, text in texts() if FLAG.search(text)]


def test_there_are_hints_with_flags() -> None:
    assert len(HINTS) > 40


@pytest.mark.parametrize(("place", "text"), HINTS)
def test_every_flag_in_a_hint_exists_and_becomes_a_keyword(place: str, text: str) -> None:
    flags = [flag.removeprefix("--").replace("-", "_") for flag in FLAG.findall(text)]
    assert [] == [flag for flag in flags if flag not in OPTIONS], place
    python = in_python(text)
    assert not FLAG.search(python)
    assert all(flag in python for flag in flags)
    for name, value in re.findall(r"\b([a-z_]+)=('[^']*'|\{[^}]*\}|[^\s,;()]+)", python):
        if name in flags and not re.fullmatch("[A-Z]+", value):  # a placeholder
            each = OPTIONS[name]
            each.checked(ast.literal_eval(value))


def test_no_hint_names_a_short_flag() -> None:
    assert [] == [(place, text) for place, text in texts() if re.search(r"(?:^|say | with |use )-[a-z]\b", text)]


def test_a_hint_is_a_note_of_its_error() -> None:
    with pytest.raises(InputError) as caught:
        lscli.evaluate(LOGITS[:, 0], LABELS)
    hint = "if there are two classes, with one logit per sample, say binary=True"
    assert (hint, [f"hint: {hint}"]) == (caught.value.hint, caught.value.__notes__)
    assert f"\nhint: {hint}\n" in "".join(traceback.format_exception(caught.value))
    assert [] == UsageError("odd").__notes__


def test_options_in_errors_are_named_by_their_keywords() -> None:
    with pytest.raises(UsageError, match=r"^chunk_rows: must be at least 1, got 0") as caught:
        lscli.evaluate(LOGITS, LABELS, chunk_rows=0)
    assert "chunk_rows" == caught.value.where


def test_the_words_of_the_command_line_stay_with_options() -> None:
    with pytest.raises(InputError) as caught:
        lscli.evaluate.with_options(LOGITS[:, 0], LABELS, options.EvaluateOptions())
    assert caught.value.hint.endswith("say --binary")


def test_a_warning_names_keywords_in_python_and_in_the_report() -> None:
    said = "logits: every row sums to 1: if these are probabilities, say kind='probs'"
    probabilities = np.array([[0.9, 0.1], [0.25, 0.75]])
    with pytest.warns(LscliWarning) as caught:
        report = lscli.evaluate(probabilities, [0, 1])
    assert ([said], [said]) == ([str(warning.message) for warning in caught], report.warnings)
    with pytest.warns(LscliWarning, match="say --kind probs"):
        lscli.evaluate.with_options(probabilities, [0, 1], options.EvaluateOptions())


def test_rows_that_are_read_later_speak_of_keywords_too() -> None:
    logits = LOGITS.copy()
    logits[2, 0] = np.nan
    listing = lscli.per_sample(logits, LABELS, chunk_rows=1)
    with pytest.raises(InputError) as caught:
        list(listing.rows)
    assert caught.value.hint.endswith("skip such rows with nonfinite='skip'")


def test_functions_without_options_speak_of_keywords() -> None:
    with pytest.raises(UsageError) as caught:
        lscli.smooth_labels(LABELS, 3, -0.1)
    assert "allow_negative_eps=True" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        lscli.convert_eps(2.0, 3, "uniform", "classy")
    assert "for example eps=0.1" == caught.value.hint


def test_a_warning_inside_and_outside_of_a_public_function() -> None:
    speaking = of_python(lambda: warn("say --binary"))
    with pytest.warns(LscliWarning, match="^say binary=True$"):
        speaking()
    with pytest.warns(LscliWarning, match="^say --binary$"):
        warn("say --binary")


def test_memory_that_ran_out_is_an_error_of_lscli() -> None:
    with pytest.raises(LscliError) as caught:
        _out_of_memory()
    assert isinstance(caught.value, lscli.ReadWriteError)
    assert "chunk_rows" in caught.value.hint
    assert isinstance(caught.value.__cause__, MemoryError)


@of_python
def _out_of_memory() -> None:
    raise MemoryError("Unable to allocate 14.6 TiB for an array")


def test_rewording_an_error_changes_its_words_alone() -> None:
    error = InputError("no --binary", "say --kind probs", where="bin-edges")
    reword(error)
    assert ("bin_edges: no binary=True", "say kind='probs'", "bin_edges") == (str(error), error.hint, error.where)
    assert ["hint: say kind='probs'"] == error.__notes__
