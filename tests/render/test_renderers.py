"""The table of output formats agrees with the option and with the modules."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

import pytest

from lscli.options import OutputFormat
from lscli.render.renderers import BY_SUFFIX, FORMATS, render
from tests.render.reports import LISTING, PLAIN, report


def test_the_option_has_every_format_and_auto() -> None:
    assert {"auto", *FORMATS} == set(get_args(OutputFormat))


def test_each_suffix_belongs_to_one_format() -> None:
    assert len(BY_SUFFIX) == sum(len(each.suffixes) for each in FORMATS.values())
    assert [] == [suffix for suffix in BY_SUFFIX if suffix[0] != "." or suffix != suffix.lower()]


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if not each.arrays_only and not each.only])
def test_each_format_writes_reports_and_listings(name: str) -> None:
    for answer in (report(), LISTING):
        data = b"".join(render(answer, name, PLAIN))
        assert FORMATS[name].binary == (b"\0" in data)


@pytest.mark.parametrize("name", [name for name, each in FORMATS.items() if each.arrays_only])
def test_a_format_for_arrays_has_no_reports(name: str) -> None:
    assert not hasattr(import_module(FORMATS[name].module), "report")
