"""The traders of this engine: which version of each runs, is coming, waits, is paused or refused. Pure bookkeeping.

A trader's row in the database becomes a *version* here, known to workers by its `filter_id`. A worker's report says what the
code reads; then the version can be planned. A new version replaces the running one when it is planned, not before; a version
that is refused leaves the running one in place.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.base.errors import TraderError
from engine.base.types import INTERVAL_MS
from engine.feeds import universe
from engine.supervisor.conduct import Conduct
from engine.traders import spec
from engine.traders.definition import TraderDefinition
from engine.traders.pause import Pause
from engine.traders.refusal import Refusal
from engine.traders.schedule import Plan
from engine.traders.store import Problem
from engine.wire.messages import FilterLoaded, FilterRefusal, LoadFilter


@dataclass(slots=True)
class Version:
    """One version of one trader; `plan` is None until a worker has told what its code reads."""

    filter_id: int
    definition: TraderDefinition
    plan: Plan | None = None
    #: Names, most traded first; the schedule gets those whose history is there.
    symbols: tuple[str, ...] = ()
    intervals: tuple[str, ...] = ()
    #: Interval that a signal names: the driving one, or the shortest the filter reads.
    interval: str = ""
    said_symbols: tuple[str, ...] = ()
    #: Instant at which a symbol came up in the ranking, for those that did while this version ran.
    entered_ms: dict[str, int] = field(default_factory=dict)
    #: Instant before which nothing is asked: when it was resumed. What closed during a pause is nobody's signal.
    begins_ms: int = 0
    lookback: int = 0

    def begin_ms(self, symbol: str, since_ms: int) -> int:
        """The instant after which a symbol is asked about, which was asked about last at `since_ms`."""
        return max(since_ms, self.entered_ms.get(symbol, 0), self.begins_ms)


@dataclass(slots=True)
class Trader:
    """One trader, with what its owner should know."""

    id: str
    name: str
    running: Version | None = None
    coming: Version | None = None
    problem: str = ""
    #: Of the newest version, when that does not run; an older one may.
    refusal: Refusal | None = None
    pause: Pause | None = None
    #: When the database took the pause, on the monotonic clock; 0 while it has not.
    pause_stored_s: float = 0.0
    conduct: Conduct = field(default_factory=Conduct)
    faults: int = 0
    last_fault: str = ""
    strikes: int = 0
    matches: int = 0
    cpu_us: int = 0
    waiting_symbols: set[str] = field(default_factory=set)

    def refused(self, version: int) -> bool:
        """Whether that version was refused: it is not tried again."""
        return self.refusal is not None and self.refusal.version == version

    @property
    def state(self) -> str:
        """`running`, `waiting` (for history or its first worker), `paused` or `refused`."""
        if self.pause is not None:
            return "paused"
        if self.running is None:
            return "refused" if self.problem else "waiting"
        return "waiting" if self.waiting_symbols and len(self.waiting_symbols) == len(self.running.symbols) else "running"


class Move(NamedTuple):
    """Symbols that a running version asks about from now on, and others that it does not any more."""

    version: Version
    came: frozenset[str]
    left: frozenset[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """What follows from a look at the database: filters to load on workers, and filters to forget."""

    load: tuple[LoadFilter, ...] = ()
    forget: tuple[int, ...] = ()
    #: Traders whose pause is over.
    resumed: tuple[Trader, ...] = ()


class Pauses(NamedTuple):
    """What the database says of pauses: by trader id, and when it was asked, on the monotonic clock."""

    found: Mapping[str, Pause]
    asked_s: float
    #: The same moment on the exchange's clock.
    asked_ms: int = 0


NO_PAUSES = Pauses({}, 0.0)


class Roster:
    """All traders of the engine's user."""

    def __init__(self, default_interval: str, screening_ms: int = 0) -> None:
        self._default_interval = default_interval
        self._screening_ms = screening_ms
        self._next_filter_id = 1
        self.traders: dict[str, Trader] = {}
        self._versions: dict[int, Version] = {}

    def update(
        self, definitions: Iterable[TraderDefinition], problems: Mapping[str, Problem], pauses: Pauses = NO_PAUSES
    ) -> Changes:
        """Take in all rows; `problems` are invalid rows by id. Rows that are gone or disabled are forgotten."""
        wanted = {definition.id: definition for definition in definitions if definition.enabled}
        forget = [
            filter_id
            for trader_id in self.traders.keys() - wanted.keys() - problems.keys()
            for filter_id in self._forget(trader_id)
        ]
        load, resumed = [], []
        for definition in wanted.values():
            trader = self.traders.setdefault(definition.id, Trader(definition.id, definition.name))
            was_paused, before = trader.pause is not None, trader.running
            forget += self._settle_pause(trader, definition, pauses)
            if trader.pause is not None:
                continue
            if was_paused:
                resumed.append(trader)
            newest = trader.coming or trader.running
            if newest is not None and newest.definition.version == definition.version:
                continue
            if trader.refused(definition.version):
                if was_paused and before is not None:
                    # Of a trader whose newest version is refused it is the older one that was resumed.
                    trader.coming = self._new_version(before.definition)
                    trader.coming.begins_ms = pauses.asked_ms
                    load.append(self._message(trader.coming))
                continue
            if trader.coming is not None:
                forget.append(trader.coming.filter_id)
                self._versions.pop(trader.coming.filter_id)
            version = self._new_version(definition)
            version.begins_ms = pauses.asked_ms if was_paused else 0
            trader.name, trader.coming, trader.problem, trader.refusal = definition.name, version, "", None
            load.append(self._message(version))
        for trader_id, (name, reason) in problems.items():
            self.traders.setdefault(trader_id, Trader(trader_id, name)).problem = reason
        return Changes(tuple(load), tuple(forget), tuple(resumed))

    def _settle_pause(self, trader: Trader, definition: TraderDefinition, pauses: Pauses) -> list[int]:
        """Paused from now on, still, or not any more, as the database says, if it knew when it was asked.

        Returns filters to forget: whatever comes after a pause begins anew.
        """
        stored = pauses.found.get(definition.id)
        if trader.pause is None:
            if stored is not None and stored.holds(definition.version) and trader.running is None and trader.coming is None:
                trader.pause, trader.pause_stored_s = stored, pauses.asked_s
            return []
        known = 0.0 < trader.pause_stored_s < pauses.asked_s
        # A newer version that is refused changes nothing for the one that was paused.
        newest = trader.pause.version if trader.refused(definition.version) else definition.version
        if trader.pause.holds(newest) and not (known and stored is None):
            return []
        gone = [version.filter_id for version in (trader.running, trader.coming) if version is not None]
        for filter_id in gone:
            self._versions.pop(filter_id, None)
        trader.running = trader.coming = trader.pause = None
        trader.pause_stored_s, trader.strikes, trader.conduct = 0.0, 0, Conduct()
        return gone

    def _message(self, version: Version) -> LoadFilter:
        definition = version.definition
        return LoadFilter(
            version.filter_id, definition.name, definition.code, definition.intervals, default_interval=self._default_interval
        )

    def _new_version(self, definition: TraderDefinition) -> Version:
        version = Version(self._next_filter_id, definition)
        self._next_filter_id += 1
        self._versions[version.filter_id] = version
        return version

    def _forget(self, trader_id: str) -> list[int]:
        trader = self.traders.pop(trader_id)
        gone = [version.filter_id for version in (trader.running, trader.coming) if version is not None]
        for filter_id in gone:
            self._versions.pop(filter_id, None)
        return gone

    def version(self, filter_id: int) -> Version | None:
        """The version behind a filter id, while it is known."""
        return self._versions.get(filter_id)

    def trader_of(self, filter_id: int) -> Trader | None:
        """The trader behind a filter id, while it is known."""
        version = self._versions.get(filter_id)
        return self.traders.get(version.definition.id) if version is not None else None

    def plan(self, loaded: FilterLoaded, ranked: Sequence[str], known: frozenset[str]) -> tuple[Version, Version | None] | None:
        """A worker has loaded a filter: plan that version and make it the running one.

        Returns it and the version it replaces, or None when it is not wanted any more, is planned already, or says something
        that cannot be planned (then the trader carries the problem).
        """
        version = self._versions.get(loaded.filter_id)
        trader = self.trader_of(loaded.filter_id)
        if version is None or trader is None or trader.coming is not version:
            return None
        try:
            self._plan(version, loaded, ranked, known)
        except TraderError as error:
            self._refuse(trader, version, Refusal(version.definition.version, str(error)))
            return None
        replaced, trader.running, trader.coming = trader.running, version, None
        if replaced is not None:
            self._versions.pop(replaced.filter_id)
            trader.strikes, trader.conduct = 0, Conduct()
        return version, replaced

    def _plan(self, version: Version, loaded: FilterLoaded, ranked: Sequence[str], known: frozenset[str]) -> None:
        definition = version.definition
        read = spec.sorted_intervals([*loaded.intervals, *definition.intervals])
        refresh = spec.parse_refresh(loaded.refresh or definition.refresh or self._refresh_of(read))
        intervals = spec.sorted_intervals([*read, *([refresh.interval] if refresh.interval else [])])
        if not intervals:
            intervals = (self._default_interval,)
        version.said_symbols = tuple(loaded.symbols or definition.symbols)
        version.symbols = spec.choose_symbols(version.said_symbols, ranked, known)
        version.intervals = intervals
        version.interval = refresh.interval or intervals[0]
        version.lookback = loaded.lookback
        lengths = frozenset(INTERVAL_MS[name] for name in intervals)
        version.plan = Plan(version.filter_id, refresh.length_ms, lengths, refresh.seconds)

    def rank_again(self, ranked: Sequence[str]) -> list[Move]:
        """The universe is ranked anew: running versions that say top:N take in who came up, and let go of who fell back."""
        moves = []
        for version in self.running():
            number = spec.top_of(version.said_symbols)
            if not number:
                continue
            before, after = version.symbols, tuple(universe.hold(number, ranked, version.symbols))
            version.symbols = after
            move = Move(version, frozenset(after) - frozenset(before), frozenset(before) - frozenset(after))
            if move.came or move.left:
                moves.append(move)
        return moves

    def _refresh_of(self, intervals: Sequence[str]) -> str:
        """A trader that states no refresh runs at the closes of its shortest interval, or as the deployment asks."""
        if self._screening_ms >= 1_000:
            return f"{self._screening_ms // 1_000}s"
        return intervals[0] if intervals else self._default_interval

    def refuse(self, refusal: FilterRefusal) -> Trader | None:
        """A worker refused a filter; its trader is told, an older version goes on."""
        version = self._versions.get(refusal.filter_id)
        trader = self.trader_of(refusal.filter_id)
        if version is None or trader is None or trader.coming is not version:
            return None
        self._refuse(trader, version, Refusal.by_worker(version.definition.version, refusal))
        return trader

    def _refuse(self, trader: Trader, version: Version, refusal: Refusal) -> None:
        trader.refusal = refusal
        trader.problem = refusal.text(trader.running.definition.version if trader.running is not None else None)
        if trader.running is not None:
            self._versions.pop(version.filter_id, None)
            trader.coming = None

    def pause(self, filter_id: int, kind: str, reason: str, now_ms: int) -> Trader | None:
        """Stop a trader until its owner changes or resumes it; None when there is nothing new to tell.

        A trader that is paused is stopped harder where the circuit breaker says so: answers that were on their way count.
        """
        version, trader = self._versions.get(filter_id), self.trader_of(filter_id)
        if version is None or trader is None:
            return None
        if trader.pause is not None and (trader.pause.kind == "breaker" or kind != "breaker"):
            return None
        if trader.coming is version and trader.running is not None:
            # The version before it does nothing wrong: it goes on.
            self._refuse(trader, version, Refusal(version.definition.version, reason))
            return None
        trader.pause = Pause(trader.id, version.definition.version, kind, reason, now_ms)
        trader.pause_stored_s = 0.0
        return trader

    def pause_stored(self, trader_id: str) -> None:
        """The database has the pause of this trader: from now on it may say that it is over."""
        trader = self.traders.get(trader_id)
        if trader is not None and trader.pause is not None:
            trader.pause_stored_s = time.monotonic()

    def running(self) -> list[Version]:
        """Versions that are planned and not paused."""
        return [trader.running for trader in self.traders.values() if trader.running is not None and trader.pause is None]

    def needed(self) -> dict[str, set[str]]:
        """Intervals by symbol that the running versions read: the wish that the feed fulfils."""
        needed: dict[str, set[str]] = {}
        for version in self.running():
            for symbol in version.symbols:
                needed.setdefault(symbol, set()).update(version.intervals)
        return needed
