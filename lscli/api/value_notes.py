"""Warnings about values that are read as logits but look like something else: what they may be, and what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lscli.scan.looks import Look
    from lscli.scan.value_watch import ValueWatch
    from lscli.scan.whole_columns import OddColumns

_MOST = 8  # columns that a warning lists

_LOOKS: dict[Look, str] = {
    "probabilities": "every row sums to 1: if these are probabilities, say --kind probs",
    "percentages": "every row sums to 100: if these are percentages, divide them by 100 and say --kind probs",
    "losses": "every row is like -log p of probabilities p that sum to 1: if so, save log p, which has no minus sign",
    "equal sums": "no value is below 0, and all rows have about the same sum: if these are votes, percentages or "
    "rounded probabilities, divide each row by its sum and say --kind probs",
    "scores": "all values lie between 0 and 1, and rows do not sum to 1: if these are scores of independent classes, "
    "such as sigmoids, no softmax fits them; save the logits of a softmax",
    "log2": "every row is like log2 p of probabilities p that sum to 1: if so, multiply the values by math.log(2)",
    "log10": "every row is like log10 p of probabilities p that sum to 1: if so, multiply the values by math.log(10)",
    "probability": "all values lie between 0 and 1: if these are probabilities of class 1, say --kind probs",
    "percentage": "all values lie between 0 and 100: if these are percentages of class 1, divide them by 100 and say "
    "--kind probs",
}


def value_notes(name: str, num_classes: int, columns: Sequence[str], watch: ValueWatch) -> Iterator[str]:
    """Say what the values may be instead of logits.

    Args:
        name: the name of the logits.
        num_classes: K.
        columns: the names of the columns of a table, one for each class; empty if they have none.
        watch: has looked at all rows.
    """
    odd = watch.odd_columns
    # Odd columns may hold labels of 0 and 1, which are no scores.
    if watch.look is not None and not (watch.look == "scores" and odd.all):
        yield f"{name}: {_LOOKS[watch.look]}"
    if odd.all:
        no_class = "it is not a class" if len(odd.all) == 1 else "they are not classes"
        yield f"{name}: {_described(odd, columns)}: if {no_class}, {_remedy(odd.all, num_classes, columns)}"


def _described(odd: OddColumns, columns: Sequence[str]) -> str:
    """The odd columns, by name if they have names and else by number, and what they hold."""
    clauses = [f"{_listed(odd.all, columns)} {'hold' if len(odd.all) > 1 else 'holds'} only whole numbers"]
    for place, offset in odd.labels.items():
        equal = "equals the labels" if offset == 0 else f"equals the labels {'+-'[offset < 0]} {abs(offset)}"
        clauses.append(equal if len(odd.all) == 1 else f"{_listed([place], columns)} {equal}")
    if odd.counting:
        verb = "count the rows" if len(odd.counting) > 1 else "counts the rows"
        clauses.append(verb if len(odd.all) == 1 else f"{_listed(odd.counting, columns)} {verb}")
    return " and ".join([", ".join(clauses[:-1]), clauses[-1]] if len(clauses) > 1 else clauses)


def _listed(places: Sequence[int], columns: Sequence[str]) -> str:
    shown = [repr(printable(columns[place])) if columns else str(place) for place in places[:_MOST]]
    if len(places) > _MOST:
        shown.append(f"{len(places) - _MOST} more")
    *first, last = shown
    return f"columns {', '.join(first)} and {last}" if first else f"column {last}"


def _remedy(odd: Sequence[int], num_classes: int, columns: Sequence[str]) -> str:
    """How to read, or save, only the other columns."""
    kept = [place for place in range(num_classes) if place not in set(odd)]
    if columns:
        import shlex  # imported only for a warning

        from lscli.io.tables.class_columns import key_for

        key = key_for(columns, [columns[place] for place in kept])
        return f"say --logits-key {shlex.quote(key)}" if key else "save the table without them"
    if len(kept) == 1:
        return f"save logits[:, {kept[0]}] and say --binary"
    first, last = kept[0], kept[-1]
    if len(kept) == last - first + 1:
        return f"save logits[:, {first or ''}:{last + 1 if last + 1 < num_classes else ''}]"
    return f"save np.delete(logits, {list(odd[:_MOST])}, axis=1)" if len(odd) <= _MOST else "save only the others"
