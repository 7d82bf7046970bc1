"""The simulator put together: a market, a clock, and a server for both interfaces on one port."""

import asyncio
import errno
import logging
import socket
import time
from types import TracebackType
from typing import Final, Self

from aiohttp import WSCloseCode, web

from engine.base.errors import AddressInUse, SettingsError
from engine.base.types import Kline
from engine.sim import bars
from engine.sim.clock import SimulatedClock
from engine.sim.connection import Connection
from engine.sim.control import Session
from engine.sim.grid import grid_of
from engine.sim.limits import Gate, Limits
from engine.sim.market import Market
from engine.sim.publisher import Publisher
from engine.sim.rest import Rest
from engine.sim.rolling import Rolling
from engine.sim.tape import Tape

log = logging.getLogger(__name__)

#: Time for open requests and sockets to end when the simulator stops.
STOP_TIMEOUT_S: Final = 0.5


class Simulator:
    """A running exchange: `async with Simulator(market, clock) as sim: sim.rest_url, sim.ws_url`."""

    def __init__(
        self,
        market: Market,
        clock: SimulatedClock,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        seed: int = 1,
        limits: Limits | None = None,
    ) -> None:
        self.market = market
        self.clock = clock
        self.rest_url = self.ws_url = ""
        self._host, self._port = host, port
        self._limits = limits or Limits()
        self._gate = Gate(self._limits)
        tape = Tape(market)
        rolling = Rolling(tape)
        self._rest = Rest(tape, rolling, clock, self._gate)
        self._publisher = Publisher(tape, rolling, clock, seed)
        self._connections: set[Connection] = set()
        self._runner: web.ServerRunner | None = None
        self._publishing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        listener = _listen(self._host, self._port)
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=STOP_TIMEOUT_S)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        port = listener.getsockname()[1]
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.rest_url, self.ws_url = f"http://{host}:{port}", f"ws://{host}:{port}"
        self._publishing = asyncio.create_task(self._publisher.run())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._publishing is not None
        assert self._runner is not None
        for connection in self._connections:
            connection.cut(WSCloseCode.GOING_AWAY, "")
        self._publishing.cancel()
        await self._runner.cleanup()
        outcome = (await asyncio.gather(self._publishing, return_exceptions=True))[0]
        if error is None and isinstance(outcome, Exception):
            raise outcome

    async def watch(self) -> None:
        """Return only by raising what stopped the publisher; whoever lets the simulator run should await this beside."""
        assert self._publishing is not None
        await asyncio.shield(self._publishing)

    def truth(self, symbol: str, interval: str, start_ms: int, end_ms: int) -> list[Kline]:
        """The bars that open at `start_ms` or later and are over by `end_ms`, whatever the time is."""
        listing = self.market.listings[symbol]
        grid = grid_of(interval, first_day_ms=listing.first_ms)
        table = Tape(self.market).history(symbol, grid, end_ms, start_ms=start_ms, end_ms=None, limit=1 << 40)
        return [bar for bar in bars.klines(table) if grid.next_open(bar.open_time) <= end_ms]

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Any request: a WebSocket where one is asked for, REST otherwise."""
        place = request.path.strip("/").partition("/")[0]
        if place in ("ws", "stream") and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._connect(request, combined=place == "stream")
        return await self._rest.answer(request)

    async def _connect(self, request: web.BaseRequest, *, combined: bool) -> web.StreamResponse:
        wait_s = self._gate.connection(request.remote or "", time.time())
        if wait_s:
            return web.Response(status=429, headers={"Retry-After": str(wait_s)})
        unit = 1_000 if request.query.get("timeUnit", "").upper() == "MICROSECOND" else 1
        # Control frames are answered in `Connection`, which counts them; no compression, as frames are shared.
        client = web.WebSocketResponse(autoping=False, compress=False, timeout=STOP_TIMEOUT_S)
        await client.prepare(request)
        connection = Connection(client, self._publisher, self._limits, Session(combined, unit))
        self._connections.add(connection)
        try:
            await connection.run(_names_of(request, combined)[: self._limits.streams_per_connection])
        finally:
            self._connections.discard(connection)
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
