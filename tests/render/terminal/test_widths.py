"""Every command's table at the usual widths: no line is too long, and no number is cut or lost without a note."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.color import ANSI_COLOR_NAMES

from lscli.cli.main import main
from lscli.cli.output import Destination
from lscli.listings import Listing
from lscli.render.renderers import Screen, render
from lscli.render.terminal import views
from lscli.report import Report
from tests.command import LABELS, LOGITS

WIDTHS, ALL = (60, 80, 100, 120, 200), 2000
# The commands, with the headings that the narrowest table still has.
COMMANDS = {
    "eval x.npy y.npy --eps 0.1": "metric value",
    "eval x.npy y.npy --ci --bootstrap 20 --groups g.txt --metrics loss_hard,ece": "metric value interval",
    "eval x.npy y.npy --wide --groups g.txt": "group accuracy ece loss_hard",
    "bins x.npy y.npy": "bin accuracy gap",
    "classes x.npy y.npy": "class recall ece",
    "samples x.npy y.npy --worst 3": "row loss_hard",
    "compare x.npy b.npy y.npy --bootstrap 20": "metric difference verdict",
    "compare x.npy b.npy c.npy a_long_name_of_a_model_d.npy y.npy --bootstrap 20": "metric model difference verdict",
    "check x.npy y.npy --max ece=0.9 --groups g.txt": "group metric value limit verdict",
    "threshold x.npy y.npy --max-error 0.2 --groups g.txt": "coverage msp bound passed group threshold",
    "conformal x.npy y.npy b.npy y.npy": "samples coverage",
    "ood x.npy b.npy": "score auroc fpr95",
    "sweep x.npy y.npy": "eps smoothed excess",
    "sweep x.npy b.npy c.npy y.npy --ci --bootstrap 20": "eps smoothed excess difference interval",
    "fit x.npy y.npy": "method temperature",
    "fit x.npy y.npy --method all": "method loss_hard brier ece",
    "fit x.npy y.npy --per-group --groups g.txt": "group temperature before after",
    "recalibrate x.npy y.npy b.npy y.npy": "metric before after difference",
    "recalibrate x.npy y.npy b.npy y.npy --groups g.txt": "group metric before after",
    "inspect x.npy": "x.npy float32",
    "explain 1.2 x.npy y.npy": "difference loss eps",
    "metrics": "Metrics loss_hard",
    "smooth --label 3 --classes 10 --eps 0.1": "q3 floor",
}
# A number in a table: after a space, with what belongs to it.
_NUMBER = re.compile(r"(?<![\w.:,-])[-+]?\d[\d,]*\.\d+(?:e[-+]\d+)?")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = np.load(LOGITS)[:600], np.load(LABELS)[:600]
    random = np.random.default_rng(0)
    models = {"x": x, "b": x * 0.6, "c": x + random.normal(size=x.shape).astype("f"), "a_long_name_of_a_model_d": x * 2}
    for name, logits in models.items():
        np.save(tmp_path / f"{name}.npy", logits)
    np.save(tmp_path / "y.npy", y)
    groups = ["north", "a longer name of a group; with more words", "\x1b[2Jwest"]
    (tmp_path / "g.txt").write_text("".join(f"{groups[place % 3]}\n" for place in range(600)))


def answered(arguments: str, monkeypatch: pytest.MonkeyPatch) -> Report | Listing:
    """The answer of a command, which is computed once and shown at several widths."""
    found: list[Report | Listing] = []
    monkeypatch.setattr(Destination, "write", lambda self, answer: found.append(answer))
    assert 0 == main([*arguments.split(), "-f", "table"])
    return found[0]


def shown(answer: Report | Listing, width: int, *, color: bool = False) -> str:
    return b"".join(render(answer, "table", Screen(width, color))).decode()


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_line_is_too_long_and_no_number_is_cut(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = answered(arguments, monkeypatch)
    texts = {width: shown(answer, width) for width in (*WIDTHS, ALL)}
    found = {width: {*_NUMBER.findall(text)} for width, text in texts.items()}
    for width, text in texts.items():
        assert [] == [line for line in text.splitlines() if cell_len(line) > width or not line.isprintable()]
        # A piece of a number would be no number of the widest table.
        assert set() == found[width] - found[ALL]
        assert [] == [heading for heading in COMMANDS[arguments].split() if heading not in text], width
        assert [] == re.findall(r"\d…|…\d+\.", text)
        if "not shown" not in text:
            assert set() == found[100] - found[width]


def test_the_styles_can_be_read_on_white_and_on_black() -> None:
    """Green, red and magenta are the only colours, each beside a word, a sign or a mark that says the same."""
    styles: set[str] = set()
    for path in Path(views.__file__).parent.glob("*.py"):
        words = re.findall(r'"([a-z ]+)"', path.read_text())
        styles |= {word for text in words for word in text.split() if word in ANSI_COLOR_NAMES}
    assert {"green", "red", "magenta"} == styles


@pytest.mark.parametrize("arguments", list(COMMANDS)[:20:3])
def test_a_terminal_gets_no_other_codes(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(answered(arguments, monkeypatch), 100, color=True)
    codes = {code for each in re.findall("\x1b\\[([0-9;]*)m", text) for code in each.split(";")}
    # Reset, bold, dim, red, green, magenta.
    assert set() == codes - {"0", "1", "2", "31", "32", "35"}
    assert codes
