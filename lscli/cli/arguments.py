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
# The logits of models, and the labels of all: `lscli.io.path_roles.roles_of` says which is which.
ModelsPaths = Annotated[
    list[str],
    typer.Argument(
        metavar="LOGITS",
        help="Logits of one or more models, [N, K] each; then the labels [N] of all, unless the files hold them.",
        show_default=False,
    ),
]
