"""Texts that fit into a picture."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lscli.render.plots.texts import elided, in_font, sentences, short_names, width_of, wrapped


@given(st.text(max_size=60), st.floats(20, 300))
@settings(max_examples=25, deadline=None)
def test_lines_hold_every_word_and_fit(text: str, room: float) -> None:
    lines = wrapped(text, room, 7)
    assert "".join(text.split()) == "".join("".join(lines).split())
    assert [] == [line for line in lines if len(line) > 1 and width_of(line, 7) > room]


def test_captions_are_sentences() -> None:
    assert "ece 0.03.\nLeast excess 0.2 at eps 0." == sentences("ece 0.03\nleast excess 0.2 at eps 0", ["a.npy"])
    assert "a.npy: least excess 0.2.\nDone." == sentences("a.npy: least excess 0.2\nDone.", ["a.npy"])
    assert "aurc undefined.\nNo curve: why." == sentences("aurc undefined\nno curve: why", ["a.npy"])


def test_a_text_with_room_stays() -> None:
    assert ["ece 0.1", "a new line"] == wrapped("ece 0.1\na new line", 500, 7)
    assert "abc" == elided("abc", 500, 7)


def test_a_long_text_loses_its_middle() -> None:
    short = elided("a" * 50 + "z" * 50, 60, 7)
    assert ("a", "z", True) == (short[0], short[-1], "…" in short)
    assert width_of(short, 7) <= 60


@given(st.lists(st.text(min_size=1, max_size=40), min_size=1, max_size=6, unique=True), st.floats(40, 200))
@settings(max_examples=25, deadline=None)
def test_names_stay_different_and_fit(names: list[str], room: float) -> None:
    short = short_names(names, room, 7)
    assert [] == [name for name in short if width_of(name, 7) > room]
    assert len(names) == len({*short})


def test_folders_that_tell_nothing_apart_go() -> None:
    assert ["a.npy", "b.npy"] == short_names(["x/y/a.npy", "z/b.npy"], 300, 7)
    assert ["a", "b"] == short_names(["runs/a/logits.npy", "runs/b/logits.npy"], 300, 7)


def test_signs_that_the_font_lacks_are_escaped() -> None:
    assert r"\u6a21 é" == in_font("模 é")
