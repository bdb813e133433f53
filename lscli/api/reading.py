"""What every analysis of logits begins with: the pass over them, weights and groups, and where it all came from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lscli.api.inputs import DEFAULTS, Inputs, Options, shown
from lscli.api.loss_targets import DEFAULTS as UNIFORM
from lscli.errors import LscliWarning
from lscli.metrics.smoothed_losses import entropies, vectors
from lscli.report import Provenance, Setting
from lscli.scan import scan, scan_parts
from lscli.smoothing.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from lscli.api.loss_targets import TargetOptions
    from lscli.io.soft_labels import SoftLabels
    from lscli.metrics.bins import BinRule
    from lscli.scan.soft import Soft
    from lscli.table import SampleTable

    Array = NDArray[Any]


_OF_THE_SCAN = ("nonfinite", "masked_classes", "device", "kernel", "threads", "chunk_rows")


@dataclass
class Reading:
    """Logits and labels as samples.

    Attributes:
        source: the logits, as named.
        tables: the samples by group; the empty name is all of them, and comes first.
        num_classes: K.
        provenance: where they came from.
        targets: what their losses are against.
    """

    source: str
    tables: dict[str, SampleTable]
    num_classes: int
    provenance: Provenance
    targets: Targets = field(default_factory=Targets)

    @property
    def all(self) -> SampleTable:
        """All samples."""
        return self.tables[""]

    def with_settings(self, given: Mapping[str, Any], defaults: Mapping[str, Any], resolved: Mapping[str, Any]) -> None:
        """Note the settings of an analysis besides those of the reading: what was used, and whether it was given."""
        settings = dict(self.provenance.settings)
        for name in given.keys() - DEFAULTS.keys():
            unchanged = type(given[name]) is type(defaults[name]) and given[name] == defaults[name]
            settings[name] = Setting(
                resolved[name] if name in resolved else shown(given[name]), "default" if unchanged else "argument"
            )
        order = [*given, *settings]
        self.provenance = replace(
            self.provenance, settings={name: settings[name] for name in dict.fromkeys(order) if name in settings}
        )

    def warn(self, notes: Iterable[str] = ()) -> None:
        """Say what was noted, and these notes, as warnings of whoever called the analysis."""
        self.provenance = replace(self.provenance, warnings=[*self.provenance.warnings, *notes])
        for note in self.provenance.warnings:
            warnings.warn(note, LscliWarning, stacklevel=3)


def read(
    logits: Any,
    labels: Any,
    columns: Iterable[str],
    options: Options,
    *,
    rule: BinRule | None = None,
    against: TargetOptions | None = None,
    soft_labels: bool = False,
) -> Reading:
    """Read every row once.

    Args:
        logits, labels: as in `lscli.evaluate`.
        columns: names of columns that the tables have to have.
        options: how to read.
        rule: the bins of the sums by class, or None where nobody asks for these.
        against: what the losses are against, checked; plain uniform targets unless given.
        soft_labels: whether the labels are distributions, [N, K].

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    with Inputs(logits, labels, options, soft_labels=soft_labels) as opened:
        class_sums = [] if rule is None else opened.class_sums(rule)
        targets, files = opened.targets(against or UNIFORM)
        extra = vectors(targets, opened.logits.shape[1])
        of_labels = entropies(columns)
        # Metrics may need none, but samples are counted in a column.
        wanted = {*columns, *opened.columns} or {"label" if opened.soft is None else "loss_hard"}
        result = scan(
            opened.logits,
            opened.label,
            wanted - extra.keys() - of_labels.keys(),
            progress=opened.options["progress"],
            class_sums=list(class_sums),
            vectors=extra,
            soft=None if opened.soft is None else _soft(opened.soft, opened.options, targets, of_labels),
            **{name: opened.options[name] for name in _OF_THE_SCAN},  # type: ignore[literal-required]
        )
    tables = opened.tables(result.table)
    for name, sums in zip(opened.names, class_sums, strict=False):
        if name in tables:
            tables[name] = replace(tables[name], classes=sums)
    provenance = opened.provenance(result)
    provenance = replace(provenance, inputs=[*provenance.inputs, *files])
    return Reading(opened.source, tables, opened.logits.shape[1], provenance, targets)


def _soft(labels: SoftLabels, options: Options, targets: Targets, entropies: Mapping[str, float]) -> Soft:
    from lscli.scan.soft import Soft  # only such labels need it

    return Soft(labels, options["ignore_index"], targets, entropies)


def read_parts(
    logits: Any, labels: Any, columns: Iterable[str], options: Options
) -> tuple[Reading, Iterator[tuple[SampleTable, Array]]]:
    """Read row by row: the samples of consecutive rows, in their order, with the name of each one's group.

    The reading that comes with them has no tables, and knows nothing that only the last row tells.
    """
    opened = Inputs(logits, labels, options)

    def parts() -> Iterator[tuple[SampleTable, Array]]:
        skipped = 0
        with opened:
            for part in scan_parts(
                opened.logits,
                opened.label,
                {*columns, *opened.columns},
                progress=opened.options["progress"],
                **{name: opened.options[name] for name in _OF_THE_SCAN},  # type: ignore[literal-required]
            ):
                skipped += part.skipped
                yield opened.weighted(part.table), opened.groups_of(part.table)
        if skipped:
            rows = opened.logits.shape[0]
            note = f"{opened.logits.name}: {skipped} of {rows} rows are not finite and left out"
            warnings.warn(note, LscliWarning, stacklevel=2)

    return Reading(opened.source, {}, opened.logits.shape[1], opened.provenance(None)), parts()
