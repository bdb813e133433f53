"""Write the answer to standard output, or to a file: completely or not at all."""

from __future__ import annotations

import codecs
import errno
import os
import select
import shutil
import stat
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lscli.cli.progress import close_bar
from lscli.errors import ClosedPipeError, LscliError, ReadWriteError, UsageError
from lscli.io.output import write_atomically
from lscli.render.renderers import BY_SUFFIX, FORMATS, Screen, render
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from lscli.listings import Listing
    from lscli.options import OutputOptions
    from lscli.report import Report

_PIPE_WIDTH = 100
_DIGITS = 4  # of a number of columns


class Destination(NamedTuple):
    """The place and the format of an answer, chosen before any work is done.

    Attributes:
        path: the file, or None for standard output.
        format: a name of `FORMATS`.
        screen: how text is shown.
    """

    path: str | None
    format: str
    screen: Screen

    @classmethod
    def of(
        cls, options: OutputOptions, inputs: Sequence[str] = (), *, arrays: bool = False, name: str = ""
    ) -> Destination:
        """The destination that `-o` and `-f` name; `arrays` says whether the answer may be written as an array.

        `name` is that of the command, by which formats that only some answers have are allowed.

        Raises:
            UsageError: the answer does not have this format, the suffix names no format, or the output is a folder or
                one of the inputs.
        """
        output, chosen = options.output, str(options.format)
        _check_not_input(output, inputs)
        if output == "-":
            terminal = sys.stdout is not None and sys.stdout.isatty()
            if chosen == "auto":
                chosen = "table" if terminal else "csv"
            if FORMATS[chosen].binary and terminal:
                hint = f"name a file: -o x{FORMATS[chosen].suffixes[0]}"
                raise UsageError(f"{chosen} cannot be shown on a terminal", hint, where="format")
            _check_has(chosen, arrays, name)
            return cls(None, chosen, _screen(terminal)._replace(header=not options.no_header, encoding=_encoding()))
        _check_place(output, "-o")
        suffix = os.path.splitext(output)[1].lower()
        if chosen == "auto" and suffix not in BY_SUFFIX:
            has = [each for each, chosen in BY_SUFFIX.items() if _has(chosen, arrays, name)]
            hint = nearest(suffix, has) or f"use one of {', '.join(has)}, or say -f"
            raise UsageError(f"the suffix {suffix!r} names no format", hint, where=output)
        chosen = BY_SUFFIX[suffix] if chosen == "auto" else chosen
        _check_has(chosen, arrays, name)
        return cls(output, chosen, Screen(_pipe_width(), False, not options.no_header))

    def write(self, answer: Report | Listing) -> None:
        """Render the answer and write it, to standard output piece by piece.

        Raises:
            ReadWriteError: writing failed; a file that existed before is unchanged.
            ClosedPipeError: the reader of standard output closed it.
        """
        pieces = render(answer, self.format, self.screen)
        if self.path is None:
            for piece in pieces:
                write_stdout(piece)
        else:
            write_file(self.path, pieces)


def _has(format: str, arrays: bool, name: str) -> bool:  # noqa: A002
    """Whether the answer of a command has a format; `arrays` says whether it may be written as an array."""
    only = FORMATS[format].only
    return (not only or name in only) and (arrays or not FORMATS[format].arrays_only)


def _check_has(format: str, arrays: bool, name: str) -> None:  # noqa: A002
    """Raise UsageError if an answer does not have a format."""
    only = FORMATS[format].only
    *others, last = (other for other, each in FORMATS.items() if not each.arrays_only and not each.only)
    hint = f"use -f {', '.join(others)} or {last}"
    if only and name not in only:
        raise UsageError(f"{format} is a format of lscli {_and(only)} alone", hint, where="format")
    if FORMATS[format].picture:
        from lscli.render.plots.figure import check_matplotlib

        check_matplotlib()
    if FORMATS[format].arrays_only and not arrays:
        raise UsageError("this answer is not an array of numbers", f"{hint}; lscli smooth LABELS gives an array")


def _and(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def write_stdout(data: bytes) -> None:
    """Write all data to descriptor 1, because an unbuffered `sys.stdout` loses the rest of a short write."""
    rest = memoryview(data)
    try:
        if sys.stdout is not None:
            if sys.stdout.isatty():
                close_bar()
            sys.stdout.flush()
        while rest:
            try:
                rest = rest[os.write(1, rest) :]
            except BlockingIOError:  # another process made the shared pipe non-blocking
                select.select([], [1], [])
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise _not_written("standard output", error) from error


def _screen(terminal: bool) -> Screen:
    color = terminal and os.environ.get("TERM") != "dumb"
    color = (color or bool(os.environ.get("FORCE_COLOR"))) and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if terminal else _pipe_width()
    return Screen(width, color)


def _pipe_width() -> int:
    """The width of a table that goes to no terminal: COLUMNS, if it is a number of columns."""
    columns = os.environ.get("COLUMNS", "")
    known = columns.isascii() and columns.isdecimal() and len(columns) <= _DIGITS
    return (int(columns) or _PIPE_WIDTH) if known else _PIPE_WIDTH


def _encoding() -> str:
    """The encoding of standard output, as Python found it; UTF-8 if it is none that Python knows."""
    try:
        return codecs.lookup(getattr(sys.stdout, "encoding", None) or "utf-8").name
    except LookupError:
        return "utf-8"


def _check_place(output: str, option: str) -> None:
    """Refuse a place where no file can be, before any work is done.

    Raises:
        UsageError: it is a folder, or `option` is empty.
        ReadWriteError: its folder is not there.
    """
    if not output:
        raise UsageError("names no file", "leave it out, or name one", where=option)
    if output.endswith(os.sep) or os.path.isdir(output):
        raise UsageError("the output is a directory", "name a file in it", where=output)
    try:
        os.stat(os.path.join(os.path.dirname(os.path.realpath(output)), ""))
    except OSError as error:
        raise _not_written(output, error) from error


def _check_not_input(output: str, inputs: Iterable[str]) -> None:
    """Refuse to write over a file that is read, whatever their names are: by a link, or as a redirected stream.

    Raises:
        UsageError: the output is one of the inputs.
    """
    target = _regular_file(output, 1)
    if target is not None and target in {_regular_file(path, 0) for path in inputs}:
        where = "standard output" if output == "-" else output
        raise UsageError("the output is one of the inputs", "write it to another file", where=where)


def _regular_file(path: str, stream: int) -> tuple[int, int] | None:
    """The device and inode of a path, or of the descriptor `stream` for `-`; None if it is no regular file."""
    try:
        status = os.fstat(stream) if path == "-" else os.stat(path)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def json_path(output: str, inputs: Iterable[str], what: str, example: str) -> str | None:
    """The path that `-o` names for a file beside the answer; None for `-`, which keeps none.

    Args:
        output: the path that was typed.
        inputs: the files that are read.
        what: the thing that the file holds: `calibrator`.
        example: a name of such a file.

    Raises:
        UsageError: the suffix is not .json, or the path is a folder or one of the inputs.
    """
    if output == "-":
        return None
    _check_place(output, "-o")
    suffix = os.path.splitext(output)[1]
    if suffix.lower() != ".json":
        hint = f"say -o {example}; the answer goes to standard output, where -f names its format"
        raise UsageError(f"a {what} has the suffix .json, not {suffix!r}", hint, where=output)
    _check_not_input(output, inputs)
    return output


def sets_path(output: str, others: Iterable[str]) -> str:
    """The path that `--sets` names.

    Raises:
        UsageError: its suffix names no format of sets, or it is a folder, or one of the other files.
    """
    from lscli.render.sets import SUFFIXES

    _check_place(output, "sets")
    suffix = os.path.splitext(output)[1].lower()
    if suffix not in SUFFIXES:
        hint = f"use one of {', '.join(SUFFIXES)}, such as --sets sets.csv"
        raise UsageError(f"the suffix {suffix!r} names no format of sets", hint, where=output)
    others = list(others)
    _check_not_input(output, others)
    if any(other != "-" and os.path.realpath(other) == os.path.realpath(output) for other in others):
        raise UsageError("is named twice", "write the answer and the sets to two files", where=output)
    return output


def write_file(path: str, pieces: Iterable[bytes]) -> None:
    """Write a file, completely or not at all.

    Raises:
        ReadWriteError: writing failed; a file that existed before is unchanged.
        ClosedPipeError: it is a pipe, whose reader closed it.
    """
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as stream:  # a device or a pipe; one without a name has no real path
                stream.writelines(pieces)
            return
        write_atomically(path, pieces)
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise _not_written(path, error) from error


def _not_written(where: str, error: OSError) -> LscliError:
    hint = {
        errno.ENOSPC: "make room on the disk",
        errno.EFBIG: "raise the limit on file sizes",
        errno.EACCES: "choose a folder that you may write to",
        errno.EROFS: "choose a folder that you may write to",
        errno.ENOENT: "make the folder first",
        errno.ELOOP: "the link points to itself: name the file",
    }.get(error.errno or 0, "choose another place")
    return ReadWriteError(f"cannot be written: {os.strerror(error.errno or 0)}", hint, where=printable(where))
