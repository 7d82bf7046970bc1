"""The simulator as a program: options, the market they describe, signals, and a clean end. Not the command: that is `cli`."""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from engine.base.errors import SettingsError
from engine.sim.clock import SimulatedClock
from engine.sim.faulttext import from_flag
from engine.sim.market import Market
from engine.sim.replay.play import Replay
from engine.sim.server import Simulator
from engine.sim.synthetic import SyntheticMarket
from engine.sim.timetable import LAG_MAX_MS, Pace

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG: Final = 1
SYMBOLS_DEFAULT: Final = 100


class Options(NamedTuple):
    """What a simulator may be told; instants are ISO 8601, in UTC where they name no zone; empty: not given."""

    host: str = "127.0.0.1"
    port: int = 0
    speed: float = 1.0
    seed: int = 1
    data: str = ""
    replay: str = ""
    start: str = ""
    until: str = ""
    symbols: int | None = None
    #: Whether time waits for the first kline stream; None: with what was recorded it does.
    hold: bool | None = None
    #: What goes wrong, as `faulttext.from_flag` reads it.
    faults: tuple[str, ...] = ()
    fault_seed: int = 1
    close_lag_ms: int = LAG_MAX_MS
    #: Time between updates of a forming bar; 0: the exchange's.
    update_ms: int = 0
    ready_fd: int | None = None
    die_with_parent: bool = False


class Ready(msgspec.Struct, frozen=True):
    """Where a simulator listens, as one line of JSON tells it."""

    rest: str
    ws: str
    pid: int


async def serve(options: Options, announce: Callable[[Ready], None] = lambda _: None) -> None:
    """Run a simulator until SIGINT or SIGTERM; `announce` is called when it listens. Raises AddressInUse, SettingsError."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options.die_with_parent:
        _die_with_parent()
    replay = Replay(options.replay) if options.replay else None
    market, clock = compose(options, replay)
    simulator = Simulator(
        *(market, clock),
        host=options.host,
        port=options.port,
        seed=options.seed,
        faults=[from_flag(text) for text in options.faults],
        fault_seed=options.fault_seed,
        pace=Pace(options.close_lag_ms, options.update_ms),
        replay=replay,
    )
    async with simulator:
        ready = Ready(simulator.rest_url, simulator.ws_url, os.getpid())
        log.info("simulated exchange of %d symbols at %s, %g times as fast", len(market.listings), ready.rest, clock.speed)
        for text in options.faults:
            log.info("goes wrong: %s", text)
        if clock.held:
            log.info("time waits at %s for the first kline stream", _iso(clock.start_ms))
        _tell(options.ready_fd, ready)
        announce(ready)
        await _until_stopped(stop, simulator)


def compose(options: Options, replay: Replay | None = None) -> tuple[Market, SimulatedClock]:
    """The market and the clock that options describe; raises SettingsError."""
    market: Market
    speed = options.speed
    if replay is not None:
        if options.data or options.symbols is not None:
            raise SettingsError("a recording has its own market", options.replay, "leave out --data and --symbols")
        market, speed = replay.market, options.speed * replay.rate
        start_ms = parse_instant("start", options.start) if options.start else replay.start_ms
    elif options.data:
        # Imported where it is needed: pyarrow takes longer to load than all the rest.
        from engine.sim.recorded import RecordedMarket

        if options.symbols is not None:
            raise SettingsError("number of symbols is that of the data", options.symbols, "leave out --symbols or --data")
        market = recorded = RecordedMarket(options.data, options.seed)
        start_ms = parse_instant("start", options.start) if options.start else recorded.default_start_ms
    else:
        market = SyntheticMarket(options.seed, SYMBOLS_DEFAULT if options.symbols is None else options.symbols)
        start_ms = parse_instant("start", options.start) if options.start else time.time_ns() // 1_000_000
    until_ms = _until_ms(options, market, start_ms)
    if not any(listing.trades_at(start_ms) for listing in market.listings.values()):
        raise SettingsError("no symbol trades at the start", _iso(start_ms), "choose another --start")
    held = bool(options.data or options.replay) if options.hold is None else options.hold
    return market, SimulatedClock(start_ms, speed=speed, until_ms=until_ms, held=held)


def parse_instant(name: str, text: str) -> int:
    """ISO 8601 as ms since the epoch."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not an instant", repr(text), "write it as 2024-03-01T00:00:00Z") from error
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1_000)


def _until_ms(options: Options, market: Market, start_ms: int) -> int | None:
    """Where time stops: as told, but no later than the data end."""
    ends = [parse_instant("until", options.until)] if options.until else []
    if market.end_ms is not None:
        ends.append(market.end_ms)
    until_ms = min(ends, default=None)
    if until_ms is not None and until_ms <= start_ms:
        raise SettingsError("time ends before it begins", f"{_iso(start_ms)} to {_iso(until_ms)}", "choose an earlier --start")
    return until_ms


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent ends; leave at once when it is gone already."""
    parent = os.getppid()
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise SettingsError(
            "this system cannot tie a process to its parent", os.strerror(ctypes.get_errno()), "leave out --die-with-parent"
        )
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _tell(ready_fd: int | None, ready: Ready) -> None:
    """One line on the descriptor, which is closed then, so that a reader sees the end."""
    if ready_fd is None:
        return
    try:
        os.write(ready_fd, msgspec.json.encode(ready) + b"\n")
        os.close(ready_fd)
    except OSError as error:
        raise SettingsError("ready-fd cannot be written", f"{ready_fd} ({error.strerror})", "pass an open descriptor") from error


async def _until_stopped(stop: asyncio.Event, simulator: Simulator) -> None:
    """Wait for a signal; raise what broke the simulator, if it comes first."""
    stopped, watched = asyncio.create_task(stop.wait()), asyncio.create_task(simulator.watch())
    await asyncio.wait((stopped, watched), return_when=asyncio.FIRST_COMPLETED)
    if watched.done():
        stopped.cancel()
        await watched
    watched.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watched


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
