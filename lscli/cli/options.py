"""The options that commands share, each written once: type, default, help, environment variable and group.

A command says which it takes with `accepts`. Nothing heavier than typer is imported here: completion and
help read this file.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Command = Callable[..., None]

FORMATS = ("auto", "table", "csv", "json", "markdown", "parquet")
_READING, _CALIBRATION, _INTERVALS = "Reading", "Calibration", "Intervals"
_GROUPS, _OUTPUT, _SPEED = "Weights and groups", "Output", "Speed"


def _words(*words: str) -> Callable[[], list[str]]:
    return lambda: list(words)


def _metrics(incomplete: str) -> list[str]:
    from lscli.metrics import FAMILIES, METRICS

    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in ("default", "all", *FAMILIES, *METRICS) if name.startswith(last)]


def _option(
    name: str,
    kind: Any,
    default: Any,
    metavar: str | None,
    help: str,  # noqa: A002
    panel: str | None = None,
    *,
    short: str = "",
    shown: bool | str = True,
    complete: Any = None,
) -> tuple[str, inspect.Parameter]:
    """A parameter `--name` with a default, which may also be set as LSCLI_NAME."""
    info = typer.Option(
        f"--{name.replace('_', '-')}",
        *filter(None, [short]),
        metavar=metavar,
        help=help,
        envvar=f"LSCLI_{name.upper()}",
        show_envvar=False,
        show_default=shown,
        autocompletion=complete,
        rich_help_panel=panel,
    )
    return name, _parameter(name, Annotated[kind, info], default)


def _argument(name: str, kind: Any, default: Any, help: str) -> tuple[str, inspect.Parameter]:  # noqa: A002
    info = typer.Argument(metavar=name.upper(), help=help, show_default=False)
    return name, _parameter(name, Annotated[kind, info], default)


def _parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)


OPTIONS: dict[str, inspect.Parameter] = dict(
    [
        _argument("logits", str, inspect.Parameter.empty, "Raw scores [N, K]: .npy or .npz, float16 to float64."),
        _argument(
            "labels",
            str | None,
            None,
            "Class numbers [N]: .npy, .npz or .csv. Left out when LOGITS is an .npz with both.",
        ),
        _option(
            "eps", list[str], ["0.1"], "EPS", "Amount of label smoothing in [0, 1]; several with commas, or repeated."
        ),
        _option(
            "metrics",
            list[str],
            ["default"],
            "NAMES",
            "Ids, families, 'default' or 'all', comma-separated or repeated; id@0.2 sets its parameter. "
            "See lscli metrics.",
            short="-m",
            complete=_metrics,
        ),
        _option("ci", bool, False, None, "Bootstrap intervals of all metrics but those by class.", _INTERVALS),
        _option("bootstrap", int, 1000, "B", "How many resamples an interval is made of.", _INTERVALS),
        _option("seed", int, 0, "SEED", "Of the resamples: the same seed gives the same bytes.", _INTERVALS),
        _option("level", float, 0.95, "LEVEL", "The share of resamples within an interval.", _INTERVALS),
        _option(
            "bins",
            int | None,
            None,
            "M",
            "How many bins the calibration errors have.",
            _CALIBRATION,
            shown="15, or what --compat takes",
        ),
        _option(
            "bin_edges",
            str,
            "right",
            "right|left",
            "Which edge belongs to a bin: (lo, hi] or [lo, hi).",
            _CALIBRATION,
            complete=_words("right", "left"),
        ),
        _option(
            "norm",
            str,
            "l1",
            "l1|l2|max",
            "How ece_equal_mass and the errors by class sum their bins.",
            _CALIBRATION,
            complete=_words("l1", "l2", "max"),
        ),
        _option(
            "compat",
            str | None,
            None,
            "LIBRARY",
            "torchmetrics, netcal, gpleiss or sklearn: ece and its kin by that library's rule.",
            _CALIBRATION,
            shown=False,
            complete=_words("torchmetrics", "netcal", "gpleiss", "sklearn"),
        ),
        _option(
            "score",
            str,
            "msp",
            "SCORE",
            "What the selective metrics rank by: msp, margin, entropy, max_logit or max_logit_pnorm.",
            _CALIBRATION,
            complete=_words("msp", "margin", "entropy", "max_logit", "max_logit_pnorm"),
        ),
        _option("equal_mass", bool, False, None, "Bins of equal count instead of equal width.", _CALIBRATION),
        _option(
            "weights",
            str | None,
            None,
            "FILE",
            "How often each row counts: .npy, .npz or .csv, one number a row.",
            _GROUPS,
            shown=False,
        ),
        _option(
            "groups",
            str | None,
            None,
            "META.csv",
            "Metadata with a header and one row a sample, for --group-by.",
            _GROUPS,
            shown=False,
        ),
        _option(
            "group_by",
            str | None,
            None,
            "COLUMN",
            "Answer for each value of this column of --groups too.",
            _GROUPS,
            shown=False,
        ),
        _option("class_names", str | None, None, "FILE", "Names of the classes, one a line.", _OUTPUT, shown=False),
        _option("sort", str, "class", "COLUMN", "Largest first, by this column; class and name: in their order."),
        _option("ascending", bool, False, None, "With --sort: smallest first."),
        _option("top", int | None, None, "N", "Only the first N classes.", shown="all"),
        _option("worst", int | None, None, "N", "Only the N worst samples, worst first.", shown=False),
        _option(
            "by",
            str,
            "loss",
            "loss|confidence",
            "With --worst: by hard loss, or by confidence among the wrong.",
            complete=_words("loss", "confidence"),
        ),
        _option("ignore_index", int, -100, "LABEL", "Leave out the samples with this label.", _READING),
        _option(
            "nonfinite",
            str,
            "error",
            "error|skip",
            "What to do with rows that have nan or +inf or nothing but -inf.",
            _READING,
            complete=_words("error", "skip"),
        ),
        _option(
            "logits_key",
            str | None,
            None,
            "KEY",
            "The array of an .npz with the logits.",
            _READING,
            shown="logits, or the only one",
        ),
        _option(
            "labels_key",
            str | None,
            None,
            "KEY",
            "The array of an .npz with the labels.",
            _READING,
            shown="labels, or the only one",
        ),
        _option(
            "labels_column",
            str | None,
            None,
            "COLUMN",
            "The column of a CSV with the labels, by name or number.",
            _READING,
            shown="the only one",
        ),
        _option("allow_trailing", bool, False, None, "Pass over bytes after the data of an .npy file.", _READING),
        _option(
            "format",
            str,
            "auto",
            "FORMAT",
            "auto, table, csv, json, markdown or parquet; auto: by the suffix of -o, else table on a terminal, "
            "csv in a pipe.",
            _OUTPUT,
            short="-f",
            complete=_words(*FORMATS),
        ),
        _option("output", str, "-", "FILE", "Write to a file, whole or not at all; - is stdout.", _OUTPUT, short="-o"),
        _option("wide", bool, False, None, "One row a source and group, one column a metric.", _OUTPUT),
        _option("no_header", bool, False, None, "CSV without its first line, to append to a log.", _OUTPUT),
        _option("quiet", bool, False, None, "No progress bar and no warnings on stderr.", _OUTPUT, short="-q"),
        _option(
            "device",
            str,
            "auto",
            "DEVICE",
            "auto (the CPU), cpu, cuda, cuda:1 or mps.",
            _SPEED,
            complete=_words("auto", "cpu", "cuda", "mps"),
        ),
        _option(
            "kernel",
            str,
            "auto",
            "KERNEL",
            "auto, numpy or torch: the code that does the wide pass; they agree to 1e-6.",
            _SPEED,
            complete=_words("auto", "numpy", "torch"),
        ),
        _option(
            "threads",
            int | None,
            None,
            "N",
            "Threads that share the rows and the resamples; changes no digit.",
            _SPEED,
            shown="all processors",
        ),
        _option(
            "chunk_rows",
            int | None,
            None,
            "N",
            "Rows read at a time; changes no digit.",
            _SPEED,
            shown="what fits the cache",
        ),
    ]
)

# What every command that reads logits takes besides its own.
READING = (
    *("weights", "groups", "group_by"),
    *("ignore_index", "nonfinite", "logits_key", "labels_key", "labels_column", "allow_trailing"),
    *("device", "kernel", "threads", "chunk_rows"),
)
WRITING = ("format", "output", "no_header", "quiet")


def accepts(*names: str) -> Callable[[Command], Command]:
    """Give a command `(context, **values)` the parameters of these names, in this order."""

    def decorate(command: Command) -> Command:
        own = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
        signature = inspect.Signature([*own, *(OPTIONS[name] for name in names)])
        command.__signature__ = signature  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return command

    return decorate


def listed(values: Sequence[str]) -> list[str]:
    """The values of an option that takes several, with commas or repeated."""
    return [value for part in values for value in part.split(",")]
