"""Blocks of indicators that are remembered, and what they are computed from; each is extended by what is new in its columns."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from indicators.entry import Entry
from indicators.spans import DUE, advance
from workers.picture import Ints, Picture

Array = np.ndarray[Any, np.dtype[Any]]


class Views:
    """Views of one block's columns, made for all symbols of a step at once, since all of them will be asked for."""

    __slots__ = ("_block", "_by_lane", "_step", "all")

    def __init__(self, block: Array) -> None:
        self._block = block.view()
        self._block.flags.writeable = False
        self._step = -1
        #: Views of the step, in the order of the picture's `shown`.
        self.all: list[Array] = []
        #: Those by lane, where they are not of the first lanes in order.
        self._by_lane: dict[int, Array] | None = {}

    def make(self, picture: Picture, step: int) -> bool:
        """Make sure of those of this step; returns whether they are new."""
        if self._step == step:
            return False
        lanes, rows, even = picture.shown
        if even:
            self.all = list(self._block[: rows[0], : len(lanes)].T)
            self._by_lane = None
        else:
            columns = self._block.T
            self.all = [columns[lane, :count] for lane, count in zip(lanes, rows, strict=True)]
            self._by_lane = dict(zip(lanes, self.all, strict=True))
        self._step = step
        return True

    def of(self, lane: int, rows: int) -> tuple[Array, bool]:
        """The view of one column with so many rows, and whether it is one of those made for the step."""
        view = self._made(lane)
        if view is not None and len(view) == rows:
            return view, True
        return self._block[:rows, lane], False

    def holds(self, lane: int, view: Array) -> bool:
        """Whether this is the very view made for the step."""
        return self._made(lane) is view

    def _made(self, lane: int) -> Array | None:
        if self._by_lane is not None:
            return self._by_lane.get(lane)
        return self.all[lane] if lane < len(self.all) else None


class Field:
    """A column of the picture itself: always up to date."""

    __slots__ = ("key", "name", "picture", "views")

    def __init__(self, picture: Picture, name: str) -> None:
        self.picture = picture
        self.name = name
        self.key = (picture, name)
        self.views = Views(picture.blocks[name])

    def freshen(self, _step: int) -> None:
        """Nothing to do."""

    def block(self) -> Array:
        return self.picture.blocks[self.name]


class Output:
    """One of the results of a remembered indicator."""

    __slots__ = ("index", "kept", "key", "picture", "views")

    def __init__(self, kept: "Kept", index: int) -> None:
        self.kept = kept
        self.index = index
        self.picture: Picture = kept.picture
        self.key: tuple[Any, ...] = (kept.key, index)
        self.views = Views(kept.blocks[index])

    def freshen(self, step: int) -> None:
        self.kept.freshen(step)

    def block(self) -> Array:
        """The results as float64, the one type that kernels take."""
        return self.kept.numbers(self.index)


class Number:
    """A number in the place of a series; only conditions take one."""

    __slots__ = ("key", "value")

    def __init__(self, value: float) -> None:
        self.value = value
        self.key = ("number", value)


Series = Field | Output


class Kept:
    """An indicator over all columns of a picture, extended by what is new in them.

    A column whose bars only grew is computed from where it was left; a forming bar is computed with a copy of the state, so
    that it leaves nothing behind; a column that changed otherwise is computed anew. All stale columns of a step at once.
    """

    def __init__(
        self, entry: Entry, inputs: tuple[Series | Number, ...], parameters: tuple[Any, ...], picture: Picture, usage: "Usage"
    ) -> None:
        self.entry = entry
        self.inputs = inputs
        self.key: tuple[Any, ...] = (entry.name, tuple(one.key for one in inputs), parameters)
        self.picture = picture
        shape = picture.rows_max, picture.lanes_max
        self.blocks: tuple[Array, ...] = entry.blocks(*shape)
        #: Emptied by `release`, since they hold this object.
        self.outputs = tuple([Output(self, index) for index in range(len(entry.outputs))])
        #: The last step in which anybody asked.
        self.step = 0
        self.usage = usage
        self._parameters = parameters
        #: Whether the last attempt to compute was interrupted.
        self._torn = False
        #: Results that are no float64 and are an input of others, as float64.
        self._copies: dict[int, Array] = {}
        self._undefined = entry.sizes(parameters)[0]
        self._series = [one for one in inputs if not isinstance(one, Number)]
        self._ins = tuple([np.full(shape, one.value) if isinstance(one, Number) else one.block() for one in inputs])
        self._state = entry.new_state(parameters, picture.lanes_max)
        self._trial = self._state.copy()
        #: Stamps and epochs that columns were computed from, rows in which they begin, and closed bars that are done.
        self._held: Ints = np.zeros((4, picture.lanes_max), np.int64)
        self._held[:2] = -1
        self._spans: Ints = np.zeros((2 * picture.lanes_max, 5), np.int64)
        filled = sum(array.nbytes for array, one in zip(self._ins, inputs, strict=True) if isinstance(one, Number))
        self.bytes = filled + sum(array.nbytes for array in (*self.blocks, self._state, self._trial, self._spans, self._held))
        usage.bytes += self.bytes

    def freshen(self, step: int) -> None:
        """Compute what is new in the columns of the step; once a step."""
        if self.step == step:
            return
        picture, held = self.picture, self._held
        for one in self._series:
            one.freshen(step)
        if self._torn:
            held[:2] = -1
        # A filter's deadline may strike at any point below: what was planned then counts as done, and is not.
        self._torn = True
        lanes = picture.step_lanes
        closed, forming, anew = DUE.run(lanes, held, picture.ledger, self._spans)
        if anew:
            unsure = self._begin(lanes[held[1, lanes] != picture.epochs[lanes]])
            closed, forming, _ = DUE.run(lanes, held, picture.ledger, self._spans)
            held[1, unsure] = -1
        run = self.entry.kernel.run
        if closed:
            run(self._ins, self.blocks, self._parameters, self._state, self._spans[:closed])
        if forming:
            np.copyto(self._trial, self._state)
            run(self._ins, self.blocks, self._parameters, self._trial, self._spans[len(lanes) : len(lanes) + forming])
        self.usage.misses += closed + forming > 0
        if closed or forming or anew:
            for index, copy in self._copies.items():
                np.copyto(copy, self.blocks[index])
        self._torn = False
        self.step = step

    def answers(self) -> Iterable[Any]:
        """What a call answers for each symbol of the step."""
        answers = [output.views.all for output in self.outputs]
        return answers[0] if len(answers) == 1 else zip(*answers, strict=True)

    def numbers(self, index: int) -> Array:
        """One of the results as float64; conditions and counts are copied, from now on after each change."""
        block = self.blocks[index]
        if block.dtype == np.float64:
            return block
        if index not in self._copies:
            copy = self._copies[index] = block.astype(np.float64)
            self.bytes += copy.nbytes
            self.usage.bytes += copy.nbytes
        return self._copies[index]

    def _begin(self, lanes: Ints) -> Ints:
        """Forget what was computed of these columns, and find out where they begin.

        Returns those that have no closed bar with a value of every input yet: they begin anew each time.
        """
        held, picture = self._held, self.picture
        begins = picture.filled.copy()
        begins[lanes] = 0
        advance([one.block() for one in self._series], begins, picture.filled)
        held[0, lanes] = -1
        held[1, lanes] = picture.epochs[lanes]
        held[2, lanes] = begins[lanes]
        held[3, lanes] = 0
        undefined = min(int(begins[lanes].max()) + self._undefined, picture.rows_max)
        for block in self.blocks:
            block[:undefined, lanes] = self.entry.undefined
        unsure: Ints = lanes[begins[lanes] >= picture.closed[lanes]]
        return unsure

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
