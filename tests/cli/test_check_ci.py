"""`lscli check` in continuous integration: annotations, the summary of a step, JUnit XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from lscli.decisions.checked import Checked, CheckRow
from lscli.render.formats import github, junit
from lscli.render.renderers import Screen
from tests.command import LABELS, LOGITS, lscli

LIMITS = ("check", LOGITS, LABELS, "--max", "ece=0.001", "--min", "accuracy=0.5")
EVIL = "a|b<script>`*\n::error::,:%\x1b[2J名"
ODD = Checked(rows=[CheckRow(EVIL, EVIL, "ece", 0.5, 0.4, 0.6, "max", 0.1, False)])


def test_github_gets_an_annotation_and_a_summary_beside_the_answer(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    found, plain = lscli(*LIMITS, env=env), lscli(*LIMITS, env={"GITHUB_ACTIONS": ""})
    assert (1, plain.stdout) == (found.returncode, found.stdout)
    assert "" == plain.stderr
    [line] = found.stderr.splitlines()
    assert line.startswith("::error title=lscli check%3A ece::ece of ")
    text = summary.read_text()
    sentence = "1 of 2 limits is kept: ece 0.03412 is above its limit 0.001."
    assert text.startswith(f"before\n### Check\n\n{sentence}\n\n| source |")
    assert "**no**" in text
    assert "| yes |" in text


def test_quiet_turns_them_off(tmp_path: Path) -> None:
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    assert lscli(*LIMITS, "-q", env=env).stderr == ""
    assert [] == [*tmp_path.iterdir()]


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    found = lscli(*LIMITS, env={"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path)})
    assert found.returncode == 1
    assert "lscli: warning: the summary of the step cannot be written: Is a directory" in found.stderr
    assert found.stdout.startswith("source,group,metric")


def test_names_can_break_neither_an_annotation_nor_the_table() -> None:
    [line] = github.failures(ODD)
    assert "\n" not in line
    assert line.startswith("::error title=lscli check%3A ece::ece of ")
    assert "%25" in line
    cells = github.summary(ODD).splitlines()[4].split(" | ")
    assert len(cells) == len(ODD.columns)
    assert not {*"<>`*"} & {*cells[0]}
    assert github.annotation("error", "a:b,c%", "x\r\n,:") == "::error title=a%3Ab%2Cc%25::x%0D%0A,:"


def test_junit_is_xml_with_a_case_for_each_limit() -> None:
    found = ElementTree.fromstring(lscli(*LIMITS, "-f", "junit").stdout)
    suite = found[0]
    assert ("2", "1") == (suite.get("tests"), suite.get("failures"))
    assert [["failure"], []] == [[part.tag for part in case] for case in suite]
    odd = ElementTree.fromstring("".join(junit.listing(ODD, Screen(80, False))).encode())
    assert "名" in str(odd[0][0].get("classname"))


def test_the_suffix_xml_is_junit_and_other_answers_refuse_it(tmp_path: Path) -> None:
    assert lscli(*LIMITS, "-o", tmp_path / "check.xml").returncode == 1
    assert ElementTree.parse(tmp_path / "check.xml").getroot().tag == "testsuites"
    for name in ("junit", "github"):
        found = lscli("eval", LOGITS, LABELS, "-f", name)
        assert found.returncode == 2
        assert f"{name} is a format of lscli check alone" in found.stderr
