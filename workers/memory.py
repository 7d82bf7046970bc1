"""`ta`, with a memory: an indicator asked for one symbol is computed for all symbols of the step, once, and kept.

A filter's `five.close` is known here by identity: which picture, field and symbol it is. So `ta.rsi(five.close, 14)` finds the
remembered block of RSI(14) over that field, brings its stale columns up to date in one kernel call, and hands out the
symbol's column, which is known in turn: `ta.ema(ta.rsi(five.close, 14), 9)` is remembered as well. The same call again, by
the next trader, is one look-up. Anything else (slices, sums) is computed as a single series and not kept.

Whether something was remembered changes no bit of it: kernels are causal and their lanes independent.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, Final

import numpy as np

from indicators import catalog, checks
from indicators.entry import Entry
from workers.kept import Array, Field, Kept, Number, Output, Series, Usage
from workers.namespaces import record
from workers.picture import Picture
from workers.prepared import Prepared

BYTES_MAX: Final = 256 * 1024**2
#: Calls remembered by identity in one step, for each indicator; a loop over parameters made on the fly must not fill memory.
RECENT_MAX: Final = 20_000
#: Types of numbers that stay what they are; an array of one number does not, and is known by no identity.
PLAIN: Final = (int, float, np.generic)
#: Sets of parameters whose check is remembered.
PARAMETERS_MAX: Final = 2_000


class Memory:
    """All that is remembered in one worker. `ta` is what filters call."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self.usage = Usage()
        self._bytes_max = bytes_max
        self._step = 0
        self._kept: dict[Any, Kept] = {}
        #: Arrays handed out in this step, by identity; the array itself is held, so that its identity stays its own.
        self._known: dict[int, tuple[Array, Series, int]] = {}
        #: Views of this step that are not in `_known` yet; most are never an input.
        self._unknown: list[Series] = []
        self._fields: dict[tuple[Picture, str], Field] = {}
        #: Results of this step by the identities of a call's arguments, for each indicator; all of those are held elsewhere.
        self._recent: dict[str, dict[Any, Any]] = {}
        self._arguments: list[Any] = []
        #: Checked parameters by the identity of what was given, which is held here.
        self._parameters: dict[Any, tuple[Any, ...]] = {}
        self.prepared = Prepared(self._answer, self.usage)
        functions = {name: self._function(entry) for name, entry in catalog.ENTRIES.items()}
        self.ta: Any = record("ta", functions | {alias: functions[name] for alias, name in catalog.ALIASES.items()})

    def begin_step(self) -> None:
        """Columns have moved on: what was handed out is not valid any more, what was computed may be stale."""
        self._step += 1
        self._clear_results()
        self._known.clear()
        self._unknown.clear()
        if self.usage.bytes > self._bytes_max:
            self._drop_oldest()

    def _clear_results(self) -> None:
        for recent in self._recent.values():
            recent.clear()
        self.prepared.clear()
        self._arguments.clear()

    def forget(self, picture: Picture) -> None:
        """A picture is gone: drop all that was computed from it."""
        self._drop([kept for kept in self._kept.values() if kept.picture is picture])
        self._fields = {key: field for key, field in self._fields.items() if key[0] is not picture}

    def field(self, picture: Picture, name: str, lane: int, rows: int) -> Array:
        """The read-only view of one column, known from now on."""
        source = self._fields.get((picture, name))
        if source is None:
            source = self._fields[picture, name] = Field(picture, name)
        self._show(source)
        return self._view(source, lane, rows)

    def _show(self, source: Series) -> None:
        """Make the views of this step for all symbols."""
        if source.views.make(source.picture, self._step):
            self._unknown.append(source)

    def _view(self, source: Series, lane: int, rows: int) -> Array:
        view, is_one_of_all = source.views.of(lane, rows)
        if not is_one_of_all:
            self._known[id(view)] = (view, source, lane)
        return view

    def _whence(self, array: Array) -> tuple[Array, Series, int] | None:
        """Where an array comes from: itself, what it is a column of, and which; None if it was not handed out in this step."""
        known = self._known.get(id(array))
        if known is None and self._unknown:
            for source in self._unknown:
                views, lanes = source.views.all, source.picture.shown.lanes
                self._known.update(zip(map(id, views), zip(views, repeat(source), lanes), strict=False))
            self._unknown.clear()
            known = self._known.get(id(array))
        return known

    def _function(self, entry: Entry) -> Callable[..., Any]:
        recent: dict[Any, Any] = {}
        self._recent[entry.name] = recent
        usage = self.usage
        find = self._find

        def call(*args: Any, **kwargs: Any) -> Any:
            # Identity, not equality: 14 and 14.0 are equal, and one of them is an error that must stay one.
            key = (*map(id, args), *kwargs, *map(id, kwargs.values())) if kwargs else tuple(map(id, args))
            found = recent.get(key)
            if found is None:
                return find(entry, args, kwargs)
            usage.hits += 1
            return found

        call.__name__ = call.__qualname__ = entry.name
        call.__doc__ = entry.summary
        return call

    def _find(self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The first call of its kind in this step: the answer, and with it those for all symbols."""
        series, parameters = self._bound(entry, args, kwargs)
        answer, kept, lane = self._answer(entry, series, parameters)
        if kept is not None and all(isinstance(value, PLAIN) for value in (*args[len(series) :], *kwargs.values())):
            self._remember(self._recent[entry.name], kept, lane, series, args, kwargs)
        return answer

    def _answer(self, entry: Entry, series: tuple[Any, ...], parameters: tuple[Any, ...]) -> tuple[Any, Kept | None, int]:
        """Bring the block of this indicator up to date; None where there is none, and the lane that was asked for."""
        place = self._place_of(entry, series)
        if place is None or entry.sizes(parameters)[0] >= place[1].rows_max:
            # Nothing known, or nothing that could ever have a value: not worth a block.
            return self._compute_one(entry, series, parameters), None, 0
        inputs, picture, lane, rows = place
        kept_key = (entry.name, tuple(one.key for one in inputs), parameters)
        kept = self._kept.get(kept_key)
        if kept is None:
            kept = self._kept[kept_key] = Kept(entry, inputs, parameters, picture, self.usage)
        misses = self.usage.misses
        kept.freshen(self._step)
        self.usage.hits += self.usage.misses == misses
        outputs = kept.outputs
        for output in outputs:
            self._show(output)
        results = tuple([self._view(output, lane, rows) for output in outputs])
        if len(self._recent[entry.name]) >= RECENT_MAX or self.usage.bytes > 2 * self._bytes_max:
            self._forget_results()
            # Released, it answers this call and no other.
            return (results if len(results) > 1 else results[0]), None, lane
        return (results if len(results) > 1 else results[0]), kept, lane

    def _remember(
        self,
        recent: dict[Any, Any],
        kept: Kept,
        lane: int,
        series: tuple[Any, ...],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Note the answers to this call for all symbols, if its series are what those would pass, too."""
        sources = [one for one in kept.inputs if not isinstance(one, Number)]
        given = [value for value, one in zip(series, kept.inputs, strict=True) if not isinstance(one, Number)]
        count = len(kept.inputs)
        if len(args) < count or not all(one.views.holds(lane, value) for one, value in zip(sources, given, strict=True)):
            return
        parts: list[Iterable[Any]] = [
            repeat(id(value)) if isinstance(one, Number) else map(id, one.views.all)
            for one, value in zip(kept.inputs, series, strict=True)
        ]
        parts += [repeat(id(value)) for value in args[count:]]
        parts += [repeat(name) for name in kwargs]
        parts += [repeat(id(value)) for value in kwargs.values()]
        # So that the identities of what was given stay theirs; first, as a deadline may strike in between.
        self._arguments.append((args, kwargs))
        recent.update(zip(zip(*parts, strict=False), kept.answers(), strict=False))

    def _bound(self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """`entry.bind`, done once for the same parameters; the same objects, so that equal ones of a wrong type stay wrong."""
        inputs = len(entry.inputs)
        if len(args) < inputs:
            return entry.bind(args, kwargs)
        given = args[inputs:]
        if not all(isinstance(value, PLAIN) for value in (*given, *kwargs.values())):
            return entry.bind(args, kwargs)
        key = (entry.name, *map(id, given), *kwargs, *map(id, kwargs.values()))
        found = self._parameters.get(key)
        if found is None:
            _, parameters = entry.bind(args, kwargs)
            if len(self._parameters) >= PARAMETERS_MAX:
                self._parameters.clear()
            found = self._parameters[key] = (parameters, given, kwargs)
        return args[:inputs], found[0]

    def _place_of(self, entry: Entry, series: tuple[Any, ...]) -> tuple[tuple[Series | Number, ...], Picture, int, int] | None:
        """Where the series of a call come from: columns of one symbol, of one picture and of one length; or None."""
        inputs: list[Series | Number] = []
        home: tuple[Picture, int, int] | None = None
        for value, name in zip(series, entry.inputs, strict=True):
            if type(value) is not np.ndarray:
                if not entry.takes_numbers or np.ndim(value) or value != value:
                    return None
                inputs.append(Number(checks.number(value, entry.name, name)))
                continue
            known = self._whence(value)
            if known is None or (value.dtype == np.bool_ and name != checks.CONDITION):
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

    def _drop(self, dropped: Sequence[Kept]) -> None:
        """Forget these, and what was computed from them."""
        gone = set(map(id, dropped))
        while True:
            heirs = {
                id(kept)
                for kept in self._kept.values()
                if any(isinstance(one, Output) and id(one.kept) in gone for one in kept.inputs)
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
        # In this order, as a deadline may strike in between: nobody is to find what is gone already, and results are found by
        # the identities of series that live as long as what is kept.
        self._clear_results()
        dropped, self._kept = list(self._kept.values()), {}
        self.usage.bytes = 0
        self._unknown = [source for source in self._unknown if isinstance(source, Field)]
        self._known = {key: known for key, known in self._known.items() if isinstance(known[1], Field)}
        for kept in dropped:
            kept.release()
