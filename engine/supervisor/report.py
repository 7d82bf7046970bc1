"""What an engine knows of itself at one moment: the numbers and problems of its parts, gathered for whoever asks.

It asks the parts and changes none of them. How the facts look stands in `state`, `health` and `figures`. Parts come one after
another while the engine starts, and it may be asked from the first of them on.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from engine.base.clock import ExchangeClock, iso_utc
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS
from engine.candles.writer import Writer
from engine.feeds.feed import Feed
from engine.feeds.listing import Halt
from engine.supervisor import feed_facts, figures, state
from engine.supervisor.desk import Desk, tell_released
from engine.supervisor.feed_facts import FeedFacts
from engine.supervisor.health import Health
from engine.supervisor.roster import Roster
from engine.supervisor.screening import Screening
from engine.supervisor.store import Store
from engine.supervisor.symbols import SymbolWatch
from engine.supervisor.waiting import Waits, waiting_for
from engine.supervisor.workforce import Workforce
from engine.telemetry.metrics import Sample

#: Bars per second are counted over so long.
RATE_WINDOW_S = 5.0
#: Pause between two looks at everything, which tell since when a part has been as it is.
LOOK_PAUSE_S = 2.0
#: The feeds are asked again no sooner: to describe 3,000 series that are not live takes 30 ms.
GATHER_PAUSE_S = 0.5
PROBLEMS_KEPT = 10


class Report:
    """The facts of one engine; `phase` tells where its life stands."""

    def __init__(self, settings: Settings, clock: ExchangeClock, roster: Roster, exchange: str, phase: Callable[[], str]) -> None:
        self._settings = settings
        self._clock = clock
        self._roster = roster
        self._exchange = exchange
        self._phase = phase
        self.since = iso_utc(int(time.time() * 1e3))
        self.exchange_url = settings.binance_api_url
        #: None until the exchange is being asked.
        self.feed: Feed | None = None
        #: None until traders are read.
        self.desk: Desk | None = None
        self.symbols: SymbolWatch | None = None
        self._health = Health()
        self._gathered: FeedFacts | None = None
        self._gathered_s = 0.0
        self._next_look_s = 0.0
        self._held_problems: frozenset[str] = frozenset()
        self._last_problems: deque[dict[str, str]] = deque(maxlen=PROBLEMS_KEPT)
        self._bars_seen: deque[tuple[float, int]] = deque()

    def attach(self, writer: Writer, store: Store, screening: Screening, workforce: Workforce) -> None:
        """The parts that are there from the first question on."""
        self._writer = writer
        self._store = store
        self._screening = screening
        self._workforce = workforce

    def look(self) -> None:
        """One of many looks a second: counts bars for the rate, and now and then remembers what is new about each part."""
        now_s = time.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_PAUSE_S
            self._remember(self.facts())
        self._bars_seen.append((now_s, self._screening.bars_closed))
        while now_s - self._bars_seen[0][0] > RATE_WINDOW_S:
            self._bars_seen.popleft()

    def _remember(self, facts: state.Facts) -> None:
        now_ms = int(time.time() * 1e3)
        self._health.look(facts, now_ms)
        for part, text in facts.problems.items():
            if part not in self._held_problems:
                self._last_problems.append({"at": iso_utc(now_ms), "part": part, "text": text})
        self._held_problems = frozenset(facts.problems)

    # --- documents --------------------------------------------------------------------------------------------------

    def status(self) -> dict[str, Any]:
        """The document of `engine status`."""
        return state.status(self.facts(), list(self._roster.traders.values()))

    def health(self) -> Mapping[str, Any]:
        """The document of `/health`."""
        return self._health.document(self.facts(), int(time.time() * 1e3))

    def traders(self) -> list[dict[str, Any]]:
        """The document of `/traders`."""
        waits = self.facts().waits
        return [state.trader(one, waits.get(one.id)) for one in self._roster.traders.values()]

    def samples(self) -> list[Sample]:
        """The numbers of `/metrics`."""
        return figures.samples(self.facts(), list(self._roster.traders.values()))

    def facts(self) -> state.Facts:
        """The engine at this moment."""
        crew = self._workforce.dispatcher.stats()
        feeds = self._feeds()
        released = self.desk.released if self.desk is not None else {}
        return state.Facts(
            state=self._phase(),
            user=self._settings.user,
            pid=os.getpid(),
            since=self.since,
            exchange=self._exchange,
            exchange_url=self.exchange_url,
            exchange_real=self._exchange != "sim",
            workers_target=crew.target,
            workers_ready=crew.ready,
            worker_pids=list(crew.pids),
            symbols=len(self._roster.needed()),
            intervals=sorted(self._writer.intervals, key=INTERVAL_MS.__getitem__),
            bars=self._screening.bars_closed,
            bars_per_second=self._bars_per_second(),
            signals=self._screening.signals_found,
            faults=self._screening.faults,
            cycles=crew.counts["cycles"],
            cycle_p50_ms=crew.cycle_p50_ms if crew.counts["cycles"] else None,
            cycle_p99_ms=crew.cycle_p99_ms if crew.counts["cycles"] else None,
            evaluations_waiting=crew.open_questions,
            database=self._store.facts(),
            spool=self._store.counts._asdict(),
            sandbox=self._workforce.sandbox(),
            traders=state.count_traders(list(self._roster.traders.values())),
            feeds=feeds,
            released=tell_released(released),
            waits=self._waits(feeds, released),
            universe_changes=self.symbols.changes if self.symbols is not None else 0,
            dispatch=crew.counts,
            workers_rss_bytes=crew.rss_bytes,
            spares_ready=crew.spares,
            spare_pids=list(crew.spare_pids),
            spares_bytes=crew.spares_bytes,
            indicator_hits=crew.memory_hits,
            indicator_misses=crew.memory_misses,
            indicator_bytes=crew.memory_bytes,
            problems=self._problems(),
            last_problems=list(self._last_problems),
        )

    def _feeds(self) -> FeedFacts | None:
        if self.feed is None:
            return None
        now_s = time.monotonic()
        if self._gathered is None or now_s - self._gathered_s >= GATHER_PAUSE_S:
            self._gathered, self._gathered_s = feed_facts.gather(self.feed, self._screening.close_lag.quantiles()), now_s
        return self._gathered

    def _waits(self, feeds: FeedFacts | None, released: Mapping[str, Halt]) -> dict[str, Waits]:
        if feeds is None or not (feeds.troubles or released):
            return {}
        found = ((trader.id, waiting_for(trader, feeds.troubles, released)) for trader in self._roster.traders.values())
        return {trader_id: waits for trader_id, waits in found if waits.total}

    def _problems(self) -> dict[str, str]:
        found = {"database": self._store.problem, "spool": self._screening.spool_problem}
        if self.feed is not None:
            found |= {"feed": self.feed.problem, "recording": self.feed.recording_problem}
        if self.desk is not None:
            found["candles"] = self.desk.problem
        if self._store.spool.damaged is not None and not found["spool"]:
            found["spool"] = f"a damaged spool was moved to {self._store.spool.damaged}"
        return {part: text for part, text in found.items() if text}

    def _bars_per_second(self) -> float:
        if len(self._bars_seen) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._bars_seen[0], self._bars_seen[-1]
        return (last - first) / max(last_s - first_s, 1e-9)
