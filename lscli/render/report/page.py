"""Make the contents of a report one HTML document, with its style and its pictures inside."""

from __future__ import annotations

import warnings
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from lscli.errors import UsageError
from lscli.extras import check_installed
from lscli.metrics.catalogue import FAMILIES, family_of, find
from lscli.render.numbers import cell, error, interval, short
from lscli.render.numbers import settings as params_of
from lscli.render.report.svg import inline
from lscli.text import printable, sized

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.listings import Listing
    from lscli.render.renderers import Screen
    from lscli.render.report.contents import Page
    from lscli.report import Report, Row

# The key numbers, as far as the report has them.
_KEY = {
    "accuracy": "Accuracy",
    "confidence_mean": "Mean confidence",
    "loss_hard": "Hard loss, nats",
    "ece": "ECE",
    "ece_null": "ECE of noise alone",
    "brier": "Brier score",
}
_DEFAULT_PARAMS = ("bins=15", "score=msp")
_TITLES = {
    "reliability": "Reliability: accuracy against confidence",
    "confidence": "Confidences of right and wrong predictions",
    "risk-coverage": "Risk against coverage",
    "smoothing": "Smoothed loss against eps",
    "gaps": "Logit gaps against their optimum",
    "temperature": "Loss against temperature",
}
_CLASS_COLUMNS = {
    "class": "The number of the class, from 0.",
    "name": "The name of the class.",
    "support": "The number of samples with this label, by their weights.",
    "predicted": "The number of samples with this prediction, by their weights.",
    "base_rate": "The share of the samples with this label.",
    "mean_prob": "The mean probability of the class over all samples.",
    "recall": "Of the samples with this label, the share that is predicted right.",
    "precision": "Of the samples with this prediction, the share that is right.",
    "ece (of the class)": "The calibration error of the probability of the class over all samples.",
}
_SAMPLE_COLUMNS = {
    "row": "The row of the sample in its file, from 0.",
    "label, predicted": "The label, and the class with the largest probability.",
    "confidence": "The largest probability.",
    "label_prob": "The probability of the label.",
    "label_rank": "The number of classes that are more probable than the label.",
    "margin": "The largest probability less the second largest.",
    "entropy": "The entropy of the probabilities, in nats.",
}
_OF_CLASS = ("class", "name", "support", "recall", "precision", "mean_prob", "base_rate", "ece", "loss_hard")
_OF_SAMPLE = ("row", "label", "predicted", "confidence", "label_prob", "label_rank", "loss_hard", "margin", "entropy")
_DIFFERENCE = ("metric", "model", "group", "baseline", "value", "difference", "interval", "p", "verdict")


class _Cell(NamedTuple):
    value: str
    interval: str = ""


def check_packages() -> None:
    """Refuse to make a page without matplotlib and jinja2, before any work is done.

    Raises:
        UsageError: one of them is not installed.
    """
    for name in ("matplotlib", "jinja2"):
        check_installed(name, "a report")


def listing(answer: Listing, screen: Screen) -> Iterator[str]:
    """The page of a report.

    Raises:
        UsageError: the answer is none, or jinja2 or matplotlib is not installed.
    """
    from lscli.render.report.contents import Page

    if not isinstance(answer, Page):
        raise UsageError("this answer is no page", "write it as a .csv or a .md")
    yield page(answer)


def report(answer: Report, screen: Screen) -> Iterator[str]:
    """No report of metrics is a page; see `listing`."""
    raise UsageError("this answer is no page", "write it as a .csv or a .md")
    yield


def page(contents: Page) -> str:
    """The document: the same text for the same contents.

    Raises:
        UsageError: jinja2 or matplotlib is not installed.
    """
    check_packages()
    import jinja2
    from markupsafe import Markup

    folder = files("lscli.render.report")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # Control characters and lone surrogates of names are shown as escapes.
        finalize=lambda value: printable(value) if type(value) is str else value,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    template = environment.from_string((folder / "page.html").read_text(encoding="utf-8"))
    style = (folder / "page.css").read_text(encoding="utf-8")
    pictures = [{**each, "svg": Markup(each["svg"])} for each in _pictures(contents)]  # noqa: S704  # made by `inline`
    return template.render(**_values(contents), style=Markup(style), pictures=pictures)  # noqa: S704  # our own file


def _values(contents: Page) -> dict[str, Any]:
    """What the template names, without the style and the pictures."""
    alone = len(contents.models) == 1
    of_all = [row for row in contents.rows if not row.group]
    shown = list(dict.fromkeys([row.metric for row in contents.rows] + [row.metric for row in contents.differences]))
    samples = [row for rows in contents.samples_shown.values() for row in rows]
    level = contents.settings.get("level")
    groups = list(_groups(contents))
    return {
        "page": contents,
        "subject": _subject(contents),
        "conclusion": contents.conclusion.split("\n") if contents.conclusion else [],
        "size": _size(contents),
        "key": _key(of_all, contents.models),
        "level": f"Intervals have a level of {100 * level.value:g} %." if level else "",
        "families": list(_families(of_all, contents.models, alone=alone)),
        "differences": list(_differences(contents)),
        "differences_columns": [name for name in _DIFFERENCE if name not in _idle(contents)],
        "differing": contents.models[1] if len(contents.models) == 2 else "Each model",
        "classes": list(_classes(contents)),
        "class_columns": _of_class(contents),
        "more_classes": any(len(rows) < contents.num_classes[name] for name, rows in contents.classes.items()),
        "samples": [
            (name, [_sample(row, contents.class_names) for row in rows])
            for name, rows in contents.samples_shown.items()
            if rows
        ],
        "by": "loss" if any(row.loss_hard == row.loss_hard for row in samples) else "confidence in a wrong prediction",
        "sample_columns": _OF_SAMPLE,
        "groups": groups,
        "definitions": [(name, metric.described) for name in shown if (metric := find(name)) is not None],
        "columns": [
            *(_CLASS_COLUMNS.items() if contents.classes else ()),
            *(_SAMPLE_COLUMNS.items() if samples else ()),
        ],
        "inputs": [
            (
                entry["role"],
                str(entry["path"]),
                " x ".join(f"{length:,}" for length in entry.get("shape") or ()),
                str(entry.get("dtype", "")),
                sized(entry["size"]) if isinstance(entry.get("size"), int) else "",
            )
            for entry in contents.inputs
        ],
        "counts": [(name, f"{count:,}") for name, count in contents.samples.items()],
        "settings": [
            (name, _setting(setting.value), setting.origin)
            for name, setting in contents.settings.items()
            if setting.origin != "default"
        ],
        "versions": list(contents.versions.items()),
    }


def _subject(contents: Page) -> str:
    """What the page is about: its models, or the file of a model before and after a map."""
    logits = [str(entry["path"]) for entry in contents.inputs if entry["role"] == "logits"]
    if list(contents.models) == ["before", "after"] and logits:
        return f"{logits[0]}, before and after"
    return ", ".join(contents.models)


def _size(contents: Page) -> str:
    kept = contents.samples.get("kept", 0)
    classes = {*contents.num_classes.values()} - {0}
    parts = [f"{kept:,} samples", *(f"{count:,} classes" for count in sorted(classes))]
    return ", ".join(parts)


def _setting(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _with_error(row: Row) -> str:
    own = error(row.stderr)
    return f"{short(row.value) or 'not defined'}{own and f' ± {own}'}"


def _key(rows: Sequence[Row], models: Sequence[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    found = []
    for metric, title in _KEY.items():
        own = [row for row in rows if row.metric == metric]
        if own:
            found.append((title, [(row.source if len(models) > 1 else "", _with_error(row)) for row in own]))
    return found


def _named(row: Row) -> tuple[str, str]:
    """The metric and its params, which tell a value from the others."""
    return row.metric, " ".join(each for each in params_of(row) if each not in _DEFAULT_PARAMS)


def _families(rows: Sequence[Row], models: Sequence[str], *, alone: bool) -> Iterator[dict[str, Any]]:
    """The tables of metrics: one of each family, in the order in which the families come."""
    lines: dict[str, dict[tuple[str, str], dict[str, Row]]] = {}
    for row in rows:
        of_family = lines.setdefault(family_of(row.metric), {})
        of_family.setdefault(_named(row), {})[printable(row.source)] = row
    for family, metrics in lines.items():
        found = []
        for (metric, params), by_model in metrics.items():
            cells: list[_Cell] = []
            for model in models:
                of_model = by_model.get(model)
                if of_model is None:
                    cells += [_Cell("")] * (3 if alone else 1)
                    continue
                bounds = interval(of_model.ci_low, of_model.ci_high)
                if alone:
                    cells += [_Cell(short(of_model.value)), _Cell(error(of_model.stderr)), _Cell(bounds)]
                else:
                    cells.append(_Cell(_with_error(of_model), bounds))
            known = find(metric)
            found.append({"id": metric, "params": params, "cells": cells, "gist": "" if known is None else known.gist})
        columns = ["value", "± s.e.", "interval"] if alone else list(models)
        yield {"title": FAMILIES[family].title, "columns": columns, "rows": found, "gists": alone}


def _idle(contents: Page) -> list[str]:
    """The columns of differences that would have the same word in each row."""
    grouped = any(row.group for row in contents.differences)
    return [*(["model"] if len(contents.models) == 2 else []), *([] if grouped else ["group"])]


def _differences(contents: Page) -> Iterator[list[str]]:
    idle = _idle(contents)
    for row in contents.differences:
        cells = {
            "metric": " ".join(_named(row.as_row(0))).strip(),
            "model": row.source,
            "group": row.group or "all",
            "baseline": short(row.baseline),
            "value": short(row.value),
            "difference": short(row.difference),
            "interval": interval(row.ci_low, row.ci_high),
            "p": short(row.p_adjusted, 2),
            "verdict": row.verdict,
        }
        yield [text for name, text in cells.items() if name not in idle]


def _of_class(contents: Page) -> list[str]:
    return [name for name in _OF_CLASS if name != "name" or contents.class_names]


def _classes(contents: Page) -> Iterator[tuple[str, list[list[str]], str]]:
    for name, rows in contents.classes.items():
        values = [row._asdict() | {"class": row.number} for row in rows]
        cells = [[cell(each[column]) for column in _of_class(contents)] for each in values]
        yield name, cells, f"{contents.num_classes.get(name, 0):,}"


def _sample(row: Any, names: Sequence[str]) -> list[str]:
    def called(number: int) -> str:
        return f"{number} ({names[number]})" if 0 <= number < len(names) else cell(number)

    values = row._asdict()
    return [
        called(int(values[name]))
        if name in ("label", "predicted") and values[name] == values[name]
        else cell(values[name])
        for name in _OF_SAMPLE
    ]


def _groups(contents: Page) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Of each model, the columns of the key numbers and a row for each group."""
    for model in contents.models:
        rows = [row for row in contents.rows if row.group and printable(row.source) == model]
        metrics = [name for name in _KEY if any(row.metric == name for row in rows)]
        metrics = metrics or list(dict.fromkeys(row.metric for row in rows))[: len(_KEY)]
        by_group: dict[str, dict[str, Row]] = {}
        for row in rows:
            by_group.setdefault(row.group, {}).setdefault(row.metric, row)
        lines = [
            [
                group,
                cell(next(iter(own.values())).n),
                *(_with_error(own[name]) if name in own else "" for name in metrics),
            ]
            for group, own in by_group.items()
        ]
        if lines:
            yield model, ["group", "n", *metrics], lines


def _pictures(contents: Page) -> Iterator[dict[str, Any]]:
    from lscli.render.plots.figure import picture
    from lscli.render.plots.plots import plot_of

    for place, chart in enumerate(contents.charts, 1):
        title = _TITLES.get(chart.chart, chart.chart)
        # Names are in the picture, too, where a control character would be no XML.
        series = [
            each._replace(source=printable(each.source), group=printable(each.group), note=printable(each.note))
            for each in chart.series
        ]
        # Panels stand side by side; one pair of axes for all models is not larger than that of one.
        width = "double" if len(series) > 1 and plot_of(chart.chart).panels else "single"
        with warnings.catch_warnings():
            # The browser has other fonts for letters that the font of matplotlib lacks.
            warnings.filterwarnings("ignore", "Glyph ", UserWarning)
            drawn = picture(replace(chart, series=series, width=width), "svg")
        notes = [f"{each.source}: {each.note}" if len(series) > 1 else each.note for each in series if each.note]
        named = f"{title} of {', '.join(contents.models)}"
        yield {"title": title, "notes": notes, "svg": inline(drawn, f"picture{place}-", named)}
