"""What is read, and how."""

from __future__ import annotations

import inspect

from lscli.cli.options.parameter import argument, option, words

_READING, _GROUPS, _SPEED = "Reading", "Weights and groups", "Speed"

OPTIONS = (
    argument("value", str, inspect.Parameter.empty, "The loss as it was printed, with all of its digits."),
    argument("logits", str, inspect.Parameter.empty, "Raw scores [N, K]: .npy or .npz, float16 to float64."),
    argument(
        "labels",
        str | None,
        None,
        "Class numbers [N]: .npy, .npz or .csv. Left out when LOGITS is an .npz with both.",
    ),
    (
        "labels_alone",
        argument("labels", str | None, None, "Class numbers [N]: .npy, .npz or .csv; or rows [N, K]: .npy or .npz.")[1],
    ),
    argument(
        "paths",
        list[str],
        inspect.Parameter.empty,
        "Logits of one or more models, [N, K] each: .npy or .npz; then the labels [N] of all, .npy, .npz or .csv. The "
        "last path is the labels if its array is one-dimensional.",
        "LOGITS",
    ),
    option(
        "weights",
        str | None,
        None,
        "FILE",
        "How often each row counts: .npy, .npz or .csv, one number a row.",
        _GROUPS,
        shown=False,
    ),
    option(
        "groups",
        str | None,
        None,
        "META.csv",
        "Metadata with a header and one row a sample, for --group-by.",
        _GROUPS,
        shown=False,
    ),
    option(
        "group_by",
        str | None,
        None,
        "COLUMN",
        "Answer for each value of this column of --groups too.",
        _GROUPS,
        shown=False,
    ),
    option("ignore_index", int, -100, "LABEL", "Leave out the samples with this label.", _READING),
    option(
        "nonfinite",
        str,
        "error",
        "error|skip",
        "What to do with rows that have nan or +inf or nothing but -inf.",
        _READING,
        complete=words("error", "skip"),
    ),
    option(
        "masked_classes",
        str,
        "keep",
        "keep|exclude|error",
        "Classes with a logit of -inf: keep (their uniform loss is infinite), leave them out of their row, or refuse.",
        _READING,
        complete=words("keep", "exclude", "error"),
    ),
    option(
        "logits_key",
        str | None,
        None,
        "KEY",
        "The array of an .npz with the logits.",
        _READING,
        shown="logits, or the only one",
    ),
    option(
        "labels_key",
        str | None,
        None,
        "KEY",
        "The array of an .npz with the labels.",
        _READING,
        shown="labels, or the only one",
    ),
    option(
        "labels_column",
        str | None,
        None,
        "COLUMN",
        "The column of a CSV with the labels, by name or number.",
        _READING,
        shown="the only one",
    ),
    option("allow_trailing", bool, False, None, "Pass over bytes after the data of an .npy file.", _READING),
    option(
        "device",
        str,
        "auto",
        "DEVICE",
        "auto (the CPU), cpu, cuda, cuda:1 or mps.",
        _SPEED,
        complete=words("auto", "cpu", "cuda", "mps"),
    ),
    option(
        "kernel",
        str,
        "auto",
        "KERNEL",
        "auto, numpy or torch: the code that does the wide pass; they agree to 1e-6.",
        _SPEED,
        complete=words("auto", "numpy", "torch"),
    ),
    option(
        "threads",
        int | None,
        None,
        "N",
        "Threads that share the rows and the resamples; changes no digit.",
        _SPEED,
        shown="all processors",
    ),
    option(
        "chunk_rows",
        int | None,
        None,
        "N",
        "Rows read at a time; changes no digit.",
        _SPEED,
        shown="what fits the cache",
    ),
)
