"""Where the answer goes, and what it looks like."""

from __future__ import annotations

from lscli.cli.options.parameter import option, words

FORMATS = ("auto", "table", "csv", "json", "markdown", "parquet", "npy")
_OUTPUT = "Output"

OPTIONS = (
    option("class_names", str | None, None, "FILE", "Names of the classes, one a line.", _OUTPUT, shown=False),
    option(
        "format",
        str,
        "auto",
        "FORMAT",
        "auto, table, csv, json, markdown, parquet, or npy for an array; auto: by the suffix of -o, "
        "else table on a terminal, csv in a pipe.",
        _OUTPUT,
        short="-f",
        complete=words(*FORMATS),
    ),
    option("output", str, "-", "FILE", "Write to a file, whole or not at all; - is stdout.", _OUTPUT, short="-o"),
    option("wide", bool, False, None, "One row a source and group, one column a metric.", _OUTPUT),
    option("no_header", bool, False, None, "CSV without its first line, to append to a log.", _OUTPUT),
    option("quiet", bool, False, None, "No progress bar and no warnings on stderr.", _OUTPUT, short="-q"),
)
