"""The simulator put together: a market, a clock, and a server for both interfaces on one port."""

import asyncio
import errno
import logging
import socket
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from aiohttp import WSCloseCode, web

from engine.base.errors import AddressInUse, SettingsError
from engine.base.types import Kline
from engine.sim import bars
from engine.sim.clock import SimulatedClock
from engine.sim.connection import Connection
from engine.sim.control import Session
from engine.sim.faulttext import Fault
from engine.sim.grid import grid_of
from engine.sim.keeper import Keeper
from engine.sim.limits import Gate, Limits
from engine.sim.market import Market
from engine.sim.publisher import Publisher
from engine.sim.replay.play import Replay
from engine.sim.rest import Rest
from engine.sim.steering import PREFIX, Steering
from engine.sim.tape import Tape
from engine.sim.timetable import Pace
from engine.sim.world import World

log = logging.getLogger(__name__)

#: Time for open requests and sockets to end when the simulator stops.
STOP_TIMEOUT_S: Final = 0.5


class Simulator:
    """A running exchange: `async with Simulator(market, clock) as sim: sim.rest_url, sim.ws_url`.

    `faults` begin when it does; more come over its control endpoint. With a `replay`, whose market and clock those are then,
    a recording is played back.
    """

    def __init__(
        self,
        market: Market,
        clock: SimulatedClock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
        limits: Limits | None = None,
        faults: Sequence[Fault] = (),
        fault_seed: int = 1,
        pace: Pace | None = None,
        replay: Replay | None = None,
    ) -> None:
        self._world = World(market, clock, limits=limits, fault_seed=fault_seed, tape=replay.tape if replay else Tape)
        self.market = self._world.market
        self.clock = clock
        self.rest_url = self.ws_url = ""
        self._host, self._port = host, port
        self._gate = Gate(self._world.limits)
        self._planned = faults
        self._rest = Rest(self._world, self._gate, replay.told(clock) if replay else None)
        self._publisher = Publisher(self._world, seed, pace) if replay is None else replay.publisher(self._world.tape, clock)
        self._connections: dict[Connection, None] = {}
        self._keeper = Keeper(self._world, lambda: self._connections)
        self._steering = Steering(self._world, lambda: self._connections, self._keeper.wake)
        self._runner: web.ServerRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        listener = _listen(self._host, self._port)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=STOP_TIMEOUT_S)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        port = listener.getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.rest_url, self.ws_url = f"http://{host}:{port}", f"ws://{host}:{port}"
        for fault in self._planned:
            self._world.faults.add(fault, time.monotonic())
        self._tasks = [asyncio.create_task(self._publisher.run()), asyncio.create_task(self._keeper.run())]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None
        for connection in self._connections:
            connection.thaw()
            connection.cut(WSCloseCode.GOING_AWAY, "")
        for task in self._tasks:
            task.cancel()
        await self._runner.cleanup()
        outcomes = await asyncio.gather(*self._tasks, return_exceptions=True)
        broken = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        if error is None and broken:
            raise broken[0]

    async def watch(self) -> None:
        """Return only by raising what stopped its work; whoever lets the simulator run should await this beside."""
        await asyncio.gather(*(asyncio.shield(task) for task in self._tasks))

    def truth(self, symbol: str, interval: str, start_ms: int, end_ms: int) -> list[Kline]:
        """The bars that open at `start_ms` or later and are over by `end_ms`, whatever the time is."""
        listing = self.market.listings[symbol]
        grid = grid_of(interval, first_day_ms=listing.first_ms)
        table = self._world.present().history(symbol, grid, end_ms, start_ms=start_ms, end_ms=None, limit=1 << 40)
        return [bar for bar in bars.klines(table) if grid.next_open(bar.open_time) <= end_ms]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request: the control endpoint, a WebSocket where one is asked for, REST otherwise."""
        if f"{request.path}/".startswith(f"{PREFIX}/"):
            return await self._steering.answer(request)
        place = request.path.strip("/").partition("/")[0]
        is_socket = place in ("ws", "stream") and request.headers.get("Upgrade", "").lower() == "websocket"
        if is_socket:
            self._world.audit.attempt(time.monotonic())
        refused = self._refused(request, "ws" if is_socket else "rest")
        if refused is not None:
            return refused
        return await self._connect(request, combined=place == "stream") if is_socket else await self._rest.answer(request)

    def _refused(self, request: web.BaseRequest, what: str) -> web.Response | None:
        """What a `refuse` fault answers: a status, or the end of the line."""
        for running in self._world.faults.of("refuse", time.monotonic()):
            if running.fault.words["where"] in (what, "all") and running.strike():
                status = running.fault.numbers.get("status")
                if status is None:
                    assert request.transport is not None
                    request.transport.abort()
                return web.Response(status=int(status or 503))
        return None

    async def _connect(self, request: web.BaseRequest, *, combined: bool) -> web.StreamResponse:
        wait_s = self._gate.connection(request.remote or "", time.time())
        if wait_s:
            return web.Response(status=429, headers={"Retry-After": str(wait_s)})
        unit = 1_000 if request.query.get("timeUnit", "").upper() == "MICROSECOND" else 1
        # Control frames are answered in `Connection`, which counts them; no compression, as frames are shared.
        client = web.WebSocketResponse(autoping=False, compress=False, timeout=STOP_TIMEOUT_S)
        await client.prepare(request)
        assert request.transport is not None
        connection = Connection(client, request.transport, Session(combined, unit), self._publisher, self._world)
        connection.silent = self._world.faults.strike("silent", time.monotonic()) is not None
        self._world.audit.accepted += 1
        self._connections[connection] = None
        try:
            await connection.run(_names_of(request, combined)[: self._world.limits.streams_per_connection])
        finally:
            del self._connections[connection]
        return client


def _names_of(request: web.BaseRequest, combined: bool) -> list[str]:
    """The streams of a URL: `/ws/a/b` or `/stream?streams=a/b`."""
    if combined:
        # A plus sign in a query would mean a blank; no name has one.
        names = request.query.get("streams", "").replace(" ", "+").split("/")
    else:
        names = request.path.strip("/").split("/")[1:]
    return [name for name in dict.fromkeys(names) if name]


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUse(
                "address of the simulator is in use", f"{host}:{port}", "choose another --port, 0 for any"
            ) from error
        raise SettingsError(
            "address of the simulator cannot be used", f"{host}:{port} ({error.strerror})", "choose another --host"
        ) from error
    return listener
