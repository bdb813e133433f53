"""One input argument: a file, a pattern of shards, standard input, or an array in memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError, UsageError
from lscli.io.files import RegularFile
from lscli.io.format_table import FORMATS, check_content, format_by_content, format_of, format_of_text
from lscli.io.memory import open_array
from lscli.io.paths import STDIN, expanded, pairs
from lscli.io.shards import Shards, allow_open, check_distinct
from lscli.io.views import flattened

if TYPE_CHECKING:
    import contextlib

    from lscli.io.array_request import ArrayRequest


class Argument(NamedTuple):
    """The open files that an argument names, or the array that it is.

    Attributes:
        files: the files in order; empty for an array.
        formats: the format name of each file.
        pattern: the pattern that names the files, as typed; None for a single file.
        array: the array in memory, or None.
    """

    files: list[RegularFile]
    formats: list[str]
    pattern: str | None = None
    array: Any = None

    @classmethod
    def of(cls, value: Any, role: str, input_format: str | None = None) -> Argument:
        """Open an argument; `role` names it in errors.

        Raises:
            InputError: a file cannot be used, or two names lead to the same file.
            ReadWriteError: a file cannot be read.
            UsageError: the format of standard input is not recognised.
        """
        if not is_path(value):
            return cls([], [], None, open_array(value, role))
        path = os.fsdecode(value)
        if path == STDIN:
            from lscli.io.stdin import open_stdin

            file = open_stdin()
            return cls([file], [input_format or _recognised(file)])
        names = expanded(path)
        allow_open(len(names or ()))
        opened = cls([], [], path if names else None)
        try:
            for name in names or [path]:
                opened.files.append(RegularFile(name))
                opened.formats.append(format_of(name, role, input_format))
                check_content(opened.files[-1], opened.formats[-1])
            check_distinct(opened.files)
        except BaseException:
            opened.close()
            raise
        return opened

    def again(self) -> Argument:
        """Open the same files again, for the labels.

        Raises:
            UsageError: their format cannot hold both logits and labels.
        """
        if not self.files or not all(FORMATS[name].keyed for name in self.formats):
            hint = "name them after the logits, or give one file with both, such as .npz, .safetensors or .pt"
            raise UsageError("no labels were given", hint)
        return self._replace(files=[file.another() for file in self.files])

    def paired_with(self, logits: Argument) -> Argument:
        """These shards of labels, in the order of the shards of logits.

        Raises:
            InputError: a shard has no partner.
        """
        by_name = {file.name: place for place, file in enumerate(self.files)}
        names = pairs([file.name for file in logits.files], list(by_name), self.pattern or "")
        order = [by_name[name] for name in names]
        return self._replace(
            files=[self.files[place] for place in order], formats=[self.formats[place] for place in order]
        )

    def opened(self, request: ArrayRequest, dimensions: int, stack: contextlib.ExitStack) -> Any:
        """Open the requested array.

        Args:
            request: the array to read.
            dimensions: its largest number of dimensions: leading ones become rows; 0 for any number.
            stack: closes the array.

        Raises:
            InputError: a file lacks the array, or shards differ in width or type.
            ReadWriteError: a file cannot be read.
            UsageError: the package for the format is missing.
        """
        parts = [] if self.array is None else [self.array]
        for file, name in zip(self.files, self.formats, strict=True):
            parts.append(FORMATS[name].reader(file.name).open_array(file, request))
            stack.callback(parts[-1].close)
        if dimensions:
            parts = [flattened(part, dimensions) for part in parts]
        return parts[0] if self.pattern is None else Shards(parts, self.pattern)

    def close(self) -> None:
        for file in self.files:
            file.close()


def is_path(value: Any) -> bool:
    """Whether a value is a path rather than data."""
    return isinstance(value, str | bytes | os.PathLike)


def is_stdin(value: Any) -> bool:
    """Whether a value is the path `-`."""
    return is_path(value) and os.fsdecode(value) == STDIN


def _recognised(file: RegularFile) -> str:
    if file.size == 0:
        raise InputError("is empty", "look at the command before the pipe", where=file.name)
    found = format_by_content(file) or format_of_text(file)
    if found is None:
        known = ", ".join(FORMATS)
        raise UsageError(
            "the format is not recognised by its first bytes", f"say --input-format: {known}", where=file.name
        )
    return found
