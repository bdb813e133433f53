"""Which columns of a table are plainly those of logits and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lscli.io.cells import Cells
from lscli.io.tables.logit_columns import EnoughError, Look, looks_of, reading_of

P = [0.25, 0.75, 0.5, 0.875]
TWO = [0, 1, 0, 1]
NO_YES = ["no", "yes", "yes", "no"]
AB = {"a": [0.25, 0.5, 1.0, 0.0], "b": [0.75, 0.5, 0.0, 1.0]}


def words(columns: dict[str, Any], key: str | None = None, label: str | None = None, **widths: int) -> str | None:
    def read(wanted: Sequence[tuple[str, Cells]]) -> None:
        for name, cells in wanted:
            cells.add(columns[name], "t.csv", 0)

    read_as = reading_of([*columns, *widths], looks_of([*columns], read), widths, {}, key, label)
    return None if read_as is None else " ".join(read_as.words)


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"p": P, "y": TWO}, "--binary --kind probs --logits-key p --labels-column y"),
        ({"p": P, "label": TWO}, "--binary --kind probs --logits-key p"),
        ({"z": [-1.5, 0.5, 2, 1], "y": TWO}, "--binary --logits-key z --labels-column y"),
        ({"p": P, "y": NO_YES}, "--binary --kind probs --class-names no,yes --logits-key p --labels-column y"),
        (
            {"p": P, "y": ["Yes", "No"] * 2},
            "--binary --kind probs --class-names No,Yes --logits-key p --labels-column y",
        ),
        ({"p": P, "y": [True, False] * 2}, "--binary --kind probs --logits-key p --labels-column y"),
        # The order of other names is not known, unless the score is called by one of them.
        (
            {"p": P, "y": ["left", "right"] * 2},
            "--binary --kind probs --class-names FILE --logits-key p --labels-column y",
        ),
        (
            {"p_sick": P, "y": ["well", "sick"] * 2},
            "--binary --kind probs --class-names well,sick --logits-key p_sick --labels-column y",
        ),
        ({**AB, "y": ["b", "a"] * 2}, "--kind probs --logits-key a,b --labels-column y"),
        ({**AB, "y": TWO}, "--kind probs --logits-key a,b --labels-column y"),
        ({**AB, "y": [1, 2] * 2}, "--kind probs --labels-from 1 --logits-key a,b --labels-column y"),
        ({"id": ["q", "r", "s", "t"], **AB, "y": TWO}, "--kind probs --logits-key a,b --labels-column y"),
        ({"x0": [1.5, 2, 3, 4], "x1": P, "g": TWO, "k": [5, 6, 7, 8]}, "--logits-key 'x[0-9]*' --labels-column g"),
        # Two columns may be the labels, unless one of them has the name of labels.
        ({"p": P, "g": TWO, "h": TWO}, None),
        ({"p": P, "g": TWO, "gold": TWO}, "--binary --kind probs --logits-key p --labels-column gold"),
        ({"p": P, "pred": TWO}, None),
        ({"p": P, "y": [0, 1, 2, 0]}, None),
        ({"p": P, "y": ["a", "b", "c", "a"]}, None),
        ({"p": P, "q": P, "y": TWO}, None),
        ({"p": [0.5, 1.5, 2, 3], "y": TWO}, None),
        ({"p": [0.5, None, 0.25, 1], "y": TWO}, None),
        ({"p": [0.5, 10**400, 0.25, 1], "y": TWO}, None),
        ({"p": P}, None),
        ({"y": TWO}, None),
    ],
)
def test_the_reading(columns: dict[str, Any], found: str | None) -> None:
    assert found == words(columns)
    # Cells of a text table are texts.
    texts = {name: ["" if cell is None else str(cell) for cell in cells] for name, cells in columns.items()}
    assert found == words(texts)


def test_what_the_user_names_is_taken() -> None:
    columns = {"p": P, "q": [0.5, 0.5, 0.25, 0.125], "g": TWO, "h": TWO}
    assert words(columns, "q", "h") == "--binary --kind probs --logits-key q --labels-column h"
    assert words(columns, "q") is None
    assert words(columns, "q", "missing") is None
    assert words({**AB, "y": TWO, "c": P}, "a,b") == "--kind probs --logits-key a,b --labels-column y"


def test_lists_are_logits() -> None:
    letters = {"gold": ["C", "A", "B", "A"]}
    assert words(letters, scores=3) == "--class-names A,B,C --logits-key scores --labels-column gold"
    assert words(letters, logits=3) == "--class-names A,B,C --labels-column gold"
    assert words(letters, scores=4) is None
    assert words({"y": ["cat", "dog", "cat", "dog"]}, scores=2) == (
        "--class-names FILE --logits-key scores --labels-column y"
    )


def test_names_that_cannot_be_typed_are_not_offered() -> None:
    assert words({"p\x1b[2J": P, "y": TWO}) is None
    assert words({"p": P, "y\n": TWO}) is None
    assert words({"p": P, "y": ["a,b", "c"] * 2}) == (
        "--binary --kind probs --class-names FILE --logits-key p --labels-column y"
    )


def test_reading_stops_after_the_first_rows() -> None:
    look = Look("p", last=True)
    look.add(np.zeros(4000), "t.csv", 0)
    with pytest.raises(EnoughError):
        look.add(np.zeros(4000), "t.csv", 4000)
    assert len(look) == 4096
