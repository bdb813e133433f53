"""Open logits, labels and what is known of the rows, and check them against each other."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli._version import __version__
from lscli.api import topk
from lscli.api.loss_targets import declared_targets, open_targets
from lscli.api.row_data import RowData
from lscli.api.value_notes import value_notes
from lscli.api.zero_notes import zero_notes
from lscli.class_numbers import ClassNumbers, check_counts_from_0
from lscli.errors import InputError, UsageError
from lscli.io.class_names import described, open_class_names
from lscli.io.labels import Labels, NoLabels
from lscli.io.open import open_inputs, open_logits, open_soft_inputs
from lscli.io.path_roles import second_model
from lscli.io.soft_labels import SoftLabels
from lscli.io.topk import TopK
from lscli.kernels.class_sums import ClassSums
from lscli.kernels.devices import versions
from lscli.limits import check_memory
from lscli.report import Provenance
from lscli.scan.value_watch import ValueWatch
from lscli.table import SampleTable
from lscli.text import sized

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lscli.api.loss_targets import Opened
    from lscli.api.recalibration import AppliedMap
    from lscli.io.logits import Logits
    from lscli.kernels.tuples import TupleSums
    from lscli.metrics.bins import BinRule
    from lscli.options import Data, ReadingOptions, TargetOptions
    from lscli.scan.scan import Scan

    Array = NDArray[Any]


# Bytes of a sum by class and bin: four whole numbers, and the two that they make.
_CELL = 48
# Sums by class and bin of many groups may take this many bytes, or as many times the size of the logits.
_MOST_SUMS, _SUMS_PER_LOGITS = 1 << 30, 8


class Inputs:
    """Logits, labels, weights and groups, checked against each other and open.

    Attributes:
        options: the options of reading, with masked classes of `auto` resolved.
        logits: [N, K].
        soft: the labels if they are distributions, checked as they are read; None for class numbers.
        label: [N] class numbers, -1 for ignored samples; all 0 for soft labels, and without labels.
        labelled: whether there are labels.
        ignored: the number of ignored samples that is known before the rows are read.
        rows: the weights, groups and clusters of the rows.
        source: the logits as typed.
        watch: looks at the values as they are read.
        recalibration: the map of the logits; None without one.
    """

    def __init__(
        self, logits: Data, labels: Data | NoLabels | None, options: ReadingOptions, *, soft_labels: bool = False
    ) -> None:
        if isinstance(logits, SampleTable):
            raise UsageError(
                "is a SampleTable, not logits",
                "lscli.measure, lscli.evaluate, lscli.per_bin and lscli.per_sample take tables",
                where="logits",
            )
        mapped = any(each is not None for each in (options.calibrator, options.temperature, options.cross_fit))
        if mapped:
            from lscli.api import recalibration  # imported only for a map

            recalibration.check_options(options, soft_labels=soft_labels)
        self.recalibration: AppliedMap | None = None
        self._labels: Labels | SoftLabels | None
        self._given_names = open_class_names(options.class_names)
        self.labelled = not isinstance(labels, NoLabels)
        if self.labelled:
            open_both = open_soft_inputs if soft_labels else open_inputs
            self.logits, self._labels = open_both(logits, labels, options, self._given_names)
        else:
            self.logits, self._labels = open_logits(logits, options), None
        self.soft = self._labels if isinstance(self._labels, SoftLabels) else None
        self._auto = options.masked_classes == "auto"
        if self._auto:  # a missing choice of a multiple-choice question is no class of its row
            options = options.replaced(masked_classes="exclude" if self.logits.ragged else "keep")
        self.options = options
        # As typed: errors name the member of an archive, but reports name the file.
        self.source = os.fsdecode(logits) if isinstance(logits, str | bytes | os.PathLike) else self.logits.name
        try:
            samples = self.logits.samples
            self.label, self.ignored, self._label_note = self._checked(options.ignore_index, options.labels_from)
            self.rows = RowData(options, samples, self.label >= 0, self.logits.entries)
            self._model_note = second_model(logits, labels, self.logits.shape, options) if self.labelled else ""
            self.watch = ValueWatch(self.logits, self.label, binary=options.binary)
            if mapped:
                self.recalibration = recalibration.recalibration(self)
                self.logits = recalibration.mapped(self, self.recalibration)
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Inputs:
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def _close(self) -> None:
        self.logits.close()
        if self.soft is not None:
            self.soft.close()

    def _checked(self, ignore_index: int, labels_from: int) -> ClassNumbers:
        """The labels, the number of ignored ones, and a note."""
        rows, classes = self.logits.shape
        if isinstance(self._labels, Labels):
            return self._labels.checked(classes, ignore_index, labels_from)
        if self._labels is None:
            return ClassNumbers(np.broadcast_to(np.int32(0), rows), 0)
        check_counts_from_0(labels_from)
        if self._labels.shape[1] != classes:
            what = f"classes differ: {self.logits.name} has {classes}, the labels have {self._labels.shape[1]}"
            raise InputError(what, "save both from the same run", where=self._labels.name)
        return ClassNumbers(np.broadcast_to(np.int32(0), rows), 0)

    @property
    def counted(self) -> Array | None:
        """The rows with a weight above 0, [N] bool; None without weights."""
        return None if self.rows.weight is None else self.rows.weight.values > 0

    @property
    def named(self) -> bool:
        """Whether the labels are read by name."""
        return isinstance(self._labels, Labels) and bool(self._labels.names_from)

    @property
    def class_names(self) -> Sequence[str]:
        """The names of the classes, [K]: `class_names`, or else the names that the labels are; empty without either."""
        if self._given_names is not None:
            return self._given_names.names
        return self._labels.class_names if isinstance(self._labels, Labels) else ()

    @property
    def topk(self) -> TopK | None:
        """The logits if only the top k of each row are known, else None."""
        return self.logits if isinstance(self.logits, TopK) else None

    @property
    def columns(self) -> set[str]:
        """The columns that the tables need for weights, groups and class counts, besides those of the metrics."""
        return self.rows.columns | ({"class_count"} if self.options.masked_classes == "exclude" else set())

    def targets(self, options: TargetOptions) -> Opened:
        """The targets that the losses of these samples are computed against.

        Raises:
            UsageError: options that cannot be combined for these logits.
        """
        declared_targets(options, self.options.masked_classes)
        if self.topk is not None:
            topk.check_targets(options)
        weight = None if self.rows.weight is None else self.rows.weight.values
        shares = None if self.soft is None else partial(self.soft.shares, self.options.ignore_index, weight)
        return open_targets(options, self.label, self.logits.shape[1], weight, self.label < 0, shares)

    def class_sums(self, rule: BinRule) -> list[ClassSums]:
        """Empty sums by class, for all samples and for each group."""
        if self.topk is not None:  # whose rows do not have all classes
            return []
        classes, bins, groups = self.logits.shape[1], len(rule.inner) + 1, len(self.rows.names)
        what = f"keeping {classes} classes x {bins} bins x {groups} groups"
        hint = "use fewer --bins or groups, or leave out the metrics by class"
        needed = _CELL * classes * bins * groups
        if needed > max(_MOST_SUMS, _SUMS_PER_LOGITS * self.logits.size):
            raise UsageError(f"{what} needs {sized(needed)} of memory, out of proportion to the logits", hint)
        check_memory(needed, what, hint)
        # Raised probabilities and the mean of an ensemble are not stored anywhere.
        computed = self.logits.kind != "probs" or self.logits.members is not None or self.options.min_prob is not None
        stated = None if computed else self.logits.stored
        return [
            ClassSums(classes, rule.inner_computed, rule.side, part, stated) for part in self.rows.weights_by_group()
        ]

    def tuple_sums(self, rule: BinRule, kept: Array) -> list[TupleSums]:
        """Sums by the bins of all classes, for all samples and for each group, from two more passes over the logits.

        Args:
            rule: the bins of each class.
            kept: the numbers of the rows that the table has.
        """
        if self.topk is not None:  # whose rows do not have all classes
            return []
        from lscli.scan.tuples import tuple_sums  # imported only for these

        used = np.zeros(self.logits.shape[0], np.bool_)
        used[kept] = True
        weights = (np.where(used, part, 0.0) for part in self.rows.weights_by_group())
        # Raised probabilities are not those that are stored.
        stated, progress = self.options.min_prob is None, self.options.progress
        edges = rule.inner_computed
        return tuple_sums(self.logits, self.label, weights, edges, rule.side, stated=stated, progress=progress)

    def provenance(self, result: Scan | None, files: Sequence[dict[str, Any]] = ()) -> Provenance:
        """The provenance of the samples. Without a result, it has only what is known before the rows are read.

        Args:
            result: the pass over the rows.
            files: further inputs, such as a prior.
        """
        class_names = [] if self._given_names is None else [described(self._given_names)]
        maps = () if self.recalibration is None else self.recalibration.described
        rows = self.logits.shape[0]
        samples = {"rows": rows, "kept": rows - self.ignored, "ignored": self.ignored}
        if result is not None:
            samples |= {"kept": len(result.table), "skipped": result.skipped, "masked": result.masked}
            samples["ignored"] += result.ignored
            if self.rows.clusters is not None:
                samples["clusters"] = self.rows.clustered(self.rows.weighted(result.table)).clusters
        own = _input("logits", self.logits)
        labels = [] if self._labels is None else [_input("labels", self._labels)]
        if self.topk is not None:
            own |= topk.described(self.topk, result)
        return Provenance(
            inputs=[own, *labels, *class_names, *self.rows.described, *maps, *files],
            samples=samples,
            versions={"lscli": __version__, **versions("numpy" if result is None else result.kernel)},
            warnings=[
                *filter(None, [self._model_note, self._label_note]),
                *([] if result is None else self._notes(result)),
            ],
        )

    def used(self, result: Scan | None) -> dict[str, str]:
        """The values that replaced `auto`."""
        chosen = {} if result is None else {"device": result.device, "kernel": result.kernel}
        shown = None if self.rows.clusters is None else self.rows.clusters.shown
        of_rows = {} if shown is None else {"clusters": shown}
        kind = {} if self.options.topk_classes is None else {"kind": topk.kind(self.options)}
        return {"masked_classes": self.options.masked_classes, **of_rows, **chosen, **kind}

    def remark(self, result: Scan) -> str:
        """A sentence for the conclusion of a report, or an empty text."""
        return "" if self.topk is None else topk.remark(self.topk, result)

    @property
    def map_remark(self) -> str:
        """A sentence on the map of the logits, or an empty text."""
        return "" if self.recalibration is None else self.recalibration.remark

    def map_notes(self) -> list[str]:
        """Warnings about the map of the logits; known once all rows are read."""
        return [] if self.recalibration is None else self.recalibration.notes(self.logits.name)

    def value_notes(self) -> Iterator[str]:
        """What the values look like, if not logits; known once all rows are read."""
        return value_notes(self.logits.name, self.logits.shape[1], self.logits.columns, self.watch)

    def zero_notes(self, result: Scan, samples: int) -> Iterator[str]:
        """What classes of probability 0 do to the losses; `samples` is the number of samples of a weight above 0."""
        return zero_notes(
            self.logits,
            result,
            samples,
            soft=self.soft is not None,
            exclude=self.options.masked_classes == "exclude",
            expected=self.logits.ragged and self._auto,
        )

    def _notes(self, result: Scan) -> Sequence[str]:
        notes: list[str] = []
        name = self.logits.name
        notes += [*self.map_notes(), *self.value_notes()]
        if result.skipped:
            notes.append(f"{name}: {result.skipped} of {self.logits.shape[0]} rows are not finite and are left out")
        if self.topk is not None:
            notes += topk.notes(self.topk, result)
        table = self.rows.weighted(result.table)
        notes += self.zero_notes(result, len(table) if table.weight is None else int(np.count_nonzero(table.weight)))
        notes += self.rows.notes(result.table)
        return notes


def _input(role: str, opened: Logits | Labels | SoftLabels) -> dict[str, Any]:
    described = {
        "role": role,
        "path": opened.name,
        "shape": list(opened.shape),
        "dtype": getattr(opened, "stored", opened.dtype),
        "size": opened.size,
    }
    by_name = {"names": opened.names_from} if isinstance(opened, Labels) and opened.names_from else {}
    members = getattr(opened, "member_names", ())
    return (
        described | ({"shards": opened.shards} if opened.shards else {"members": members} if members else {}) | by_name
    )
