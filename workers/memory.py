"""`ta`, with a memory: an indicator asked for one symbol is computed for all symbols of the step, once, and kept.

A filter's `five.close` is known here by identity: which picture, field and symbol it is. So `ta.rsi(five.close, 14)` finds the
remembered block of RSI(14) over that field, brings its stale columns up to date in one kernel call, and hands out the
symbol's column, which is known in turn: `ta.ema(ta.rsi(five.close, 14), 9)` is remembered as well. The same call again, by
the next trader, is one look-up. Anything else (slices, sums) is computed as a single series and not kept.

Whether something was remembered changes no bit of it: kernels are causal and their lanes independent.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from indicators import catalog, checks
from indicators.entry import Entry
from workers.namespaces import record
from workers.picture import Ints, Picture

BYTES_MAX: Final = 96 * 1024 * 1024
#: Calls remembered by identity in one step, for each indicator; a loop over parameters made on the fly must not fill memory.
RECENT_MAX: Final = 20_000
#: Sets of parameters whose check is remembered.
PARAMETERS_MAX: Final = 2_000

Array = np.ndarray[Any, np.dtype[Any]]


def _columns(block: Array) -> list[Array]:
    """Read-only views of all columns, made at once; a part of one is then the cheapest view there is."""
    guarded = block.view()
    guarded.flags.writeable = False
    return list(guarded.T)


class _Field:
    """A column of the picture itself: always up to date."""

    __slots__ = ("columns", "key", "name", "picture")

    def __init__(self, picture: Picture, name: str) -> None:
        self.picture = picture
        self.name = name
        self.key = (picture, name)
        self.columns = _columns(picture.blocks[name])

    def freshen(self, _lane: int) -> None:
        """Nothing to do."""

    def block(self) -> Array:
        return self.picture.blocks[self.name]

    def stamps(self) -> Ints:
        return self.picture.stamps


class _Output:
    """One of the results of a remembered indicator."""

    __slots__ = ("index", "kept", "key", "picture")

    def __init__(self, kept: "_Kept", index: int) -> None:
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


class _Number:
    """A number in the place of a series; only conditions take one."""

    __slots__ = ("key", "value")

    def __init__(self, value: float) -> None:
        self.value = value
        self.key = ("number", value)


_Series = _Field | _Output


class _Kept:
    """An indicator over all columns of a picture: its result blocks, and for each column the stamp it was computed at."""

    __slots__ = ("blocks", "columns", "entry", "inputs", "key", "outputs", "parameters", "picture", "stamps", "step", "usage")

    def __init__(
        self, entry: Entry, inputs: tuple[_Series | _Number, ...], parameters: tuple[Any, ...], picture: Picture, usage: "Usage"
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
        self.outputs = tuple([_Output(self, index) for index in range(len(entry.outputs))])
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
        series = [one for one in self.inputs if not isinstance(one, _Number)]
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

    def _compute_all(self, series: Sequence[_Series], rows: int) -> None:
        blocks = [one.value if isinstance(one, _Number) else one.block()[:rows] for one in self.inputs]
        self._keep(list(self.entry.compute(*blocks, **self.parameters)))
        fresh = self.picture.stamps.copy()
        for one in series:
            fresh[one.stamps() != self.picture.stamps] = -1
        self.stamps = fresh

    def _compute_some(self, stale: Ints) -> None:
        rows = int(self.picture.filled[stale].max())
        blocks = [
            one.value if isinstance(one, _Number) else np.ascontiguousarray(one.block()[:rows].take(stale, axis=1))
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
        self.columns = [_columns(block) for block in blocks]

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


class Memory:
    """All that is remembered in one worker. `ta` is what filters call."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self.usage = Usage()
        self._bytes_max = bytes_max
        self._step = 0
        self._kept: dict[Any, _Kept] = {}
        #: Arrays handed out in this step, by identity; the array itself is held, so that its identity stays its own.
        self._known: dict[int, tuple[Array, _Series, int]] = {}
        self._fields: dict[tuple[Picture, str], _Field] = {}
        self._recent: list[dict[Any, Any]] = []
        #: Checked parameters by the identity of what was given, which is held here.
        self._parameters: dict[Any, tuple[Any, ...]] = {}
        self.ta: Any = record("ta", {name: self._function(entry) for name, entry in catalog.ENTRIES.items()})

    def begin_step(self) -> None:
        """Columns have moved on: what was handed out is not valid any more, what was computed may be stale."""
        self._step += 1
        self._known.clear()
        for recent in self._recent:
            recent.clear()
        if self.usage.bytes > self._bytes_max:
            self._drop_oldest()

    def forget(self, picture: Picture) -> None:
        """A picture is gone: drop all that was computed from it."""
        self._drop([kept for kept in self._kept.values() if kept.picture is picture])
        self._fields = {key: field for key, field in self._fields.items() if key[0] is not picture}

    def field(self, picture: Picture, name: str, lane: int, rows: int) -> Array:
        """The read-only view of one column, known from now on."""
        source = self._fields.get((picture, name))
        if source is None:
            source = self._fields[picture, name] = _Field(picture, name)
        return self._hand_out(source, lane, rows)

    def _hand_out(self, source: _Series, lane: int, rows: int) -> Array:
        column = source.columns[lane][:rows]
        self._known[id(column)] = (column, source, lane)
        return column

    def _function(self, entry: Entry) -> Callable[..., Any]:
        recent: dict[Any, Any] = {}
        self._recent.append(recent)
        usage = self.usage
        remember = self._remember

        def call(*args: Any, **kwargs: Any) -> Any:
            # Identity, not equality: 14 and 14.0 are equal, and one of them is an error that must stay one.
            key = (*map(id, args), *kwargs, *map(id, kwargs.values())) if kwargs else tuple(map(id, args))
            found = recent.get(key)
            if found is None:
                return remember(entry, recent, key, args, kwargs)
            usage.hits += 1
            return found[0]

        call.__name__ = call.__qualname__ = entry.name
        call.__doc__ = entry.summary
        return call

    def _remember(self, entry: Entry, recent: dict[Any, Any], key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        series, parameters = self._bound(entry, args, kwargs)
        place = self._place_of(entry, series)
        if place is None:
            return self._compute_one(entry, series, parameters)
        inputs, picture, lane, rows = place
        kept_key = (entry.name, tuple(one.key for one in inputs), parameters)
        kept = self._kept.get(kept_key)
        if kept is None:
            kept = self._kept[kept_key] = _Kept(entry, inputs, parameters, picture, self.usage)
        misses = self.usage.misses
        kept.freshen(lane)
        self.usage.hits += self.usage.misses == misses
        kept.step = self._step
        results = tuple([self._hand_out(output, lane, rows) for output in kept.outputs])
        result = results[0] if len(results) == 1 else results
        if len(recent) >= RECENT_MAX or self.usage.bytes > 2 * self._bytes_max:
            self._forget_results()
        # The arguments are held as well, so that their identities stay theirs.
        recent[key] = (result, args, kwargs)
        return result

    def _bound(self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """`entry.bind`, done once for the same parameters; the same objects, so that equal ones of a wrong type stay wrong."""
        inputs = len(entry.inputs)
        if len(args) < inputs:
            return entry.bind(args, kwargs)
        given = args[inputs:]
        key = (entry.name, *map(id, given), *kwargs, *map(id, kwargs.values()))
        found = self._parameters.get(key)
        if found is None:
            _, parameters = entry.bind(args, kwargs)
            if len(self._parameters) >= PARAMETERS_MAX:
                self._parameters.clear()
            found = self._parameters[key] = (parameters, given, kwargs)
        return args[:inputs], found[0]

    def _place_of(self, entry: Entry, series: tuple[Any, ...]) -> tuple[tuple[_Series | _Number, ...], Picture, int, int] | None:
        """Where the series of a call come from: columns of one symbol, of one picture and of one length; or None."""
        inputs: list[_Series | _Number] = []
        home: tuple[Picture, int, int] | None = None
        for value, name in zip(series, entry.inputs, strict=True):
            if type(value) is not np.ndarray:
                if not entry.boolean or np.ndim(value) or value != value:
                    return None
                inputs.append(_Number(checks.number(value, entry.name, name)))
                continue
            known = self._known.get(id(value))
            if known is None:
                return None
            source, lane = known[1], known[2]
            place = (source.picture, lane, len(value))
            if home is not None and home != place:
                return None
            home = place
            inputs.append(source)
        return None if home is None else (tuple(inputs), *home)

    def _compute_one(self, entry: Entry, series: tuple[Any, ...], parameters: tuple[Any, ...]) -> Any:
        self.usage.misses += 1
        result = entry(series, parameters)
        for array in result if isinstance(result, tuple) else (result,):
            array.flags.writeable = False
        return result

    def _drop_oldest(self) -> None:
        """Make room, least recently used first, down to three quarters."""
        oldest = sorted(self._kept.values(), key=lambda kept: kept.step)
        left = self.usage.bytes
        dropped = []
        for kept in oldest:
            if left <= self._bytes_max * 3 // 4:
                break
            left -= kept.bytes
            dropped.append(kept)
        self._drop(dropped)

    def _drop(self, dropped: Sequence[_Kept]) -> None:
        """Forget these, and what was computed from them."""
        gone = set(map(id, dropped))
        while True:
            heirs = {
                id(kept)
                for kept in self._kept.values()
                if any(isinstance(one, _Output) and id(one.kept) in gone for one in kept.inputs)
            }
            if heirs <= gone:
                break
            gone |= heirs
        for kept in self._kept.values():
            if id(kept) in gone:
                kept.release()
        self._kept = {key: kept for key, kept in self._kept.items() if id(kept) not in gone}
        self.usage.bytes = sum(kept.bytes for kept in self._kept.values())

    def _forget_results(self) -> None:
        """In the middle of a step: let go of all results. What filters hold of them stays right but is not known any more."""
        for kept in self._kept.values():
            kept.release()
        self._kept.clear()
        self._known = {key: known for key, known in self._known.items() if isinstance(known[1], _Field)}
        for recent in self._recent:
            recent.clear()
        self.usage.bytes = 0
