"""`lscli conformal`: the labels that are possible."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from lscli.cli.flat_options import flat
from lscli.errors import UsageError
from lscli.options import ConformalOptions, ConformalOutputOptions

if TYPE_CHECKING:
    from lscli.decisions.conformal import Conformal

EXAMPLES = ("lscli conformal val.npz test.npz --alpha 0.1", "lscli conformal logits.npy labels.npy --method aps")
COMMON = ("alpha", "method", "by-class", "randomized", "no-empty", "sets", "kind", "calibrator", "format", "output")


@flat
def conformal_command(
    context: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="FILES",
            help="CAL_LOGITS CAL_LABELS [TEST_LOGITS [TEST_LABELS]]: the samples that the sets are calibrated on, and "
            "those that get sets. A file that holds logits and labels stands for both.",
            show_default=False,
        ),
    ],
    *,
    options: ConformalOptions,
    output: ConformalOutputOptions,
) -> None:
    """Find sets of classes that hold the label with a probability of at least 1 - alpha.

    The probability is an average over calibration sets, for future samples like those of calibration. With test
    samples, the coverage and the size of their sets are measured; --sets writes the sets.
    """
    from lscli.api.conformal import conformal
    from lscli.cli.conformal_paths import calibration_and_test
    from lscli.cli.output import sets_path, write_file
    from lscli.cli.run_command import run_command
    from lscli.io.paths import files_of
    from lscli.io.stdin import opened_again
    from lscli.render.sets import pieces

    inputs = [file for path in (*paths, *options.files()) for file in files_of(path)]
    path = None if output.sets is None else sets_path(output.sets, [*inputs, output.output])

    def answer(given: ConformalOptions) -> Conformal:
        with opened_again():  # the test samples are read once more for their sets
            roles = calibration_and_test(paths, given)
            if path is not None and roles[2] is None:
                hint = "name test samples, too: lscli conformal CAL_LOGITS CAL_LABELS TEST_LOGITS"
                raise UsageError("sets belong to test samples, and there are none", hint, where="sets")
            found = conformal.with_options(*roles, given)
            if path is not None and found.sets is not None:
                write_file(path, pieces(found.sets, os.path.splitext(path)[1].lower()))
        return found

    run_command(context, output, options, paths, answer)
