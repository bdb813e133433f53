"""Parquet holds the rows of the CSV with their types, written one row group at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from pyarrow import parquet

from lscli.render.formats import parquet as renderer
from lscli.render.renderers import render
from lscli.report import Report, Row
from lscli.text import printable
from tests.render.reports import LISTING, PLAIN, ROWS, THINGS, Thing, Things, report, smoothed


def frame(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def test_a_report_has_the_rows_of_the_csv() -> None:
    found = frame(b"".join(render(report(), "parquet", PLAIN)))
    assert list(Row._fields) == list(found.columns)
    assert [each.metric for each in ROWS] == found["metric"].tolist()
    np.testing.assert_array_equal([each.value for each in ROWS], found["value"])


def test_a_report_without_rows_has_the_columns() -> None:
    found = frame(b"".join(render(Report([]), "parquet", PLAIN)))
    assert (list(Row._fields), 0) == (list(found.columns), len(found))


def test_a_listing_keeps_its_types_and_its_text_is_printable() -> None:
    found = frame(b"".join(render(LISTING, "parquet", PLAIN)))
    assert list(Thing._fields) == list(found.columns)
    assert [True, False, True, False] == found["kept"].tolist()
    assert [printable(thing.definition) for thing in THINGS] == found["definition"].tolist()


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
def test_each_row_group_is_written_as_soon_as_it_is_full(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    monkeypatch.setattr(renderer, "_ROWS", rows)
    taken = []

    def things() -> Iterator[Thing]:
        for thing in THINGS:
            taken.append(thing.id)
            yield thing

    pieces = render(Things(rows=things()), "parquet", PLAIN)
    first = next(pieces)
    assert (b"PAR1", rows) == (first[:4], len(taken))
    data = first + b"".join(pieces)
    assert -(-len(THINGS) // rows) == parquet.read_metadata(io.BytesIO(data)).num_row_groups
    assert [thing.id for thing in THINGS] == frame(data)["id"].tolist()


def test_a_wide_listing_has_fewer_rows_in_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renderer, "_CELLS", 20)
    values = np.arange(40.0).reshape(10, 4)
    data = b"".join(render(smoothed(values), "parquet", PLAIN))
    assert 2 == parquet.read_metadata(io.BytesIO(data)).num_row_groups
    np.testing.assert_array_equal(values, frame(data).to_numpy())
