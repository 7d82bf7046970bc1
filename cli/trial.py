"""A filter tried out: the real workers over the bars of a simulated or recorded market, without database or exchange.

What it finds at past closes is what an engine would have found. A filter that is asked by the clock is asked at the closes
of its shortest interval instead, on closed bars: forming bars of the past are not known.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import structs

from cli.inspection import Inspection
from cli.trial_report import Trial, Wish
from engine.base.clock import iso_utc
from engine.base.errors import FilterRefused, PoolError, SettingsError
from engine.base.settings import Settings
from engine.base.types import DAY_MS, HOUR_MS, INTERVAL_MS
from engine.candles.bars import shortest_window, window_start_ms
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.events import Evaluation
from engine.dispatch.instructions import Outcome, Question
from engine.dispatch.router import Callbacks
from engine.signals.first_match import MatchState
from engine.sim import bars
from engine.sim.market import Market
from engine.sim.run import Options, compose
from engine.supervisor.conduct import Conduct
from engine.supervisor.home import Home
from engine.supervisor.roster import Roster, Version
from engine.supervisor.screening import NONSENSE, OVERRUNS
from engine.supervisor.workforce import Workforce
from engine.telemetry.logs import Logs
from engine.traders.definition import parse_row
from engine.traders.store import new_row
from engine.wire.messages import Fault, FilterLoaded, FilterRefusal, FilterResult, LoadFilter

#: Longest wait for a worker to be there, for the filter to be loaded, and for the answers to one round of questions.
READY_TIMEOUT_S = 30.0
LOAD_TIMEOUT_S = 600.0
LOOK_S = 0.5
ANSWER_TIMEOUT_S = 120.0
#: Closes handed to the workers at once, at most.
CLOSES_AT_ONCE = 20
OnProgress = Callable[[str, str], None]


async def run(found: Inspection, wish: Wish, on_progress: OnProgress, given: Settings | None = None) -> Trial:
    """Try a filter that was accepted, within the limits of these settings.

    Raises TraderError when a symbol it names is not there, SettingsError for bad data.
    """
    market, clock = compose(Options(data=wish.data, seed=wish.seed))
    end_ms = clock.now_ms() if market.end_ms is None else market.end_ms
    # A short path that is nobody else's: workers meet their supervisor at a socket in it.
    with tempfile.TemporaryDirectory(prefix="engine-trial-") as folder, Logs("text", "warning") as logs:
        settings = structs.replace(given or Settings(), home=folder, workers="1")
        attempt = _Attempt(found, wish, market, end_ms, settings)
        workforce = Workforce(
            settings,
            Home(settings.home_path),
            attempt.segment,
            logs.open_pipe,
            attempt.callbacks(),
            lambda done, total, name: on_progress("kernels", f"{done}/{total} {name}"),
        )
        try:
            await attempt.run(workforce, on_progress)
        finally:
            await workforce.stop(1.0)
            attempt.segment.close()
        attempt.trial.signals.sort(key=lambda signal: (signal["closed_at"], signal["symbol"]))
        return attempt.trial


class _Attempt:
    """One trial while it lasts: bars in shared memory, questions out, answers in."""

    def __init__(self, found: Inspection, wish: Wish, market: Market, end_ms: int, settings: Settings) -> None:
        self._market = market
        self._history_bars = settings.history_bars
        self._settings = settings
        self._conduct = Conduct()
        self._load, self._version = _planned(found, market, end_ms, settings.default_interval)
        version = self._version
        #: Interval whose closes are asked about, and whose bar a signal names.
        self._driving = version.interval
        self._step_ms = INTERVAL_MS[self._driving]
        symbols = version.symbols[: wish.symbols]
        #: Closes to ask about, by symbol: the last ones of its own, since recordings end at different times.
        self._closes_ms = [self._last_closes_ms(_end_ms(market, name, end_ms), wish.closes) for name in symbols]
        self.trial = Trial(
            found.refresh or version.interval,
            symbols,
            version.intervals,
            version.lookback,
            driving=self._driving,
            step_ms=self._step_ms,
            symbols_meant=len(version.symbols),
            limit_ms=settings.filter_soft_limit_ms,
            signals_allowed=settings.pause_signals_per_hour,
        )
        rows = max((self._rows(closes, name) for closes in self._closes_ms for name in version.intervals), default=1)
        self.segment = Segment.create(max(len(symbols), 1), len(version.intervals), rows)
        self._writer = Writer(self.segment)
        self._state = MatchState()
        self._seen: frozenset[str] = frozenset()
        self._loaded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._drop: Callable[[int], None] = lambda _filter_id: None

    def callbacks(self) -> Callbacks:
        return Callbacks(self._answered, self._gave_up, self._accepted, self._refused)

    async def run(self, workforce: Workforce, on_progress: OnProgress) -> None:
        """Fill the memory while the workers warm up, then ask about close after close."""
        workforce.start()
        for done, name in enumerate(self.trial.symbols, 1):
            self._fill(name)
            on_progress("bars", f"{done}/{len(self.trial.symbols)} symbols")
            await asyncio.sleep(0)
        await workforce.warm()
        dispatcher = workforce.dispatcher
        self._drop = dispatcher.drop_filter
        if not await dispatcher.wait_ready(READY_TIMEOUT_S):
            raise PoolError("no worker is ready in time", f"{READY_TIMEOUT_S:g} s", "run engine doctor")
        workforce.load_filters([self._load])
        await self._is_loaded(workforce)
        count = max(map(len, self._closes_ms), default=0)
        start, at_once = 0, 1
        while start < count and not self.trial.given_up:
            # Few at first: one that overruns is found out before much of it has been asked.
            end = min(start + at_once, count)
            dispatcher.submit(self._due(start, end))
            if not await dispatcher.drain(ANSWER_TIMEOUT_S):
                raise PoolError("workers do not answer in time", f"{ANSWER_TIMEOUT_S:g} s", "is the machine busy?")
            on_progress("closes", f"{end}/{count}")
            start, at_once = end, min(2 * at_once, CLOSES_AT_ONCE)

    async def _is_loaded(self, workforce: Workforce) -> None:
        """Wait until a worker has the filter, which on a new machine takes as long as its indicators take to be compiled."""
        until_s = time.monotonic() + LOAD_TIMEOUT_S
        while not self._loaded.done() and not self.trial.given_up:
            if workforce.problem or time.monotonic() > until_s:
                raise PoolError("the filter is not loaded", workforce.problem or f"{LOAD_TIMEOUT_S:g} s", "run engine doctor")
            await asyncio.wait([self._loaded], timeout=LOOK_S)
        if self._loaded.done():
            self._loaded.result()

    def _due(self, start: int, end: int) -> list[Evaluation]:
        """Questions about closes `start` to `end` of each symbol; where no bar closed then, an engine does not ask."""
        driving = self._writer.add_interval(self._driving)
        asked = (self._load.filter_id,)
        return [
            Evaluation(symbol, as_of_ms, False, asked)
            for symbol, closes in enumerate(self._closes_ms)
            for as_of_ms in closes[start:end]
            if self._writer.bar(symbol, driving, as_of_ms - self._step_ms) is not None
        ]

    # --- bars in ----------------------------------------------------------------------------------------------------

    def _last_closes_ms(self, end_ms: int, count: int) -> range:
        last_ms = end_ms - end_ms % self._step_ms
        return range(last_ms - (count - 1) * self._step_ms, last_ms + 1, self._step_ms)

    def _rows(self, closes_ms: range, interval: str) -> int:
        length_ms = INTERVAL_MS[interval]
        return (closes_ms[-1] - window_start_ms(closes_ms[0], length_ms, self._history_bars)) // length_ms + 1

    def _fill(self, name: str) -> None:
        symbol = self._writer.add_symbol(name)
        closes_ms = self._closes_ms[symbol]
        for interval in self.trial.intervals:
            length_ms = INTERVAL_MS[interval]
            first_ms = window_start_ms(closes_ms[0], length_ms, self._history_bars)
            last_ms = closes_ms[-1] - closes_ms[-1] % length_ms
            rows = self._market.closed(name, length_ms, first_ms, last_ms)
            if interval == self._driving:
                self.trial.bars[name] = rows
            there = min(int(rows.shape[1]), shortest_window(self._history_bars))
            self.trial.fewest_bars[interval] = min(there, self.trial.fewest_bars.get(interval, there))
            self._writer.put_history(symbol, self._writer.add_interval(interval), bars.klines(rows))

    # --- answers in -------------------------------------------------------------------------------------------------

    def _accepted(self, _message: FilterLoaded) -> None:
        if not self._loaded.done():
            self._loaded.set_result(None)

    def _refused(self, message: FilterRefusal) -> None:
        self._loaded.set_exception(
            FilterRefused(message.message, line=message.line, column=message.column, construct=message.construct)
        )

    def _gave_up(self, _filter_id: int, _questions: Sequence[Question], reason: str) -> None:
        self.trial.given_up = reason

    def _answered(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            for result in outcome.results:
                self._take(outcome, result)

    def _take(self, outcome: Outcome, result: FilterResult) -> None:
        trial, names = self.trial, self.trial.symbols
        asked = len(outcome.symbols) - len(result.unready) - len(result.unasked)
        trial.asked += asked
        trial.unready += len(result.unready)
        trial.spent(outcome.as_of_ms, result.cpu_us, asked)
        for match in result.matches:
            trial.matched_ms.setdefault(names[match.symbol], []).append(outcome.as_of_ms)
        for fault in result.faults:
            self._note(outcome, fault)
        unknown = [*(fault.symbol for fault in result.faults), *result.unready, *result.unasked]
        began = self._state.apply(
            outcome.as_of_ms,
            [names[symbol] for symbol in outcome.symbols],
            [names[match.symbol] for match in result.matches],
            [names[symbol] for symbol in unknown],
        )
        details = {names[match.symbol]: match.details for match in result.matches}
        first = frozenset(names[symbol] for symbol in outcome.symbols) - self._seen
        self._seen |= first
        for name in began:
            trial.signals.append(self._signal(name, outcome.as_of_ms, details[name]))
            self._conduct.signal(name, outcome.as_of_ms - self._step_ms, outcome.as_of_ms, first=name in first)
        trial.signals_in_an_hour = self._conduct.worst_hour

    def _note(self, outcome: Outcome, fault: Fault) -> None:
        """Count an error; a filter that has as many strikes as an engine allows is not asked any more."""
        text = f"line {fault.line}: {fault.message}" if fault.line else fault.message
        self.trial.faults[text] += 1
        if fault.kind in OVERRUNS | NONSENSE:
            self._conduct.strike(outcome.as_of_ms)
        forget_ms = int(self._settings.strike_forget_s * 1e3)
        strikes = self._conduct.strikes(outcome.as_of_ms, forget_ms, self._step_ms)
        if strikes >= self._settings.strikes and not self.trial.given_up:
            self.trial.given_up = f"{strikes} strikes, the last one: {text}"
            self._drop(self._load.filter_id)

    def _signal(self, name: str, as_of_ms: int, details: str) -> dict[str, Any]:
        symbol, interval = self._writer.add_symbol(name), self._writer.add_interval(self._driving)
        bar = self._writer.bar(symbol, interval, as_of_ms - self._step_ms)
        assert bar is not None
        return {
            "symbol": name,
            "interval": self._driving,
            "closed_at": iso_utc(as_of_ms),
            "price": bar.close,
            "details": msgspec.json.decode(details) if details else {},
        }


def _planned(found: Inspection, market: Market, end_ms: int, default_interval: str) -> tuple[LoadFilter, Version]:
    """What an engine would make of the trader on this market."""
    roster = Roster(default_interval)
    load = roster.update([parse_row(new_row("trial", found.path.stem, found.code))], {}).load[0]
    said = FilterLoaded(load.filter_id, found.refresh, found.symbols, found.intervals, found.lookback)
    planned = roster.plan(said, _ranked(market, end_ms), frozenset(market.listings))
    if planned is None:
        trader = roster.trader_of(load.filter_id)
        raise SettingsError("this market does not suit the trader", trader.problem if trader else "", "try other --data")
    version = planned[0]
    for name in version.intervals:
        if INTERVAL_MS[name] < market.shortest_ms or (INTERVAL_MS[name] > market.base_ms and INTERVAL_MS[name] % market.base_ms):
            raise SettingsError("the data have no bars of an interval the filter reads", name, "give finer --data, or none")
    return load, version


def _ranked(market: Market, end_ms: int) -> list[str]:
    """Symbols by the quote volume of their last day, most traded first."""
    length_ms = max(HOUR_MS, market.base_ms)

    def volume(name: str) -> float:
        last_ms = _end_ms(market, name, end_ms)
        return float(market.closed(name, length_ms, last_ms - DAY_MS, last_ms)[bars.QUOTE].sum())

    return sorted(market.listings, key=volume, reverse=True)


def _end_ms(market: Market, name: str, end_ms: int) -> int:
    """Where the bars of a symbol end."""
    listed_until_ms = market.listings[name].end_ms
    return end_ms if listed_until_ms is None else min(end_ms, listed_until_ms)
