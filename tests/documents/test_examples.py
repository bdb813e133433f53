"""The examples in the docstrings of the public functions, which the reference of the site shows."""

from __future__ import annotations

import doctest
import inspect

import pytest

import lscli
from tests.command import ROOT

FUNCTIONS = {
    name: getattr(lscli, name)
    for name in lscli.__all__
    if name not in ("__version__", "load_calibrator", "load_threshold") and not isinstance(getattr(lscli, name), type)
} | {"SampleTable.from_confidences": lscli.SampleTable.from_confidences}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function_gives_what_it_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(FUNCTIONS[name]) or "", {}, name, None, None)
    assert len(test.examples) > 1
    said: list[str] = []
    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert (0, len(test.examples)) == (failed, tried), "".join(said)
