"""Where an answer goes."""

# No `from __future__ import annotations` here: the `Option` of a field is read from its annotation.
from typing import Annotated

from lscli.checked_options import Option, Options
from lscli.options.descriptions import OUTPUT
from lscli.options.values import OutputFormat


class OutputOptions(Options):
    """The destination and the format of the answer."""

    format: Annotated[
        OutputFormat,
        Option(
            "table, csv, json, markdown, parquet, npy for an array, github and junit for a check, or svg, pdf and png "
            "for a picture. auto takes it from the suffix of -o, or else prints a table on a terminal and csv in a "
            "pipe.",
            OUTPUT,
            "FORMAT",
            short="-f",
        ),
    ] = "auto"
    output: Annotated[
        str, Option("Write to this file, completely or not at all; - is stdout.", OUTPUT, "FILE", short="-o")
    ] = "-"
    no_header: Annotated[bool, Option("Write CSV without its header, to append to a log.", OUTPUT)] = False


class RunOptions(OutputOptions):
    """The output of a command that may take a while."""

    quiet: Annotated[bool, Option("Show no progress bar and no warnings.", OUTPUT, short="-q")] = False


class EvalOutputOptions(RunOptions):
    """The output of `lscli eval`."""

    wide: Annotated[bool, Option("Print one row per source and group, and one column per metric.", OUTPUT)] = False


# The options of each question.
