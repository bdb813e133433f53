"""Rewrite the outputs in the documents: `python docs/fill.py`.

Each ```console line `$ lscli ...` in the README and the documents of `DOCUMENTS` is followed by the output of that
command, and docs/metrics.md ends with the catalogue. A test compares them with what the commands print.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Every document with the output of a command; those in folders that start with _ are made by Sphinx.
DOCUMENTS = tuple(
    path
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
    if "```console\n$ " in path.read_text(encoding="utf-8") and "/_" not in path.as_posix()
)
# The picture of the README, and the command that draws it.
PICTURE = ROOT / "docs" / "pictures" / "reliability.svg"
DRAWN = "lscli plot sample_data/logits.npy sample_data/labels.npy -f svg"
_BLOCK = re.compile(r"```console\n\$ ([^\n]*)\n(?:(?:(?!```).)*?\n)??```", re.DOTALL)


def output(command: str) -> str:
    """Output of a command of the documents, run by a shell in the root of the repository.

    A pipe after it, such as `| tail -2`, chooses the lines that are shown. `lscli` is that of this interpreter.
    """
    script = f'set -e; lscli() {{ {shlex.quote(sys.executable)} -W error -m lscli "$@"; }}\n{command}'
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = subprocess.run(["sh", "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or done.stderr:
        raise RuntimeError(f"{command}: exit code {done.returncode}\n{done.stderr}")
    return done.stdout.strip("\n")


def filled(block: re.Match[str]) -> str:
    """The block, with the current output of its command."""
    return f"```console\n$ {block[1]}\n{output(block[1])}\n```"


def main() -> None:
    """Rewrite every document."""
    for path in DOCUMENTS:
        path.write_text(_BLOCK.sub(filled, path.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(output(DRAWN) + "\n", encoding="utf-8")
    catalogue = ROOT / "docs" / "metrics.md"
    text = catalogue.read_text(encoding="utf-8")
    text = text[: text.index("| id | family")] + output("lscli metrics -f markdown") + "\n"
    catalogue.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
