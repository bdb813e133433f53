"""How much the members of an ensemble disagree: the entropy of its prediction, split into two parts.

The entropy of the mean of the members' probabilities is the mean of their entropies (the uncertainty that each member
sees in the data) and the mutual information of prediction and member (the disagreement of the members). Houlsby et
al. 2011 (BALD), equation 2; Depeweg et al. 2018, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.metrics.base import Settings, column_mean

if TYPE_CHECKING:
    from lscli.table import SampleTable

# The columns that a table has only if its logits have several members.
COLUMNS = frozenset({"expected_entropy", "mutual_information"})


def _one_member(table: SampleTable, settings: Settings) -> str:
    return "" if COLUMNS & table.columns.keys() else "there is one member; for the files of several, say --ensemble"


METRICS = (
    column_mean(
        "expected_entropy",
        "mean over samples and members of the entropy of a member's probabilities, in nats; absent for one member",
        "expected_entropy",
        "entropy of a member, nats",
        absent=_one_member,
    ),
    column_mean(
        "mutual_information",
        "mean over samples and members of KL(p_s || mean of p_s), in nats: the entropy of the mean of the members' "
        "probabilities (entropy_mean, unless --ensemble-of logits) less expected_entropy; absent for one member",
        "mutual_information",
        "disagreement of the members",
        absent=_one_member,
    ),
)
