"""Which convention of label smoothing gives a printed loss."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lscli.api import loss_targets, plausibility, reading
from lscli.api.inputs import Inputs
from lscli.api.keywords import of_loss
from lscli.api.loss_targets import parse_eps
from lscli.listings import CandidateRow, Candidates
from lscli.options import ExplainOptions, TargetOptions
from lscli.recipes import convention_sums
from lscli.recipes.candidates import USUAL, Candidate, Printed, conclusion, matches_by_chance, ranked
from lscli.recipes.catalogue import Ignored
from lscli.recipes.convention_sums import ConventionSums
from lscli.report import Setting
from lscli.scan.scan import scan
from lscli.table import weighted_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.options import Data
    from lscli.table import SampleTable


@of_loss(ExplainOptions)
def explain(value: str | float, logits: Data, labels: Data | None, options: ExplainOptions) -> Candidates:
    """Find the convention and the eps that give the loss that a training log printed.

    Every eps is tried with every convention and every recipe that makes one number of the losses of all samples: sum
    or mean, over all or only the kept samples, in several bases, with or without the entropy of the targets and class
    weights. Losses without smoothing are always tried.

    Args:
        value: the loss as it was printed, text or a number: the last digit tells its precision.
        logits, labels: as in `lscli.evaluate`.

    Returns:
        A listing with one row per candidate, the best first, and a conclusion. Candidates that round to the printed
        digits fit equally well, and the most usual one comes first. `difference` is the loss minus the value. A value
        of so few digits that 0.1 candidates or more give it by chance (`by_chance`) has no explanation: then the
        conclusion names none.

    Raises:
        UsageError: the value is not a finite number, or an option is out of its range.
        LscliError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> found = lscli.explain("0.6613", "sample_data/logits_smoothed.npy", "sample_data/labels.npy")
        >>> found.rows[0].smoothing, found.rows[0].eps, found.rows[0].recipe
        ('uniform', 0.1, 'mean over kept samples')
    """
    printed = Printed.of(value)
    amounts = USUAL if options.eps is None else dict.fromkeys((0.0, *parse_eps(options.eps, allow_negative=False)), 0)
    read, found = _read(logits, labels, options)
    best = ranked(found, amounts, printed)
    answered = read.answered(options, {"eps": sorted(amounts)})
    text = Setting(printed.text, "argument")
    return Candidates(
        rows=[_row(candidate, printed) for candidate in best[: options.candidates]],
        value=printed.text,
        by_chance=matches_by_chance(best, printed),
        conclusion=conclusion(best, printed, found[0], usual=options.eps is None),
        **{**answered, "settings": {"value": text, **answered["settings"]}},
    )


def _row(found: Candidate, printed: Printed) -> CandidateRow:
    difference = found.loss - printed.number
    return CandidateRow(difference, found.loss, found.eps, found.smoothing, found.recipe.name, found.formula, found.who)


def _read(
    logits: Data, labels: Data | None, options: ExplainOptions
) -> tuple[reading.Reading, Sequence[ConventionSums]]:
    """The sums of the samples for every convention, `uniform` first."""
    prior = options.prior
    if isinstance(prior, str) and prior == loss_targets.EMPIRICAL:
        prior = None  # the prior of the labels is tried anyway
    wanted = TargetOptions(
        smoothing="uniform" if prior is None else "prior", prior=prior, class_weights=options.class_weights
    )
    loss_targets.declared_targets(wanted, options.masked_classes)
    with Inputs(logits, labels, options) as opened:
        given, files = opened.targets(wanted)
        # If masked classes are excluded, each row would need a prior of its own.
        counted = TargetOptions(smoothing="prior", prior=loss_targets.EMPIRICAL)
        empirical = None if opened.options.masked_classes == "exclude" else opened.targets(counted).targets
        tried = convention_sums.tried(given, empirical)
        extra = convention_sums.vectors(tried, opened.logits.shape[1])
        columns = {*convention_sums.COLUMNS, *opened.columns, *plausibility.COLUMNS}
        result = scan(
            opened.logits,
            opened.label,
            columns,
            opened.options,
            vectors=extra,
            watch=opened.watch,
            counted=opened.counted,
        )
        left_out = _ignored(opened, result.table)
        table = opened.rows.tables(result.table)[""]
    provenance = opened.provenance(result, files)
    provenance = replace(provenance, warnings=[*provenance.warnings, *reading.doubts(opened, result.table)])
    found = reading.Reading(opened.source, {"": table}, opened.logits.shape[1], provenance, opened.used(result), given)
    return found, [ConventionSums(name, each, table, left_out) for name, each in tried.items()]


def _ignored(opened: Inputs, table: SampleTable) -> Ignored:
    """The sums over the ignored samples, from a second pass over their rows.

    If a logit of an ignored row is not finite, `nonfinite` of `skip` leaves the row out; otherwise the sum is nan.
    """
    rows = np.flatnonzero(opened.label < 0)
    if not len(rows):
        return Ignored()
    # The pass reads one kept row too, because it refuses logits without a row to keep.
    known = table["row"][min(int(np.searchsorted(table["row"], rows[0])), len(table) - 1)]
    first, last = min(int(rows[0]), int(known)), max(int(rows[-1]), int(known))
    label = np.where(opened.label < 0, 0, -1).astype(np.int32)
    label[known] = 0
    masked = "exclude" if opened.options.masked_classes == "exclude" else "keep"
    options = opened.options.replaced(nonfinite="skip", masked_classes=masked, progress=None)
    part = opened.logits.part(first, last + 1)
    found = scan(part, label[first : last + 1], {"row", "loss_uniform"}, options)
    beside = opened.rows
    others = beside.weighted(found.table.select(found.table["row"] != known))
    kept = beside.weighted(table).total
    if found.skipped and opened.options.nonfinite != "skip":
        weight = float(len(rows)) if beside.weight is None else float(np.add.reduce(beside.weight.values[rows]))
        return Ignored(kept + weight)
    return Ignored(kept + others.total, weighted_sum(others["loss_uniform"], others.weight))
