"""Where the answer goes: standard output, or a file that is written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lscli.cli.progress import close_bar
from lscli.errors import ClosedPipeError, LscliError, ReadWriteError, UsageError
from lscli.render.renderers import BY_SUFFIX, FORMATS, Screen, render
from lscli.text import nearest, printable

if TYPE_CHECKING:
    from lscli.listings import Listing
    from lscli.options import OutputOptions
    from lscli.report import Report

_PIPE_WIDTH = 100


class Destination(NamedTuple):
    """A place and a format, settled before any work is done.

    Attributes:
        path: the file, or None for standard output.
        format: `table`, `csv`, `json`, `markdown` or `parquet`.
        screen: how wide it is, whether colours are shown, and whether a CSV has its first line.
    """

    path: str | None
    format: str
    screen: Screen

    @classmethod
    def of(cls, options: OutputOptions, inputs: Sequence[str] = (), *, arrays: bool = False) -> Destination:
        """The destination that `-o` and `-f` name; `arrays` says whether the answer may be written as one.

        Raises:
            UsageError: a format that the answer does not have, a suffix that names none, a folder, or an output that
                is one of the inputs.
        """
        output, format = options.output, options.format  # noqa: A001
        if output == "-":
            terminal = sys.stdout is not None and sys.stdout.isatty()
            chosen = str(format) if format != "auto" else "table" if terminal else "csv"
            if FORMATS[chosen].binary and terminal:
                hint = f"name a file: -o x{FORMATS[chosen].suffixes[0]}"
                raise UsageError(f"{chosen} cannot be shown on a terminal", hint)
            _check_array(chosen, arrays)
            return cls(None, chosen, _screen(terminal)._replace(header=not options.no_header))
        for path in inputs:
            if _same_file(output, path):
                raise UsageError("the output is one of the inputs", "write it to another file", where=output)
        if not output or output.endswith(os.sep) or os.path.isdir(output):
            raise UsageError("the output is a directory", "name a file in it", where=output)
        suffix = os.path.splitext(output)[1].lower()
        if format == "auto" and suffix not in BY_SUFFIX:
            raise UsageError(
                f"the suffix {suffix!r} names no format",
                nearest(suffix, BY_SUFFIX) or f"use one of {', '.join(BY_SUFFIX)}, or say -f",
                where=output,
            )
        chosen = str(BY_SUFFIX[suffix] if format == "auto" else format)
        _check_array(chosen, arrays)
        return cls(output, chosen, Screen(_PIPE_WIDTH, False, not options.no_header))

    def write(self, answer: Report | Listing) -> None:
        """Render the answer and write it, to standard output piece by piece.

        Raises:
            ReadWriteError: it could not be written; a file that was there before is as it was.
            ClosedPipeError: nobody reads standard output any more.
        """
        pieces = render(answer, self.format, self.screen)
        if self.path is None:
            for piece in pieces:
                write_stdout(piece)
        else:
            _write_file(self.path, pieces)


def _check_array(format: str, arrays: bool) -> None:  # noqa: A002
    if FORMATS[format].arrays_only and not arrays:
        *others, last = (name for name, each in FORMATS.items() if not each.arrays_only)
        raise UsageError(
            "this answer is not an array of numbers",
            f"use -f {', '.join(others)} or {last}; lscli smooth LABELS gives an array",
        )


def write_stdout(data: bytes) -> None:
    """Write all of it to descriptor 1: `sys.stdout` loses the rest of a short write when it is unbuffered."""
    rest = memoryview(data)
    try:
        if sys.stdout is not None:
            if sys.stdout.isatty():
                close_bar()
            sys.stdout.flush()
        while rest:
            try:
                rest = rest[os.write(1, rest) :]
            except BlockingIOError:  # whoever shares the pipe made it one that does not wait
                select.select([], [1], [])
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise _not_written("standard output", error) from error


def _screen(terminal: bool) -> Screen:
    color = terminal and os.environ.get("TERM") != "dumb"
    color = (color or bool(os.environ.get("FORCE_COLOR"))) and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns if terminal else _PIPE_WIDTH
    return Screen(width, color)


def _same_file(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False


def _write_file(path: str, pieces: Iterator[bytes]) -> None:
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "wb") as stream:  # a device or a pipe; one without a name has no real path
                stream.writelines(pieces)
            return
        _replace(os.path.realpath(path), pieces)  # a link stays a link: what it leads to is replaced
    except BrokenPipeError as error:
        raise ClosedPipeError from error
    except OSError as error:
        raise _not_written(path, error) from error


def _replace(target: str, pieces: Iterator[bytes]) -> None:
    """Write beside the target and rename into its place: the old file or the new one, never a mix."""
    folder, name = os.path.split(target)
    _clear_stale(folder, name)
    temporary = os.path.join(folder, f".{name}.lscli-{os.getpid()}.tmp")
    try:
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else None
        with open(temporary, "xb") as stream:
            if mode is not None:
                os.chmod(temporary, mode)
            stream.writelines(pieces)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _clear_stale(folder: str, name: str) -> None:
    """Remove what a killed run left beside this target."""
    prefix, suffix = f".{name}.lscli-", ".tmp"
    try:
        entries = os.listdir(folder)
    except OSError:  # writing says what is wrong, if anything is: some folders may only be written to
        return
    for entry in entries:
        pid = entry[len(prefix) : -len(suffix)]
        if (
            entry.startswith(prefix)
            and entry.endswith(suffix)
            and pid.isascii()
            and pid.isdecimal()
            and not _alive(int(pid))
        ):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, entry))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return pid != os.getpid()


def _sync_folder(folder: str) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot
        return
    with contextlib.suppress(OSError):  # some file systems refuse; the new file is in its place
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _not_written(where: str, error: OSError) -> LscliError:
    hint = {
        errno.ENOSPC: "make room on the disk",
        errno.EFBIG: "raise the limit on file sizes",
        errno.EACCES: "choose a folder that you may write to",
        errno.EROFS: "choose a folder that you may write to",
        errno.ENOENT: "make the folder first",
    }.get(error.errno or 0, "choose another place with -o")
    return ReadWriteError(f"cannot be written: {os.strerror(error.errno or 0)}", hint, where=printable(where))
