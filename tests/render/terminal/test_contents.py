"""The arrays of a file: shape, values, what they are taken for, and the command to type next."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from lscli.listings import ArrayRow, Contents
from lscli.render.renderers import Screen
from tests.render.reports import NAMES, NAN, text_of, without_color

COMMAND = "lscli eval x.npz"
LOGITS = ArrayRow("x.npz", "npz", "logits", "40x5", "float32", 800, -2.5, 3.25, 0, 0, 0, 0.0, "logits", COMMAND)
LABELS = ArrayRow("x.npz", "npz", "labels", "40", "int64", 320, 0, 4, 0, 0, 0, NAN, "labels", COMMAND)
NAMED = ArrayRow("x.npz", "npz", "names", "1", "<U1", 4, NAN, NAN, NAN, NAN, NAN, NAN, "", "")


def shown(*rows: ArrayRow, width: int = 100) -> list[str]:
    answer = Contents(rows=rows, conclusion="eval takes logits for logits.")
    return text_of(answer, "table", Screen(width, color=False)).splitlines()


def test_each_array_has_its_shape_its_values_and_what_it_is_taken_for() -> None:
    assert [
        "",
        " lscli  x.npz  npz",
        "",
        "   logits  40 x 5  float32  800 bytes",
        "     values    -2.500 .. 3.250, no nan, no infinities",
        "     rows      none sums to 1",
        "     taken for logits",
        "",
        "   labels  40  int64  320 bytes",
        "     values    0 .. 4",
        "     taken for labels",
        "",
        "   names  1  <U1  4 bytes",
        "",
        " eval takes logits for logits.",
        "",
        " Next:",
        "   lscli eval x.npz",
    ] == shown(LOGITS, LABELS, NAMED)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"nan": 1234, "neginf": 2}, "-2.500 .. 3.250, 1,234 nan, 2 -inf"),
        ({"min": NAN, "max": NAN, "posinf": 3}, "none that is finite, 3 +inf"),
        ({"sum_to_1": 1.0}, "all sum to 1"),
        ({"sum_to_1": 0.25}, "25 % sum to 1"),
        ({"shape": ""}, "logits  one value  float32"),
        ({"key": ""}, "array  40 x 5"),
    ],
)
def test_values_that_are_not_as_usual_are_named(more: dict[str, float | str], words: str) -> None:
    assert words in "\n".join(shown(LOGITS._replace(**more)))  # type: ignore[arg-type]


def test_files_have_titles_and_without_a_command_nothing_is_next() -> None:
    lines = shown(LOGITS._replace(command=""), LABELS._replace(source="y.npy", format="npy", command=""))
    assert [" lscli  x.npz  npz", " lscli  y.npy  npy"] == [line for line in lines if line.startswith(" lscli")]
    assert " Next:" not in lines


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("name", NAMES)
def test_no_line_is_wider_than_the_screen_whatever_the_name(name: str, width: int) -> None:
    lines = shown(LOGITS._replace(source=name, key=name), width=width)
    assert [] == [line for line in lines if cell_len(line) > width]


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("color", [False, True])
def test_a_command_to_copy_is_on_one_line_whatever_the_width(width: int, color: bool) -> None:
    command = f"lscli eval {'long/' * 60}x.npz --logits-key y"
    answer = Contents(rows=[LOGITS._replace(command=command)], conclusion="eval reads it.")
    lines = without_color(text_of(answer, "table", Screen(width, color))).splitlines()
    assert f"   {command}" == lines[-1]
    assert [] == [line for line in lines[:-1] if cell_len(line) > width]
