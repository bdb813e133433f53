"""`lscli eval`: losses, confidence and calibration of saved logits."""

from __future__ import annotations

import typer

from lscli.cli import options

EXAMPLES = (
    "lscli eval sample_data/logits.npy sample_data/labels.npy --eps 0.1",
    "lscli eval sample_data/logits_smoothed.npy sample_data/labels.npy --metrics ece,loss -f csv",
)


def eval_command(
    context: typer.Context,
    logits: options.Logits,
    labels: options.Labels = None,
    eps: options.Eps = ["0.1"],  # noqa: B006  (typer reads it, nothing writes to it)
    metrics: options.Metrics = ["default"],  # noqa: B006
    ignore_index: options.IgnoreIndex = -100,
    nonfinite: options.Nonfinite = "error",
    logits_key: options.LogitsKey = None,
    labels_key: options.LabelsKey = None,
    labels_column: options.LabelsColumn = None,
    allow_trailing: options.AllowTrailing = False,
    format: options.Format = "auto",  # noqa: A002
    output: options.Output = "-",
    quiet: options.Quiet = False,
    device: options.Device = "auto",
    kernel: options.Kernel = "auto",
    threads: options.Threads = None,
    chunk_rows: options.ChunkRows = None,
) -> None:
    """How good, how confident and how calibrated saved logits are, and what label smoothing means for them.

    Prints the hard, the uniform and the smoothed loss with its floor, accuracy and confidence, calibration
    errors beside what noise alone would give, and the amount of smoothing that the logits speak of.
    """
    from lscli.cli.output import Destination
    from lscli.cli.progress import progress_bar

    destination = Destination.of(output, format, inputs=[logits, labels])

    from lscli.analyses.evaluate import evaluate

    with progress_bar(quiet) as progress:
        report = evaluate(
            logits,
            labels,
            eps=[value for part in eps for value in part.split(",")],
            metrics=metrics,
            ignore_index=ignore_index,
            nonfinite=nonfinite,
            logits_key=logits_key,
            labels_key=labels_key,
            labels_column=labels_column,
            allow_trailing=allow_trailing,
            device=device,
            kernel=kernel,
            threads=threads,
            chunk_rows=chunk_rows,
            progress=progress,
        )

    from lscli.cli.defaults import with_origins

    destination.write(with_origins(report, context))
