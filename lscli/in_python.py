"""Errors and warnings in the words of Python, where an option is a keyword and a command is a function.

Hints are written for the command line: `say --labels-key KEY`, `lscli sweep A B LABELS`. What reaches a caller in
Python passes through here once, and says `labels_key=KEY`, `lscli.sweep(A, LABELS, others=[B])`.
"""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from functools import cache, wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from lscli import options
from lscli.checked_options import Options, declared
from lscli.errors import LscliError, wording
from lscli.limits import memory_ran_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lscli.checked_options import Declared

P = ParamSpec("P")
R = TypeVar("R")

_FUNCTIONS = {
    "eval": "evaluate",
    "sweep": "sweep",
    "compare": "compare",
    "check": "check",
    "threshold": "threshold",
    "conformal": "conformal",
    "ood": "ood",
    "plot": "plot",
    "bins": "per_bin",
    "classes": "per_class",
    "samples": "per_sample",
    "report": "html_report",
    "fit": "fit",
    "apply": "apply",
    "smooth": "smooth_labels",
    "explain": "explain",
    "inspect": "inspect",
}

_QUOTED = r"""'[^']*'(?:"'"'[^']*')*|"[^"]*\""""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
# A flag is a word of its own; so `x--eps.npy` names a file, and `---` is a line.
_FLAG = re.compile(r"(?<![\w./*-])--([a-z]+(?:-[a-z]+)*)(?![\w./*-])")
_COMMAND = re.compile(rf"(?<![\w./-])lscli ({'|'.join(_FUNCTIONS)})(?![\w./-]| --help)")
# A word of a command line, rather than of the sentence around it.
_PLAIN = r"[^\s,;:()'\"=]"
_ARGUMENT = re.compile(rf" ({_QUOTED}|[A-Z][A-Z_]*\b|{_NUMBER}(?![\w.])|(?!-){_PLAIN}+[./*]{_PLAIN}+)")
# Where a word ends that is the last one of its clause, such as the name of a column.
_END = r"(?=[,;:)]|$| --| and | or )"
# A command whose answer is saved, after its words became a call.
_SAVED = re.compile(r"(lscli\.\w+\([^()]*\)) -f json(?: -o [\w.]+)?")
# What comes before a command whose last path is a model rather than the labels.
_OWN_LABELS = "each with its labels, say "
# What comes before an option that is named without a value, because the user should leave it out or look at it.
_BARE = re.compile(
    r"\b(?:leave|leave out|without|fewer|smaller|larger|check|of|instead of)(?: --[a-z-]+(?:,| or| and))* $"
)


def in_python(text: str) -> str:
    """The text with keywords for flags, and functions for commands."""
    if "--" not in text and "lscli " not in text:
        return text
    return _with_keywords(_SAVED.sub(r"json.dumps(\1.to_dict())", _with_functions(text)))


def reword(error: LscliError) -> None:
    """Put an error into the words of Python."""
    where = error.where.replace("-", "_") if error.where.replace("-", "_") in _options() else error.where
    error.say(in_python(error.message), in_python(error.hint), where)


@contextmanager
def python_words() -> Iterator[None]:
    """Errors and warnings that leave the block are in the words of Python."""
    token = wording.set(in_python)
    try:
        try:
            yield
        except MemoryError as error:
            raise memory_ran_out(error) from error
    except LscliError as error:
        reword(error)
        raise
    finally:
        wording.reset(token)


def of_python(function: Callable[P, R]) -> Callable[P, R]:
    """A public function, whose errors and warnings are in the words of Python."""

    @wraps(function)
    def public(*args: P.args, **kwargs: P.kwargs) -> R:
        with python_words():
            return function(*args, **kwargs)

    return public


@cache
def _options() -> dict[str, Declared]:
    """Every option by its name."""
    kinds = [kind for kind in vars(options).values() if isinstance(kind, type) and issubclass(kind, Options)]
    return {each.name: each for kind in reversed(kinds) for each in declared(kind)}


def _with_keywords(text: str) -> str:
    """The text with `labels_key=KEY` for `--labels-key KEY`."""
    parts, place = [], 0
    while (flag := _FLAG.search(text, place)) is not None:
        each = _options().get(flag[1].replace("-", "_"))
        before, after = text[: flag.start()], text[flag.end() :]
        keyword, length = flag[1].replace("-", "_"), 0
        if each is not None and not _BARE.search(before):
            value, length = _value(each, after)
            keyword += f"={value}" if value else ""
        parts += [text[place : flag.start()], keyword]
        place = flag.end() + length
    return "".join([*parts, text[place:]])


def _value(each: Declared, after: str) -> tuple[str, int]:
    """The value of an option at the beginning of a text, as Python writes it, and its length; empty without a value."""
    if each.kind is bool:
        return "True", 0
    if each.option.pairs:
        pair = re.match(rf" ([a-z_0-9]+(?:@{_NUMBER})?)=({_NUMBER})", after)
        return ("", 0) if pair is None else (f"{{{pair[1]!r}: {pair[2]}}}", pair.end())
    metavars = (each.option.metavar or "").split("|")
    names = "|".join(re.escape(word) for word in metavars if word.isupper() or "." in word)
    words = "|".join(re.escape(word) for word in (*each.choices, *each.option.words, *metavars) if word)
    patterns = [rf"({names})\b"] if names else []
    if each.kind in (int, float):
        patterns += [r"(\d[\d.]*(?:[:,][\d.]+)+)"] if each.option.several else []  # 0.1,0.2 or 0:0.5:0.05
        patterns.append(rf"({_NUMBER})(?![\w.])")
    else:
        patterns += [rf"({_QUOTED})", rf"({words})\b"]
        if not each.choices:
            patterns += [rf"([^\s,;:()'\"=-][^\s;()'\"=]*)(?<![,:]){_END}", r"([^\s,;()'\"=-]*[\d_./*][^\s,;()'\"=]*)"]
    for pattern in patterns:
        found = re.match(f"[ =]{pattern}", after)
        if found is not None:
            return _literal(found[1], number=each.kind in (int, float)), found.end()
    return "", 0


def _literal(word: str, *, number: bool = True) -> str:
    """A word of a command line as Python writes it: a placeholder, and a number, as they are, a text in quotes."""
    if word == "..." or re.fullmatch(rf"[A-Z][A-Z_]*|{_NUMBER}" if number else "[A-Z][A-Z_]*", word):
        return word
    return repr("".join(shlex.split(word)) if word[0] in "'\"" else word)


def _with_functions(text: str) -> str:
    """The text with `lscli.evaluate(LOGITS, kind='probs')` for `lscli eval LOGITS --kind probs`."""
    parts, place = [], 0
    while (command := _COMMAND.search(text, place)) is not None:
        parts += [text[place : command.start()], f"lscli.{_FUNCTIONS[command[1]]}"]
        place = command.end()
        arguments, keywords = [], []
        while True:
            argument, flag = _ARGUMENT.match(text, place), _FLAG.match(text, place + 1)
            each = None if flag is None else _options().get(flag[1].replace("-", "_"))
            if argument is not None:
                arguments.append(_literal(argument[1]))
                place = argument.end()
            elif flag is not None and each is not None and text[place] == " ":
                value, length = _value(each, text[flag.end() :])
                keywords.append(f"{each.name}={value}")
                place = flag.end() + length
            else:
                break
        if command[1] == "sweep" and arguments:
            first, *others = arguments
            labels = [] if text[: command.start()].endswith(_OWN_LABELS) else [others.pop()] if others else []
            arguments = [first, *labels]
            keywords = [f"others=[{', '.join(others)}]", *keywords] if others else keywords
        if command[1] == "compare" and arguments:
            own = text[: command.start()].endswith(_OWN_LABELS) or len(arguments) == 1
            models, labels = (arguments, []) if own else (arguments[:-1], arguments[-1:])
            arguments = [f"[{', '.join(models)}]", *labels]
        parts.append(f"({', '.join([*arguments, *keywords])})" if arguments or keywords else "")
    return "".join([*parts, text[place:]])
