"""A listing shows the columns that fit, names the others, and shows names safely."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rich.cells import cell_len

from lscli.listings import Sample, Samples, Wide
from lscli.render.renderers import Screen, render
from lscli.render.terminal.table import FIRST, elided, fitting, not_shown
from lscli.report import Setting
from lscli.text import printable
from tests.render.reports import LISTING, NAMES, PLAIN, THINGS, squeezed, text_of, without_color

WIDTHS = [60, 80, 100, 200]
WORST = {"worst": Setting(2, "flag"), "by": Setting("loss", "default")}
SAMPLE = Sample("", "", 4321, 3, 9, False, 0.8715, 0.1285, 6e-10, 9, 21.25, 9.5, 0.4725, 1.768, 0.8067, -9.342, 1.0)


def samples(name: str = "x.npy", rows: int = 3, **more: object) -> Samples:
    inputs = [{"role": "logits", "path": name, "shape": [rows, 10], "dtype": "float32", "size": 128}]
    each = (SAMPLE._replace(source=name, row=number) for number in range(rows))
    return Samples(rows=each, inputs=inputs, **more)  # type: ignore[arg-type]


def test_a_listing_shows_its_title_columns_and_cells() -> None:
    text = text_of(LISTING, "table", Screen(200, color=False))
    lines = [line.split() for line in text.splitlines()]
    assert ["Things"] in lines
    assert ["id", "kept", "value", "definition"] in lines
    assert ["one", "yes", "0.3000", "mean", "of", "|a", "-", "b|,", "in", "[0,", "1]"] in lines
    assert ["four", "-12346"] in lines
    assert squeezed(printable(THINGS[2].definition)) in squeezed(text)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_of_a_listing_is_wider_than_the_screen(width: int) -> None:
    for color in (False, True):
        text = without_color(text_of(LISTING, "table", Screen(width, color)))
        assert [] == [line for line in text.splitlines() if cell_len(line) > width]
        assert "" == "".join(c for c in text if c != "\n" and not c.isprintable())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_the_title_names_the_source_and_the_columns_fit(name: str, width: int) -> None:
    text = text_of(samples(name), "table", Screen(width, color=False))
    assert [] == [line for line in text.splitlines() if cell_len(line) > width]
    shown = elided(printable(name), width - 9)
    assert squeezed(f"lscli {shown} 3 samples x 10 classes, float32") in squeezed(text)
    assert "source" not in text


def test_every_column_is_shown_or_named_as_hidden() -> None:
    for width in range(60, 240, 10):
        text = text_of(samples(), "table", Screen(width, color=False))
        heading = next(line.split() for line in text.splitlines() if line.startswith("  row"))
        hidden = text.partition("of width:")[2].partition(";")[0].replace(",", " ").split()
        assert set(Samples.FIXED[2:]) == {*heading, *hidden}
        assert [] == [name for name in heading if name in hidden]


@pytest.mark.parametrize(("by", "column"), [("loss", "loss_hard"), ("confidence", "confidence")])
def test_the_column_that_the_rows_are_sorted_by_is_always_shown(by: str, column: str) -> None:
    settings = {"worst": Setting(3, "flag"), "by": Setting(by, "flag")}
    lines = text_of(samples(settings=settings), "table", Screen(20, color=False)).splitlines()
    assert ["row", column] == next(line.split() for line in lines if line.startswith("  row"))


def test_a_column_that_is_empty_in_all_rows_is_not_shown() -> None:
    text = text_of(samples(), "table", Screen(240, color=False))
    assert "group" not in text
    assert "not shown" not in text


def test_rows_are_written_as_they_come_after_the_first_ones() -> None:
    taken = []

    def rows() -> Iterator[Sample]:
        for number in range(3 * FIRST):
            taken.append(number)
            yield SAMPLE._replace(row=number)

    pieces = render(Samples(rows=rows(), inputs=samples().inputs), "table", PLAIN)
    text = b"".join(next(pieces) for _ in range(FIRST + 10))
    assert FIRST < len(taken) < FIRST + 20
    assert f"{FIRST - 1:,}".replace(",", "") in text.decode()


def test_the_conclusion_is_the_last_paragraph() -> None:
    lines = text_of(samples(conclusion="Two of them are \x1b[2J."), "table").splitlines()
    assert ["", " Two of them are \\x1b[2J."] == lines[-2:]


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (30, ["a", "b", "c", "d"]),
        (29, ["a", "b", "c"]),
        (20, ["a", "b", "d"]),
        (19, ["a", "b"]),
        (15, ["a", "b"]),
        (14, ["a", "d"]),
        (9, ["a"]),
        (0, ["a"]),
    ],
)
def test_the_least_important_columns_go_first_and_narrow_ones_come_back(room: int, expected: list[str]) -> None:
    widths = {"a": 5, "b": 10, "c": 10, "d": 5}
    assert expected == fitting(widths, room, ["no column", "d", "c", "b", "d"])


def test_a_long_name_loses_its_middle() -> None:
    path = "/data/runs/2026-11-27/seed_0001/checkpoint_best/logits.npy"
    assert path == elided(path, len(path))
    for room in range(5, len(path)):
        head, mark, tail = elided(path, room).partition("…")
        assert (room, "…") == (cell_len(head + mark + tail), mark)
        assert path.startswith(head)
        assert path.endswith(tail)
        assert len(head) <= len(tail)
    assert "/data/r…_best/logits.npy" == elided(path, 24)
    assert 9 >= cell_len(elided("日本語" * 10, 9))


def test_the_title_is_on_two_lines_where_one_is_too_narrow() -> None:
    lines = text_of(samples(rows=5000), "table", Screen(48, color=False)).splitlines()
    assert [" lscli  x.npy", "        5,000 samples x 10 classes, float32"] == lines[1:3]
    assert " lscli  x.npy  5,000 samples x 10 classes, float32" in text_of(
        samples(rows=5000), "table", Screen(60, False)
    )


def many(columns: int) -> Wide:
    names = [f"metric_{number:02}" for number in range(columns)]
    names[20], names[25] = "accuracy", "ece"
    inputs = samples().inputs
    return Wide(rows=[("x.npy", "", 3, *([0.5] * columns))], metrics=names, inputs=inputs)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_accuracy_and_ece_are_shown_before_all_others_and_the_others_are_counted(width: int) -> None:
    text = text_of(many(30), "table", Screen(width, color=False))
    heading = next(line.split() for line in text.splitlines() if line.startswith("  n"))
    assert ["n", "accuracy", "ece"] == [name for name in heading if not name.startswith("metric")]
    hidden = 30 + 1 - len(heading)
    said = " ".join(text.split())
    assert f"{hidden} columns are not shown for lack of width: metric_" in said
    assert f"and {hidden - 12} more; -f csv has all" in said


def test_columns_that_fit_are_in_the_order_asked() -> None:
    listing = Wide(
        rows=[("x.npy", "", 3, 0.5, 0.25, 0.75)], metrics=["ece", "brier", "accuracy"], inputs=samples().inputs
    )
    heading = next(line for line in text_of(listing, "table").splitlines() if line.startswith("  n"))
    assert ["n", "ece", "brier", "accuracy"] == heading.split()


def test_one_column_that_is_hidden_is_said_in_the_singular() -> None:
    assert "1 column is not shown for lack of width: ece; -f csv has all" == not_shown(["ece"]).plain


@pytest.mark.parametrize("width", [60, 80])
def test_long_names_give_way_to_numbers(width: int) -> None:
    group = "a very long name of a group of samples, with commas and [markup]"
    listing = Samples(rows=[SAMPLE._replace(group=group), SAMPLE._replace(group="b")], inputs=samples().inputs)
    text = text_of(listing, "table", Screen(width, color=False))
    assert elided(group, max(16, width // 4)) in text
    assert group not in text
    assert {"confidence", "loss_hard"} <= {*text.split()}
    assert group in text_of(listing, "table", Screen(300, color=False))
