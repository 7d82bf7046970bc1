"""One engine: its parts brought up together, kept in step, and taken down in order.

Start: home claimed → database, exchange and workers side by side → feed → traders. Stop: no new cycles → running ones end →
what was found is on disk and sent → workers leave → feed, database, simulator. Killed at any point instead, the next start
continues from the spool.
"""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from engine.api.app import build
from engine.api.events import Events
from engine.api.server import Server
from engine.api.view import View
from engine.base.clock import ExchangeClock
from engine.base.errors import EngineError, WorkerBootFailed
from engine.base.settings import Settings
from engine.candles.segment import Segment
from engine.candles.writer import Writer
from engine.dispatch.router import Callbacks
from engine.feeds.feed import Feed
from engine.signals.signal import Signal
from engine.supervisor import state
from engine.supervisor.children import SimulatorProcess
from engine.supervisor.desk import Desk
from engine.supervisor.home import Home, RunningEngine
from engine.supervisor.report import Report
from engine.supervisor.roster import Roster, Trader, Version
from engine.supervisor.screening import Screening
from engine.supervisor.store import Store
from engine.supervisor.symbols import SymbolWatch
from engine.supervisor.workforce import Workforce
from engine.telemetry import metrics
from engine.telemetry.logs import Logs
from engine.wire.messages import FilterLoaded, FilterRefusal

log = logging.getLogger(__name__)

#: Every so often the engine compares what it has with what it should have, and mends the difference.
PASS_S = 0.05
#: Room in each ring beyond window and catch-up, for bars that come while a worker reads.
RING_SLACK = 40

BINANCE_DOMAINS = ("binance.com", "binance.vision", "binance.us")

OnSignal = Callable[[Signal], None]
OnProgress = Callable[[str, str], None]


class Engine:
    """An engine for one user: `start`, then `run` until it is told to stop, then `stop`. Made inside the running loop."""

    def __init__(self, settings: Settings, logs: Logs, on_signal: OnSignal, on_progress: OnProgress) -> None:
        self.settings = settings
        self.clock = ExchangeClock()
        self.events = Events()
        self.roster = Roster(settings.default_interval, settings.screening_interval_ms)
        self.home = Home(settings.home_path)
        self._logs = logs
        self._on_signal = on_signal
        self._on_progress = on_progress
        self._phase = "starting"
        self._started_s = time.monotonic()
        self._stopping = asyncio.Event()
        self._failure: EngineError | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._simulator: SimulatorProcess | None = None
        self._server: Server | None = None
        self._urls = (settings.binance_api_url, settings.binance_ws_url)
        self.report = Report(settings, self.clock, self.roster, self._exchange_name(), lambda: self._phase)

    # --- start ------------------------------------------------------------------------------------------------------

    async def start(self, first_traders: Sequence[dict[str, Any]] = ()) -> None:
        """Bring everything up; raises an EngineError that says what does not come, after taking the rest down again.

        `first_traders` are rows for a user who has no trader yet.
        """
        self.home.prepare()
        self.home.lock()
        try:
            await self._start(first_traders)
        except BaseException:
            await self.stop()
            raise

    async def _start(self, first_traders: Sequence[dict[str, Any]]) -> None:
        settings = self.settings
        bars = settings.history_bars + settings.catch_up_bars + RING_SLACK
        self.segment = Segment.create(settings.max_symbols, settings.max_intervals, bars)
        self.writer = Writer(self.segment)
        self.store = Store(settings, self.home, self.roster.pause_stored)
        self.screening = Screening(
            settings, self.clock, self.writer, self.roster, self.store.spool, self._exchange_name(), self._found, self._paused
        )
        self.workforce = Workforce(settings, self.home, self.segment, self._logs.open_pipe, self._callbacks(), self._warming)
        self.report.attach(self.writer, self.store, self.screening, self.workforce)
        if settings.http != "off":
            self._server = Server(build(self._view(), self.events, settings.api_token or self.home.token()), settings.http)
            await self._server.start()
        self.workforce.start()
        await _together(self._start_store(), self._start_feed(), self._warm_up())
        await self._start_traders(first_traders)
        self.home.announce(
            RunningEngine(os.getpid(), self._server.address if self._server else "", self.report.since, settings.user)
        )
        self._phase = "running"
        log.info("engine runs for %s", settings.user)

    async def _start_store(self) -> None:
        self._on_progress("database", "starting" if not self.settings.database_url else "connecting")
        await self.store.start()
        self._on_progress("database", "ready")

    async def _warm_up(self) -> None:
        await self.workforce.warm()
        self._on_progress("kernels", "warm")
        self._on_progress("sandbox", self.workforce.sandbox().line())

    def _history(self, done: int, total: int) -> None:
        loading = self.feed.loading
        left = f", about {loading.seconds_left:.0f} s left" if loading.seconds_left and done < total else ""
        self._on_progress("history", f"{done}/{total} series, {loading.rows} bars, weight {loading.weight_used}{left}")

    def _warming(self, done: int, total: int, name: str) -> None:
        self._on_progress("kernels", f"{done}/{total} {name}")

    async def _start_feed(self) -> None:
        if self.settings.exchange == "sim" and not (self.settings.binance_api_url or self.settings.binance_ws_url):
            self._on_progress("exchange", "starting the simulator: its signals are NOT REAL")
            self._simulator = SimulatorProcess(self.settings, lambda line: log.info("simulator: %s", line))
            address = await self._simulator.start()
            self._urls = (address.rest, address.ws)
        api_url, ws_url = self._urls
        settings = msgspec.structs.replace(self.settings, binance_api_url=api_url, binance_ws_url=ws_url)
        self.feed = Feed(
            settings, self.writer, self.clock, self.screening.bar_closed, on_progress=self._history, state_dir=self.home.path
        )
        self.report.feed = self.feed
        self.report.exchange_url = api_url
        await self.feed.start()
        await self.feed.resolve_universe()
        self._on_progress("exchange", f"{len(self.feed.ranked)} symbols")

    async def _start_traders(self, first_traders: Sequence[dict[str, Any]]) -> None:
        definitions, problems = await self.store.traders()
        if not definitions and not problems:
            for row in first_traders:
                await self.store.add_trader(row)
        current = {(definition.id, definition.version) for definition in definitions}
        self.screening.connect(self.workforce.dispatcher, await self.store.states(current), self.feed.is_live)
        self.desk = Desk(
            self.settings,
            self.roster,
            self.screening,
            self.feed,
            self.writer,
            self.workforce,
            self.clock.now_ms,
            self.store,
            self.events.publish,
        )
        self.report.desk = self.desk
        self.report.symbols = symbols = SymbolWatch(
            self.settings, self.feed, lambda: self.desk.released, self.desk.universe_changed, self.events.publish
        )
        await self.desk.reload()
        self.store.run(self.desk.reload)
        self._tasks = [
            asyncio.create_task(self.screening.commit_forever(), name="commit"),
            asyncio.create_task(self._pass_forever(), name="passes"),
            asyncio.create_task(symbols.run(), name="symbols"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._task_ended)

    def _callbacks(self) -> Callbacks:
        return Callbacks(
            on_result=self.screening.answered,
            on_give_up=self.screening.given_up,
            on_loaded=self._filter_loaded,
            on_refused=self._filter_refused,
        )

    def _filter_loaded(self, message: FilterLoaded) -> None:
        self.desk.loaded(message)

    def _filter_refused(self, message: FilterRefusal) -> None:
        self.desk.refused(message)

    def _exchange_name(self) -> str:
        """What signals say they came from: `sim`, `binance`, or the host of the URL that was given."""
        host = urlsplit(self.settings.binance_api_url.partition(",")[0]).hostname or ""
        return host if host and not host.endswith(BINANCE_DOMAINS) else "binance" if host else self.settings.exchange

    # --- work -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until `request_stop`, or until `run_seconds` are over; raises what made the engine fail."""
        limit_s = self.settings.run_seconds or None
        try:
            await asyncio.wait_for(self._stopping.wait(), limit_s)
        except TimeoutError:
            log.info("stopping after %g s", self.settings.run_seconds)
        if self._failure is not None:
            raise self._failure

    def request_stop(self) -> bool:
        """Stop soon; False when there is no `run` to end, because the engine is still starting or stopping already."""
        first = not self._stopping.is_set()
        self._stopping.set()
        return first and self._phase == "running"

    def status(self) -> dict[str, Any]:
        """The document of `engine status`."""
        return self.report.status()

    async def _pass_forever(self) -> None:
        """Each pass repairs: nothing depends on having seen every event."""
        while True:
            await asyncio.sleep(PASS_S)
            self.screening.time_passed()
            await self.desk.mend()
            self.report.look()
            self.workforce.watch_lockdown(time.monotonic())
            if self.workforce.problem:
                raise WorkerBootFailed("workers do not come up", self.workforce.problem, "run engine doctor")

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """A task of the engine never ends by itself: what ended it ends the engine, with its reason."""
        if task.cancelled():
            return
        error = task.exception()
        log.error("task %s ended", task.get_name(), exc_info=error)
        if not isinstance(error, EngineError):
            error = EngineError(f"task {task.get_name()} failed", repr(error), "this is a bug: the log has the details")
        self._failure = self._failure or error
        self.request_stop()

    def _found(self, signals: Sequence[Signal]) -> None:
        """Signals that are on disk: tell everybody."""
        self.store.writer.wake()
        for signal in signals:
            self.events.publish("signal", signal.to_json())
            self._on_signal(signal)

    def _paused(self, trader: Trader, version: Version) -> None:
        """A trader is stopped: tell everybody, and the database for the next start."""
        assert trader.pause is not None
        log.error("trader %s is paused: %s: %s", trader.name, trader.pause.reason, trader.pause.document()["advice"])
        self.store.pauses.put(trader.pause, trader.name)
        self.events.publish("trader_paused", {"id": trader.id, "trader": trader.name} | trader.pause.document())
        self.desk.pause(version)

    async def _resume(self, name_or_id: str) -> dict[str, Any]:
        trader_id = await self.store.find(name_or_id)
        resumed = await self.store.resume(trader_id)
        await self.desk.reload()
        return {"id": trader_id, "resumed": resumed}

    # --- what it tells ----------------------------------------------------------------------------------------------

    @property
    def seconds_to_first_evaluation(self) -> float | None:
        """Seconds from the making of this object to the first answer of a filter."""
        first_s = self.screening.first_evaluation_s
        return first_s - self._started_s if first_s else None

    def _view(self) -> View:
        async def reload_traders() -> dict[str, Any]:
            await self.desk.reload()
            return {"traders": state.count_traders(list(self.roster.traders.values()))}

        async def resize(workers: int) -> dict[str, Any]:
            return {"workers": await self.workforce.resize(workers, "asked over HTTP")}

        async def signals(since: str, limit: int) -> list[dict[str, Any]]:
            return await self.store.signals(since, limit)

        return View(
            health=self.report.health,
            ready=lambda: self._phase == "running",
            status=self.status,
            metrics=lambda: metrics.render(self.report.samples()),
            traders=self.report.traders,
            signals=signals,
            reload_traders=reload_traders,
            resume_trader=self._resume,
            resize=resize,
            prepare_shutdown=self._prepare_shutdown,
            shutdown=self._shutdown,
        )

    def _shutdown(self) -> dict[str, Any]:
        self.request_stop()
        return {"state": "stopping"}

    async def _prepare_shutdown(self) -> dict[str, Any]:
        """Everything that is known is on disk and in the database as far as it can be; the engine goes on."""
        drained = await self.workforce.dispatcher.drain(self.settings.shutdown_timeout_s)
        await self.screening.commit()
        flushed = await self.store.writer.flush(self.settings.shutdown_timeout_s)
        return {"drained": drained, "flushed": flushed}

    # --- the end ----------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Take everything down in order, once; each step may fail without keeping the others from being done."""
        if self._phase == "stopped":
            return
        self._phase = "stopping"
        timeout_s = self.settings.shutdown_timeout_s
        await self._last_answers(timeout_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.events.close()
        steps: list[Coroutine[Any, Any, None]] = []
        if hasattr(self, "feed"):
            steps.append(self.feed.close())
        if hasattr(self, "workforce"):
            steps.append(self.workforce.stop(timeout_s / 4))
        if hasattr(self, "store"):
            steps.append(self.store.stop(timeout_s / 2))
        if self._server is not None:
            steps.append(self._server.stop())
        if self._simulator is not None:
            steps.append(self._simulator.stop())
        for step in steps:
            try:
                await step
            except (EngineError, OSError) as error:
                log.error("a part did not stop in order: %s", error)
        self.home.unlock()
        self._phase = "stopped"

    async def _last_answers(self, timeout_s: float) -> None:
        """Running cycles end and what they found is on disk, while there is time."""
        if not self._tasks or self.screening.spool_problem:
            return
        self.screening.hold()
        if not await self.workforce.dispatcher.drain(timeout_s / 2):
            log.warning("running cycles did not end in time; they are done again at the next start")
        try:
            await asyncio.wait_for(self.screening.commit(), timeout_s / 4)
        except TimeoutError:
            log.warning("signals could not be stored in time; they are found again at the next start")


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all side by side; the first that fails cancels the others and is raised as itself."""
    tasks = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
