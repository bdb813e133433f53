"""The table of input formats: everything that differs between them except the code that reads them.

A new format is one line in `FORMATS`, a module in `lscli.io.formats` and its test. A reader has
`open_array(file, request)`, which opens the requested array, and `contents(file)`, which lists all arrays; that of a
table also has `columns_in(file)`, and `blocks(file, names)`, which gives the values of columns of any type, block by
block. The module and its packages are imported only when a file of the format is opened; this file imports no numpy.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import InputError
from lscli.extras import needed
from lscli.io import pickles
from lscli.io.own_files import check_not_own
from lscli.limits import check_room
from lscli.text import nearest

if TYPE_CHECKING:
    from lscli.io.files import RegularFile


class Format(NamedTuple):
    """A file format.

    Attributes:
        suffixes: the suffixes of its files, the usual one first.
        reader_name: the reader: a module in `lscli.io.formats`, or an object in one, `module.OBJECT`.
        called: a phrase for such a file in errors.
        keyed: whether a file may hold both logits and labels.
        magic: the first bytes of its files, if they identify the format.
        package: the optional package that reading needs, or None.
        table: whether a file is a table of columns.
    """

    suffixes: tuple[str, ...]
    reader_name: str
    called: str
    keyed: bool = True
    magic: tuple[bytes, ...] = ()
    package: str | None = None
    table: bool = False

    def reader(self, where: str) -> Any:
        """Import the reader; `where` is the file, for errors.

        Raises:
            UsageError: the package that it needs is not installed.
            ReadWriteError: there is no room in memory for it.
        """
        if self.package is not None:
            if self.package not in sys.modules:
                check_room(self.package, _PYARROW)
            try:
                import_module(self.package)
            except ModuleNotFoundError as error:
                raise needed(self.package, self.called, where=where) from error
        module, _, name = self.reader_name.partition(".")
        found = import_module(f"lscli.io.formats.{module}")
        return getattr(found, name) if name else found


FORMATS = {
    "npy": Format((".npy",), "npy", "a .npy file", False, (b"\x93NUMPY",)),
    "npz": Format((".npz",), "npz", "an .npz archive", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "safetensors": Format((".safetensors",), "safetensors", "a .safetensors file"),
    "pt": Format((".pt", ".pth"), "pt", "a .pt file of torch", True, (b"PK\x03\x04", b"PK\x05\x06")),
    "parquet": Format((".parquet",), "parquet", "a Parquet file", True, (b"PAR1",), "pyarrow", table=True),
    "arrow": Format((".arrow", ".feather"), "arrow", "an Arrow file", True, (b"ARROW1",), "pyarrow", table=True),
    "csv": Format((".csv",), "delimited.CSV", "a CSV file", table=True),
    "tsv": Format((".tsv",), "delimited.TSV", "a TSV file", table=True),
    "lm-eval": Format((".jsonl", ".json"), "lm_eval", "a samples file of lm-evaluation-harness"),
    "jsonl": Format((".jsonl", ".ndjson", ".json"), "json_lines", "a file of JSON lines", table=True),
}
_JSON = ("jsonl", "lm-eval")
BY_SUFFIX = {suffix: name for name, own in FORMATS.items() for suffix in own.suffixes}
_START, _LINE = 16, 4096
_PYARROW = 130 << 20  # bytes of address space that its libraries take, measured


def column_names(file: RegularFile, format_name: str) -> list[str]:
    """The names of the columns or arrays of a file.

    Raises:
        InputError: the file cannot be used.
    """
    reader = FORMATS[format_name].reader(file.name)
    if FORMATS[format_name].table:
        return list(reader.columns_in(file).names)
    return [entry.key for entry in reader.contents(file) if entry.key is not None]


def format_of(path: str, role: str) -> str:
    """The name of the format of a path, by its suffix; `role` is the purpose of the file, for errors.

    Raises:
        InputError: the suffix is unknown, or is one of pickles.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix in pickles.SUFFIXES:
        raise pickles.refused(path)
    if suffix not in BY_SUFFIX:
        raise _unknown(path, suffix, role)
    return BY_SUFFIX[suffix]


def format_by_content(file: RegularFile) -> str | None:
    """The name of the format that the first bytes identify, or None."""
    start = file.read(_START, 0)
    if start.startswith(FORMATS["npz"].magic):  # a zip archive; those of torch begin with a pickle
        return "pt" if b"/data.pkl" in file.read(256, 0) else "npz"
    for name, own in FORMATS.items():
        if start.startswith(own.magic):
            return name
    if start[8:10] in (b'{"', b"{ ", b"{}") and int.from_bytes(start[:8], "little") < file.size:
        return "safetensors"
    return None


def format_of_text(file: RegularFile) -> str | None:
    """The most likely format of a text file, or None if it is not text; a single column is CSV."""
    line = file.read(_LINE, 0).partition(b"\n")[0]
    if not line or not line.decode("utf-8", "replace").replace("\t", " ").strip().isprintable():
        return None
    if line.removeprefix(codecs.BOM_UTF8).lstrip().startswith((b"{", b"[")):
        return _format_of_json(file)
    return "tsv" if b"\t" in line else "csv"


def _format_of_json(file: RegularFile) -> str:
    """The format of a file of JSON objects, by the fields of the first one."""
    from lscli.io.formats.json_objects import JsonObjects

    with contextlib.suppress(InputError, StopIteration):  # reading it will report the error
        _, first = next(iter(JsonObjects(file, "")))
        if not {"filtered_resps", "resps"}.isdisjoint(first):
            return "lm-eval"
    return "jsonl"


def format_of_file(file: RegularFile, role: str, given: str | None) -> str:
    """The name of the format of an open file: the given one, or else that of its suffix.

    Raises:
        InputError: the suffix is unknown, the first bytes identify another format, or the file is a pickle, whatever
            its suffix.
    """
    suffix, found = os.path.splitext(file.name)[1].lower(), format_by_content(file)
    # The reader of `.pt` tells those of old torch from other pickles.
    if found is None and (given or BY_SUFFIX.get(suffix)) != "pt" and pickles.is_pickle(file):
        raise pickles.refused(file.name)
    if given is None and found is not None and suffix in pickles.SUFFIXES:
        own = FORMATS[found]
        raise InputError(f"{own.called}, not a pickle", f"give it the suffix {own.suffixes[0]}", where=file.name)
    if given is None and suffix not in (*BY_SUFFIX, *pickles.SUFFIXES):
        raise _unknown(file.name, suffix, role, found or format_of_text(file))
    name = given or format_of(file.name, role)
    if given is None and name in _JSON and found is None:
        check_not_own(file)
        name = _format_of_json(file)
    check_content(file, name, role if given is None else None)
    return name


def check_content(file: RegularFile, name: str, role: str | None = None) -> None:
    """Raise InputError if the first bytes of a file identify another format than `name`.

    `role` is the purpose of the file if its suffix named the format; None if the format was given.
    """
    found = format_by_content(file)
    zipped = ("npz", "pt")
    if found in (None, name) or (found, name) == ("npz", "pt"):  # that reader tells archives of torch from others
        return
    what = "a zip archive" if found in zipped and name not in zipped else FORMATS[found].called
    hint = f"say --input-format {found}" if role is None else _renaming(found, role)
    hint = f"if it is {FORMATS[found].called}, {hint}"
    raise InputError(f"{what}, not {FORMATS[name].called}", hint, where=file.name)


def _unknown(path: str, suffix: str, role: str, found: str | None = None) -> InputError:
    """The error for a suffix of no format; `found` is the format of the content."""
    what = f"unknown format {suffix!r}" if suffix else "a path without a suffix names no format"
    if found is None:
        hint = nearest(suffix, BY_SUFFIX) or f"save them as one of {', '.join(BY_SUFFIX)}"
    else:
        hint = f"if it is {FORMATS[found].called}, {_renaming(found, role)}"
    return InputError(f"{what} for {role}", hint, where=path)


def _renaming(found: str, role: str) -> str:
    """How to have a file read in the format of its content. The option is for the first file alone."""
    hint = f"give it the suffix {FORMATS[found].suffixes[0]}"
    return f"{hint} or say --input-format {found}" if role.startswith("logits") else hint
