"""`lscli recalibrate`: fit a map on validation samples, and measure test samples before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.errors import UsageError
from lscli.options import FitOutputOptions, RecalibrateOptions

if TYPE_CHECKING:
    from lscli.recalibrators.before_after import BeforeAfter

EXAMPLES = ("lscli recalibrate val.npz test.npz", "lscli recalibrate val.npz test.npz --metrics loss,ece")
COMMON = ("method", "metrics", "eps", "bins", "clusters", "kind", "logits-key", "labels-key", "format", "output")


@flat
def recalibrate_command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            help="VAL_LOGITS VAL_LABELS TEST_LOGITS TEST_LABELS: the samples that the map is fitted on, and those that "
            "it is measured on. Two files if each holds logits and labels.",
            show_default=False,
        ),
    ],
    *,
    options: RecalibrateOptions,
    output: FitOutputOptions,
) -> None:
    """Fit a temperature, or another map, on validation samples, and measure test samples before and after it.

    Differences are paired: their intervals and p-values are of the same samples before and after. --weights, --groups
    and --clusters are of the test samples, --val-weights and --val-clusters of the others. -o keeps the map in a file,
    which eval --calibrator and apply use.
    """
    from lscli.api.recalibrate import recalibrate
    from lscli.cli.output import json_path, write_file
    from lscli.cli.run_command import run_command
    from lscli.io.paths import files_of

    if len(paths) not in (2, 4):
        hint = "give VAL_LOGITS VAL_LABELS TEST_LOGITS TEST_LABELS, or two files with logits and labels each"
        raise UsageError(f"two or four paths are needed, got {len(paths)}", hint)
    val_logits, val_labels, test_logits, test_labels = paths if len(paths) == 4 else (paths[0], None, paths[1], None)
    inputs = [file for path in (*paths, *options.files()) for file in files_of(path)]
    path = json_path(output.output, inputs, "calibrator", "cal.json")

    def answer(given: RecalibrateOptions) -> BeforeAfter:
        found = recalibrate.with_options(val_logits, val_labels, test_logits, test_labels, given)
        if path is not None:
            write_file(path, [found.calibrator.to_json().encode()])
        return found

    run_command(context, output.replaced(output="-"), options, paths, answer)
