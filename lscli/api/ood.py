"""How well scores tell samples from those that the classifier was not trained on."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_id_and_ood
from lscli.api.ood_notes import constant_scores, same_samples, swapped
from lscli.api.ood_sets import OodSet, ood_sets
from lscli.checked_options import choice
from lscli.decisions.detection import MEAN, Detection, DetectionRow
from lscli.errors import InputError, LscliError, UsageError
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.two_samples import separations
from lscli.io.argument import is_path
from lscli.io.ensemble_files import is_ensemble
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

# Scores that differ from those of probabilities by the sum of exponentials of the logits, which probabilities lack.
_OF_LOGITS = ("max_logit", "energy")
# Logits whose logsumexp is as near to 0 in every row are logarithms of probabilities.
_NORMALISED = 1e-4


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
    """
    scores = _scores(options)
    if options.clusters is not None and not (isinstance(options.clusters, str) and options.clusters == "none"):
        raise UsageError(
            "the intervals are those of independent samples",
            "leave it out, or say --clusters none",
            where="clusters",
        )
    sets = ood_sets(id_logits, ood_logits, options.names)
    inside = _read(OodSet("id_logits", id_logits), scores, options)
    outside = []
    for each in sets:
        outside.append(_read(each, scores, options))
        _check_classes(each.name, outside[-1], inside)
    notes, scores = _scores_of_logits(scores, [inside, *outside], options)
    names = [each.name for each in sets]
    rows = _rows(names, inside, outside, scores, options)
    if any(read.all.cluster is not None for read in (inside, *outside)):
        notes.append(
            "the samples of one entry of the first axis belong together, and the intervals are those of independent "
            "samples: there are none; if the samples are independent, say --clusters none"
        )
    notes += constant_scores(scores, [inside, *outside])
    notes += same_samples(names, inside, outside)
    notes += swapped(rows, names, inside.source)
    first = replace(inside, provenance=_merged(names, inside, outside))
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


def _read(given: OodSet, scores: Sequence[OodScore], options: OodOptions) -> Reading:
    """Read the columns of the scores; errors about values in memory name the set."""
    columns = {"row", *(CERTAINTY[score][0] for score in scores)}
    columns |= {"energy"} if "max_logit" in scores else set()
    try:
        return reading.read(given.logits, NO_LABELS, columns, options)
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


def _are_labels(logits: Any, options: OodOptions) -> bool:
    """Whether an input that was refused has one number per sample, as labels have."""
    with contextlib.suppress(LscliError, TypeError, ValueError):
        shape = stored_shape(logits, options.logits_key, "logits") if is_path(logits) else np.shape(logits)
        return not options.binary and shape is not None and len(shape) == 1
    return False


def _check_classes(name: str, outside: Reading, inside: Reading) -> None:
    if outside.num_classes != inside.num_classes:
        what = f"has {outside.num_classes} classes, {inside.source} has {inside.num_classes}"
        raise InputError(what, "give both the logits of one classifier", where=name)


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
    declared = options.kind != "logits" or (is_ensemble(options) and options.ensemble_of == "probs")
    if not declared and not all((np.abs(read.all["energy"]) < _NORMALISED).all() for read in readings):
        return [], scores
    what = "an ensemble's mean probabilities" if is_ensemble(options) and options.kind == "logits" else "probabilities"
    verb = "needs" if len(asked) == 1 else "need"
    reason = f"{' and '.join(asked)} {verb} logits: in place of these, there are {what}, or their logarithms"
    left = [score for score in scores if score not in _OF_LOGITS]
    if not left:
        hint = "use msp, entropy or margin"
        if is_ensemble(options) and options.kind == "logits":
            hint += ", or --ensemble-of logits"
        raise UsageError(reason, hint, where="score")
    return [reason], left


def _rows(
    names: Sequence[str], inside: Reading, outside: Sequence[Reading], scores: Sequence[OodScore], options: OodOptions
) -> list[DetectionRow]:
    """The measures of each set, then their means if there are several sets. Clusters have no intervals."""
    clustered = any(read.all.cluster is not None for read in (inside, *outside))
    bootstrap = None if clustered else Bootstrap(options.bootstrap, options.seed, options.level)
    resampling = Resampling(bootstrap, options.threads, options.progress)
    values, low, high = separations(inside.all, [read.all for read in outside], scores, options.recall, resampling)
    sources = [*names, MEAN] if len(names) > 1 else names
    metrics = ("auroc", "aupr_in", "aupr_out", f"fpr{100 * options.recall:g}")
    return [
        DetectionRow(sources[i], "", scores[j], metrics[k], float(value), float(low[i, j, k]), float(high[i, j, k]))
        for (i, j, k), value in np.ndenumerate(values)
    ]


def _merged(names: Sequence[str], inside: Reading, outside: Sequence[Reading]) -> Provenance:
    """The provenance of ID samples, with the logits of all sets, and each warning once."""
    own = inside.provenance
    inputs = [*own.inputs]
    warnings = list(own.warnings)
    for name, read in zip(names, outside, strict=True):
        inputs += [
            {**entry, "role": "ood", "name": name} if entry["role"] == "logits" else entry
            for entry in read.provenance.inputs
            if entry["role"] == "logits" or entry not in own.inputs
        ]
        prefix = f"{read.source}: "
        warnings += [
            f"{name}: {note.removeprefix(prefix)}" if note.startswith(prefix) else note
            for note in read.provenance.warnings
        ]
    return replace(own, inputs=inputs, warnings=[*dict.fromkeys(warnings)])
