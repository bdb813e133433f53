"""The completion of commands and options in a shell: Typer's scripts, to print or to install."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from lscli.checked_options import choice
from lscli.cli.typer_converters import typers_completion
from lscli.errors import ReadWriteError, UsageError
from lscli.text import said

if TYPE_CHECKING:
    from collections.abc import Sequence

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")
SHOW, INSTALL = "--show-completion", "--install-completion"
# The variable by which a shell asks to complete a word.
_ASKED = "_LSCLI_COMPLETE"


def completes() -> bool:
    """Whether the shell asks to complete a word, by setting a variable."""
    return _ASKED in os.environ


def prepare() -> None:
    """Let Typer know the shells, if one asks."""
    if completes():
        typers_completion().completion_init()


def with_shell(arguments: Sequence[str]) -> list[str]:
    """The arguments with the user's shell after an option that names none.

    Raises:
        UsageError: the shell is not known.
    """
    first, *rest = arguments or [""]
    if first in (SHOW, INSTALL) and (not rest or rest[0].startswith("-")):
        return [first, _users_shell(first), *rest]
    return list(arguments)


def show(shell: str | None) -> None:
    """Print the script of a shell, and end the command."""
    if shell is not None:
        from lscli.cli.output import write_stdout

        script = typers_completion().get_completion_script(
            prog_name="lscli", complete_var=_ASKED, shell=_known(shell, SHOW)
        )
        write_stdout(f"{script}\n".encode())
        raise typer.Exit


def install(shell: str | None) -> None:
    """Install the script of a shell in the user's home, and end the command.

    Raises:
        ReadWriteError: a file of the home cannot be read or written, or PowerShell did not answer.
    """
    if shell is not None:
        from subprocess import SubprocessError

        from lscli.cli.output import write_stdout

        _known(shell, INSTALL)
        try:
            _, path = typers_completion().install(shell=shell, prog_name="lscli", complete_var=_ASKED)
        except (OSError, RuntimeError, SubprocessError, UnicodeError) as error:
            hint = f"lscli --show-completion {shell} prints the script, to put where you like"
            raise ReadWriteError(f"the completion is not installed: {said(error)}", hint) from error
        write_stdout(f"Completion for {shell} is in {path}. It begins in the next shell that you open.\n".encode())
        raise typer.Exit


def _known(shell: str, flag: str) -> str:
    return choice(shell, SHELLS, flag.removeprefix("--"))


def _users_shell(flag: str) -> str:
    """The shell in SHELL, or else the one that runs this command."""
    name, _ = os.path.splitext(os.path.basename(os.environ.get("SHELL", "")))
    if name in SHELLS:
        return name
    import shellingham

    try:
        name, _ = shellingham.detect_shell()
    except (shellingham.ShellDetectionFailure, RuntimeError):  # no shell, or a system that shellingham does not know
        name = ""
    if name not in SHELLS:
        raise UsageError("your shell is not known", f"name it, as in lscli {flag} bash: {', '.join(SHELLS)}")
    return name
