"""Several files as one array: the rows of the first, then those of the second, and so on."""

from __future__ import annotations

import bisect
import itertools
import math
from typing import TYPE_CHECKING, Any

from lscli.errors import InputError
from lscli.io.stored import StoredArray
from lscli.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lscli.io.files import RegularFile
    from lscli.io.stored import Bytes


class Shards(StoredArray):
    """Arrays of the same width and type, one after another.

    Args:
        parts: at least one; closed with this array. If their rows may have different numbers of classes, all are
            widened to the widest.
        name: the pattern as typed.

    Raises:
        InputError: a part differs from the first in width, in type or in the order of its columns.
    """

    called = "shard"

    def __init__(self, parts: Sequence[StoredArray], name: str) -> None:
        if all(len(part.shape) == 2 for part in parts):
            widest = max(part.shape[1] for part in parts)
            parts = [part.widened(widest) for part in parts]
        first = parts[0]
        for place, part in enumerate(parts):
            self._check_alike(place, part, first)
        self.name = name
        self.shards = [part.name for part in parts]
        self.columns = first.columns
        self._parts = parts
        self._ends = list(itertools.accumulate(part.shape[0] for part in parts))
        self.shape = (self._ends[-1], *first.shape[1:])
        self.dtype = first.dtype.newbyteorder("=")
        self.element = first.element
        self.ragged = any(part.ragged for part in parts)
        self.log_likelihoods = all(part.log_likelihoods for part in parts)
        self.sequential = any(part.sequential for part in parts)

    def read(self, start: int, stop: int, out: NDArray[Any]) -> NDArray[Any]:
        done = 0
        while start < stop:
            place = bisect.bisect_right(self._ends, start)
            begin = self._ends[place] - self._parts[place].shape[0]
            end = min(stop, self._ends[place])
            target = out[done : done + end - start]
            values = self._parts[place].read(start - begin, end - begin, target)
            if values is not target:
                target[:] = values
            done, start = done + end - start, end
        return out

    def located(self, row: int) -> tuple[str, int]:
        place = bisect.bisect_right(self._ends, row)
        return self._parts[place].name, row - (self._ends[place] - self._parts[place].shape[0])

    def rows(self) -> list[int]:
        """The number of rows of each shard."""
        return [part.shape[0] for part in self._parts]

    def check_unchanged(self) -> None:
        for part in self._parts:
            part.check_unchanged()

    def verify(self) -> None:
        for part in self._parts:
            part.verify()

    def close(self) -> None:
        for part in self._parts:
            part.close()

    def _check_alike(self, place: int, part: StoredArray, first: StoredArray) -> None:
        mine, theirs = part.shape[1:], first.shape[1:]
        if mine != theirs and len(mine) == len(theirs) == 1:
            what = f"K = {mine[0]}, expected {theirs[0]}"
        elif mine != theirs:
            what = f"rows of shape {mine}, expected {theirs}"
        elif part.element != first.element:
            what = f"dtype {part.element}, expected {first.element}"
        elif [*part.columns] != [*first.columns] and sorted(part.columns) == sorted(first.columns):
            odd = next(name for name, due in zip(part.columns, first.columns, strict=True) if name != due)
            what = f"its columns in another order, such as {printable(odd)!r}"
        else:
            return
        hint = f"all {self.called}{'es' if self.called == 'batch' else 's'} must be alike: the first is {first.name}"
        if self.called == "batch" and len(mine) == len(theirs) > 1 and mine[1:] == theirs[1:]:
            hint = "if they have tokens, padded to other lengths, flatten each batch before it is saved, and its labels"
            hint += " too: batch.flatten(0, 1)"
        raise InputError(f"{self.called} {place} has {what}", hint, where=part.name)


class JoinedBatches(Shards):
    """Batches of one file, one after another.

    Args:
        parts: at least one.
        name: the name of the array.
        sources: what they are read from, each once; closed with this array.
    """

    called = "batch"

    def __init__(self, parts: Sequence[StoredArray], name: str, sources: Sequence[Bytes]) -> None:
        super().__init__(parts, name)
        self.shards = ()
        self._sources = sources

    def reshaped(self, shape: tuple[int, ...]) -> JoinedBatches:
        row, parts = math.prod(shape[1:]), []
        for part in self._parts:
            count, rest = divmod(math.prod(part.shape), row)
            if rest:
                raise InputError(f"its batches do not divide into rows of {shape[1:]}", _LAST, where=self.name)
            parts.append(part.reshaped((count, *shape[1:])))
        return JoinedBatches(parts, self.name, self._sources)

    def check_unchanged(self) -> None:
        for source in self._sources:
            source.check_unchanged()

    def verify(self) -> None:
        for source in self._sources:
            source.verify()

    def close(self) -> None:
        for source in self._sources:
            source.close()


_LAST = "join them into one array: torch.cat(logits, dim=1)"


def check_distinct(files: Sequence[RegularFile]) -> None:
    """Refuse a file that occurs twice, even under another name or as a link.

    Raises:
        InputError: a file occurs twice.
    """
    seen: dict[tuple[int, int], str] = {}
    for file in files:
        if file.identity in seen:
            what = f"is the same file as {seen[file.identity]}: its samples would count twice"
            raise InputError(what, "leave one of them out of the pattern", where=file.name)
        seen[file.identity] = file.name


def allow_open(count: int) -> None:
    """Raise the soft limit on open files of this process, as far as allowed, so that `count` shards can be open."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 64
    if soft != resource.RLIM_INFINITY and wanted > soft:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
