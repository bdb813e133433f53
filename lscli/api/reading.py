"""Read logits and labels, or confidences, into tables of samples: the first step of every question."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lscli.api.inputs import Inputs
from lscli.api.plausibility import COLUMNS, plausibility_notes
from lscli.api.positive_class import as_stated, check_two_classes
from lscli.api.settings import settings_of
from lscli.errors import InputError, warn
from lscli.io.labels import NoLabels
from lscli.io.mapped import MappedLogits
from lscli.metrics.base import Given
from lscli.metrics.ensemble import COLUMNS as OF_MEMBERS
from lscli.metrics.smoothed_losses import WEIGHTED_HARD, entropies, vectors
from lscli.metrics.torch_rounding import rounded_to
from lscli.options import TargetOptions
from lscli.report import Provenance
from lscli.scan.scan import scan, scan_parts
from lscli.smoothing.targets import Targets
from lscli.table import SampleTable, is_at_temperature
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from lscli.api.confidences import Table
    from lscli.api.tempered import Temperatures
    from lscli.checked_options import Options
    from lscli.io.tensor_members import Disagreement
    from lscli.metrics.bins import BinRule
    from lscli.options import Data, ReadingOptions

    Array = NDArray[Any]


_UNIFORM = TargetOptions()
_LIBRARY = "library_confidence"
_BLOCK = 1 << 16  # rows without logits that are handed out at a time


@dataclass
class Reading:
    """Samples with their provenance.

    Attributes:
        source: the name of the logits, or of the table.
        tables: the samples of each group; all samples ("") come first.
        num_classes: K; 0 without logits.
        provenance: where the samples come from.
        used: the values that were used instead of those in the options, such as the device for `auto`.
        targets: the targets that losses are computed against.
        cluster_names: the names of the clusters of the tables, by their numbers; empty without clusters.
        class_names: [K], empty if they are not known.
        remark: a sentence for the conclusion of a report; mostly empty.
        map_remark: a sentence on the map of the logits, for every conclusion; mostly empty.
        given: the type of the values that were read, and whether a library would take their softmax.
    """

    source: str
    tables: dict[str, SampleTable]
    num_classes: int
    provenance: Provenance
    used: Mapping[str, Any] = field(default_factory=dict)
    targets: Targets = field(default_factory=Targets)
    cluster_names: Sequence[str | int] = ()
    class_names: Sequence[str] = ()
    remark: str = ""
    map_remark: str = ""
    given: Given = field(default_factory=Given)

    @property
    def all(self) -> SampleTable:
        """The table of all samples."""
        return self.tables[""]

    @property
    def clusters_by_group(self) -> dict[str, int]:
        """The number of clusters of each group, without that of all samples."""
        return {name: table.clusters for name, table in self.tables.items() if name}

    def answered(
        self, options: Options, used: Mapping[str, Any] = MappingProxyType({}), notes: Iterable[str] = ()
    ) -> dict[str, Any]:
        """Give the warnings, with further notes, and return the provenance of an answer as keyword arguments."""
        noted = [*self.provenance.warnings, *notes]
        for note in noted:
            warn(note)
        settings = settings_of(options, {**self.used, **used})
        return {**self.provenance.fields(), "settings": settings, "warnings": noted}


def check_same_classes(source: str, classes: int, first: str, expected: int) -> None:
    """Raise InputError if logits have other classes than those that were read before them."""
    if classes != expected:
        what = f"has {classes} classes, and {printable(first)} has {expected}"
        raise InputError(what, "give logits of one model", where=source)


def read(
    logits: Data | Table,
    labels: Data | NoLabels | None,
    columns: Iterable[str],
    options: ReadingOptions,
    *,
    rule: BinRule | None = None,
    tuple_rule: BinRule | None = None,
    against: TargetOptions = _UNIFORM,
    soft_labels: bool = False,
    positive_class: int | None = None,
    tempered: bool | Literal["curve"] = False,
) -> Reading:
    """Read every row once.

    Args:
        logits, labels: as in `lscli.evaluate`; `NO_LABELS` for logits whose labels are not read.
        columns: the columns that the tables must have.
        options: how to read.
        rule: the bins of the sums by class; None computes no such sums.
        tuple_rule: the bins of the sums by the bins of all classes; None computes no such sums.
        against: the targets of the losses.
        soft_labels: whether the labels are distributions, [N, K].
        positive_class: the class that calibration is about, which needs K = 2; None for the top label.
        tempered: whether the tables need their best temperature; `curve` for the mean nll at others too.

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    if not isinstance(labels, NoLabels) and without_logits(logits, options):
        from lscli.api import confidences

        columns = {*columns}
        found = confidences.read(logits, labels, options, listed="row" in columns)
        tables = found.rows.tables(found.table)
        return Reading(found.source, tables, 0, found.provenance, targets=Targets(against.smoothing))
    with _inputs(logits, labels, options, soft_labels=soft_labels) as opened:
        check_two_classes(positive_class, opened.logits.shape[1])
        class_sums = [] if rule is None else opened.class_sums(rule)
        targets, files = opened.targets(against)
        extra = vectors(targets, opened.logits.shape[1])
        columns = {*columns}
        warm = {name for name in columns if is_at_temperature(name)}
        columns -= warm
        of_labels = entropies(columns)
        asked = {*columns, *opened.columns}
        always = "label" if opened.soft is None else "loss_hard"
        wanted = asked | (COLUMNS if opened.soft is None and opened.labelled else {always})
        stated = _stated(opened, wanted)
        given = _given(opened)
        if stated is not None or not given.softmax or given.element == "float64":
            wanted -= {_LIBRARY}
        apart = opened.logits.keep_disagreement() if wanted & OF_MEMBERS else None
        if stated is not None:
            wanted |= {"predicted"}  # of which class the confidence is
        if stated is not None or apart is not None or tuple_rule is not None or warm or tempered:
            wanted |= {"row"}
        soft = None
        if opened.soft is not None:
            from lscli.scan.soft import Soft  # imported only for soft labels

            weighted_loss = WEIGHTED_HARD if WEIGHTED_HARD in wanted else ""
            soft = Soft(opened.soft, options.ignore_index, targets, of_labels, weighted_loss)
        result = scan(
            opened.logits,
            opened.label,
            wanted - extra.keys() - of_labels.keys() - OF_MEMBERS - {WEIGHTED_HARD},
            opened.options,
            class_sums=list(class_sums),
            vectors=extra,
            soft=soft,
            watch=opened.watch,
            counted=opened.counted,
            labelled=opened.labelled,
        )
        of_tuples = [] if tuple_rule is None else opened.tuple_sums(tuple_rule, result.table["row"])
        temperatures: Temperatures | None = None
        if (warm or tempered) and opened.soft is None and opened.topk is None:
            from lscli.api.tempered import temperatures_of  # imported only for these

            temperatures = temperatures_of(opened, result, warm, curve=tempered == "curve")
    noted, remark = doubts(opened, result.table), opened.remark(result)
    if apart is not None:
        result = result._replace(table=_with_disagreement(result.table, apart))
    if stated is not None:
        element = None if positive_class is None else opened.logits.stored
        table = as_stated(result.table, stated, element, options.min_prob, for_libraries=_LIBRARY in asked)
        result = result._replace(table=table)
    elif _LIBRARY in result.table.columns:
        rounded = rounded_to(result.table[_LIBRARY], given.element)
        result = result._replace(table=replace(result.table, columns={**result.table.columns, _LIBRARY: rounded}))
    # The length of a table is that of its columns, so one stays even if those that are asked for are not known.
    if not asked & result.table.columns.keys():
        asked.add(always)
    result = result._replace(table=result.table.without(wanted - asked))
    if temperatures is not None:
        result = result._replace(table=temperatures.added(result.table))
    tables = opened.rows.tables(result.table)
    if temperatures is not None:
        tables = temperatures.settled(tables)
    for name, of_classes in zip(opened.rows.names, class_sums, strict=False):
        if name in tables:
            tables[name] = replace(tables[name], classes=of_classes)
    for name, of_group in zip(opened.rows.names, of_tuples, strict=False):
        if name in tables:
            tables[name] = replace(tables[name], tuples=of_group)
    provenance = opened.provenance(result, files)
    provenance = replace(provenance, warnings=[*provenance.warnings, *noted])
    return Reading(
        opened.source,
        tables,
        opened.logits.shape[1],
        provenance,
        opened.used(result),
        targets,
        class_names=opened.class_names,
        remark=remark,
        map_remark=opened.map_remark,
        given=given,
    )


def _given(opened: Inputs) -> Given:
    """What libraries would be given. A mean of members, rows after a map and raised probabilities have no type."""
    computed = opened.logits.members is not None or isinstance(opened.logits, MappedLogits)
    if computed or opened.options.min_prob is not None or opened.topk is not None:
        return Given()
    return Given(opened.logits.stored, softmax=opened.logits.kind != "probs")


def _stated(opened: Inputs, columns: Collection[str]) -> NDArray[np.float64] | None:
    """The probabilities as they are stored, if confidences are wanted and the file has probabilities."""
    return opened.logits.stated_probabilities() if opened.soft is None and "confidence" in columns else None


def _with_disagreement(table: SampleTable, apart: Disagreement) -> SampleTable:
    """The table with the columns of an ensemble, given those of all rows."""
    found = {name: values[table["row"]] for name, values in apart._asdict().items()}
    return replace(table, columns={**table.columns, **found})


def without_logits(logits: Data | Table, options: ReadingOptions) -> bool:
    """Whether samples without logits are meant; see `confidences.are_meant`."""
    named = (options.confidence, options.correct, options.predicted, options.confidence_scale)
    if not isinstance(logits, SampleTable) and all(value is None for value in named):
        return False
    from lscli.api.confidences import are_meant  # imported only for these, because start-up time counts

    return are_meant(logits, options)


def _inputs(
    logits: Any, labels: Data | NoLabels | None, options: ReadingOptions, *, soft_labels: bool = False
) -> Inputs:
    """Open logits and labels; the hint of an error says how a table is read, if it is plain."""
    try:
        return Inputs(logits, labels, options, soft_labels=soft_labels)
    except InputError as error:
        if isinstance(labels, NoLabels):  # the hints are for those who have labels
            raise
        from lscli.api import confidences, table_hint  # imported only after an error

        if not confidences.suggest(error, logits, labels, options):
            table_hint.suggest(error, logits, labels, options)
        raise


def opened_inputs(logits: Data, labels: Data | NoLabels | None, options: ReadingOptions) -> Inputs:
    """Open logits and labels for passes of the caller's own."""
    return _inputs(logits, labels, options)


def doubts(opened: Inputs, table: SampleTable) -> list[str]:
    """Warnings if predictions and labels do not seem to belong together; none if the values do not look like logits.

    Args:
        opened: the inputs.
        table: all samples, with the columns of `plausibility.COLUMNS` unless the labels are distributions.
    """
    if not opened.labelled or opened.soft is not None or opened.watch.misleading:  # odd values explain any accuracy
        return []
    return plausibility_notes(opened.logits.name, opened.rows.weighted(table), named=opened.named)


def read_parts(
    logits: Data | Table, labels: Data | None, columns: Iterable[str], options: ReadingOptions
) -> tuple[Reading, Iterator[tuple[SampleTable, Array]]]:
    """Read part by part: tables of consecutive rows, in order, with the group of each sample.

    The reading has no tables, and no counts that are only known after the last row.
    """
    if without_logits(logits, options):
        from lscli.api import confidences

        found = confidences.read(logits, labels, options, listed=True)
        whole, rows = found.rows.clustered(found.rows.weighted(found.table)), found.rows
        blocks = (
            whole.select(np.arange(start, min(start + _BLOCK, len(whole)))) for start in range(0, len(whole), _BLOCK)
        )
        read = Reading(found.source, {}, 0, found.provenance, cluster_names=rows.cluster_names)
        return read, ((part, rows.groups_of(part)) for part in blocks)
    opened = _inputs(logits, labels, options)
    wanted = {*columns, *opened.columns}
    apart = opened.logits.keep_disagreement() if wanted & OF_MEMBERS else None
    stated = _stated(opened, wanted)
    wanted |= {"row"} if not (apart is None and stated is None) else set()

    def parts() -> Iterator[tuple[SampleTable, Array]]:
        skipped = samples = 0
        last, zero = None, [np.empty(0, np.intp)]
        with opened:
            for part in scan_parts(
                opened.logits, opened.label, wanted - OF_MEMBERS, opened.options, opened.watch, opened.counted
            ):
                skipped, last = skipped + part.skipped, part
                zero.append(part.zero_labels)
                table = part.table if apart is None else _with_disagreement(part.table, apart)
                if stated is not None:
                    table = as_stated(table, stated, None, options.min_prob)
                table = opened.rows.clustered(opened.rows.weighted(table))
                samples += len(table) if table.weight is None else int(np.count_nonzero(table.weight))
                yield table, opened.rows.groups_of(table)
        if skipped:
            rows = opened.logits.shape[0]
            warn(f"{opened.logits.name}: {skipped} of {rows} rows are not finite and are left out")
        for note in [*opened.map_notes(), *opened.value_notes()]:
            warn(note)
        labels_of_0 = np.concatenate(zero)
        if last is not None and len(labels_of_0):
            last = last._replace(zero_labels=labels_of_0, masked=len(labels_of_0))
            for note in opened.zero_notes(last, samples):
                warn(note)

    read = Reading(opened.source, {}, opened.logits.shape[1], opened.provenance(None), opened.used(None))
    read.cluster_names, read.map_remark = opened.rows.cluster_names, opened.map_remark
    return read, parts()
