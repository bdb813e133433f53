"""TSV has the cells of the CSV, and a row is always one line."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from lscli.render.renderers import render
from lscli.text import printable
from tests.render.reports import LISTING, NAMES, PLAIN, ROWS, report, row, smoothed, text_of


@pytest.mark.parametrize("name", [name for name in NAMES if name[0] != "="])
def test_pandas_reads_the_names_and_the_numbers(name: str) -> None:
    answer = report(name, [*ROWS, row(group=name, params={"eps": 0.1})])
    text = text_of_with_tabs(answer)
    found = pd.read_csv(io.StringIO(text), sep="\t", keep_default_na=False, na_values=[""])
    assert len(ROWS) + 2 == text.count("\n")
    assert [printable(name)] * (len(ROWS) + 1) == found["source"].tolist()
    assert printable(name) == found["group"].iloc[-1]
    for field in ("value", "stderr", "ci_low", "ci_high", "n"):
        np.testing.assert_allclose(found[field][:-1], [getattr(each, field) for each in ROWS], 1e-14, 1e-300)


def test_the_cells_are_those_of_the_csv() -> None:
    for answer in (report(), LISTING, smoothed(np.array([[0.9, 0.1], [1 / 3, 2 / 3]]))):
        expected = list(csv.reader(io.StringIO(text_of(answer, "csv"))))
        assert expected == list(csv.reader(io.StringIO(text_of_with_tabs(answer)), delimiter="\t"))


def test_a_header_can_be_left_out() -> None:
    text = text_of_with_tabs(report(), PLAIN._replace(header=False))
    assert "logits.npy\t\tloss_hard\t0.2828249191582051\t" == text[:41]


def text_of_with_tabs(answer: object, *screen: object) -> str:
    """The TSV; `text_of` refuses tabs, which are no printable characters."""
    text = b"".join(render(answer, "tsv", *(screen or (PLAIN,)))).decode()  # type: ignore[arg-type]
    assert "" == "".join(sign for sign in text if not sign.isprintable() and sign not in "\t\n")
    return text
