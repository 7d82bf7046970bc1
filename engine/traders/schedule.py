"""When each trader is due: the closing rule of the contract, as a pure state machine.

Close-driven traders: a symbol is asked as of the instant T (a multiple of the trader's refresh) once every interval its
filter reads that closes at T has its bar; not before, and independent of other symbols. Instants are taken in order, none
is left out: if the bars of three closes arrive at once, three evaluations follow. Time-driven traders are asked about all
their symbols every so many seconds of exchange time, but those whose forming bars are not fresh: these are passed over.

Traders with the same refresh and the same intervals are due together, so they share a cohort and one readiness check.
Not here: clocks, sockets, the filters themselves, and what becomes of an answer.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol


class Bars(Protocol):
    """What the schedule asks of the candles."""

    def newest_close_ms(self, symbol: int, length_ms: int) -> int:
        """Instant at which the newest closed bar of that series closed, or 0 while there is none."""

    def has_bar(self, symbol: int, length_ms: int, open_ms: int) -> bool:
        """Whether that series holds the bar; at the exchange's own outages there is none."""

    def is_live(self, symbol: int, length_ms: int) -> bool:
        """Whether that series is up to the present, its forming bar included."""


class Due(NamedTuple):
    """Ask these filters about this symbol as of this instant."""

    symbol: int
    as_of_ms: int
    forming: bool
    filter_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the schedule must know of one trader; `filter_id` stands for one version of it."""

    filter_id: int
    #: Length of the interval whose closes drive it, or the pause between two runs when `seconds` is set.
    refresh_ms: int
    #: Lengths of all intervals that the filter reads or that drive it.
    lengths_ms: frozenset[int]
    seconds: bool = False


@dataclass(slots=True)
class _Cohort:
    """Traders that are due at the same instants; the driving interval is among `lengths_ms`."""

    refresh_ms: int
    lengths_ms: tuple[int, ...]
    #: Filters asked about a symbol, in a fixed order.
    filters: dict[int, tuple[int, ...]] = field(default_factory=dict)
    #: Last instant given out, per symbol.
    cursor_ms: dict[int, int] = field(default_factory=dict)
    #: Filters that have already been asked beyond the cursor, per symbol: asked again only after that instant.
    ahead_ms: dict[int, dict[int, int]] = field(default_factory=dict)

    def add(self, filter_id: int, symbol: int, since_ms: int) -> None:
        members = self.filters.get(symbol, ())
        if filter_id in members:
            return
        cursor = self.cursor_ms.get(symbol) if members else None
        if cursor is None:
            self.cursor_ms[symbol] = since_ms
        elif since_ms < cursor:
            self.cursor_ms[symbol] = since_ms
            waiting = self.ahead_ms.setdefault(symbol, {})
            for member in members:
                waiting.setdefault(member, cursor)
        elif since_ms > cursor:
            self.ahead_ms.setdefault(symbol, {})[filter_id] = since_ms
        self.filters[symbol] = (*members, filter_id)

    def remove(self, filter_id: int, symbol: int) -> None:
        left = tuple(member for member in self.filters.get(symbol, ()) if member != filter_id)
        self.ahead_ms.get(symbol, {}).pop(filter_id, None)
        if left:
            self.filters[symbol] = left
            return
        for table in (self.filters, self.cursor_ms, self.ahead_ms):
            table.pop(symbol, None)

    def advance(self, symbol: int, bars: Bars) -> Iterable[Due]:
        """Every instant after the cursor that is complete, oldest first; stops at the first that is not.

        An instant at which no bar of the refresh interval closed, because the exchange made none, is passed over.
        """
        as_of_ms = self.cursor_ms[symbol] + self.refresh_ms
        while all(bars.newest_close_ms(symbol, length) >= as_of_ms - as_of_ms % length for length in self.lengths_ms):
            self.cursor_ms[symbol] = as_of_ms
            filters = self._asked(symbol, as_of_ms)
            if filters and bars.has_bar(symbol, self.refresh_ms, as_of_ms - self.refresh_ms):
                yield Due(symbol, as_of_ms, False, filters)
            as_of_ms += self.refresh_ms

    def _asked(self, symbol: int, as_of_ms: int) -> tuple[int, ...]:
        members = self.filters[symbol]
        ahead = self.ahead_ms.get(symbol)
        if not ahead:
            return members
        for filter_id in [member for member, until_ms in ahead.items() if until_ms < as_of_ms]:
            del ahead[filter_id]
        return tuple(member for member in members if member not in ahead)


class Schedule:
    """All traders of an engine; told of closed bars and of time, it answers with who is due."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._plans: dict[int, Plan] = {}
        self._symbols: dict[int, set[int]] = {}
        self._cohorts: dict[tuple[int, frozenset[int]], _Cohort] = {}
        self._by_length: dict[int, list[_Cohort]] = {}
        self._next_run_ms: dict[int, int] = {}

    def add(self, plan: Plan, symbols: Iterable[int], since_ms: Callable[[int], int]) -> None:
        """Put a trader on the schedule for more symbols; `since_ms(symbol)` is the last instant it was asked about each.

        Close-driven: instants after it are due, the first of them as soon as it is complete, which may be at once
        (`catch_up`). Symbols that are on the schedule already stay as they are.
        """
        self._plans[plan.filter_id] = plan
        known = self._symbols.setdefault(plan.filter_id, set())
        fresh = [symbol for symbol in symbols if symbol not in known]
        known.update(fresh)
        if plan.seconds:
            self._next_run_ms.setdefault(plan.filter_id, 0)
            return
        cohort = self._cohort(plan)
        for symbol in fresh:
            since = since_ms(symbol)
            cohort.add(plan.filter_id, symbol, since - since % plan.refresh_ms)

    def remove(self, filter_id: int, symbols: Iterable[int] | None = None) -> None:
        """Take a trader off the schedule, whole or for some symbols."""
        plan = self._plans.get(filter_id)
        if plan is None:
            return
        known = self._symbols[filter_id]
        gone = set(known if symbols is None else symbols) & known
        known -= gone
        if not plan.seconds:
            cohort = self._cohort(plan)
            for symbol in gone:
                cohort.remove(filter_id, symbol)
            if not cohort.filters:
                self._drop_cohort(plan)
        if not known:
            for table in (self._plans, self._symbols, self._next_run_ms):
                table.pop(filter_id, None)

    def closed(self, symbol: int, length_ms: int) -> list[Due]:
        """A bar of that series has closed: who is due now."""
        due: list[Due] = []
        for cohort in self._by_length.get(length_ms, ()):
            if symbol in cohort.cursor_ms:
                due.extend(cohort.advance(symbol, self._bars))
        return due

    def catch_up(self, symbols: Iterable[int]) -> list[Due]:
        """Instants of these symbols that are complete already, for traders that were added or woke up behind."""
        wanted = set(symbols)
        due: list[Due] = []
        for cohort in self._cohorts.values():
            for symbol in wanted & cohort.cursor_ms.keys():
                due.extend(cohort.advance(symbol, self._bars))
        return due

    def time_driven(self, now_ms: int) -> list[Due]:
        """Runs of time-driven traders that are due at `now_ms`; missed runs are not made up for."""
        due: list[Due] = []
        for filter_id, run_ms in self._next_run_ms.items():
            if now_ms < run_ms:
                continue
            plan = self._plans[filter_id]
            self._next_run_ms[filter_id] = now_ms - now_ms % plan.refresh_ms + plan.refresh_ms
            ready = (symbol for symbol in sorted(self._symbols[filter_id]) if self._is_fresh(symbol, plan.lengths_ms))
            due.extend(Due(symbol, now_ms, True, (filter_id,)) for symbol in ready)
        return due

    def next_run_ms(self) -> int | None:
        """Exchange time of the next time-driven run, if there is one."""
        return min(self._next_run_ms.values(), default=None)

    def waiting(self, filter_id: int) -> set[int]:
        """Symbols of a trader that have no bars yet in some interval it reads."""
        lengths = self._plans[filter_id].lengths_ms
        return {symbol for symbol in self._symbols[filter_id] if not self._has_bars(symbol, lengths)}

    def _has_bars(self, symbol: int, lengths_ms: Iterable[int]) -> bool:
        return all(self._bars.newest_close_ms(symbol, length) for length in lengths_ms)

    def _is_fresh(self, symbol: int, lengths_ms: Iterable[int]) -> bool:
        return all(self._bars.newest_close_ms(symbol, length) and self._bars.is_live(symbol, length) for length in lengths_ms)

    def _cohort(self, plan: Plan) -> _Cohort:
        key = (plan.refresh_ms, plan.lengths_ms)
        cohort = self._cohorts.get(key)
        if cohort is None:
            cohort = self._cohorts[key] = _Cohort(plan.refresh_ms, tuple(sorted(plan.lengths_ms)))
            for length in cohort.lengths_ms:
                self._by_length.setdefault(length, []).append(cohort)
        return cohort

    def _drop_cohort(self, plan: Plan) -> None:
        cohort = self._cohorts.pop((plan.refresh_ms, plan.lengths_ms))
        for length in cohort.lengths_ms:
            self._by_length[length].remove(cohort)
