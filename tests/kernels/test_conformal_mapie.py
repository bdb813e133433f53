"""Scores and sets of MAPIE 1.6.0, recorded.

A `SplitConformalClassifier(prefit=True, confidence_level=0.8, random_state=0)` was given a classifier that returns the
softmax of its inputs, which are LOGITS; `conformalize` had the first 30 rows and `predict_set` the last 8. Its scores
of lac are those of lscli. Those of aps are always randomized there: less u p, with u from
`numpy.random.RandomState(0).uniform(size=(30, 1))`, while lscli takes u from the row.
"""

from __future__ import annotations

import numpy as np
import pytest

from lscli.intervals.conformal import quantile
from lscli.kernels.conformal import Scoring, label_scores, within

N = 30
# fmt: off
LOGITS = np.array([
    25, -26, 128, 21, -107, 72, 261, 189, -141, -253, -125, 8, -465, -44, -249, -146, -109, -63, 82, 209, -26, 273,
    -133, 70, 181, 19, -149, -184, -92, 44, -202, -42, -32, 108, 43, 71, -131, -26, 157, 299, -252, 303, 269, 156,
    53, -63, 292, 392, 360, 263, 71, -242, -1, 131, -258, 79, 86, 139, -237, -132, -87, -234, 348, -99, 66, -52,
    317, 264, 127, -441, 10, 137, 201, -124, 364, -264, -132, 187, 10, 400, 38, -127, -76, -218, -256, 126, 116,
    259, -151, 338, -57, 315, -87, -147, 50, 206, 32, -117, -268, -280, 101, 198, -33, -215, 175, -256, -143, 124,
    -450, 77, -116, 22, -15, 40, 139, -152, 284, 145, 169, 233, 158, 169, 15, -285, -27, -154, -285, 52, -114, -206,
    -209, 54, 72, 264, -3, 208, 280, 230, -473, 246, 68, 85, 74, 77, 64, -72, -380, -22, -161, 216, -58, 17,
]).reshape(-1, 4) / 100
LABEL = np.array([
    0, 1, 2, 3, 1, 1, 0, 1, 3, 3, 1, 2, 1, 3, 1, 2, 3, 0, 2, 3, 2, 3, 3, 3, 0, 1, 0, 1, 2, 2, 0, 3, 3, 1, 1, 0, 0, 1,
])
LAC = [
    0.813514626798, 0.909159629742, 0.83083031208, 0.760270813172, 0.952549785679, 0.165882580296, 0.206835803307,
    0.433510508097, 0.719142567162, 0.227236383624, 0.486015315874, 0.739490808609, 0.736214626147, 0.684118713042,
    0.404203528837, 0.026595109091, 0.652708715892, 0.586597732948, 0.17039985952, 0.12585269935, 0.798751371435,
    0.337566542917, 0.563757009128, 0.22650789929, 0.242031989573, 0.330847283101, 0.395958278386, 0.421042204665,
    0.390405044523, 0.853828985893,
]
APS = [
    0.606497489652, 0.919865209523, 0.706838325589, 0.773920510134, 0.949942944697, 0.295365888711, 0.446085687788,
    0.061309457797, 0.416812611107, 0.47645396162, 0.107050140512, 0.830864604621, 0.809794692353, 0.554823688337,
    0.553473438363, 0.888592804438, 0.93029399397, 0.526075498322, 0.184041190576, 0.113628529727, 0.633560874636,
    0.133044086631, 0.7839812863, 0.169758948479, 0.668319779167, 0.240947826877, 0.517450355089, 0.032034361798,
    0.291478851014, 0.824406251543,
]
# fmt: on
SETS = ["1100", "1001", "0001", "0101", "1101", "1111", "1001", "0100"]


def test_lac() -> None:
    scores = label_scores(LOGITS[:N], LABEL[:N], Scoring("lac"))
    assert pytest.approx(scores.tolist(), abs=2e-12) == LAC
    q = quantile(scores, 0.2)
    assert sorted(LAC)[24] == pytest.approx(q, abs=2e-12)  # MAPIE's quantile: ceil(31 * 0.8) = 25
    inside = within(LOGITS[N:], Scoring("lac"), np.full(4, q))
    assert ["".join(map(str, row)) for row in inside.astype(int).tolist()] == SETS


def test_aps() -> None:
    own = 1 - label_scores(LOGITS[:N], LABEL[:N], Scoring("lac"))
    u = np.random.RandomState(0).uniform(size=(N, 1))[:, 0]
    found = label_scores(LOGITS[:N], LABEL[:N], Scoring("aps")) - u * own
    assert pytest.approx(found.tolist(), abs=2e-12) == APS
