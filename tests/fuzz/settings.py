"""Command lines and `[tool.lscli]` tables with values that no option expects.

Any option may have any value: the run answers, or it ends with one line, a hint and an exit code other than 70.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import numpy as np

from lscli.checked_options import Declared, declared
from lscli.cli.main import main
from lscli.errors import ExitCode
from lscli.options import (
    ApplyOptions,
    BinsOptions,
    CheckOptions,
    ClassesOptions,
    CompareOptions,
    CompareOutputOptions,
    ConformalOptions,
    ConformalOutputOptions,
    EvalOutputOptions,
    EvaluateOptions,
    ExplainOptions,
    FitOptions,
    FitOutputOptions,
    InspectOptions,
    OodOptions,
    PageOutputOptions,
    PictureOutputOptions,
    PlotOptions,
    RecalibrateOptions,
    ReportOptions,
    RunOptions,
    SamplesOptions,
    SmoothOptions,
    SweepOptions,
    ThresholdOptions,
    ThresholdOutputOptions,
)
from lscli.recalibrators.calibrator import Calibrator
from lscli.recalibrators.temperature import Temperature
from tests.fuzz.contract import WrongError
from tests.fuzz.words import NUMBERS

OPTIONS: dict[str, tuple[type, ...]] = {
    "eval": (EvaluateOptions, EvalOutputOptions),
    "sweep": (SweepOptions, RunOptions),
    "bins": (BinsOptions, RunOptions),
    "classes": (ClassesOptions, RunOptions),
    "samples": (SamplesOptions, RunOptions),
    "compare": (CompareOptions, CompareOutputOptions),
    "check": (CheckOptions, RunOptions),
    "threshold": (ThresholdOptions, ThresholdOutputOptions),
    "conformal": (ConformalOptions, ConformalOutputOptions),
    "ood": (OodOptions, RunOptions),
    "explain": (ExplainOptions, RunOptions),
    "fit": (FitOptions, FitOutputOptions),
    "apply": (ApplyOptions, RunOptions),
    "recalibrate": (RecalibrateOptions, FitOutputOptions),
    "inspect": (InspectOptions, RunOptions),
    "smooth": (SmoothOptions, RunOptions),
    "plot": (PlotOptions, PictureOutputOptions),
    "report": (ReportOptions, PageOutputOptions),
}
_ARGUMENTS = {
    "compare": ["x.npy", "x.npy", "y.npy"],
    "check": ["x.npy", "y.npy", "--max", "loss_hard=99"],
    "threshold": ["x.npy", "y.npy", "--max-error", "0.9"],
    "conformal": ["x.npy", "y.npy", "--alpha", "0.4"],
    "ood": ["x.npy", "x.npy", "--bootstrap", "5"],
    "explain": ["1.5", "x.npy", "y.npy"],
    "apply": ["cal.json", "x.npy"],
    "recalibrate": ["x.npy", "y.npy", "x.npy", "y.npy"],
    "inspect": ["x.npy"],
    "plot": ["x.npy", "y.npy", "-o", "x.svg"],
    "smooth": ["y.npy", "--classes", "3"],
    "report": ["x.npy", "y.npy", "--bootstrap", "5", "-o", "x.html"],
}
_BOTH = ["x.npy", "y.npy"]
_PATHS = ["x.npy", "y.npy", "out.csv", "none.npy", ".", "..", "/dev/null", "/dev/full", "x*.npy", "[", "meta.csv", ""]
_WORDS = ["a", "é", "a b", "a,b", ",", ",,", "=", "=1+1", "@", "ece@", "ece@0.2", "*", "\\", "'", '"', "$(x)", "%s"]
_WORDS += ["\x1b[2J", "\n", "\t", "\x7f", "\u2028", "\ufeff", "\udc80", "-", "--", "--eps", "0:1:0.1", "1:0:0", "::"]
_WORDS += ["0:1:1e-9", "x" * 300, "x" * 30_000, "1," * 3_000, "auto", "default", "all", "empirical", "cuda", "cuda:99"]


def run_command_line(data: bytes) -> None:
    """Run a command line, a JSON array of words.

    Raises:
        WrongError: it ends with a bug's exit code, or with an error that is not a line and a hint.
    """
    _run(json.loads(data))


def run_project(data: bytes) -> None:
    """Run two commands in a folder with this pyproject.toml; it raises what `run_command_line` raises."""
    with open("pyproject.toml", "wb") as file:
        file.write(data)
    try:
        _run(["eval", *_BOTH, "-m", "accuracy"])
        _run(["bins", *_BOTH])
    finally:
        os.unlink("pyproject.toml")


RUNS = {"options": run_command_line, "pyproject": run_project}


@contextlib.contextmanager
def opened(kind: str) -> Iterator[Callable[[bytes], None]]:
    """The function that runs such inputs, in a folder of its own, with small logits and labels."""
    import pyarrow  # noqa: F401  # the packages that options load, before the limit on memory is set
    import torch  # noqa: F401

    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            random = np.random.default_rng(0)
            np.save("x.npy", random.normal(size=(12, 3)).astype(np.float32))
            Calibrator("temperature", 3, Temperature(1.5)).save("cal.json")
            np.save("y.npy", random.integers(0, 3, 12))
            with open("meta.csv", "w", encoding="utf-8") as file:
                file.write("a\n" + "1\n2\n" * 6)
            yield RUNS[kind]
        finally:
            os.chdir(before)


def command_line(rng: Random) -> bytes:
    """A command with one to three options, a JSON array of words."""
    command = rng.choice([*OPTIONS, "metrics"] if rng.random() < 0.05 else [*OPTIONS])
    words = [command, *_ARGUMENTS.get(command, _BOTH)]
    if command == "metrics":
        words = [command, rng.choice(_WORDS)]
    for each in rng.sample(_options(command), rng.choice((1, 1, 2, 3))) if command in OPTIONS else ():
        words.append(f"--{each.flag}")
        if each.kind is not bool or rng.random() < 0.05:
            words.append(_value(rng, each))
    return json.dumps(words).encode()


def project(rng: Random) -> bytes:
    """A pyproject.toml whose `[tool.lscli]` has one to three values of any type."""
    if rng.random() < 0.1:
        table = _toml(rng, 0)
        return f"[tool]\nlscli = {table}\n".encode("utf-8", "surrogatepass")
    options = rng.sample(_options(rng.choice([*OPTIONS])), rng.choice((1, 1, 2, 3)))
    lines = [f"{each.environment} = {_toml(rng, 0, each)}" for each in options]
    return ("[tool.lscli]\n" + "\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


_LONG = "0x" + "f" * 5000  # TOML reads it, and Python does not write it in decimal digits


@cache
def _options(command: str) -> list[Declared]:
    return [each for kind in OPTIONS[command] for each in declared(kind) if not each.option.hidden]


def _value(rng: Random, each: Declared) -> str:
    if each.name == "output":  # nothing is written elsewhere
        return rng.choice(_PATHS)
    how = rng.random()
    if each.choices and how < 0.4:
        return rng.choice(each.choices)
    if how < 0.6:
        word = rng.choice(NUMBERS)
        many = each.kind is int and word.isdecimal() and len(word) < 10 and int(word) > 3  # such as threads
        return "7" if many else word
    return rng.choice(_PATHS if each.option.file and how < 0.8 else _WORDS)


def _toml(rng: Random, depth: int, each: Declared | None = None) -> str:
    """A value as TOML writes it."""
    if each is not None and each.name == "output":
        return json.dumps(rng.choice([path for path in _PATHS if path.isprintable()]))
    how = rng.random()
    if each is not None and each.choices and how < 0.2:
        return json.dumps(rng.choice(each.choices))
    if how < 0.35 and depth < 3:
        inside = [_toml(rng, depth + 1) for _ in range(rng.choice((0, 1, 2, 3)))]
        if rng.random() < 0.5:
            return f"[{', '.join(inside)}]"
        return "{" + ", ".join(f"k{place} = {value}" for place, value in enumerate(inside)) + "}"
    if how < 0.45:
        deep = rng.choice((1, 50, 900, 5000))
        return rng.choice(("[" * deep + "]" * deep, "{a=" * deep + "1" + "}" * deep, "[" * deep))
    if how < 0.6:
        return rng.choice(
            ("true", "false", "inf", "-inf", "nan", "1979-05-27", "07:32:00", "1979-05-27T07:32:00Z", "0x7f", _LONG)
        )
    if how < 0.8:
        return rng.choice(
            ("0", "1", "-1", "2", "0.5", "1e400", "1e-400", "9" * 30, "-" + "9" * 30, "9" * 5000, "1_0", "0.1")
        )
    return json.dumps(rng.choice(_WORDS)) if rng.random() < 0.9 else repr(rng.choice(_WORDS))


def _run(words: list[str]) -> None:
    """Run the command line with its streams caught, and check how it ends."""
    code, errors = _caught(words)
    said_no = code == ExitCode.REFUSED and (
        (words[0] == "check" and not errors)
        or (words[0] == "threshold" and (not errors or errors.startswith("lscli: No threshold")))
    )
    allowed = {ExitCode.OK, ExitCode.USAGE, ExitCode.INPUT, ExitCode.READ_WRITE, ExitCode.ENGINE}
    if code not in allowed and not said_no:
        raise WrongError(f"exit code {code}: {errors[:300]}")
    lines = [line for line in errors.split("\n")[:-1] if not line.startswith("lscli: warning: ")]
    if not all(line.isprintable() for line in lines):
        raise WrongError(f"a control character: {lines}")
    if max(map(len, lines), default=0) > 8_000:
        raise WrongError(f"a line of {max(map(len, lines))} characters")
    if code and not said_no and [line.partition(":")[0] for line in lines] != ["lscli", "hint"]:
        raise WrongError(f"not a line and a hint: {lines}")


def _caught(words: list[str]) -> tuple[int, str]:
    """The exit code, and what was written to standard error."""
    stream = io.StringIO()
    stdout, quiet = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    try:
        with contextlib.redirect_stderr(stream), contextlib.redirect_stdout(open(os.devnull, "w")) as out:
            code: Any = main(words)
            out.close()
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
        os.close(quiet)
    return int(code), stream.getvalue()
