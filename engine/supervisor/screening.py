"""From closed bars to signals: asks the schedule who is due, hands evaluations to the dispatcher, and turns answers into
first matches that are on disk before anyone is told.

One order holds everywhere: answers are applied in the order the dispatcher reports them, committed in that order, announced
after the commit. While the disk refuses, evaluations are held back, so that what is on disk never falls far behind.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from engine.base.clock import ExchangeClock
from engine.base.errors import SpoolError
from engine.base.settings import Settings
from engine.base.types import INTERVAL_MS
from engine.candles.writer import Writer
from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome, Question
from engine.feeds.lag import Lags
from engine.signals.first_match import MatchState
from engine.signals.signal import Signal
from engine.signals.spool import Spool
from engine.supervisor.bars import BarsOf
from engine.supervisor.conduct import Verdict
from engine.supervisor.roster import Roster, Trader, Version
from engine.traders.schedule import Due, Schedule
from engine.wire.messages import FilterResult

log = logging.getLogger(__name__)

#: Pause before a refused commit is tried again.
SPOOL_RETRY_S = 1.0
#: What was asked further ahead of the exchange's clock than this, in real ms, was asked at an exchange of another time.
AHEAD_MAX_MS = 60_000
#: Latencies kept for the percentiles in status and metrics.
LATENCIES_MAX = 2_000
#: Faults that count against a trader; an exception is an error of one symbol and instant, of which its owner is told.
OVERRUNS = frozenset({"deadline", "memory"})
NONSENSE = frozenset({"result", "details"})


class Asks(Protocol):
    """What screening needs of the dispatcher."""

    def submit(self, evaluations: Sequence[Evaluation]) -> None:
        """Have these evaluations done; their outcomes are reported in order per symbol."""


class Screening:
    """The loop from bars to signals of one engine; every method is called on the supervisor's event loop."""

    def __init__(
        self,
        settings: Settings,
        clock: ExchangeClock,
        writer: Writer,
        roster: Roster,
        spool: Spool,
        exchange: str,
        on_signals: Callable[[Sequence[Signal]], None],
        on_pause: Callable[[Trader, Version], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._writer = writer
        self._roster = roster
        self._spool = spool
        self._exchange = exchange
        self._on_signals = on_signals
        self._on_pause = on_pause
        self._asks: Asks | None = None
        self._bars = BarsOf(writer)
        self.schedule = Schedule(self._bars)
        self.states: dict[tuple[str, int], MatchState] = {}
        self._due: list[Due] = []
        self._flush_planned = False
        self._fresh: list[Signal] = []
        self._dirty: set[tuple[str, int]] = set()
        self._wake = asyncio.Event()
        self._commit_turn = asyncio.Lock()
        self._held = False
        self.spool_problem = ""
        self.bars_closed = 0
        self.signals_found = 0
        self.faults = 0
        #: From the end of each bar to its close in the candles, in real time.
        self.close_lag = Lags()
        #: Seconds from the moment a close was known to its signals being on disk.
        self.signal_latencies_s: deque[float] = deque(maxlen=LATENCIES_MAX)
        self._oldest_fresh_s = 0.0
        self.first_evaluation_s = 0.0

    def connect(
        self, asks: Asks, states: dict[tuple[str, int], MatchState], is_live: Callable[[str, str], bool] | None = None
    ) -> None:
        """Begin with this dispatcher, where these states left off; `is_live(symbol, interval)` says which series are fresh.

        A state that is ahead of the exchange's clock comes from another exchange, such as a simulator whose time ran fast.
        Kept, it would hold its trader until that time comes, so it is forgotten.
        """
        self._asks = asks
        self.states = states
        latest_ms = self._clock.now_ms() + int(AHEAD_MAX_MS * max(self._clock.rate, 1.0))
        gone = sum(state.forget_later(latest_ms) for state in states.values())
        if gone:
            log.warning("%d symbols of traders were asked about later than it is at this exchange: they begin anew", gone)
        if is_live is not None:
            self._bars.live = is_live

    # --- evaluations out --------------------------------------------------------------------------------------------

    def bar_closed(self, symbol: int, interval: int, open_ms: int) -> None:
        """The feed wrote a closed bar."""
        self.bars_closed += 1
        length_ms = self._bars.length_ms(interval)
        self.close_lag.note((self._clock.now_ms() - open_ms - length_ms) / max(self._clock.rate, 1.0))
        self.ask(self.schedule.closed(symbol, length_ms))

    def time_passed(self) -> None:
        """Look whether a time-driven trader is due."""
        self.ask(self.schedule.time_driven(self._clock.now_ms()))

    def ask(self, due: Iterable[Due]) -> None:
        """Submit with everything else that becomes due in this turn of the loop: one cycle, few messages."""
        self._due.extend(due)
        if self._due and not self._flush_planned:
            self._flush_planned = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if self.spool_problem or self._held or self._asks is None:
            return
        due, self._due = self._due, []
        if due:
            self._asks.submit([Evaluation(*item) for item in due])

    def hold(self) -> None:
        """Submit nothing more; what is due stays due and is asked after the next start."""
        self._held = True

    # --- planning traders -------------------------------------------------------------------------------------------

    def admit(self, version: Version, symbols: Iterable[str]) -> None:
        """Put symbols of a version on the schedule once their history is there, from where the version left off.

        One that came up in the ranking while the version ran begins where it came: what closed before is nobody's signal.
        """
        assert version.plan is not None
        key = (version.definition.id, version.definition.version)
        state = self.states.setdefault(key, MatchState())
        numbers = {self._writer.add_symbol(name): name for name in symbols}
        refresh_ms = version.plan.refresh_ms
        driving_ms = min(version.plan.lengths_ms) if version.plan.seconds else refresh_ms
        reach_ms = max(1, self._settings.catch_up_bars) * refresh_ms

        def since_ms(number: int) -> int:
            newest_ms = self._bars.newest_close_ms(number, driving_ms)
            cursor_ms = state.cursor_ms(numbers[number])
            since_ms = newest_ms - refresh_ms if cursor_ms is None else max(cursor_ms, newest_ms - reach_ms)
            return version.begin_ms(numbers[number], since_ms)

        self.schedule.add(version.plan, numbers, since_ms)
        self.ask(self.schedule.catch_up(numbers))

    def forget(self, version: Version) -> None:
        """A version runs no more."""
        self.schedule.remove(version.filter_id)
        self._due = [
            item._replace(filter_ids=left)
            for item in self._due
            if (left := tuple(filter_id for filter_id in item.filter_ids if filter_id != version.filter_id))
        ]

    def leave(self, version: Version, symbols: Iterable[str]) -> None:
        """A version does not ask about these symbols any more, or for now; what it knows of them is kept."""
        names = frozenset(symbols)
        numbers = {number for number, name in enumerate(self._writer.symbols) if name in names}
        self.schedule.remove(version.filter_id, numbers)
        due, self._due = self._due, []
        for item in due:
            gone = version.filter_id in item.filter_ids and item.symbol in numbers
            left = tuple(one for one in item.filter_ids if one != version.filter_id) if gone else item.filter_ids
            if left:
                self._due.append(item._replace(filter_ids=left))

    # --- answers in -------------------------------------------------------------------------------------------------

    def answered(self, outcomes: Sequence[Outcome]) -> None:
        """The dispatcher reports checked answers."""
        if not self.first_evaluation_s:
            self.first_evaluation_s = time.monotonic()
        for outcome in outcomes:
            for result in outcome.results:
                version = self._roster.version(result.filter_id)
                if version is not None:
                    self._apply(version, outcome, result)
        self._wake.set()

    def _apply(self, version: Version, outcome: Outcome, result: FilterResult) -> None:
        trader = self._roster.trader_of(version.filter_id)
        if trader is None:
            return
        key = (version.definition.id, version.definition.version)
        state = self.states.setdefault(key, MatchState())
        names = self._writer.symbols
        details = {names[match.symbol]: (match.symbol, match.details) for match in result.matches}
        unknown = [names[fault.symbol] for fault in result.faults]
        unknown += [names[symbol] for symbol in (*result.unready, *result.unasked)]
        asked = [names[symbol] for symbol in outcome.symbols]
        fresh = frozenset(name for name in details if state.cursor_ms(name) is None)
        for name in state.apply(outcome.as_of_ms, asked, details, unknown):
            symbol, text = details[name]
            bar_open_ms, price = self._bar_of(version, outcome, symbol)
            trader.conduct.signal(name, bar_open_ms, outcome.as_of_ms, first=name in fresh)
            verdict = self._flood(trader)
            if verdict is not None and verdict.kind == "breaker":
                trader.conduct.cut += 1
            else:
                self._found(version, outcome, (name, bar_open_ms, price), text)
        self._dirty.add(key)
        self._note(trader, version, outcome, result)

    def _flood(self, trader: Trader) -> Verdict | None:
        settings = self._settings
        return trader.conduct.flood(settings.pause_signals_per_hour, settings.stop_signals_per_hour)

    def _bar_of(self, version: Version, outcome: Outcome, symbol: int) -> tuple[int, float]:
        """Open time and price of the bar that a match is about."""
        length_ms = INTERVAL_MS[version.interval]
        if outcome.forming:
            return self._bars.forming(symbol, length_ms, outcome.as_of_ms)
        bar_open_ms = outcome.as_of_ms - length_ms
        return bar_open_ms, self._bars.close_of(symbol, length_ms, bar_open_ms)

    def _found(self, version: Version, outcome: Outcome, match: tuple[str, int, float], details: str) -> None:
        name, bar_open_ms, price = match
        if not self._fresh:
            self._oldest_fresh_s = time.monotonic()
        self._fresh.append(
            Signal.found(
                user_id=version.definition.user_id,
                trader_id=version.definition.id,
                trader=version.definition.name,
                trader_version=version.definition.version,
                symbol=name,
                interval=version.interval,
                bar_open_ms=bar_open_ms,
                price=price,
                detected_ms=self._clock.now_ms(),
                exchange=self._exchange,
                details=details,
                late=not outcome.forming and self.is_late(outcome.as_of_ms),
            )
        )

    def is_late(self, as_of_ms: int) -> bool:
        """Whether an instant lies so far back that its close was missed rather than waited for (real time, twice the grace)."""
        # An exchange whose clock stands still, as a simulator's before its first subscriber, does not make a close late.
        behind_ms = (self._clock.now_ms() - as_of_ms) / max(self._clock.rate, 1.0)
        return behind_ms > 2 * self._settings.close_grace_ms

    def _note(self, trader: Trader, version: Version, outcome: Outcome, result: FilterResult) -> None:
        conduct, as_of_ms = trader.conduct, outcome.as_of_ms
        trader.cpu_us += result.cpu_us
        conduct.used(as_of_ms, result.cpu_us)
        trader.matches += len(result.matches)
        for fault in result.faults:
            self.faults += 1
            trader.faults += 1
            name = self._writer.symbols[fault.symbol]
            trader.last_fault = f"{name}, line {fault.line}: {fault.message}" if fault.line else f"{name}: {fault.message}"
            if fault.kind in OVERRUNS and len(outcome.symbols) == 1:
                conduct.strike_more(as_of_ms)
            elif fault.kind in OVERRUNS or fault.kind in NONSENSE:
                conduct.strike(as_of_ms)
            if fault.kind in OVERRUNS:
                log.warning("trader %s: %s", trader.name, trader.last_fault)
        verdict = self._flood(trader) or self._struck(trader, version, as_of_ms)
        if verdict is not None:
            self._pause(version, verdict)

    def _struck(self, trader: Trader, version: Version, as_of_ms: int) -> Verdict | None:
        assert version.plan is not None
        forget_ms = int(self._settings.strike_forget_s * 1e3)
        trader.strikes = trader.conduct.strikes(as_of_ms, forget_ms, version.plan.refresh_ms)
        if trader.strikes < self._settings.strikes:
            return None
        return Verdict("strikes", f"{trader.strikes} strikes, the last one: {trader.last_fault}")

    def given_up(self, filter_id: int, _questions: Sequence[Question], reason: str) -> None:
        """The dispatcher will not ask this filter again."""
        version = self._roster.version(filter_id)
        if version is not None:
            self._pause(version, Verdict("killed", reason))

    def _pause(self, version: Version, verdict: Verdict) -> None:
        trader = self._roster.pause(version.filter_id, verdict.kind, verdict.reason, int(time.time() * 1e3))
        if trader is not None:
            self.forget(version)
            self._on_pause(trader, version)

    # --- to disk, then to people ------------------------------------------------------------------------------------

    async def commit_forever(self) -> None:
        """Commit what has been found, again and again, until cancelled; the only place that announces signals."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.commit()

    async def commit(self) -> None:
        """Commit everything found so far; keeps trying while the disk refuses. Returns when it is stored and announced."""
        async with self._commit_turn:
            await self._commit_all()

    async def _commit_all(self) -> None:
        while self._fresh or self._dirty:
            signals, keys, begun_s = self._fresh, sorted(self._dirty), self._oldest_fresh_s
            self._fresh, self._dirty = [], set()
            states = {key: self.states[key].encode() for key in keys if key in self.states}
            try:
                await self._spool.commit(signals, states)
            except SpoolError as error:
                self._fresh, self._oldest_fresh_s = signals + self._fresh, begun_s
                self._dirty |= set(keys)
                self._refused(error)
                await asyncio.sleep(SPOOL_RETRY_S)
                continue
            self._release()
            if signals:
                self.signal_latencies_s.append(time.monotonic() - begun_s)
                self.signals_found += len(signals)
                self._on_signals(signals)

    def _refused(self, error: SpoolError) -> None:
        if not self.spool_problem:
            log.error("signals cannot be stored, evaluations are held back: %s", error)
        self.spool_problem = str(error)

    def _release(self) -> None:
        if self.spool_problem:
            log.warning("signals can be stored again, held evaluations follow")
            self.spool_problem = ""
            self._flush()
