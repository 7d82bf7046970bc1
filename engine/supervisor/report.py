"""What an engine knows of itself at one moment: the numbers and problems of its parts, gathered for whoever asks.

It asks the parts and changes none of them. How the facts look as documents stands in `state`. Parts come one after another
while the engine starts, and it may be asked from the first of them on.
"""

import os
import time
from collections import deque
from collections.abc import Callable

from engine.base.clock import ExchangeClock, iso_utc
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS
from engine.candles.writer import Writer
from engine.dispatch.router import Dispatcher
from engine.feeds.feed import Feed
from engine.feeds.freshness import State
from engine.supervisor import state
from engine.supervisor.desk import Desk
from engine.supervisor.roster import Roster
from engine.supervisor.screening import Screening
from engine.supervisor.store import Store

#: Bars per second are counted over so long.
RATE_WINDOW_S = 5.0


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
        self._bars_seen: deque[tuple[float, int]] = deque()

    def attach(self, writer: Writer, store: Store, screening: Screening, dispatcher: Dispatcher) -> None:
        """The parts that are there from the first question on."""
        self._writer = writer
        self._store = store
        self._screening = screening
        self._dispatcher = dispatcher

    def count_bars(self) -> None:
        """One look at the number of closed bars; `facts` tells the rate over the last few seconds of looks."""
        now_s = time.monotonic()
        self._bars_seen.append((now_s, self._screening.bars_closed))
        while now_s - self._bars_seen[0][0] > RATE_WINDOW_S:
            self._bars_seen.popleft()

    def facts(self) -> state.Facts:
        """The engine at this moment."""
        crew, feed = self._dispatcher.stats(), self.feed
        return state.Facts(
            state=self._phase(),
            user=self._settings.user,
            pid=os.getpid(),
            since=self.since,
            exchange=self._exchange,
            exchange_url=self.exchange_url,
            exchange_real=self._exchange != "sim",
            clock_offset_ms=self._clock.offset_ms,
            clock_rate=self._clock.rate,
            workers_target=crew.target,
            workers_ready=crew.ready,
            worker_pids=list(crew.pids),
            symbols=len(self._roster.needed()),
            intervals=sorted(self._writer.intervals, key=INTERVAL_MS.__getitem__),
            series=feed.states() if feed is not None else dict.fromkeys(map(str, State), 0),
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
            sandbox={"policy": "allow-list", "lockdown": "partial"},
            traders=state.count_traders(list(self._roster.traders.values())),
            feed=feed.stats if feed is not None else {},
            dispatch=crew.counts,
            problems=self._problems(),
        )

    def _problems(self) -> dict[str, str]:
        found = {"database": self._store.problem, "spool": self._screening.spool_problem}
        if self.feed is not None:
            found |= {"feed": self.feed.problem, "recording": self.feed.recording_problem}
        if self._store.spool.damaged is not None and not found["spool"]:
            found["spool"] = f"a damaged spool was moved to {self._store.spool.damaged}"
        return {part: text for part, text in found.items() if text}

    def _bars_per_second(self) -> float:
        if len(self._bars_seen) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._bars_seen[0], self._bars_seen[-1]
        return (last - first) / max(last_s - first_s, 1e-9)
