"""The command that reads a table, for the hint of an error about its columns."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

from lscli.errors import InputError, LscliError
from lscli.io.argument import Argument, is_path, is_stdin
from lscli.io.format_table import FORMATS, column_names
from lscli.io.table_reading import reading_of_file
from lscli.io.tables.columns import LABELS
from lscli.text import typed, typed_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.io.files import RegularFile
    from lscli.options import Data, ReadingOptions


def suggest(error: InputError, logits: Data, labels: Data | None, options: ReadingOptions) -> bool:
    """Put the whole command before the hint of an error, if the columns of the table plainly say how it is read.

    Returns:
        Whether it did.
    """
    if labels is not None or not isinstance(logits, str | bytes | os.PathLike) or is_stdin(logits):
        return False
    if options.class_names is not None or not is_path(logits) or not typed_path(os.fsdecode(logits)):
        return False
    path = typed_path(os.fsdecode(logits))
    hint = None
    with contextlib.ExitStack() as stack, contextlib.suppress(LscliError):
        files = Argument.of(logits, "logits", stack, options.input_format).files
        if error.where == "clusters":
            hint = _of_clusters(files, path, options)
        elif any(error.where.startswith(file.name) for file, _ in files):
            hint = _by_number(files) or _of_columns(files, path, options)
    if hint is not None:
        other = "" if hint.startswith("save") or error.hint.startswith(_GENERAL) else error.hint
        error.say(error.message, "; else ".join(filter(None, [hint, other])), error.where)
    return hint is not None


def _of_columns(files: Sequence[tuple[RegularFile, str]], path: str, options: ReadingOptions) -> str | None:
    """The command that reads all files, if it is the same and says more than the user did."""
    named = options.labels_column or options.labels_key
    readings = [reading_of_file(file, name, options.logits_key, named) for file, name in files]
    if readings[0] is None or any(each != readings[0] for each in readings):
        return None
    words = readings[0].words
    only_columns = readings[0].label in LABELS and not readings[0].others  # which the hint of the error names
    if only_columns or not {*words} - _given(options):
        return None
    return f"if {readings[0].condition}, say {' '.join(['lscli eval', path, *words])}"


def _by_number(files: Sequence[tuple[RegularFile, str]]) -> str | None:
    """What to do with the log-probabilities of a few tokens, called by the numbers of the tokens."""
    tables = [column_names(file, name) for file, name in files if name == "jsonl"]
    if sum(_OF_TOKEN.fullmatch(name) is not None for names in tables[:1] for name in names) < 2:
        return None
    return (
        "save the k log-probabilities of each row as a list, and the numbers of their tokens as another, and say "
        "--topk-classes NUMBERS --classes K --logits-key LOGPROBS"
    )


def _of_clusters(files: Sequence[tuple[RegularFile, str]], path: str, options: ReadingOptions) -> str | None:
    """Where the column of the clusters is, if it is in the table of the logits."""
    if options.groups is not None or not all(FORMATS[name].table for _, name in files):
        return None
    inside = all(options.clusters in column_names(file, name) for file, name in files)
    return f"for this column of the logits' table, add --groups {path}" if inside else None


_OF_TOKEN = re.compile(r"(.+[./])?\d+[./]logprob")
# Beginnings of hints that ask for options which the whole command already has.
_GENERAL = (
    *("name the columns of the classes", "name the file of the labels", "name one with", "give the names of the"),
    *("if it holds the labels", "for a column of metadata"),
)


def _given(options: ReadingOptions) -> set[str]:
    """The options that the user typed, of those that a command may have."""
    named = {"--logits-key": options.logits_key, "--labels-column": options.labels_column or options.labels_key}
    given = {f"{flag} {typed(name)}" for flag, name in named.items() if name}
    given |= {"--binary"} if options.binary else set()
    return given | {f"--kind {options.kind}", f"--labels-from {options.labels_from}"}
