"""docs/ci.md, the action and the hook for pre-commit do what they say."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.command import LABELS, LOGITS, ROOT, lscli

TEXT = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
[STEP] = [step for step in ACTION["runs"]["steps"] if step.get("id") == "check"]


def test_the_workflow_has_at_most_six_lines_and_inputs_of_the_action() -> None:
    text = re.findall("```yaml\n(.*?)```", TEXT, flags=re.DOTALL)[0]
    assert len(text.splitlines()) <= 6
    found = yaml.safe_load(text)
    assert {True, "jobs"} == {*found}  # YAML 1.1 reads `on` as true
    _, step = found["jobs"]["calibration"]["steps"]
    assert {*step["with"]} <= {*ACTION["inputs"]}


def test_the_commands_of_the_document_run(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    commands = re.findall("^lscli .*", TEXT, flags=re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        found = lscli(*shlex.split(command)[1:], cwd=tmp_path)
        assert found.returncode == 0, found.stderr


def test_no_input_is_a_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_hook_is_the_one_of_the_document() -> None:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert f"- id: {hook['id']}" in TEXT


@pytest.mark.parametrize(
    ("given", "code", "passed"),
    [
        ({"max": "ece=0.5", "min": "accuracy=0.5"}, 0, "passed=true\n"),
        ({"max": "ece=0.001", "strict": "true"}, 1, "passed=false\n"),
        ({"max": "ece=0.5", "args": "--bins\n10"}, 0, "passed=true\n"),
        ({"max": "ece=0.5", "args": "--bins=3; touch evil $(touch evil)"}, 2, ""),
        ({"max": "ece=0.5", "logits": "$(touch evil)"}, 3, ""),
    ],
)
def test_the_script_of_the_action(tmp_path: Path, given: dict[str, str], code: int, passed: str) -> None:
    program = tmp_path / "bin" / "lscli"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m lscli "$@"\n')
    program.chmod(0o755)
    output = tmp_path / "output"
    output.touch()
    values = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    values |= {"logits": LOGITS, "labels": LABELS} | given
    env = {name: values[re.findall(r"inputs\.([a-z-]+)", value)[0]] for name, value in STEP["env"].items()}
    env |= {"PATH": f"{program.parent}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output)}
    found = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEP["run"]],
        env={**os.environ, **env},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (code, passed) == (found.returncode, output.read_text()), found.stderr
    assert not (tmp_path / "evil").exists()
