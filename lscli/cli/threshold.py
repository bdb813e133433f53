"""`lscli threshold`: the confidence above which a classifier may be trusted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.arguments import LabelsPath, LogitsPath
from lscli.cli.flat_options import flat
from lscli.errors import ExitCode, UsageError
from lscli.options import ThresholdOptions, ThresholdOutputOptions

if TYPE_CHECKING:
    from lscli.decisions.threshold import Threshold
    from lscli.listings import Listing

EXAMPLES = (
    "lscli threshold logits.npy labels.npy --max-error 0.01",
    "lscli threshold logits.npy labels.npy --coverage 0.8",
)
COMMON = ("max-error", "min-accuracy", "coverage", "score", "per-class", "test", "level", "kind", "format", "output")

# Formats whose readers would not learn why there is no threshold.
_WITHOUT_CONCLUSION = ("csv", "parquet")


@flat
def threshold_command(
    context: typer.Context,
    logits: LogitsPath,
    labels: LabelsPath = None,
    test_labels: Annotated[
        str | None,
        typer.Argument(
            metavar="TEST_LABELS", help="Labels of the test samples, after their logits.", show_default=False
        ),
    ] = None,
    *,
    options: ThresholdOptions,
    output: ThresholdOutputOptions,
) -> None:
    """Find the confidence above which the error rate is at most --max-error, with a guarantee.

    The guarantee holds with probability --confidence over calibration sets. If no threshold has it, the exit code is 1.
    """
    from lscli.api.threshold import threshold
    from lscli.cli.defaults import with_typed_limit
    from lscli.cli.output import Destination, json_path, write_file
    from lscli.cli.run_command import run_command
    from lscli.cli.stderr import say
    from lscli.io.paths import files_of

    words = (output.test,) if isinstance(output.test, str) else (*output.test,)
    if test_labels is not None:
        if len(words) != 1:
            raise UsageError("a third path is the labels of test samples", "write --test TEST_LOGITS TEST_LABELS")
        words = (*words, test_labels)
    inputs = [file for path in (logits, labels, *words, *options.files()) if path for file in files_of(path)]
    path = json_path(output.output, inputs, "threshold", "threshold.json")
    found: list[Threshold] = []

    def answer(given: ThresholdOptions) -> Listing:
        own = threshold.with_options(logits, labels, given)
        if path is not None and not own.found:
            say(f"lscli: {path} is not written: no threshold was found")
        elif path is not None:
            write_file(path, [own.saved.to_json().encode()])
            own = replace(own, conclusion=f"{own.conclusion} It is in {path}.")
        found.append(own)
        return own.tested() if output.points else own

    options = with_typed_limit(options.replaced(test=words), context)
    own = output.replaced(output="-")
    run_command(context, own, options, [logits, labels, *words], answer)
    if not found[0].found:
        if not output.quiet and Destination.of(own, name=context.info_name or "").format in _WITHOUT_CONCLUSION:
            say(f"lscli: {found[0].conclusion}")
        raise typer.Exit(ExitCode.REFUSED)
