"""`lscli smooth`: the smoothed targets themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.errors import UsageError
from lscli.options import RunOptions, SmoothOneOptions, SmoothOptions

if TYPE_CHECKING:
    from lscli.listings import Listing

EXAMPLES = ("lscli smooth labels.npy --classes 10 --eps 0.1", "lscli smooth --label 1 --classes 4 --eps 0.1")
COMMON = (
    "eps",
    "classes",
    "smoothing",
    "prior",
    "label",
    "labels-from",
    "ignore-index",
    "class-names",
    "format",
    "output",
)


@flat
def smooth_command(
    context: typer.Context,
    labels: Annotated[
        str | None,
        typer.Argument(metavar="LABELS", help="Class numbers [N] or rows [N, K], in a file.", show_default=False),
    ] = None,
    *,
    options: SmoothOptions,
    output: RunOptions,
) -> None:
    """Print the smoothed targets of labels, one row per label.

    The targets follow one --eps and the convention of --smoothing; the row of an ignored label is zero. LABELS may also
    be rows [N, K], sets of classes or distributions, which need no --classes. Use -o targets.npy for an array.

    With --label instead of LABELS, the output is the targets of that label, the floor of the loss against them, and the
    logit gap at which the loss reaches the floor.
    """
    label = options.label
    if labels is None and label is None:
        raise UsageError("no labels were given", "name a file of labels, or one label: --label 1 --classes 4")
    if labels is not None and label is not None:
        raise UsageError("LABELS and --label do not go together", "leave out one of them", where="label")

    from lscli.api.smooth import smoothed_label, smoothed_rows
    from lscli.cli.run_command import run_command

    def answer(given: SmoothOptions) -> Listing:
        if labels is not None:
            return smoothed_rows(labels, given)
        assert label is not None  # noqa: S101  # checked above
        return smoothed_label(label, given.part(SmoothOneOptions))

    run_command(context, output, options, [labels], answer, arrays=label is None)
