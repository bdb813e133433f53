"""One input argument: a file, a pattern of shards, standard input, or an array in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS, format_by_content, format_of_file, format_of_text
from lscli.io.memory import open_array
from lscli.io.paths import STDIN, expanded, pairs
from lscli.io.pickles import is_pickle, refused
from lscli.io.shards import Shards, allow_open, check_distinct
from lscli.io.texts import Texts, texts_of_values

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable, Sequence

    from lscli.io.array_request import ArrayRequest
    from lscli.io.stored import StoredArray


class Argument(NamedTuple):
    """The open files that an argument names, or the array that was given.

    Attributes:
        files: each file with the name of its format, in order; empty for an array.
        pattern: the pattern that names the files, as typed; None for a single file.
        array: the array in memory, or None.
    """

    files: list[tuple[RegularFile, str]]
    pattern: str | None = None
    array: StoredArray | None = None

    @classmethod
    def of(cls, value: Any, role: str, stack: contextlib.ExitStack, input_format: str | None = None) -> Argument:
        """Open an argument; `role` names it in errors, and `stack` closes its files.

        Raises:
            InputError: a file cannot be used, or two names lead to the same file.
            ReadWriteError: a file cannot be read.
            UsageError: the format of standard input is not recognised.
        """
        if not is_path(value):
            texts = texts_of_values(value, role) if role == "labels" else None
            return cls(
                [], array=texts if isinstance(texts, Texts) else open_array(value if texts is None else texts, role)
            )

        def format_of(file: RegularFile) -> str:
            return format_of_file(file, role, input_format) if path != STDIN else input_format or _recognised(file)

        path = os.fsdecode(value)
        return cls.of_files(path, stack, format_of)

    @classmethod
    def of_files(cls, path: str, stack: contextlib.ExitStack, format_of: Callable[[RegularFile], str]) -> Argument:
        """Open the files that a path names; `format_of` names the format of each.

        Raises:
            InputError: there is no such file, or two names lead to the same file.
            ReadWriteError: a file cannot be read.
        """
        names = None if path == STDIN else expanded(path)
        allow_open(len(names or ()))
        opened = cls([], path if names else None)
        for name in names or [path]:
            file = open_path(name)
            stack.callback(file.close)
            opened.files.append((file, format_of(file)))
        check_distinct([file for file, _ in opened.files])
        return opened

    @staticmethod
    def name_of(value: Any) -> str:
        """A path as typed."""
        return os.fsdecode(value)

    def each_alone(self) -> list[Argument]:
        """An argument for each of the files."""
        return [Argument([each]) for each in self.files]

    @property
    def names(self) -> list[str]:
        """The names of the files, in order; empty for an array."""
        return [file.name for file, _ in self.files]

    def again(self, stack: contextlib.ExitStack) -> Argument:
        """Open the same files again, for the labels.

        Raises:
            UsageError: their format cannot hold both logits and labels.
        """
        if not self.files or not all(FORMATS[name].keyed for _, name in self.files):
            hint = "name them after the logits, or give one file with both, such as .npz, .safetensors or .pt"
            raise UsageError("no labels were given", hint)
        files = [(file.another(), name) for file, name in self.files]
        for file, _ in files:
            stack.callback(file.close)
        return self._replace(files=files)

    def paired_with(self, names: Sequence[str]) -> Argument:
        """These shards of labels, in the order of the shards of logits, whose names are given.

        Raises:
            InputError: a shard has no partner.
        """
        by_name = {file.name: (file, name) for file, name in self.files}
        return self._replace(files=[by_name[name] for name in pairs(list(names), list(by_name), self.pattern or "")])

    def parts(self, request: ArrayRequest, stack: contextlib.ExitStack) -> list[StoredArray]:
        """Open the requested array of each file, or the array that was given; `stack` closes them.

        Raises:
            InputError: a file lacks the array.
            ReadWriteError: a file cannot be read.
            UsageError: the package for the format is missing.
        """
        parts = [] if self.array is None else [self.array]
        for file, name in self.files:
            parts.append(FORMATS[name].reader(file.name).open_array(file, request))
            stack.callback(parts[-1].close)
        return parts

    def joined(self, parts: Sequence[StoredArray]) -> StoredArray:
        """The parts as one array.

        Raises:
            InputError: shards differ in width or type.
        """
        return parts[0] if self.pattern is None else Shards(parts, self.pattern)

    def opened(self, request: ArrayRequest, stack: contextlib.ExitStack) -> StoredArray:
        """Open the requested array of all files as one; errors are those of `parts` and `joined`."""
        return self.joined(self.parts(request, stack))


def is_path(value: Any) -> bool:
    """Whether a value is a path rather than data."""
    return isinstance(value, str | bytes | os.PathLike)


def check_stdin_once(logits: Any, labels: Any) -> None:
    """Raise UsageError if both come from standard input."""
    if is_stdin(labels) and is_stdin(logits):
        raise UsageError("standard input can be read only once", "name a file for all but one of the inputs", where="-")


def is_stdin(value: Any) -> bool:
    """Whether a value is the path `-`."""
    return is_path(value) and os.fsdecode(value) == STDIN


def open_path(path: str) -> RegularFile:
    """Open a file, or standard input for `-`.

    Raises:
        InputError: there is no such file.
        ReadWriteError: it cannot be read.
    """
    if path != STDIN:
        return RegularFile(path)
    from lscli.io.stdin import open_stdin

    return open_stdin()


def _recognised(file: RegularFile) -> str:
    if file.size == 0:
        raise InputError("is empty", "look at the command before the pipe", where=file.name)
    found = format_by_content(file)
    if found is None and is_pickle(file):
        raise refused(file.name)
    found = found or format_of_text(file)
    if found is None:
        hint = f"pipe a file of one of these formats: {', '.join(FORMATS)}"
        raise UsageError("the format is not recognised by its first bytes", hint, where=file.name)
    return found
