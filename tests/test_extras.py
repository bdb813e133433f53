"""Optional packages: which extra has each, and what is said where one is missing."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from lscli.errors import ExitCode
from lscli.extras import EXTRA_OF, needed
from tests.command import ROOT

EXTRAS: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]


def packages(extra: str) -> set[str]:
    """The packages of an extra, and of the extras that it includes."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        inner = re.fullmatch(r"lscli-calibration\[(.*)\]", requirement)
        found |= (
            set().union(*map(packages, inner[1].split(","))) if inner else {re.split("[^A-Za-z0-9_-]", requirement)[0]}
        )
    return found


def test_the_extras_of_users_are_those_of_the_table() -> None:
    assert {extra: {name for name in EXTRA_OF if EXTRA_OF[name] == extra} for extra in EXTRA_OF.values()} == {
        extra: packages(extra) for extra in ("parquet", "plot", "venn-abers")
    }
    assert {*EXTRA_OF} == packages("all")
    assert packages("all") < packages("test")
    assert packages("all") < packages("docs")


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({}, 'pip install "lscli-calibration[plot]"'),
        ({"instead": "write a .csv"}, 'pip install "lscli-calibration[plot]", or write a .csv'),
    ],
)
def test_what_is_missing_is_named_with_its_extra(more: dict[str, Any], hint: str) -> None:
    error = needed("matplotlib", "lscli plot", where="x.pdf", **more)
    assert ("x.pdf: lscli plot needs matplotlib, which is not installed", hint) == (str(error), error.hint)
    assert ExitCode.USAGE == error.exit_code
