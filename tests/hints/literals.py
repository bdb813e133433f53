"""The hints in the code that name something to type: a flag, a command of lscli, or code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.command import ROOT

# A flag, a command, a call, an attribute or an index of an array, a package to install, a setting.
NAMES = re.compile(
    r"(?<![\w-])--?[a-z]+(-[a-z]+)*\b|\blscli [a-z]+\b|\w+\([^()\s][^()]*\)|\.\w+\(\)|\blogits\[|pip install|"
    r"\b[a-z_]+=\S|[A-Z]+_[A-Z]+"
)
# What is no sentence: help, names of formats, the tables of other libraries.
_NO_HINTS = ("in_python.py", "catalogue.py", "candidates.py", "typer_converters.py")
# The commands that `lscli inspect` prints have tests of their own. Help of options, and what is printed around tables,
# are no hints.
_ELSEWHERE = ("api/inspect", "options/", "render/terminal")
_DEFINITIONS = "metrics/"


class Literal(NamedTuple):
    """A string of the code.

    Attributes:
        place: its file and line.
        text: the string, with `{}` for what an f-string fills in.
    """

    place: str
    text: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """A pattern of the strings that it makes."""
        return re.compile(".*".join(map(re.escape, self.text.split("{}"))))


def literals() -> Iterator[Literal]:
    """Every string that names something to type, except docstrings and help."""
    for path in sorted((Path(ROOT) / "lscli").rglob("*.py")):
        name = path.relative_to(Path(ROOT) / "lscli").as_posix()
        if path.name in _NO_HINTS or name.startswith(_ELSEWHERE):
            continue
        if name.startswith(_DEFINITIONS) and path.name != "selection.py":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in left_out:
                pieces = node.values if isinstance(node, ast.JoinedStr) else [node]
                text = "".join(str(piece.value) if isinstance(piece, ast.Constant) else "{}" for piece in pieces)
                example = name.startswith("cli/") and text.startswith("lscli ")
                if " " in text and "\n" not in text and NAMES.search(text) and not example:
                    yield Literal(f"{name}:{node.lineno}", text)


# What a test cannot follow, or what is no hint, with the reason.
_NO_HINT, _MACHINE, _DEVICE = "is no hint", "a limit of the machine", "needs a device"
HUMAN: dict[str, str] = {
    "; --max-error {} has one": "tests/api/test_threshold.py follows it",
    "is the answer of lscli check, not a report": _NO_HINT,
    "has the schema {}, which a newer lscli wrote; this one reads {}": _NO_HINT,
    "install the version of lscli that wrote it, or write the report again with this one": "installs a package",
    "Comparison({} models, {} differences{}{})": _NO_HINT,
    "::{} title={}::{}": _NO_HINT,
    "lscli check: {}": _NO_HINT,
    "lscli compare: {}": _NO_HINT,
    "name={} classname={}": _NO_HINT,
    "VAL_LOGITS VAL_LABELS TEST_LOGITS TEST_LABELS: the samples that the map is fitted on, and those that it is "
    "measured on. Two files if each holds logits and labels.": _NO_HINT,
    "x + D x + b, x = ln((1 - o) softmax(z / T) + o / K)": _NO_HINT,
    "(1 + v_k) x_k + b_k, x = ln((1 - o) softmax(z / T) + o / K)": _NO_HINT,
    "CAL_LOGITS CAL_LABELS [TEST_LOGITS [TEST_LABELS]]: the samples that the sets are calibrated on, and those that "
    "get sets. A file that holds logits and labels stands for both.": _NO_HINT,
    "Sets({} samples, {} classes)": _NO_HINT,
    'pip install "lscli-calibration[{}]"': "installs a package",
    "Page({}; {} metrics, {} charts)": _NO_HINT,
    "say -o report.html; lscli eval writes the metrics in other formats": "tests/cli/test_report.py follows it",
    "raise the limit on open files (ulimit -n)": _MACHINE,
    "raise the limit (ulimit -v)": _MACHINE,
    "raise the limit on memory; to read logits takes less with a smaller --chunk-rows or fewer --threads": _MACHINE,
    "try --device cpu": _DEVICE,
    "move it there first: logits.to({})": _DEVICE,
    "move the logits to the CPU: logits.cpu()": _DEVICE,
    "leave out --flatten and --class-axis": "no command leads there",
    "call lscli outside of the transform": "names a place in the caller's code",
    "write it to a file: lscli apply": _MACHINE,
    "keep the rows: list(listing.rows)": "needs standard input",
    "set LSCLI_DEBUG=1 and report what it shows": "needs a bug in lscli",
    "_LSCLI_COMPLETE is for the shell: unset it": "needs a shell; tests/cli/test_startup.py",
    "name a file: -o x{}": "needs a terminal; tests/cli/test_smooth.py",
    "options cannot be changed: use replaced({}=...)": "is for those who change lscli",
    "nothing but -inf": _NO_HINT,
    "The file that lscli fit -o wrote.": _NO_HINT,
    "with --class-axis {} ": _NO_HINT,
    "ln(w1 softmax(z / T) + w2 softmax(z) + w3 / K)": _NO_HINT,
    "smoothing={} needs a prior": _NO_HINT,
    "smoothing={} has no prior": _NO_HINT,
}
