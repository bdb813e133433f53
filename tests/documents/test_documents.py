"""What the documents say is what the code does."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import lscli
from lscli.cli.main import COMMANDS
from lscli.metrics.catalogue import CONVENTIONS, METRICS
from tests.command import ROOT
from tests.command import lscli as run

README = (ROOT / "README.md").read_text(encoding="utf-8")
GUARANTEES = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
MEASURES = (ROOT / "docs" / "measures.md").read_text(encoding="utf-8")
COMMAND_LINE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
FILL = runpy.run_path(str(ROOT / "docs" / "fill.py"))
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def console_blocks() -> list[tuple[str, str]]:
    """The documents' `$ command` lines, each with the output under it."""
    texts = [path.read_text(encoding="utf-8") for path in FILL["DOCUMENTS"]]
    assert README in texts
    assert len(texts) > 10
    found = [re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", text, flags=re.DOTALL) for text in texts]
    return list(dict.fromkeys(block for blocks in found for block in blocks))


@pytest.mark.parametrize(("command", "expected"), console_blocks(), ids=lambda text: text[:40])
def test_the_output_in_a_document_is_the_command_s(command: str, expected: str) -> None:
    assert command.startswith("lscli ")
    found = FILL["output"](command)
    # The last digits belong to the processor: words are compared as they are, numbers as numbers.
    assert _NUMBER.sub("#", expected.strip("\n")) == _NUMBER.sub("#", found)
    for one, other in zip(_NUMBER.findall(expected), _NUMBER.findall(found), strict=True):
        assert float(one) == pytest.approx(float(other), rel=1e-9)


def test_a_failed_command_fills_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        FILL["output"]("lscli eval nowhere.npy")


def test_the_readme_is_read_in_a_minute() -> None:
    assert len(README.split()) < 900
    prose = re.sub(r"```.*?```", "", README, flags=re.DOTALL)
    assert [] == [line for line in prose.splitlines() if len(line) > 120]
    outputs = [output for _, output in re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", README, flags=re.DOTALL)]
    assert len(outputs) > 5
    assert [] == [output for output in outputs if len(output.splitlines()) > 8 or "source,group" in output]


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [block] = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    exec(block, {"logits": ROOT / "sample_data" / "logits.npy", "labels": ROOT / "sample_data" / "labels.npy"})
    assert capsys.readouterr().out.startswith("0.9362 0.034")


def test_the_list_of_metrics_begins_with_what_the_definitions_take_for_granted() -> None:
    assert f"\n\n> {CONVENTIONS}\n\n" in (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")


def test_the_list_of_metrics_is_the_catalogue() -> None:
    listing = run("metrics", "-f", "markdown").stdout
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8").endswith(f"\n\n{listing}")


def test_the_list_of_families_names_every_metric() -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", MEASURES))
    assert set(METRICS) - named == set()


def test_every_command_is_in_the_documents_and_the_changelog() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert f"`lscli {name}`" in changelog
        assert any(f"lscli {name}" in path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md")), name


def test_the_changelog_begins_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)[0] == lscli.__version__


def test_the_exit_codes_of_the_document_are_those_of_the_code() -> None:
    from lscli.errors import ExitCode

    table = COMMAND_LINE[COMMAND_LINE.index("| exit code |") :].split("\n\n")[0]
    cells = re.findall(r"^\| ([\d, ]+) \|", table, flags=re.MULTILINE)
    assert {int(code) for code in ", ".join(cells).split(", ")} == {int(code) for code in ExitCode}


def test_the_constraints_pin_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = dict(
        line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")
    )
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(each for name in extras if name != "sample" for each in extras[name])]
    names = {re.split(r"[^A-Za-z0-9_-]", requirement)[0] for requirement in wanted} - {"lscli-calibration"}
    assert {name.lower() for name in names} - {name.lower() for name in pinned} == set()
    assert pinned["torch"] == "2.13.0"


def test_the_links_of_the_documents_lead_somewhere() -> None:
    for document in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/[a-z]*/*.md"),
        *ROOT.glob("*/README.md"),
    ):
        for link in re.findall(r"\]\((?!http)([^)#]+)", document.read_text(encoding="utf-8")):
            assert (document.parent / link).exists(), f"{document.name}: {link}"


def test_the_sample_is_what_its_readme_says() -> None:
    from lscli.io.open import open_inputs

    sample = ROOT / "sample_data"
    for name in ("logits.npy", "logits_smoothed.npy"):
        logits, labels = open_inputs(sample / name, sample / "labels.npy")
        assert ((5000, 10), "float32", "int64") == (logits.shape, logits.dtype, labels.dtype)
        logits.close()


def test_the_sample_shows_what_smoothing_does() -> None:
    sample = ROOT / "sample_data"
    hard, smoothed = (
        lscli.evaluate(sample / name, sample / "labels.npy") for name in ("logits.npy", "logits_smoothed.npy")
    )
    assert hard["confidence_gap"] > 0 > smoothed["confidence_gap"]
    assert hard["eps_gap"] < 0.001
    assert 0.05 < smoothed["eps_gap"] < 0.2
    assert smoothed["loss_excess"] < hard["loss_excess"]


def test_the_picture_of_the_readme_is_that_of_its_command() -> None:
    def texts(svg: str) -> list[str]:
        return [text.strip() for text in ElementTree.fromstring(svg).itertext() if text.strip()]

    assert "](docs/pictures/reliability.svg)" in README
    assert texts(FILL["output"](FILL["DRAWN"])) == texts(FILL["PICTURE"].read_text(encoding="utf-8"))


def test_every_source_file_has_a_docstring() -> None:
    sources = [*Path(lscli.__file__).parent.rglob("*.py")]
    assert len(sources) > 50
    assert [] == [path.name for path in sources if not path.read_text(encoding="utf-8").lstrip("r").startswith('"""')]


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", GUARANTEES, flags=re.DOTALL))
def test_the_python_of_the_guarantees_runs(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(block, {})
