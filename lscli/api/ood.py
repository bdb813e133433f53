"""How well scores tell samples from those that the classifier was not trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, get_args

from lscli.api import reading
from lscli.api.keywords import of_id_and_ood
from lscli.api.models import model_names
from lscli.checked_options import choice
from lscli.decisions.detection import Detection, DetectionRow
from lscli.io.labels import NO_LABELS
from lscli.metrics.certainty import CERTAINTY, certainty
from lscli.metrics.detection import separation
from lscli.options import OodOptions, OodScore

if TYPE_CHECKING:
    from lscli.api.reading import Reading
    from lscli.options import Data


@of_id_and_ood(OodOptions)
def ood(id_logits: Data, ood_logits: Any, options: OodOptions) -> Detection:
    """Measure how well scores tell ID samples from OOD samples.

    Args:
        id_logits: [N, K], of samples like those that the classifier was trained on.
        ood_logits: [M, K], of other samples; several in a list, or by name in a mapping.

    Returns:
        A listing.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    given = list(options.score) if not isinstance(options.score, str) else [options.score]
    scores = cast("list[OodScore]", [*dict.fromkeys(choice(one, get_args(OodScore), "score") for one in given)])
    several = (
        [*ood_logits.values()]
        if isinstance(ood_logits, Mapping)
        else ood_logits
        if isinstance(ood_logits, list)
        else [ood_logits]
    )
    names = model_names([*ood_logits] if isinstance(ood_logits, dict) else [], several, options.names)
    inside = _read(id_logits, scores, options)
    rows = []
    name = f"fpr{100 * options.recall:g}"
    for source, data in zip(names, several, strict=True):
        outside = _read(data, scores, options)
        for score in scores:
            found = separation(certainty(inside.all, score), certainty(outside.all, score), options.recall)
            for metric, value in zip(("auroc", "aupr_in", "aupr_out", name), found, strict=True):
                rows.append(DetectionRow(source, "", score, metric, value, math.nan, math.nan))
    return Detection(rows=rows, **inside.answered(options))


def _read(data: Data, scores: list[OodScore], options: OodOptions) -> Reading:
    return reading.read(data, NO_LABELS, {"row", *(CERTAINTY[score][0] for score in scores)}, options)
