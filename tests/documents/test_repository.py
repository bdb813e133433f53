"""The workflows, hooks, templates and packaging agree with the scripts and with each other."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import lscli
from tests.command import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
FOLDERS = (".ci", ".github", "benchmarks", "docs", "lscli", "sample_data", "tests")
# An installation of lscli by that name, or an extra of it: on the registry, the name is somebody else's package.
_STRANGER = re.compile(
    r"""\b(?:pipx?\s+(?:install|run)|uvx|uv\s+[a-z]+)\b[^\n`"&|;,]*?[\s'=]lscli(?![-\w/*])|(?<![-\w.])lscli\[[a-z{]"""
)


def load(name: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def commands(job: dict[str, Any]) -> list[str]:
    """The shell commands of a workflow's job."""
    return [step["run"] for step in job["steps"] if "run" in step]


def test_ci_runs_the_script_on_every_supported_python() -> None:
    linux = load(".github/workflows/ci.yml")["jobs"]["linux"]
    pythons = linux["strategy"]["matrix"]["python"]
    assert ["3.11", "3.12", "3.13", "3.14"] == pythons
    assert f">={pythons[0]}" == PROJECT["requires-python"]
    [step] = [step for step in linux["steps"] if step.get("run") == ".ci/run"]
    assert {"PYTHON": "python${{ matrix.python }}"} == step["env"]


def test_ci_runs_tests_that_exist_on_other_systems() -> None:
    [line] = [line for line in commands(load(".github/workflows/ci.yml")["jobs"]["other-systems"]) if "pytest" in line]
    paths = [word for word in shlex.split(line) if word.startswith("tests/")]
    assert len(paths) > 5
    assert [] == [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("script", [".ci/run", ".ci/build"])
def test_the_scripts_of_the_workflows_can_be_executed(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111


def test_a_release_is_tested_and_built_before_it_is_published() -> None:
    jobs = load(".github/workflows/release.yml")["jobs"]
    assert "./.github/workflows/ci.yml" == jobs["test"]["uses"]
    assert ("test", "build") == (jobs["build"]["needs"], jobs["publish"]["needs"])
    assert ['.ci/build "$GITHUB_REF_NAME"'] == commands(jobs["build"])
    assert ("pypi", {"id-token": "write"}) == (jobs["publish"]["environment"], jobs["publish"]["permissions"])


def test_the_hooks_are_the_linters_of_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    linters = [line for line in script.splitlines() if re.match(r"\.venv/bin/(?!python)", line)]
    [local] = load(".pre-commit-config.yaml")["repos"]
    assert "local" == local["repo"]  # no version of its own: the environment's are those of constraints.txt
    assert linters == [hook["entry"] for hook in local["hooks"]]
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert [] == [name for name in ("ruff", "mypy", "import-linter") if f"\n{name}==" not in pinned]


def test_the_citation_is_of_this_version() -> None:
    citation = load("CITATION.cff")
    assert lscli.__version__ == str(citation["version"])
    assert PROJECT["license"] == citation["license"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_an_issue_form_asks_something(form: Path) -> None:
    content = yaml.safe_load(form.read_text(encoding="utf-8"))
    questions = [field for field in content["body"] if field["type"] != "markdown"]
    assert any(field["validations"]["required"] for field in questions if "validations" in field)
    assert len(questions) == len({field["id"] for field in questions})


def test_the_bug_report_asks_for_what_finds_the_bug() -> None:
    text = (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug_report.yml").read_text(encoding="utf-8")
    assert [] == [what for what in ("LSCLI_DEBUG=1", "lscli --version", "file", "SECURITY.md") if what not in text]


@pytest.mark.parametrize(
    ("text", "installs"),
    [
        ("pip install lscli", True),
        ("pip install -U 'lscli[parquet]'", True),
        ("pip install -q numpy lscli==1.0", True),
        ("pipx run lscli --help", True),
        ("uvx lscli eval", True),
        ("needs lscli[parquet]", True),
        ("python -m pip install lscli", True),
        ("uv add lscli", True),
        ('f"say: lscli[{extra}]"', True),
        ("pip install lscli-calibration", False),
        ("pip install 'lscli-calibration[parquet]'", False),
        ("pip install -c constraints.txt . && .venv/bin/lscli eval", False),
        ("pip install -e '.[dev]', then lscli --version", False),
    ],
)
def test_an_installation_of_the_stranger_s_package_is_recognised(text: str, installs: bool) -> None:
    assert installs == bool(_STRANGER.search(text))


def strings(text: str) -> Iterator[str]:
    """The strings of a Python file as they are printed: joined from their lines, each value of an f-string as {}."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_strings_are_read_as_they_are_printed() -> None:
    text = 'a = ("pip install "\n  "lscli")\nb = f"lscli[{a}]"'
    assert ["pip install lscli", "lscli[{}]"] == [found for found in strings(text) if _STRANGER.search(found)]


def test_no_text_would_install_the_stranger_s_package() -> None:
    assert "lscli-calibration" == PROJECT["name"]
    files = [*ROOT.glob("*.*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    texts = [path for path in files if path.suffix in (".md", ".py", ".toml", ".txt", ".yml", ".yaml", ".cff", "")]
    assert len(texts) > 200
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in texts
        if path.is_file() and path != Path(__file__) and path.parent.parent.name != "corpus"
        for text in (path.read_text(encoding="utf-8"),)
        for read in (text, *(strings(text) if path.suffix == ".py" else ()))
        for hit in _STRANGER.finditer(read)
    ]
    assert [] == found
