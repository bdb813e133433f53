"""What every analysis of logits begins with: the pass over them, weights and groups, and where it all came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict

from lscli.api.inputs import Inputs
from lscli.api.settings import settings_of
from lscli.errors import warn
from lscli.metrics.smoothed_losses import entropies, vectors
from lscli.options import TargetOptions
from lscli.report import Provenance
from lscli.scan import scan, scan_parts
from lscli.smoothing.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from lscli.checked_options import Options
    from lscli.io.soft_labels import SoftLabels
    from lscli.metrics.bins import BinRule
    from lscli.options import Data, Kernel, MaskedClasses, Nonfinite, Progress, ReadingOptions
    from lscli.scan.soft import Soft
    from lscli.table import SampleTable

    Array = NDArray[Any]


_UNIFORM = TargetOptions()


class ScanOptions(TypedDict):
    """The options that `lscli.scan.scan` takes by name."""

    nonfinite: Nonfinite
    masked_classes: MaskedClasses
    device: str
    kernel: Kernel
    threads: int | None
    chunk_rows: int | None
    progress: Progress | None


@dataclass
class Reading:
    """Logits and labels as samples.

    Attributes:
        source: the logits, as named.
        tables: the samples by group; the empty name is all of them, and comes first.
        num_classes: K.
        provenance: where they came from.
        used: values of options that were used in the place of those that were given.
        targets: what their losses are against.
    """

    source: str
    tables: dict[str, SampleTable]
    num_classes: int
    provenance: Provenance
    used: Mapping[str, Any]
    targets: Targets = field(default_factory=Targets)

    @property
    def all(self) -> SampleTable:
        """All samples."""
        return self.tables[""]

    def answered(
        self, options: Options, used: Mapping[str, Any] = MappingProxyType({}), notes: Iterable[str] = ()
    ) -> dict[str, Any]:
        """The provenance of an answer by name, with its settings; whatever was noted becomes a warning.

        Args:
            options: those of the question.
            used: values that were used in the place of those that were given.
            notes: warnings of the question itself.
        """
        noted = [*self.provenance.warnings, *notes]
        for note in noted:
            warn(note)
        settings = settings_of(options, {**self.used, **used})
        return {**self.provenance.fields(), "settings": settings, "warnings": noted}


def read(
    logits: Data,
    labels: Data | None,
    columns: Iterable[str],
    options: ReadingOptions,
    *,
    rule: BinRule | None = None,
    against: TargetOptions = _UNIFORM,
    soft_labels: bool = False,
) -> Reading:
    """Read every row once.

    Args:
        logits, labels: as in `lscli.evaluate`.
        columns: names of columns that the tables have to have.
        options: how to read.
        rule: the bins of the sums by class, or None where nobody asks for these.
        against: what the losses are against; plain uniform targets unless given.
        soft_labels: whether the labels are distributions, [N, K].

    Raises:
        LscliError: as `lscli.evaluate`.
    """
    with Inputs(logits, labels, options, soft_labels=soft_labels) as opened:
        class_sums = [] if rule is None else opened.class_sums(rule)
        targets, files = opened.targets(against)
        extra = vectors(targets, opened.logits.shape[1])
        of_labels = entropies(columns)
        # Metrics may need none, but samples are counted in a column.
        wanted = {*columns, *opened.columns} or {"label" if opened.soft is None else "loss_hard"}
        result = scan(
            opened.logits,
            opened.label,
            wanted - extra.keys() - of_labels.keys(),
            class_sums=list(class_sums),
            vectors=extra,
            soft=None if opened.soft is None else _soft(opened.soft, options, targets, of_labels),
            **scan_options(opened),
        )
    tables = opened.tables(result.table)
    for name, sums in zip(opened.names, class_sums, strict=False):
        if name in tables:
            tables[name] = replace(tables[name], classes=sums)
    provenance = opened.provenance(result)
    provenance = replace(provenance, inputs=[*provenance.inputs, *files])
    return Reading(opened.source, tables, opened.logits.shape[1], provenance, opened.used(result), targets)


def scan_options(opened: Inputs) -> ScanOptions:
    """The options of a pass over the rows."""
    options = opened.options
    return {
        "nonfinite": options.nonfinite,
        "masked_classes": opened.masked_classes,
        "device": options.device,
        "kernel": options.kernel,
        "threads": options.threads,
        "chunk_rows": options.chunk_rows,
        "progress": options.progress,
    }


def _soft(labels: SoftLabels, options: ReadingOptions, targets: Targets, entropies: Mapping[str, float]) -> Soft:
    from lscli.scan.soft import Soft  # only such labels need it

    return Soft(labels, options.ignore_index, targets, entropies)


def read_parts(
    logits: Data, labels: Data | None, columns: Iterable[str], options: ReadingOptions
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
                **scan_options(opened),
            ):
                skipped += part.skipped
                yield opened.weighted(part.table), opened.groups_of(part.table)
        if skipped:
            rows = opened.logits.shape[0]
            warn(f"{opened.logits.name}: {skipped} of {rows} rows are not finite and left out")

    return Reading(opened.source, {}, opened.logits.shape[1], opened.provenance(None), opened.used(None)), parts()
