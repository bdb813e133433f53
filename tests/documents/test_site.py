"""What docs/extensions writes for the site; `.ci/run` builds the site itself."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import get_args

import pytest

import lscli
from lscli.checked_options import declared
from lscli.cli.main import COMMANDS
from lscli.metrics.catalogue import METRICS
from tests.command import ROOT


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the pages that are written from the code."""
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "extensions"))
    for name in ("pages", "reference_pages"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import pages
    import reference_pages

    monkeypatch.setattr(pages, "GENERATED", tmp_path)
    reference_pages.commands()
    reference_pages.metrics()
    reference_pages.python()
    return tmp_path


def test_the_reference_has_every_option_metric_and_function(written: Path) -> None:
    for name, (function, examples, _) in COMMANDS.items():
        text = (written / "commands" / f"{name}.md").read_text(encoding="utf-8")
        assert all(example in text for example in examples)
        options = [each for kind in function.kinds for each in declared(kind)]  # type: ignore[attr-defined]
        flags = {f"--{each.flag}" for each in options if not each.option.hidden}
        assert flags == {*re.findall("^`(--[a-z0-9-]+)", text, flags=re.MULTILINE)}
    metrics = "".join(path.read_text(encoding="utf-8") for path in (written / "metrics").iterdir())
    assert {*METRICS} == {*re.findall("^## (.*)", metrics, flags=re.MULTILINE)}
    python = "".join(path.read_text(encoding="utf-8") for path in (written / "python").iterdir())
    assert {*lscli.__all__} - {"__version__"} == {*re.findall(r"^\.\. auto\w+:: lscli\.(\w+)", python, re.MULTILINE)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b_c [N, K]*", r"a \< b\_c \[N, K\]\*"),
        ("say --eps 0.1 or `x_y`", "say `--eps` 0.1 or `x_y`"),
        ("<script>", r"\<script\>"),
    ],
)
def test_no_character_of_a_text_is_markup(written: Path, text: str, expected: str) -> None:
    from pages import plain

    assert expected == plain(text)


def test_a_page_that_stays_the_same_is_not_written_again(written: Path) -> None:
    from pages import write

    write("x.md", "# a", "b")
    before = (written / "x.md").stat().st_mtime_ns
    write("x.md", "# a", "b")
    assert ("# a\n\nb\n", before) == ((written / "x.md").read_text(), (written / "x.md").stat().st_mtime_ns)


@pytest.mark.parametrize("name", [name for name, metric in METRICS.items() if metric.formula])
def test_a_formula_is_latex_that_becomes_mathml(name: str) -> None:
    from latex2mathml import converter

    assert "\\" not in converter.convert(METRICS[name].formula)


def test_what_scrolls_takes_the_keyboard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "extensions"))
    from accessible import accessible

    assert '<pre tabindex="0">lscli</pre>' == accessible("<pre>lscli</pre>")
    assert 'role="heading" aria-level="2">Tasks' in accessible('<p class="caption" role="heading">Tasks</p>')


def test_the_gallery_has_every_chart_and_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "extensions"))
    monkeypatch.delitem(sys.modules, "pages", raising=False)
    import gallery

    from lscli.curves.answers import CHARTS
    from lscli.options import ChartName

    monkeypatch.setattr(gallery, "_drawn", lambda name, command, shows: [command])
    page = gallery._page()
    assert {f"## {name}" for name in get_args(ChartName)} < {*page}
    answers = [part for part in page if part.startswith("lscli ") and not part.startswith("lscli plot")]
    assert len(CHARTS) == len(answers)
