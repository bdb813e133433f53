"""The places of values are those of a dict that keeps its order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lscli.io.places import Places, places_in


@given(st.lists(st.lists(st.integers(0, 5) | st.sampled_from(["", "a", "1"]))))
def test_places_count_the_distinct_values_as_they_come(blocks: list[list[int | str]]) -> None:
    places = Places()
    found = [code for block in blocks for code in places.of(block).tolist()]
    values = [value for block in blocks for value in block]
    distinct = list(dict.fromkeys(values))
    assert distinct == list(places)
    assert [distinct.index(value) for value in values] == found


@given(st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3)))
def test_the_places_in_an_array_have_its_shape(rows: list[list[int]]) -> None:
    array = np.array(rows, np.int16).reshape(-1, 3)
    codes, distinct = places_in(array)
    assert list(dict.fromkeys(array.reshape(-1).tolist())) == distinct
    assert array.tolist() == np.array([*distinct, 0])[codes].tolist()


def test_all_nan_have_one_place() -> None:
    codes, distinct = places_in(np.array([np.nan, 1.0, np.nan]))
    assert [0, 1, 0] == codes.tolist()
    assert 2 == len(distinct)
