"""Guarantees need samples that are independent of each other."""

from __future__ import annotations

from lscli.errors import UsageError


def check_independent(*, clustered: bool) -> None:
    """Refuse samples of clusters.

    Raises:
        UsageError: the samples are clustered: an option names clusters, or the entries of the first axis are some.
    """
    if clustered:
        raise UsageError(
            "the guarantee needs independent samples, and samples of one cluster, such as a text, are not",
            "keep one sample of each cluster; if all samples are independent, say --clusters none",
            where="clusters",
        )
