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
from workers.kept import Array, Field, Kept, Number, Output, Series, Usage
from workers.namespaces import record
from workers.picture import Picture

BYTES_MAX: Final = 96 * 1024 * 1024
#: Calls remembered by identity in one step, for each indicator; a loop over parameters made on the fly must not fill memory.
RECENT_MAX: Final = 20_000
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
        self._fields: dict[tuple[Picture, str], Field] = {}
        self._recent: list[dict[Any, Any]] = []
        #: The way from a call to its block, by the identity of source and parameters, which are held beside it. The same for
        #: all symbols, so only the first of them pays for finding it.
        self._routes: dict[Any, tuple[Kept, Series, tuple[Any, ...]]] = {}
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
        self._routes.clear()

    def field(self, picture: Picture, name: str, lane: int, rows: int) -> Array:
        """The read-only view of one column, known from now on."""
        source = self._fields.get((picture, name))
        if source is None:
            source = self._fields[picture, name] = Field(picture, name)
        return self._hand_out(source, lane, rows)

    def _hand_out(self, source: Series, lane: int, rows: int) -> Array:
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
        first = self._known.get(id(args[0])) if args else None
        if first is None or kwargs or len(entry.inputs) > 1:
            return self._find(entry, recent, key, args, kwargs)
        column, source, lane = first
        route_key = (entry.name, id(source), key[1:])
        route = self._routes.get(route_key)
        if route is not None:
            return self._answer(route[0], lane, len(column), recent, key, args, kwargs)
        result = self._find(entry, recent, key, args, kwargs)
        kept = self._kept.get((entry.name, (source.key,), self._bound(entry, args, kwargs)[1]))
        if kept is not None:
            if len(self._routes) >= PARAMETERS_MAX:
                self._routes.clear()
            self._routes[route_key] = (kept, source, args[1:])
        return result

    def _find(self, entry: Entry, recent: dict[Any, Any], key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The long way, for any kind of call."""
        series, parameters = self._bound(entry, args, kwargs)
        place = self._place_of(entry, series)
        if place is None:
            return self._compute_one(entry, series, parameters)
        inputs, picture, lane, rows = place
        kept_key = (entry.name, tuple(one.key for one in inputs), parameters)
        kept = self._kept.get(kept_key)
        if kept is None:
            kept = self._kept[kept_key] = Kept(entry, inputs, parameters, picture, self.usage)
        return self._answer(kept, lane, rows, recent, key, args, kwargs)

    def _answer(
        self, kept: Kept, lane: int, rows: int, recent: dict[Any, Any], key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """One symbol's columns of a block that is brought up to date."""
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
        self._routes.clear()
        self.usage.bytes = sum(kept.bytes for kept in self._kept.values())

    def _forget_results(self) -> None:
        """In the middle of a step: let go of all results. What filters hold of them stays right but is not known any more."""
        for kept in self._kept.values():
            kept.release()
        self._kept.clear()
        self._routes.clear()
        self._known = {key: known for key, known in self._known.items() if isinstance(known[1], Field)}
        for recent in self._recent:
            recent.clear()
        self.usage.bytes = 0
