"""How well scores tell samples like those of training from other samples."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_id_and_ood
from lscli.api.ood_notes import constant_scores, same_samples, swapped
from lscli.api.ood_sets import NamedLogits, id_set, ood_sets
from lscli.api.scores_of_logits import are_probabilities, refusal
from lscli.checked_options import choice
from lscli.decisions.detection import MEAN, Detection, DetectionRow
from lscli.errors import InputError, LscliError, UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.two_samples import separations
from lscli.io.argument import is_path
from lscli.io.clusters import are_named
from lscli.io.labels import NO_LABELS
from lscli.io.path_roles import stored_shape
from lscli.metrics.certainty import CERTAINTY
from lscli.options import OodOptions, OodScore
from lscli.summaries.detection import conclude

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lscli.api.reading import Reading
    from lscli.options import Data
    from lscli.report import Provenance

# Scores that probabilities lack.
_OF_LOGITS = ("max_logit", "energy")


@of_id_and_ood(OodOptions)
def ood(id_logits: Data, ood_logits: Any, options: OodOptions) -> Detection:
    """Measure how well scores tell ID samples from OOD samples.

    ID samples are like those that the classifier was trained on, OOD samples are not. Each score is larger for samples
    that look more like ID samples. Labels are not read, whether the files have them or not.

    Args:
        id_logits: [N, K], of ID samples.
        ood_logits: [M, K], of OOD samples; several sets in a list, or by name in a mapping. A list of rows is one set.

    Returns:
        A listing, one row per set of OOD samples, score and metric; of several sets, their means come last.

    Raises:
        UsageError: as `lscli.evaluate`, or names that do not fit the sets, or only scores that probabilities lack.
        InputError: as `lscli.evaluate`, or OOD logits of another number of classes.
        ReadWriteError, EngineError: as `lscli.evaluate`.

    Example:
        >>> import lscli
        >>> found = lscli.ood("sample_data/logits.npy", "sample_data/ood.npy", score="msp")
        >>> [(row.metric, round(row.value, 3)) for row in found.rows]
        [('auroc', 0.828), ('aupr_in', 0.979), ('aupr_out', 0.288), ('fpr95', 0.766)]
    """
    scores = _scores(options)
    if are_named(options.clusters):
        raise UsageError(
            "intervals need independent samples",
            "leave it out, or say --clusters none",
            where="clusters",
        )
    sets = ood_sets(id_logits, ood_logits, options.names)
    inside = _read(id_set(id_logits), scores, options)
    outside: list[Reading] = []
    for each in sets:
        outside.append(_read(each, scores, options))
        read = outside[-1]
        reading.check_same_classes(read.source, read.num_classes, inside.source, inside.num_classes)
    notes, scores = _scores_of_logits(scores, [inside, *outside], options)
    rows = _rows(inside, outside, scores, options)
    if any(read.all.cluster is not None for read in (inside, *outside)):
        notes.append(
            "the samples of one entry of the first axis belong together, so there are no intervals, which need "
            "independent samples; if all samples are independent, say --clusters none"
        )
    notes += constant_scores(scores, [inside, *outside])
    notes += same_samples(inside, outside)
    notes += swapped(rows, inside, outside)
    first = replace(inside, provenance=_merged(inside, outside))
    said = [conclude(rows, options.recall, options.level), inside.map_remark]
    return Detection(
        rows=rows,
        conclusion=" ".join(filter(None, said)),
        **first.answered(options, {"score": ",".join(scores)}, notes),
    )


def _scores(options: OodOptions) -> list[OodScore]:
    """The scores that are asked for, each once."""
    given = [options.score] if isinstance(options.score, str) else [*options.score]
    if not given:
        raise UsageError("has no scores", f"give one or more of {', '.join(get_args(OodScore))}", where="score")
    found = dict.fromkeys(choice(one.strip(), get_args(OodScore), "score") for one in given)
    return cast("list[OodScore]", [*found])


def _read(given: NamedLogits, scores: Sequence[OodScore], options: OodOptions) -> Reading:
    """Read the columns of the scores. Errors and warnings about values in memory name the set."""
    columns = {"row", *(CERTAINTY[score][0] for score in scores)}
    columns |= {"energy"} if "max_logit" in scores else set()
    try:
        found = reading.read(given.logits, NO_LABELS, columns, options)
    except LscliError as error:
        from lscli.api.confidences import are_there as confidences_are_there  # imported only after an error

        if _are_labels(given.logits, options):
            error.say(error.message, "if these are labels, leave them out: only logits are read", error.where)
        elif isinstance(error, InputError) and confidences_are_there(given.logits, options):
            error.say(
                error.message,
                "if these are confidences, give the logits instead, which the scores are computed from",
                error.where,
            )
        if error.where == "logits" and not is_path(given.logits):
            error.say(error.message, error.hint, given.name)
        raise
    if is_path(given.logits):
        return replace(found, source=given.name)
    prefix = f"{found.source}: "
    notes = [
        f"{given.name}: {note.removeprefix(prefix)}" if note.startswith(prefix) else note
        for note in found.provenance.warnings
    ]
    return replace(found, source=given.name, provenance=replace(found.provenance, warnings=notes))


def _are_labels(logits: Any, options: OodOptions) -> bool:
    """Whether an input that was refused has one number per sample, as labels have."""
    with contextlib.suppress(LscliError, TypeError, ValueError):
        shape = stored_shape(logits, options.logits_key, "logits") if is_path(logits) else np.shape(logits)
        return not options.binary and shape is not None and len(shape) == 1
    return False


def _scores_of_logits(
    scores: list[OodScore], readings: Sequence[Reading], options: OodOptions
) -> tuple[list[str], list[OodScore]]:
    """A note if the values are probabilities or their logarithms, and the scores that these have.

    Raises:
        UsageError: no score is left.
    """
    asked = [score for score in scores if score in _OF_LOGITS]
    if not asked:
        return [], scores
    if not are_probabilities((read.all["energy"] for read in readings), options):
        return [], scores
    reason, hint = refusal(asked, "msp, entropy or margin", options)
    left = [score for score in scores if score not in _OF_LOGITS]
    if not left:
        raise UsageError(reason, hint, where="score")
    return [reason], left


def _rows(
    inside: Reading, outside: Sequence[Reading], scores: Sequence[OodScore], options: OodOptions
) -> list[DetectionRow]:
    """The measures of each set, then their means if there are several sets. Samples in clusters have no intervals."""
    clustered = any(read.all.cluster is not None for read in (inside, *outside))
    bootstrap = None if clustered else Bootstrap(options.bootstrap, options.seed, options.level)
    resampling = Resampling(bootstrap, options.threads, options.progress)
    values, low, high = separations(inside.all, [read.all for read in outside], scores, options.recall, resampling)
    sources = [*(read.source for read in outside), *([MEAN] if len(outside) > 1 else [])]
    metrics = ("auroc", "aupr_in", "aupr_out", f"fpr{100 * options.recall:g}")
    return [
        DetectionRow(sources[i], "", scores[j], metrics[k], float(value), float(low[i, j, k]), float(high[i, j, k]))
        for (i, j, k), value in np.ndenumerate(values)
    ]


def _merged(inside: Reading, outside: Sequence[Reading]) -> Provenance:
    """The provenance of ID samples, with the logits of all sets, and each warning once."""
    own = inside.provenance
    inputs, warnings = [*own.inputs], [*own.warnings]
    for read in outside:
        inputs += [
            {**entry, "role": "ood", "name": read.source} if entry["role"] == "logits" else entry
            for entry in read.provenance.inputs
            if entry["role"] == "logits" or entry not in own.inputs
        ]
        warnings += read.provenance.warnings
    return replace(own, inputs=inputs, warnings=[*dict.fromkeys(warnings)])
