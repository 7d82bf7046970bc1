"""Blocks of indicators that are remembered, and what they are computed from; each brings its stale columns up to date."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from indicators.entry import Entry
from workers.picture import Ints, Picture

Array = np.ndarray[Any, np.dtype[Any]]


def columns_of(block: Array) -> list[Array]:
    """Read-only views of all columns, made at once; a part of one is then the cheapest view there is."""
    guarded = block.view()
    guarded.flags.writeable = False
    return list(guarded.T)


class Field:
    """A column of the picture itself: always up to date."""

    __slots__ = ("columns", "key", "name", "picture")

    def __init__(self, picture: Picture, name: str) -> None:
        self.picture = picture
        self.name = name
        self.key = (picture, name)
        self.columns = columns_of(picture.blocks[name])

    def freshen(self, _lane: int) -> None:
        """Nothing to do."""

    def block(self) -> Array:
        return self.picture.blocks[self.name]

    def stamps(self) -> Ints:
        return self.picture.stamps


class Output:
    """One of the results of a remembered indicator."""

    __slots__ = ("index", "kept", "key", "picture")

    def __init__(self, kept: "Kept", index: int) -> None:
        self.kept = kept
        self.index = index
        self.picture: Picture = kept.picture
        self.key: tuple[Any, ...] = (kept.key, index)

    def freshen(self, lane: int) -> None:
        self.kept.freshen(lane)

    @property
    def columns(self) -> list[Array]:
        return self.kept.columns[self.index]

    def block(self) -> Array:
        return self.kept.blocks[self.index]

    def stamps(self) -> Ints:
        return self.kept.stamps


class Number:
    """A number in the place of a series; only conditions take one."""

    __slots__ = ("key", "value")

    def __init__(self, value: float) -> None:
        self.value = value
        self.key = ("number", value)


Series = Field | Output


class Kept:
    """An indicator over all columns of a picture: its result blocks, and for each column the stamp it was computed at."""

    __slots__ = ("blocks", "columns", "entry", "inputs", "key", "outputs", "parameters", "picture", "stamps", "step", "usage")

    def __init__(
        self, entry: Entry, inputs: tuple[Series | Number, ...], parameters: tuple[Any, ...], picture: Picture, usage: "Usage"
    ) -> None:
        self.entry = entry
        self.inputs = inputs
        self.parameters = dict(zip(entry.parameters, parameters, strict=True))
        self.key: tuple[Any, ...] = (entry.name, tuple(one.key for one in inputs), parameters)
        self.picture = picture
        self.stamps: Ints = np.full(picture.lanes_max, -1, np.int64)
        self.blocks: list[Array] = []
        self.columns: list[list[Array]] = []
        #: Emptied by `release`, since they hold this object.
        self.outputs = tuple([Output(self, index) for index in range(len(entry.outputs))])
        self.step = 0
        self.usage = usage

    @property
    def bytes(self) -> int:
        return sum(block.nbytes for block in self.blocks)

    def freshen(self, lane: int) -> None:
        """Make sure of this column; where it is stale, all stale columns of the step are computed with it."""
        stamps = self.picture.stamps
        if self.stamps[lane] == stamps[lane]:
            return
        series = [one for one in self.inputs if not isinstance(one, Number)]
        for one in series:
            one.freshen(lane)
        lanes = self.picture.step_lanes
        stale = lanes[self.stamps[lanes] != stamps[lanes]]
        before = self.bytes
        rows = self.picture.rows
        if len(stale) * 2 >= len(self.picture.lanes) and all(one.block().shape[0] >= rows for one in series):
            self._compute_all(series, rows)
        else:
            self._compute_some(stale)
        self.usage.misses += 1
        self.usage.bytes += self.bytes - before

    def _compute_all(self, series: Sequence[Series], rows: int) -> None:
        blocks = [one.value if isinstance(one, Number) else one.block()[:rows] for one in self.inputs]
        self._keep(list(self.entry.compute(*blocks, **self.parameters)))
        fresh = self.picture.stamps.copy()
        for one in series:
            fresh[one.stamps() != self.picture.stamps] = -1
        self.stamps = fresh

    def _compute_some(self, stale: Ints) -> None:
        rows = int(self.picture.filled[stale].max())
        blocks = [
            one.value if isinstance(one, Number) else np.ascontiguousarray(one.block()[:rows].take(stale, axis=1))
            for one in self.inputs
        ]
        results = self.entry.compute(*blocks, **self.parameters)
        if not self.blocks or self.blocks[0].shape[0] < rows:
            self._make_room(results)
        for block, result in zip(self.blocks, results, strict=True):
            block[:rows, stale] = result
        self.stamps[stale] = self.picture.stamps[stale]

    def _make_room(self, results: Sequence[Array]) -> None:
        """Blocks for every row there can be. Undefined is NaN, so that kernels pass by the columns nobody has computed."""
        shape = (self.picture.rows_max, self.picture.lanes_max)
        grown = [np.full(shape, np.nan if result.dtype.kind == "f" else False, result.dtype) for result in results]
        for block, old in zip(grown, self.blocks, strict=False):
            block[: old.shape[0]] = old
        self._keep(grown)

    def _keep(self, blocks: list[Array]) -> None:
        self.blocks = blocks
        self.columns = [columns_of(block) for block in blocks]

    def release(self) -> None:
        """Nobody will ask for this any more; memory is freed with the last array that a filter holds."""
        self.outputs = ()


class Usage:
    """What the memory holds and how often it helped: hits are calls answered by look-up, misses are runs of a kernel."""

    __slots__ = ("bytes", "hits", "misses")

    def __init__(self) -> None:
        self.bytes = 0
        self.hits = 0
        self.misses = 0
