"""`lscli smooth`: the smoothed targets themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lscli.cli import options
from lscli.errors import UsageError

if TYPE_CHECKING:
    import typer


EXAMPLES = (
    "lscli smooth sample_data/labels.npy --classes 10 --eps 0.1",
    "lscli smooth --label 1 --classes 4 --eps 0.001",
)
_TARGETS = ("classes", "eps", "smoothing", "prior", "allow_negative_eps")
_READING = ("ignore_index", "labels_key", "labels_column", "input_format", "allow_trailing")


@options.accepts("labels_alone", "label", *_TARGETS, *_READING, *options.WRITING, eps=["0.1"])
def smooth_command(context: typer.Context, **values: Any) -> None:
    """The smoothed targets of labels, a row each, as fast as they are read.

    For one --eps, in the convention that --smoothing names; zeros where a label is ignored. Rows of [N, K] are sets of
    classes or distributions, whose --classes need not be said. As an array with -o targets.npy.

    With --label instead of LABELS: the targets of that label, the loss that nothing goes below, and the logit gap where
    it is reached.
    """
    from lscli.cli.output import Destination

    destination = Destination.of(
        values.pop("output"),
        values.pop("format"),
        inputs=[values["labels"], values["prior"]],
        header=not values.pop("no_header"),
        arrays=values["label"] is None,
    )
    values["eps"] = _one(options.listed(values["eps"]))
    labels, label = values.pop("labels"), values.pop("label")
    _check_what(labels, label)

    from lscli.api.smooth import smoothed_label, smoothed_rows
    from lscli.cli.defaults import with_origins
    from lscli.cli.progress import progress_bar

    with progress_bar(values.pop("quiet")) as progress:
        if labels is not None:
            answer = smoothed_rows(labels, progress=progress, **values)
        else:
            answer = smoothed_label(label, **{name: values[name] for name in _TARGETS})
        destination.write(with_origins(answer, context))


def _check_what(labels: str | None, label: int | None) -> None:
    if labels is None and label is None:
        raise UsageError("no labels were given", "name a file of labels, or one label: --label 1 --classes 4")
    if labels is not None and label is not None:
        raise UsageError("LABELS and --label do not go together", "leave out one of them", where="label")


def _one(eps: list[str]) -> str:
    if len(eps) != 1 or ":" in eps[0]:
        raise UsageError(f"targets have one eps, got {','.join(eps)}", "for example --eps 0.1", where="eps")
    return eps[0]
