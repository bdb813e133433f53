"""The options that commands share, each written once: help, environment variable and group.

Nothing heavier than typer is imported here: completion and help read this file.
"""

from __future__ import annotations

from typing import Annotated

import typer

FORMATS = ("auto", "table", "csv", "json", "markdown")


def _formats(incomplete: str) -> list[str]:
    return [name for name in FORMATS if name.startswith(incomplete)]


def _metrics(incomplete: str) -> list[str]:
    from lscli.metrics import FAMILIES, METRICS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in ("default", "all", *FAMILIES, *METRICS) if name.startswith(last)]


_READING, _OUTPUT, _SPEED = "Reading", "Output", "Speed"

Logits = Annotated[
    str,
    typer.Argument(metavar="LOGITS", help="Raw scores [N, K]: .npy or .npz, float16 to float64.", show_default=False),
]
Labels = Annotated[
    str | None,
    typer.Argument(
        metavar="LABELS",
        help="Class numbers [N]: .npy, .npz or .csv. Left out when LOGITS is an .npz with both.",
        show_default=False,
    ),
]
Eps = Annotated[
    list[str],
    typer.Option(
        "--eps",
        metavar="EPS",
        help="Amount of label smoothing in [0, 1]; several with commas, or repeated.",
        envvar="LSCLI_EPS",
        show_envvar=False,
    ),
]
Metrics = Annotated[
    list[str],
    typer.Option(
        "--metrics",
        "-m",
        metavar="NAMES",
        help="Ids, families, 'default' or 'all', comma-separated or repeated; id@0.2 sets its eps. See lscli metrics.",
        envvar="LSCLI_METRICS",
        show_envvar=False,
        autocompletion=_metrics,
    ),
]
IgnoreIndex = Annotated[
    int,
    typer.Option(
        "--ignore-index",
        metavar="LABEL",
        help="Leave out the samples with this label.",
        envvar="LSCLI_IGNORE_INDEX",
        show_envvar=False,
        rich_help_panel=_READING,
    ),
]
Nonfinite = Annotated[
    str,
    typer.Option(
        "--nonfinite",
        metavar="error|skip",
        help="What to do with rows that have nan or +inf or nothing but -inf.",
        envvar="LSCLI_NONFINITE",
        show_envvar=False,
        autocompletion=lambda: ["error", "skip"],
        rich_help_panel=_READING,
    ),
]
LogitsKey = Annotated[
    str | None,
    typer.Option(
        "--logits-key",
        metavar="KEY",
        help="The array of an .npz with the logits.",
        envvar="LSCLI_LOGITS_KEY",
        show_envvar=False,
        show_default="logits, or the only one",
        rich_help_panel=_READING,
    ),
]
LabelsKey = Annotated[
    str | None,
    typer.Option(
        "--labels-key",
        metavar="KEY",
        help="The array of an .npz with the labels.",
        envvar="LSCLI_LABELS_KEY",
        show_envvar=False,
        show_default="labels, or the only one",
        rich_help_panel=_READING,
    ),
]
LabelsColumn = Annotated[
    str | None,
    typer.Option(
        "--labels-column",
        metavar="COLUMN",
        help="The column of a CSV with the labels, by name or number.",
        envvar="LSCLI_LABELS_COLUMN",
        show_envvar=False,
        show_default="the only one",
        rich_help_panel=_READING,
    ),
]
AllowTrailing = Annotated[
    bool,
    typer.Option(
        "--allow-trailing",
        help="Pass over bytes after the data of an .npy file.",
        envvar="LSCLI_ALLOW_TRAILING",
        show_envvar=False,
        rich_help_panel=_READING,
    ),
]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        metavar="DEVICE",
        help="auto (the CPU), cpu, cuda, cuda:1 or mps.",
        envvar="LSCLI_DEVICE",
        show_envvar=False,
        autocompletion=lambda: ["auto", "cpu", "cuda", "mps"],
        rich_help_panel=_SPEED,
    ),
]
Kernel = Annotated[
    str,
    typer.Option(
        "--kernel",
        metavar="KERNEL",
        help="auto, numpy or torch: the code that does the wide pass; they agree to 1e-6.",
        envvar="LSCLI_KERNEL",
        show_envvar=False,
        autocompletion=lambda: ["auto", "numpy", "torch"],
        rich_help_panel=_SPEED,
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        metavar="N",
        help="Threads that share the rows; changes no digit.",
        envvar="LSCLI_THREADS",
        show_envvar=False,
        show_default="all processors",
        rich_help_panel=_SPEED,
    ),
]
ChunkRows = Annotated[
    int | None,
    typer.Option(
        "--chunk-rows",
        metavar="N",
        help="Rows read at a time; changes no digit.",
        envvar="LSCLI_CHUNK_ROWS",
        show_envvar=False,
        show_default="what fits the cache",
        rich_help_panel=_SPEED,
    ),
]
Format = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="auto, table, csv, json or markdown; auto: by the suffix of -o, else table on a terminal, csv in a pipe.",
        envvar="LSCLI_FORMAT",
        show_envvar=False,
        autocompletion=_formats,
        rich_help_panel=_OUTPUT,
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to a file, whole or not at all; - is stdout.",
        envvar="LSCLI_OUTPUT",
        show_envvar=False,
        rich_help_panel=_OUTPUT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        help="No progress bar and no warnings on stderr.",
        envvar="LSCLI_QUIET",
        show_envvar=False,
        rich_help_panel=_OUTPUT,
    ),
]
