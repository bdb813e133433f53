"""What an HTML report holds, before it becomes a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from lscli.listings import Listing
from lscli.report import Row

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping, Sequence

    from lscli.curves.chart import Chart
    from lscli.decisions.comparison import ComparisonRow
    from lscli.listings import ClassRow, Sample


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Page(Listing):
    """The contents of an HTML report. Its rows are the metrics of each model and group.

    Attributes:
        models: the names of the models, which are `before` and `after` for a map of the logits.
        differences: each further model against the first, with verdicts; empty for one model.
        charts: the pictures.
        classes: the worst classes by model.
        samples_shown: the worst samples by model.
        num_classes: K by model; 0 without logits.
        class_names: [K]; empty if they are not known.
        left_out: sentences on what the samples do not have, such as a table of classes without logits.
        command: the command that made the report; empty if it was made in Python.
    """

    rows: Sequence[Row]
    models: Sequence[str]
    differences: Sequence[ComparisonRow] = ()
    charts: Sequence[Chart] = ()
    classes: Mapping[str, Sequence[ClassRow]] = field(default_factory=dict)
    samples_shown: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    num_classes: Mapping[str, int] = field(default_factory=dict)
    class_names: Sequence[str] = ()
    left_out: Sequence[str] = ()
    command: str = ""
    name: ClassVar[str] = "report"
    title: ClassVar[str] = "Report"

    @property
    def columns(self) -> Sequence[str]:
        return Row._fields

    def cells(self) -> Iterator[Sequence[Any]]:
        return (row.cells() for row in self.rows)

    def __repr__(self) -> str:
        return f"Page({', '.join(self.models)}; {len(self.rows):,} metrics, {len(self.charts)} charts)"

    def to_html(self) -> str:
        """The page: one HTML document, which needs no other file and no network."""
        from lscli.render.report.page import page

        return page(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, completely or not at all.

        Raises:
            OSError: it cannot be written; a file that existed before is unchanged.
        """
        import os

        from lscli.io.output import write_atomically

        write_atomically(os.fspath(path), [self.to_html().encode("utf-8")])
