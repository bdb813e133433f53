"""The page is one well-formed document, whatever the names in it, and shows the numbers of the other questions."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lscli
from lscli.render.numbers import short
from lscli.render.report.contents import Page
from tests.render.report.documents import Document

RANDOM = np.random.default_rng(0)
Y = RANDOM.integers(0, 4, 200)
X = (RANDOM.normal(size=(200, 4)) + 2 * np.eye(4)[Y]).astype(np.float32)
OTHER = X + RANDOM.normal(size=X.shape).astype(np.float32)
FEW: dict[str, Any] = {"bootstrap": 20, "threads": 1}
NASTY = [
    ("<script>alert(1)</script>", "a\x1b[2J\x00\x7f\n\udc80b"),
    ("\"><img src=x onerror=alert(1)>'", "{{ 7 * 7 }} {% raw %} ]]> --> &amp; $x^2$ 漢"),
]


def of_names(one: str, other: str) -> str:
    """The page of two models, two groups and four classes with these names."""
    classes = [one, other if "\n" not in other else "b", *"cd"]  # names of classes have one line
    groups = np.array([one, other])[np.arange(200) % 2]
    return lscli.html_report({one: X, other: OTHER}, Y, groups=groups, class_names=classes, **FEW).to_html()


@pytest.fixture(scope="module")
def page() -> Page:
    """The report of one model."""
    return lscli.html_report(X, Y, **FEW)


@pytest.fixture(scope="module")
def plain() -> Document:
    """A page whose names have letters alone."""
    return Document(of_names("a", "b"))


def sections(document: Document) -> list[str]:
    return [element.text for element in document.of("h2")]


def test_the_sections_come_in_their_order_and_every_table_has_a_caption(page: Page) -> None:
    document = Document(page.to_html())
    assert ["doctype html"] == [each.lower() for each in document.declarations]
    assert [] == document.open_at_the_end
    expected = ["Key numbers", "Metrics", "Pictures", "Classes", "Worst samples", "Definitions", "Provenance"]
    assert expected == [each for each in sections(document) if each != "Not in this report"]
    first = [each for each in document.elements if each.tag in ("p", "h1", "table", "h2")]
    assert ["h1", "p"] == [each.tag for each in first[:2]]
    assert len(document.of("caption")) == len(document.of("table")) > 5
    assert {"col", "row"} == {each.attributes["scope"] for each in document.of("th")}
    wide = [each for each in document.of("div") if each.attributes.get("class") == "wide"]
    assert len(wide) >= len(document.of("table"))
    assert [] == [each for each in wide if each.attributes.get("tabindex") != "0" or not each.attributes["aria-label"]]


def test_values_are_those_of_evaluate_per_class_and_per_sample(page: Page) -> None:
    document = Document(page.to_html())
    report = lscli.evaluate(X, Y, ci=True, **FEW)
    lines = [[cell.text for cell in _cells(document, row)] for row in range(len(document.of("tr")))]
    shown = {line[0].split(" ")[0]: line for line in lines if line}
    for row in report.rows:
        assert short(row.value) == shown[row.metric][1], row.metric
        assert ("" if np.isnan(row.ci_low) else f"{short(row.ci_low)} .. {short(row.ci_high)}") == shown[row.metric][3]
    assert report.conclusion in document.of("header")[0].text
    worst = [*lscli.per_sample(X, Y, worst=20).rows]
    table = next(each for each in document.of("table") if "20 worst samples" in each.text)
    for sample in worst:
        values = f"{sample.row} {sample.label} {sample.predicted} {short(sample.confidence)}"
        assert values in " ".join(table.text.split())
    classes = next(each for each in document.of("table") if "the classes, the largest loss first" in each.text)
    for row_of_class in lscli.per_class(X, Y).rows:
        assert short(row_of_class.recall) in classes.text
        assert short(row_of_class.ece) in classes.text
    assert "prints all classes" not in document.elements[0].text  # they are all there


def _cells(document: Document, number: int) -> list[Any]:
    row = document.of("tr")[number]
    places = [place for place, each in enumerate(document.elements) if each is row]
    found = []
    for each in document.elements[places[0] + 1 :]:
        if each.tag in ("th", "td"):
            found.append(each)
        elif each.tag in ("tr", "table"):
            break
    return found


def test_ids_are_unique_and_links_lead_to_them() -> None:
    document = Document(lscli.html_report({"a": X, "b": OTHER}, Y, **FEW).to_html())
    ids = [each.attributes["id"] for each in document.elements if "id" in each.attributes]
    assert len({*ids}) == len(ids)
    targets = {value for each in document.elements for name, value in each.attributes.items() if name.endswith("href")}
    assert targets
    assert {f"#{each}" for each in ids} >= targets
    labels = {each.attributes["aria-labelledby"] for each in document.of("section")}
    assert labels <= {*ids}


def test_nothing_is_loaded_and_nothing_runs(page: Page) -> None:
    text = page.to_html()
    document = Document(text)
    assert [] == [each.tag for each in document.elements if each.tag in ("script", "link", "img", "iframe", "object")]
    policy = next(each for each in document.of("meta") if each.attributes.get("http-equiv"))
    assert "default-src 'none'; style-src 'unsafe-inline'" == policy.attributes["content"]
    assert "@import" not in text
    pictures = document.of("svg")
    assert pictures
    assert ["img"] * len(pictures) == [each.attributes["role"] for each in pictures]
    assert [] == [each for each in pictures if not each.attributes["aria-label"]]


@pytest.mark.parametrize("names", NASTY, ids=["0", "1"])
def test_names_of_models_classes_and_groups_are_text(names: tuple[str, str], plain: Document) -> None:
    text = of_names(*names)
    document = Document(text)
    assert [] == document.open_at_the_end
    assert {each.tag for each in plain.elements} == {each.tag for each in document.elements}
    assert [] == [key for each in document.elements for key in each.attributes if key.startswith("on")]
    assert text.encode("utf-8").decode("utf-8") == text
    assert all(character == "\n" or character.isprintable() for character in text)
    for name in names:
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
        assert " ".join(shown.split()) in document.of("h1")[0].text
        assert any(" ".join(shown.split()) in each.text for each in document.of("table"))


def test_a_command_is_text(page: Page) -> None:
    document = Document(replace(page, command="lscli report '</code><script>'").to_html())
    assert "lscli report '</code><script>'" == document.of("code")[-1].text
    assert [] == document.of("script")


def test_the_same_input_gives_the_same_bytes(page: Page) -> None:
    assert page.to_html() == lscli.html_report(X, Y, **FEW).to_html()


def test_a_file_is_written_completely(page: Page, tmp_path: Path) -> None:
    page.save(tmp_path / "x.html")
    assert page.to_html().encode() == (tmp_path / "x.html").read_bytes()


def test_the_template_and_the_style_are_data_of_the_package() -> None:
    assert {"page.html", "page.css"} <= {each.name for each in files("lscli.render.report").iterdir()}
