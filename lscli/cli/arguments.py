"""Arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

_FORMATS = ".npy, .npz, .safetensors, .pt, .parquet, .arrow, .csv, .tsv, .jsonl"

LogitsPath = Annotated[
    str,
    typer.Argument(
        metavar="LOGITS",
        help=f"Raw scores [N, K]: {_FORMATS}; a quoted pattern of shards, or - for standard input.",
        show_default=False,
    ),
]
LabelsPath = Annotated[
    str | None,
    typer.Argument(
        metavar="LABELS",
        help="Class numbers [N], in the same formats. Left out if LOGITS holds both.",
        show_default=False,
    ),
]
