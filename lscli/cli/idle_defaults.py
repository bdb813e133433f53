"""Defaults of a project that a question has no use for.

What is typed and of no use is an error. A default in pyproject.toml or the environment is meant for other files, or for
another command, and must not refuse this one: a lower bound of probabilities says nothing about a table of confidences.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from lscli.cli.origins import is_project_default, take_built_in
from lscli.options import OF_LOGITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import typer


def idle_defaults(values: Mapping[str, Any], context: typer.Context) -> set[str]:
    """The names of options that are set by the project and of no use here, which get their built-in defaults.

    Args:
        values: the options of the command, by name.
        context: Typer's context of the command, which then knows of their built-in defaults.
    """
    found = {name for name in _of_no_use(values, context) if is_project_default(name, context)}
    take_built_in(found, context)
    return found


def _of_no_use(values: Mapping[str, Any], context: typer.Context) -> Iterator[str]:
    if values.get("confidence") is not None and not ("per_class" in values and _is_level(values)):
        yield from OF_LOGITS & values.keys()
        yield from {"device", "score"} & values.keys()
        if values.get("smoothing") == "prior":
            yield "smoothing"
    elif "confidence" in values:
        yield "confidence_scale"
    if "ensemble" in values and not values["ensemble"] and values["ensemble_axis"] is None:
        yield "ensemble_of"
        if values.get("score") == "mutual_information":
            yield "score"
    if "topk_classes" in values:
        unused = ("classes", "label_log_probs") if values["topk_classes"] is None else ("min_prob", "device", "kernel")
        yield from unused
    if values.get("clusters") == "first-axis" and not values["flatten"] and values["class_axis"] is None:
        yield "clusters"
    # The project names metadata for --clusters, and this command has no clusters.
    if "groups" in values and "clusters" not in values and values["group_by"] is None and _has_clusters(context):
        yield "groups"


def _is_level(values: Mapping[str, Any]) -> bool:
    """Whether the confidence of `lscli threshold` is a probability, and no column of a table."""
    return values.get("correct") is None and values.get("predicted") is None


def _has_clusters(context: typer.Context) -> bool:
    """Whether the project sets clusters, for the commands that have them."""
    defaults = context.find_root().default_map or {}
    return bool(os.environ.get("LSCLI_CLUSTERS")) or any("clusters" in own for own in defaults.values())
