"""Signatures, docstrings and types of the public functions come from the classes of options."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli import options
from lscli.checked_options import Declared, Options, declared
from tests.command import ROOT

LOGITS = np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0], [0.0, 0.25, 3.0], [1.0, 0.0, 0.5]])
LABELS = np.array([0, 1, 1, 0])
FITTED = np.random.default_rng(0).normal(size=(60, 3))
FITTED_LABELS = np.where(np.arange(60) % 4 > 0, FITTED.argmax(axis=1), 0)
TABLE = lscli.SampleTable.from_confidences([0.9, 0.6, 0.7], [1, 0, 1])
# Of each function: its options, the names of its arguments, values for these, and an option that changes the answer.
FUNCTIONS: dict[str, tuple[type[Options], list[str], tuple[Any, ...], dict[str, Any]]] = {
    "evaluate": (options.EvaluateOptions, ["logits", "labels"], (LOGITS, LABELS), {"eps": 0.3, "bins": 4}),
    "measure": (options.MeasureOptions, ["table"], (TABLE,), {"bins": 3}),
    "sweep": (options.SweepOptions, ["logits", "labels"], (LOGITS, LABELS), {"eps": [0.1, 0.2]}),
    "per_bin": (options.BinsOptions, ["logits", "labels"], (LOGITS, LABELS), {"bins": 3, "equal_mass": True}),
    "per_class": (options.ClassesOptions, ["logits", "labels"], (LOGITS, LABELS), {"sort": "recall", "top": 2}),
    "per_sample": (options.SamplesOptions, ["logits", "labels"], (LOGITS, LABELS), {"worst": 2}),
    "explain": (options.ExplainOptions, ["value", "logits", "labels"], ("0.5", LOGITS, LABELS), {"candidates": 3}),
    "fit": (options.FitOptions, ["logits", "labels"], (FITTED, FITTED_LABELS), {"cross_fit": True}),
    "inspect": (options.InspectOptions, ["path"], ("sample_data/logits.npy",), {"input_format": "npy"}),
}
_REFUSED = {"topk_classes", "classes", "label_log_probs", "confidence", "correct", "predicted", "confidence_scale"}
_MAPS = {"calibrator", "temperature", "cross_fit"}
NOT_TAKEN = {
    "explain": {"groups", "group_by", "clusters", *_MAPS, *_REFUSED},
    "fit": {"calibrator", "temperature", "ci", *_REFUSED},
    "sweep": _REFUSED,
    "per_class": {"clusters", *_REFUSED},
}
every_function = pytest.mark.parametrize("name", FUNCTIONS)


def taken(name: str) -> list[Declared]:
    """The options of a function, without those that it declares only to refuse them."""
    return [each for each in declared(FUNCTIONS[name][0]) if each.name not in NOT_TAKEN.get(name, ())]


def rows(answer: Any) -> list[str]:
    return [repr(row) for row in answer.rows]


@every_function
def test_the_signature_has_the_arguments_and_every_option_with_its_default(name: str) -> None:
    _, arguments, _, _ = FUNCTIONS[name]
    parameters = inspect.signature(getattr(lscli, name)).parameters
    assert [*arguments, *(each.name for each in taken(name))] == list(parameters)
    assert {each.name: each.default for each in taken(name)} == {
        key: parameter.default
        for key, parameter in parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    given = [p for p in parameters.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [None] * ("labels" in arguments) == [p.default for p in given if p.default is not p.empty]


@every_function
def test_the_docstring_lists_every_option_by_its_keyword(name: str) -> None:
    text = getattr(lscli, name).__doc__
    summary, blank, *_ = text.split("\n")
    assert (".", "") == (summary[-1], blank)
    assert text.index("Args:") < text.index("Returns:") < text.index("Options:")
    lines = text.partition("\nOptions:\n")[2].splitlines()
    assert [f"    {each.name}" for each in taken(name)] == [line.partition(":")[0] for line in lines]
    for line, each in zip(lines, taken(name), strict=True):
        assert line.endswith(".")
        assert "--" not in line
        assert [] == [word for word in each.choices if word not in line]


@every_function
def test_a_function_is_known_by_its_name_and_home(name: str) -> None:
    function = getattr(lscli, name)
    assert (name, name) == (function.__name__, function.__qualname__)
    assert function.__module__.startswith("lscli.api.")


@every_function
def test_keywords_and_an_object_of_options_give_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    kind, _, arguments, changed = FUNCTIONS[name]
    function = getattr(lscli, name)
    expected = function(*arguments, **changed)
    found = function.with_options(*arguments, kind(**changed))
    assert rows(expected)
    assert expected.settings == found.settings
    assert rows(expected) == rows(found)
    if name != "inspect":
        assert rows(function(*arguments)) != rows(function(*arguments, **changed))


@every_function
def test_an_unknown_keyword_is_a_type_error(name: str) -> None:
    _, _, arguments, _ = FUNCTIONS[name]
    with pytest.raises(TypeError, match="unexpected keyword argument 'esp'"):
        getattr(lscli, name)(*arguments, esp=0.1)


def test_options_have_names_and_arguments_may() -> None:
    evaluate: Any = lscli.evaluate
    assert lscli.evaluate(labels=LABELS, logits=LOGITS)["ece"] == lscli.evaluate(LOGITS, LABELS)["ece"]
    with pytest.raises(TypeError):
        evaluate(LOGITS, LABELS, 0.1)


RIGHT = """
import numpy as np
import torch
import lscli
from lscli.options import EvaluateOptions, Kernel

report: lscli.Report = lscli.evaluate("x.npy", "y.npy", eps=[0.1, 0.2], norm="l2", kernel="numpy", threads=2)
lscli.evaluate(np.eye(2), [0, 1], weights=np.ones(2), eps="0:1:0.5", metrics=("ece", "loss"), groups=["a", "b"])
value: float = lscli.evaluate(logits="both.npz", device=torch.device("cpu"))["ece"]
kernel: Kernel = "torch"
options = EvaluateOptions(kernel=kernel, ci=True).replaced(seed=1)
again: lscli.Report = lscli.evaluate.with_options("x.npy", None, options)
eps: object = options.eps
table = lscli.SampleTable.from_confidences([0.5], [True])
measured: lscli.Report = lscli.measure(table, bins=5, compat="netcal")
listing: lscli.Listing = lscli.explain(0.5, "x.npy", "y.npy", candidates=3)
recall: list[float] = [row.recall for row in lscli.per_class("x.npy", "y.npy", sort="recall").rows]
gaps: list[float] = [bin.gap for bin in lscli.per_bin("x.npy", "y.npy", equal_mass=True).rows]
"""
WRONG = [
    ('lscli.evaluate("x.npy", norm="l3")', 'Argument "norm"'),
    ('lscli.evaluate("x.npy", bins="many")', 'Argument "bins"'),
    ('lscli.evaluate("x.npy", esp=0.1)', 'Unexpected keyword argument "esp"'),
    ('lscli.evaluate("x.npy", "y.npy", 0.1)', "Too many positional arguments"),
    ("lscli.evaluate()", 'Missing positional argument "logits"'),
    ('lscli.sweep("x.npy", kernel="cuda")', 'Argument "kernel"'),
    ('lscli.measure("x.npy")', 'Argument 1 to "__call__" of "TableFunction"'),
    ('lscli.measure(table, smoothing="prior")', 'Argument "smoothing"'),
    ('lscli.explain("0.5", "x.npy", groups="g.csv")', 'Argument "groups"'),
    ('EvaluateOptions(score="mps")', 'Argument "score"'),
    ("options.eps = 0.2", 'Property "eps" defined in "EvaluateOptions" is read-only'),
    ('lscli.per_bin.with_options("x.npy", None, options)', 'Argument 3 to "with_options"'),
]


MYPY = """
[mypy]
strict = True
follow_imports = silent
[mypy-torch.*,pandas.*,scipy.*,pyarrow.*,typer.*,rich.*,safetensors.*]
follow_imports = skip
follow_imports_for_stubs = True
ignore_missing_imports = True
"""


@pytest.mark.slow
def test_a_type_checker_sees_the_keywords(tmp_path: Path) -> None:
    """Right calls are no errors, and each wrong one is an error on its line. What they do not need is not read."""
    program, settings = tmp_path / "calls.py", tmp_path / "mypy.ini"
    program.write_text(RIGHT + "\n".join(call for call, _ in WRONG) + "\n", encoding="utf-8")
    settings.write_text(MYPY, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", settings, "--cache-dir", tmp_path / "cache", program]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=300, cwd=ROOT, check=False
    )
    first = RIGHT.count("\n") + 1
    found = {int(line.split(":")[1]): line for line in done.stdout.splitlines() if ": error: " in line}
    assert 1 == done.returncode, done.stdout + done.stderr
    assert [first + place for place in range(len(WRONG))] == sorted(found), done.stdout
    for place, (call, words) in enumerate(WRONG):
        assert words in found[first + place], call
