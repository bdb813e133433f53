"""The completion scripts are printed, are installed, and complete words in their shells."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.inprocess import Run, assert_refused
from tests.command import ROOT

# What only the script of this shell has.
MARKS = {
    "bash": "complete -o default -F _lscli_completion lscli",
    "zsh": "#compdef lscli",
    "fish": "complete --command lscli",
    "powershell": "Register-ArgumentCompleter -Native -CommandName lscli",
    "pwsh": "Register-ArgumentCompleter -Native -CommandName lscli",
}
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `lscli` is this one."""
    script = tmp_path / "bin" / "lscli"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m lscli "$@"\n')
    script.chmod(0o755)
    return os.pathsep.join([str(script.parent), os.environ["PATH"]])


def in_shell(shell: str, script: str, path: str, home: Path) -> list[str]:
    """What a shell prints."""
    environment = {**os.environ, "PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [shell, "-c", script], capture_output=True, text=True, env=environment, timeout=120, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout.split()


@pytest.mark.parametrize("shell", MARKS)
@pytest.mark.parametrize("joined", [False, True])
def test_the_script_of_a_named_shell_is_all_that_is_printed(run: Run, shell: str, joined: bool) -> None:
    words = [f"--show-completion={shell}"] if joined else ["--show-completion", shell]
    answer = run(*words)
    assert (0, "", "\n") == (answer.code, answer.err, answer.out[-1])
    assert {MARKS[shell]} == {mark for mark in MARKS.values() if mark in answer.out}


@pytest.mark.parametrize("value", ["/bin/bash", "/usr/bin/zsh", "fish", "pwsh.exe"])
def test_without_a_name_it_is_the_script_of_the_variable_shell(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SHELL", value)
    name = Path(value).stem
    assert run("--show-completion", name) == run("--show-completion")
    assert MARKS[name] in run("--show-completion").out


@pytest.mark.parametrize("value", ["", "/bin/tcsh"])
def test_without_a_known_variable_it_is_that_of_the_shell_around(
    run: Run, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("SHELL", value)
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("zsh", "/bin/zsh"))
    assert MARKS["zsh"] in run("--show-completion").out


@pytest.mark.parametrize("flag", ["--show-completion", "--install-completion"])
def test_an_unknown_shell_has_to_be_named(run: Run, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    monkeypatch.delenv("SHELL", raising=False)
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("tcsh", "/bin/tcsh"))
    assert_refused(run(flag), 2, "your shell is not known", f"lscli {flag} bash", "zsh, fish")

    def undetected() -> None:
        import shellingham

        raise shellingham.ShellDetectionFailure

    monkeypatch.setattr("shellingham.detect_shell", undetected)
    assert_refused(run(flag), 2, "your shell is not known", f"lscli {flag} bash")


@pytest.mark.parametrize("flag", ["--show-completion", "--install-completion"])
def test_a_wrong_name_is_refused_with_the_nearest(run: Run, flag: str) -> None:
    assert_refused(run(flag, "bsh"), 2, flag[2:], "unknown value 'bsh'", "'bash'")
    assert_refused(run(flag, "eval"), 2, "unknown value 'eval'", "bash, zsh, fish, powershell or pwsh")


@POSIX
def test_bash_completes_with_the_script(path: str, tmp_path: Path) -> None:
    script = (
        'eval "$(lscli --show-completion bash)"; complete -p lscli >/dev/null || exit 1; '
        "COMP_WORDS=(lscli eval --metrics ece,rms); COMP_CWORD=3; _lscli_completion lscli; echo ${COMPREPLY[*]}"
    )
    assert ["ece,rmsce", "ece,rmsce_debiased"] == in_shell("bash", script, path, tmp_path)


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish_completes_with_the_script(path: str, tmp_path: Path) -> None:
    script = 'lscli --show-completion fish | source; complete -C "lscli eval --kind p"'
    assert ["probs"] == in_shell("fish", script, path, tmp_path)


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh_completes_with_the_script(path: str, tmp_path: Path) -> None:
    # What the script evaluates, since the line editor of zsh needs a terminal.
    script = (
        'compdef() { :; }; eval "$(lscli --show-completion zsh)"; _arguments() { print -r -- $1; }; '
        "words=(lscli eval --kind p); CURRENT=4; _lscli_completion"
    )
    assert ["*:", ':(("probs"))'] == in_shell("zsh", script, path, tmp_path)


@POSIX
def test_it_is_installed_once(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for _ in range(2):
        answer = run("--install-completion", "bash")
        assert (0, "") == (answer.code, answer.err)
    script = tmp_path / ".bash_completions" / "lscli.sh"
    assert str(script) in answer.out
    assert run("--show-completion", "bash").out.strip() == script.read_text().strip()
    assert 1 == (tmp_path / ".bashrc").read_text().count(str(script))


@POSIX
def test_a_home_that_cannot_be_written_is_an_error_of_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    assert_refused(run("--install-completion", "fish"), 4, "is not installed", "lscli --show-completion fish")
