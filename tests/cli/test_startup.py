"""A command imports only what it needs, so that start-up stays fast."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.command import LABELS, LOGITS

SLOW = {"numpy", "pandas", "torch", "matplotlib", "jinja2"}


def imported(*arguments: str, env: Mapping[str, str] | None = None) -> set[str]:
    """The packages that a run of this interpreter imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=120,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


@pytest.mark.parametrize(
    "arguments", ["--help", "--version", "eval --help", "eval --help-all", "metrics --help", "samples --help"]
)
def test_help_and_version_import_nothing_slow(arguments: str) -> None:
    packages = imported("-m", "lscli", *arguments.split())
    assert {"lscli", "typer"} <= packages
    assert set() == SLOW & packages


@pytest.mark.parametrize("words", ["lscli ev", "lscli --ver", "lscli eval --dev", "lscli eval --device c"])
def test_completion_of_commands_and_options_imports_nothing_slow(words: str) -> None:
    env = {"_LSCLI_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    packages = imported("-m", "lscli", env=env)
    assert {"lscli", "typer"} <= packages
    assert set() == SLOW & packages


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("lscli ev", ["eval"]),
        ("lscli eval --dev", ["--device"]),
        ("lscli eval --help", ["--help", "--help-all"]),
        ("lscli eval --device cu", ["cuda"]),
        ("lscli eval --kernel n", ["numpy"]),
        ("lscli eval --metrics ece,rms", ["ece,rmsce", "ece,rmsce_debiased"]),
        ("lscli metrics -f j", ["json", "junit"]),
    ],
)
def test_completion_offers_what_fits(words: str, expected: list[str]) -> None:
    env = {"_LSCLI_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "lscli"], capture_output=True, text=True, env={**os.environ, **env}, check=True
    )
    assert (expected, "") == (done.stdout.split(), done.stderr)


@pytest.mark.parametrize("variables", [{}, {"COMP_WORDS": "lscli ev"}, {"COMP_WORDS": "lscli", "COMP_CWORD": "x"}])
def test_the_variable_of_completion_alone_is_wrong_usage(variables: dict[str, str]) -> None:
    env = {**os.environ, "_LSCLI_COMPLETE": "complete_bash", **variables}
    done = subprocess.run([sys.executable, "-m", "lscli"], capture_output=True, text=True, env=env, check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert ["lscli", "hint"] == [line.partition(":")[0] for line in done.stderr.splitlines()]


def test_eval_on_the_cpu_imports_no_torch_pandas_or_pydantic_and_for_csv_no_rich() -> None:
    packages = imported("-m", "lscli", "eval", LOGITS, LABELS, "-f", "csv")
    assert "numpy" in packages
    assert set() == {"torch", "pandas", "pydantic", "rich", "scipy", "pyarrow", "matplotlib"} & packages


@pytest.mark.parametrize("command", ["bins", "classes", "samples"])
def test_a_table_of_its_own_as_csv_imports_nothing_slow_but_numpy(command: str) -> None:
    packages = imported("-m", "lscli", command, LOGITS, LABELS, "-f", "csv", "--threads", "1")
    assert "numpy" in packages
    assert set() == {"torch", "pandas", "pydantic", "rich", "scipy", "pyarrow", "matplotlib"} & packages


def test_eval_with_a_table_imports_rich_but_no_torch_pandas_or_pydantic() -> None:
    packages = imported("-m", "lscli", "eval", LOGITS, LABELS, "-f", "table")
    assert {"numpy", "rich"} <= packages
    assert set() == {"torch", "pandas", "pydantic", "matplotlib"} & packages


def test_an_import_of_lscli_costs_nothing() -> None:
    packages = imported("-c", "import lscli; lscli.__version__; lscli.LscliError; dir(lscli)")
    assert "lscli" in packages
    assert set() == {*SLOW, "typer", "rich"} & packages


def test_a_picture_imports_matplotlib_but_neither_pyplot_nor_pandas_nor_torch() -> None:
    code = "import sys; from lscli.cli.main import main; main(sys.argv[1:]); print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, "plot", LOGITS, LABELS, "-o", os.devnull, "-f", "svg"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ("False\n", "") == (done.stdout, done.stderr)
    packages = imported("-m", "lscli", "plot", LOGITS, LABELS, "-o", os.devnull, "-f", "svg")
    assert "matplotlib" in packages
    assert set() == {"torch", "pandas", "pydantic", "pyarrow"} & packages
