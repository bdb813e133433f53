"""How well scores tell samples from those that the classifier was not trained on."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lscli.api import reading
from lscli.api.keywords import of_id_and_ood
from lscli.api.models import model_names
from lscli.checked_options import declared
from lscli.decisions.detection import Detection, DetectionRow
from lscli.intervals.bootstrap import Bootstrap
from lscli.intervals.of_metrics import Resampling
from lscli.intervals.two_samples import separations
from lscli.io.open import open_logits
from lscli.metrics.certainty import CERTAINTY
from lscli.options import OodOptions, ReadingOptions

if TYPE_CHECKING:
    from lscli.api.reading import Reading
    from lscli.options import Data, OodScore


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
    scores = cast("list[OodScore]", given)
    several = (
        [*ood_logits.values()]
        if isinstance(ood_logits, dict)
        else ood_logits
        if isinstance(ood_logits, list)
        else [ood_logits]
    )
    names = model_names([*ood_logits] if isinstance(ood_logits, dict) else [], several, options.names)
    inside = _read(id_logits, scores, options)
    name = f"fpr{100 * options.recall:g}"
    outside = [_read(data, scores, options).all for data in several]
    resampling = Resampling(
        Bootstrap(options.bootstrap, options.seed, options.level), options.threads, options.progress
    )
    values, low, high = separations(inside.all, outside, scores, options.recall, resampling)
    sources = [*names, "mean"] if len(several) > 1 else names
    metrics = ("auroc", "aupr_in", "aupr_out", name)
    rows = [
        DetectionRow(sources[i], "", scores[j], metrics[k], float(value), float(low[i, j, k]), float(high[i, j, k]))
        for (i, j, k), value in np.ndenumerate(values)
    ]
    return Detection(rows=rows, **inside.answered(options))


def _read(data: Data, scores: list[OodScore], options: OodOptions) -> Reading:
    with closing(open_logits(data, options)) as logits:
        labels = np.zeros(logits.samples or logits.shape[0], np.int64)
    taken = {each.name for each in declared(OodOptions) if each.kind is not type(None)}
    own = ReadingOptions(
        **{each.name: getattr(options, each.name) for each in declared(ReadingOptions) if each.name in taken}
    )
    return reading.read(data, labels, {"row", *(CERTAINTY[score][0] for score in scores)}, own)
