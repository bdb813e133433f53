"""The files or arrays that are the members of an ensemble, with one set of labels or one for each member."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from lscli.errors import InputError, UsageError
from lscli.io.argument import Argument, is_path, is_stdin
from lscli.io.axes import Axes, ensemble_axes
from lscli.io.ensemble_axis import split
from lscli.io.members import other_shape
from lscli.io.memory import MemoryArray, read_all
from lscli.io.shards import check_distinct
from lscli.io.texts import Texts, same_words, texts_of, written
from lscli.text import shown

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Sequence

    from lscli.io.stored import StoredArray
    from lscli.options import ReadingOptions

_AXIS = "if one array holds the members, name their axis: --ensemble-axis AXIS"


def is_ensemble(options: ReadingOptions) -> bool:
    """Whether the logits have several members.

    Raises:
        UsageError: options that cannot be combined.
    """
    if options.ensemble and options.ensemble_axis is not None:
        raise UsageError("cannot be combined with --ensemble-axis", "leave one of them out", where="ensemble")
    if options.ensemble and options.pool:
        what = "cannot be combined with --pool"
        raise UsageError(what, "leave out --ensemble or --pool", where="ensemble")
    several = options.ensemble or options.ensemble_axis is not None
    if options.ensemble_of != "probs" and not several:
        what = "needs an ensemble"
        hint = "leave it out, or say --ensemble for the files of a pattern"
        raise UsageError(what, hint, where="ensemble-of")
    return several


def member_arguments(value: Any, stack: contextlib.ExitStack, options: ReadingOptions) -> list[Argument]:
    """Open the logits: one argument or, with `ensemble`, one for each member.

    Raises:
        InputError: a file cannot be used, or occurs twice.
        ReadWriteError: a file cannot be read.
        UsageError: there are fewer than two members.
    """
    if not options.ensemble:
        return [Argument.of(value, "logits", stack, options.input_format)]
    if is_stdin(value):
        what = "standard input is one file, and an ensemble has several"
        raise UsageError(what, f"save each member to a file; {_AXIS}", where="-")
    if is_path(value):
        of_all = Argument.of(value, "logits", stack, options.input_format)
        found = of_all.each_alone()
        if of_all.pattern is None:
            hint = f"give a quoted pattern of files, such as 'member-*.npy'; {_AXIS}"
            raise UsageError("is one file, and an ensemble has several", hint, where=found[0].names[0])
        if len(found) == 1:
            hint = "check the pattern, or leave out --ensemble"
            raise UsageError(f"matches one file, {found[0].names[0]}", hint, where=of_all.pattern)
        return found
    if not isinstance(value, list | tuple):
        raise UsageError("is one array, and an ensemble has several", f"give a list of arrays; {_AXIS}", where="logits")
    if len(value) < 2:
        hint = "give a list of at least two, or leave out ensemble=True"
        raise UsageError(f"a list of {len(value)} is not an ensemble", hint, where="logits")
    if any(map(is_stdin, value)):
        raise UsageError("standard input cannot be a member", "save it to a file", where="-")
    found = [Argument.of(each, f"logits[{place}]", stack, options.input_format) for place, each in enumerate(value)]
    check_distinct([file for each in found for file, _ in each.files])
    return found


def ensemble_name(value: Any, members: Sequence[Argument]) -> str:
    """The name of an ensemble: the pattern as typed, the first and the last file of a list, or `logits`."""
    if is_path(value):
        return str(Argument.name_of(value))
    names = [each.pattern or next(iter(each.names), "") for each in members]
    return f"{names[0]}, ..., {names[-1]}" if all(names) else "logits"


def label_arguments(
    value: Any, members: Sequence[Argument], logits: Any, stack: contextlib.ExitStack, options: ReadingOptions
) -> list[Argument]:
    """Open the labels: one argument for all members, or one for each of them.

    Raises:
        InputError: a file cannot be used, or shards of labels and of logits have no partners.
        ReadWriteError: a file cannot be read.
        UsageError: the files of the logits cannot hold labels.
    """
    if value is None:
        return [each.again(stack) for each in members]
    found = Argument.of(value, "labels", stack, options.input_format if is_stdin(value) else None)
    if found.pattern is None:
        return [found]
    if options.ensemble and len(found.files) == 1 and members[0].pattern is None:
        return found.each_alone()
    if options.ensemble and is_path(logits):
        of_logits = [file for each in members for file in each.files]
        return found.paired_with([file.name for file, _ in of_logits]).each_alone()
    return [found if members[0].pattern is None else found.paired_with(members[0].names)]


def check_same_labels(
    arguments: Sequence[Argument], labels: Sequence[Sequence[StoredArray]], members: Sequence[Sequence[StoredArray]]
) -> Sequence[MemoryArray]:
    """The labels of the first member, of each of its files, after a check that all members have the same.

    Args:
        arguments: the labels of each member.
        labels: their parts; read and closed.
        members: the parts of the members.

    Raises:
        InputError: a member has other labels, or they cannot be read.
    """
    read = [[texts_of(part) or MemoryArray(read_all(part), part.name) for part in parts] for parts in labels]
    alike, words = _comparable(read)
    first, *others = (read_all(own.joined(parts)) for own, parts in zip(arguments, alike, strict=True))
    of_first = members[0][0].name
    for (part, *_), other in zip(members[1:], others, strict=True):
        if other.shape != first.shape:
            what = f"has labels of shape {other.shape}, {of_first} of {first.shape}"
            raise InputError(what, "the members of an ensemble must have the same samples", where=part.name)
        differ = (other != first).ravel()
        if differ.any():
            row = int(differ.argmax())
            one, two = (
                shown(words[each] if words else each) for each in (first.flat[row].item(), other.flat[row].item())
            )
            what = f"row {row} has label {two}, but {one} in {of_first}"
            hint = "save the samples of all members in the same order"
            if not np.array_equal(np.sort(other, axis=None), np.sort(first, axis=None)):
                hint = "the members of an ensemble must have the same samples"
            if len({isinstance(each, Texts) for each, *_ in read}) > 1:
                hint = "some members have numbers and others texts: name one file of labels after the logits"
            raise InputError(what, hint, where=part.name)
    return read[0]


def _comparable(labels: Sequence[Sequence[MemoryArray]]) -> tuple[Sequence[Sequence[MemoryArray]], Sequence[str]]:
    """The labels of each member as numbers that can be compared, and what they count if some labels are strings."""
    found = [each for parts in labels for each in parts]
    if not any(isinstance(each, Texts) for each in found):
        return labels, ()
    alike = same_words([each if isinstance(each, Texts) else written(read_all(each), each.name) for each in found])
    rest = iter(alike)
    return [list(itertools.islice(rest, len(parts))) for parts in labels], alike[0].words


def members_along(parts: Sequence[StoredArray], axis: int) -> list[list[StoredArray]]:
    """The parts of each member, of parts that hold all members along an axis.

    Raises:
        InputError: a part has fewer than two members, not as many as the first part, or can only be read forwards.
        UsageError: a part has no such axis.
    """
    split_parts = [split(part, axis) for part in parts]
    for part, members in zip(parts, split_parts, strict=True):
        if len(members) != len(split_parts[0]):
            what = f"has {len(members)} members, {parts[0].name} has {len(split_parts[0])}"
            raise InputError(what, "all shards must have the same members", where=part.name)
    return [list(of_member) for of_member in zip(*split_parts, strict=True)]


def check_axis(part: StoredArray, axis: int, labels: StoredArray, axes: Axes) -> None:
    """Compare the axis of the members with the shape of the labels.

    Args:
        part: the array of all members, as stored.
        axis: the axis that was named.
        labels: as stored.
        axes: how the array without the axis is read.

    Raises:
        InputError: the labels do not fit, but would if another axis were named.
    """
    x, y = part.shape, labels.shape
    found = ensemble_axes(x, y, binary=axes.binary, soft=axes.soft)
    there = -len(x) <= axis < len(x)
    if axes.classes == -1 and found and there and axis % len(x) not in found:
        which = " or ".join(map(str, found))
        what = f"labels {y} show that the members of logits {x} are axis {which}, not axis {axis}"
        raise InputError(what, f"say --ensemble-axis {which}", where=part.name)


def check_alike(members: Sequence[Sequence[StoredArray]]) -> None:
    """Compare the shapes of members that are one array each, as they are stored.

    Raises:
        InputError: a member differs from the first.
    """
    if any(len(parts) > 1 for parts in members):
        return  # the shapes of shards are compared when they are joined
    first, *others = (parts[0] for parts in members)
    for other in others:
        if other.shape != first.shape:
            raise other_shape(other.name, other.shape, first.name, first.shape)
